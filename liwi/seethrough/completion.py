"""What of a part lies hidden behind others: its outline and its colours there, guessed from what is seen of it.

This stands in for the paper's part diffusion (section 4.1), as its own baseline "SAM + inpainting" does. Known: a pixel that shows the
part belongs to it, and a pixel that shows something behind it does not. Everything in front of it is open. The outline runs where an even
continuation of these two crosses a threshold, so a part closes behind what covers it and tapers off where nothing of it is seen on the
far side. Colours come from the part's own inside, away from the covering part's line art and shading. What is invented has no line art
and no pattern of its own.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.inpainting import pull_push
from liwi.imaging.masks import parts_with
from liwi.prompts import BoundingBox
from liwi.protocols import Inpainter
from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart
from liwi.seethrough.stratification import PartRegion

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

OUTLINE = 0.5
"""Where the even continuation of "belongs" and "does not" is cut; smaller grows more."""

_SLIGHT = (CoarseBodyPart.EYES, BodyPart.EYELASH, BodyPart.EYEBROW, BodyPart.EYEWEAR, BodyPart.EARWEAR, BodyPart.OBJECTS)

OUTLINES: Mapping[AnyBodyPart, float] = MappingProxyType(
    {
        **dict.fromkeys((BodyPart.BACK_HAIR, BodyPart.LEGWEAR, BodyPart.FACE), 0.2),
        **dict.fromkeys((BodyPart.WINGS, BodyPart.TAIL, BodyPart.NECK, BodyPart.TOPWEAR, BodyPart.EYEWHITE), 0.35),
        **dict.fromkeys(_SLIGHT, 0.8),
    }
)
"""Where artists draw more than is seen, legs under a skirt, a scalp under the hair, and where they draw hardly more. Chosen on twelve
synthetic characters; these three numbers and `OUTLINE` are all that was chosen."""

_MARGIN = 0.004
"""Width of the strip along a covering part whose colours are not continued, as a share of the long side."""


def stacking(regions: Sequence[PartRegion], shape: tuple[int, int]) -> NDArray[np.int16]:
    """(h, w) int16: the place in ``regions`` (back to front) of what is seen at each pixel, -1 where nothing is."""
    shown = np.full(shape, -1, np.int16)
    for place, region in enumerate(regions):
        shown[region.visible] = place
    return shown


def complete_outline(part: AnyBodyPart, place: int, shown: NDArray[np.int16], inside: Mask) -> Mask:
    """Guess where a part is, seen or hidden.

    Args:
        part: its class.
        place: its place in the order back to front.
        shown: (h, w) int16 of `stacking`.
        inside: (h, w) bool, where hidden pixels may be: well within the figure, so that soft silhouettes stay one layer thick.

    Returns:
        (h, w) bool; holds every pixel that shows the part, and otherwise only pixels that show something in front of it.
    """
    visible = shown == place
    hidden = (shown > place) & inside
    if not visible.any() or not hidden.any():
        return visible
    known = (~hidden).astype(np.float32)
    grown = pull_push(visible.astype(np.float32)[..., None], known)[..., 0]
    return visible | parts_with((hidden & (grown > OUTLINES.get(part, OUTLINE))) | visible, visible) & hidden


def complete_colors(rgb: UInt8, visible: Mask, whole: Mask, covering: Mask, inpainter: Inpainter, *, seed: int = 0) -> UInt8:
    """Colours for the hidden pixels of a part.

    Args:
        rgb: (h, w, 3) uint8, the figure.
        visible, whole: (h, w) bool, the part as it is seen and as it is thought to be.
        covering: (h, w) bool, what is seen in front of it.
        inpainter: continues the colours.
        seed: makes the result repeatable.

    Returns:
        (h, w, 3) uint8: ``rgb`` where the part is seen, filled where it is hidden, anything elsewhere.
    """
    box = BoundingBox.around(whole)
    if box is None:
        return rgb
    reach = max(1, round(_MARGIN * max(visible.shape)))
    near = cv2.dilate(covering.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0
    source = visible & ~near
    if int(source.sum()) < max(4, int(0.05 * visible.sum())):
        source = visible
    padded = box.expand(2).intersect(BoundingBox.of_size((visible.shape[1], visible.shape[0])))
    assert padded is not None  # it holds the box
    hole = (whole & ~visible)[padded.slices]
    result = rgb.copy()
    filled = inpainter.fill(np.ascontiguousarray(rgb[padded.slices]), hole, seed=seed, avoid=~(source | whole & ~visible)[padded.slices])
    result[padded.slices] = filled
    return result
