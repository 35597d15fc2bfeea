"""The one figure of an illustration, cut from its background: where both character engines begin.

A transparent picture is the figure. From an opaque one it is cut by an engine for photographs, which also says what is behind it.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError, PromptError
from liwi.progress import CancelToken
from liwi.protocols import Decomposer
from liwi.seethrough.assembly import Figure
from liwi.seethrough.figure_box import find_figure
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Layer, LayerRole

UInt8 = NDArray[np.uint8]

LEAST_SIDE = 16
"""Smallest side of a figure in which parts can be told, in pixels."""

TRANSPARENT_SHARE = 0.02
"""Share of transparent pixels from which on a picture is taken for a figure that is cut out already."""

_SECOND_AREA, _SECOND_HEIGHT = 0.4, 0.6
"""From which share of the largest piece's area and height on another one is a second figure."""


@dataclass(frozen=True, eq=False)
class CutFigure:
    """The figure in its picture.

    Attributes:
        crop: where it lies.
        figure: its pixels there.
        background: the layer behind it; None where the picture is transparent around it.
    """

    crop: BoundingBox
    figure: Figure
    background: Layer | None


def cut_figure(request: DecompositionRequest, cutter: Decomposer, cancel: CancelToken) -> CutFigure:
    """The figure: what a transparent picture shows, else what the cutter takes out of its background.

    Args:
        request: with at most one box, around the character; none takes the main subject.
        cutter: cuts it from an opaque background.
        cancel: stops the cutter.

    Raises:
        PromptError: several boxes, nothing in the box, or two figures and no box.
        InputError: the figure is too small.
    """
    if len(request.boxes) > 1:
        raise PromptError(f"One character at a time: {len(request.boxes)} boxes were drawn. Keep the box around the whole character.")
    if request.mask is not None and float(np.mean(request.mask == 0)) >= TRANSPARENT_SHARE:
        found = _transparent_figure(request)
    else:
        box = request.boxes[0] if request.boxes else find_figure(request.image, seed=request.seed)
        if box is None:
            raise PromptError("No figure stands out in this picture. Draw a box around the character.")
        wanted = replace(request, mask=None, boxes=(box,), extract_shadow=False, names=())
        found = _cut_from(request, cutter.decompose(wanted, cancel=cancel))
    if not request.boxes and _stand_apart(found.figure.rgba[..., 3]):
        raise PromptError(
            "Two figures stand apart in this picture. Draw a box around one of them, or around both to take them for one character."
        )
    return found


def _transparent_figure(request: DecompositionRequest) -> CutFigure:
    assert request.mask is not None  # the caller has looked
    alpha = request.mask
    if request.boxes:
        alpha = np.zeros_like(request.mask)
        box = request.boxes[0].intersect(BoundingBox.of_size((request.image.shape[1], request.image.shape[0])))
        if box is not None:
            alpha[box.slices] = request.mask[box.slices]
    crop = BoundingBox.around(alpha)
    if crop is None:
        raise PromptError("There is nothing but transparency here. Give a picture of a character, or draw the box around it.")
    _check_large_enough(crop)
    seen = np.ascontiguousarray(request.image[crop.slices])
    return CutFigure(crop, Figure(np.dstack([seen, alpha[crop.slices]]), None, seen), _rest(request, alpha))


def _rest(request: DecompositionRequest, alpha: UInt8) -> Layer | None:
    """What a transparent picture shows beside the figure, as a layer at the back; None if that is nothing."""
    assert request.mask is not None  # only asked of transparent pictures
    left = (request.mask > 0) & (alpha == 0)
    if not left.any():
        return None
    rgba = np.dstack([request.image, left.astype(np.uint8) * 255])
    rgba[~left] = 0
    return Layer(rgba, LayerRole.FOREGROUND, "Rest of the picture")


def _cut_from(request: DecompositionRequest, cut: Decomposition) -> CutFigure:
    """What the cutter made of the picture, with a background that is the picture itself wherever the figure is not."""
    figure, background = cut.stack.foregrounds[-1], cut.stack.background
    crop = figure.extent
    if crop is None or background is None:
        raise PromptError("No figure stands out in this picture. Draw a box around the character.")
    _check_large_enough(crop)
    behind = background.rgba.copy()
    outside = figure.rgba[..., 3] == 0
    behind[..., :3][outside] = request.image[outside]
    rgba = np.ascontiguousarray(figure.rgba[crop.slices])
    seen = np.ascontiguousarray(request.image[crop.slices])
    return CutFigure(crop, Figure(rgba, behind[..., :3][crop.slices], seen), background.with_state(rgba=behind))


def _check_large_enough(crop: BoundingBox) -> None:
    if min(crop.width, crop.height) < LEAST_SIDE:
        raise InputError(
            f"The figure has only {crop.width} x {crop.height} pixels; body parts can be told from {LEAST_SIDE} x {LEAST_SIDE} on. "
            "Give a larger picture."
        )


def _stand_apart(alpha: UInt8) -> bool:
    """Whether there are two pieces beside each other, of much the same size: (h, w) uint8, the figure's alpha."""
    scale = min(1.0, 256 / max(alpha.shape))
    size = (max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA) > 127
    count, _, stats, _ = cv2.connectedComponentsWithStats(small.astype(np.uint8), connectivity=8)
    if count < 3:
        return False
    first, second = stats[1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA])[:2]]
    left, width, height = cv2.CC_STAT_LEFT, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT
    beside = first[left] + first[width] <= second[left] or second[left] + second[width] <= first[left]
    large = second[cv2.CC_STAT_AREA] >= _SECOND_AREA * first[cv2.CC_STAT_AREA] and second[height] >= _SECOND_HEIGHT * first[height]
    return bool(beside and large)
