"""The character engine: an illustration of one figure becomes complete body-part layers, on the CPU (paper 2, section 4).

    picture ─► the figure, cut from its background where it has one ─► part segmenter at a working size ─► one body part per pixel
       ─► hair in front and behind, left and right ─► back to front ─► hidden areas completed ─► layers at full size that add up

What is seen is the picture's own, pixel for pixel. What is hidden is guessed, its outline and its colours, see
`liwi.seethrough.completion`; so is the order, which is that of the classes, see `liwi.seethrough.stratification`. The paper generates
hidden areas with a diffusion model.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from liwi.engines import embedded
from liwi.errors import InputError, PromptError
from liwi.experts.served_part_segmenter import KIND, ServedPartSegmenter
from liwi.imaging.compositing import resize_rgba
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.protocols import Decomposer, Inpainter, PartSegmenter
from liwi.registry_serving import served_here
from liwi.seethrough.assembly import Figure, PartLayer, build_layers
from liwi.seethrough.body_parts import BodyPart
from liwi.seethrough.figure_box import find_figure
from liwi.seethrough.part_labels import label_pixels
from liwi.seethrough.stratification import back_to_front, part_regions, pseudo_depth
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Layer, LayerRole, LayerStack, Provenance

UInt8 = NDArray[np.uint8]

WORKING_SIDE = 1024
"""Long side of the figure while its parts are found and completed."""

LEAST_SIDE = 16
"""Smallest side of a figure in which parts can be told, in pixels."""

STAGES = ("Finding the figure", "Finding the body parts", "Ordering them", "Completing what is hidden")

TRANSPARENT_SHARE = 0.02
"""Share of transparent pixels from which on a picture is taken for a figure that is cut out already."""


@dataclass(frozen=True, eq=False)
class _Cut:
    """The figure in its picture.

    Attributes:
        crop: where it lies.
        figure: its pixels there.
        background: the layer behind it; None where the picture is transparent around it.
    """

    crop: BoundingBox
    figure: Figure
    background: Layer | None


class CharacterDecomposer:
    """`liwi.protocols.Decomposer` for illustrations of one character. Deterministic; ``seed`` only matters to what it is built from.

    Args:
        segmenter: says which body part each pixel shows; what the registry of the environment serves where None.
        cutter: cuts the figure from an opaque background; the embedded engine where None.
        inpainter: continues the colours behind other parts; the smooth one where None: anime is flat, and texture copied from elsewhere
            looked no better in measurements and took forty times as long.
    """

    name = "character"
    version = "1"

    def __init__(
        self, segmenter: PartSegmenter | None = None, *, cutter: Decomposer | None = None, inpainter: Inpainter | None = None
    ) -> None:
        self._segmenter = segmenter or ServedPartSegmenter(served_here(KIND))
        self._cutter: Decomposer = cutter or embedded.create()
        self._inpainter = inpainter

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        """Take one character apart. See `Decomposer.decompose`.

        Args:
            request: with at most one box, around the character; none takes the main subject. Hints help to cut it from its background.
                Names, shadow and count of subjects have no meaning here.

        Raises:
            PromptError: several boxes, or nothing in the box.
            InputError: no body part was found.
            EngineUnavailable: there are no weights for the segmenter.
        """
        started = time.monotonic()
        token = cancel or CancelToken()
        total = len(STAGES) - 1 + _COMPLETING_STEPS

        def next_stage(stage: int, step: int = 0) -> None:
            token.check()
            report(Progress(STAGES[stage], stage + step, total))

        next_stage(0)
        cut = self._find_figure(request, token)
        next_stage(1)
        small = _shrink(cut.figure.rgba)
        labels = label_pixels(self._segmenter.segment_parts(small), small)
        next_stage(2)
        regions = back_to_front(part_regions(labels, np.ascontiguousarray(small[..., :3])))
        if not regions:
            raise InputError("No body part was found. Give a picture of one character, or draw a box around it.")

        def on_layer(place: int) -> None:
            next_stage(3, _COMPLETING_STEPS * place // len(regions))

        parts = build_layers(cut.figure, small, regions, inpainter=self._inpainter, seed=request.seed, on_layer=on_layer)
        token.check()
        size = (request.image.shape[1], request.image.shape[0])
        layers = [_layer(part, cut.crop, size) for part in parts]
        if cut.background is not None:
            layers.insert(0, cut.background)
        provenance = Provenance(self.name, self.version, request.seed, time.monotonic() - started, self._notes(layers))
        return Decomposition(request.image, LayerStack(tuple(layers)), provenance, request.mask, shadow_visible=False)

    def _notes(self, layers: Sequence[Layer]) -> tuple[str, ...]:
        who = getattr(self._segmenter, "answers", type(self._segmenter).__name__)
        notes = [f"Body parts by {who}."]
        if not any(layer.part is BodyPart.FACE for layer in layers):
            notes.append("No face was found: this may be no character, or one seen from behind.")
        return tuple(notes)

    def _find_figure(self, request: DecompositionRequest, cancel: CancelToken) -> _Cut:
        """The figure: what a transparent picture shows, else what the cutter takes out of its background."""
        if len(request.boxes) > 1:
            raise PromptError(f"One character at a time: {len(request.boxes)} boxes were drawn. Keep the box around the whole character.")
        if request.mask is not None and float(np.mean(request.mask == 0)) >= TRANSPARENT_SHARE:
            return _transparent_figure(request)
        box = request.boxes[0] if request.boxes else find_figure(request.image, seed=request.seed)
        if box is None:
            raise PromptError("No figure stands out in this picture. Draw a box around the character.")
        wanted = replace(request, mask=None, boxes=(box,), extract_shadow=False, names=())
        return _cut_figure(request, self._cutter.decompose(wanted, cancel=cancel))


_COMPLETING_STEPS = 6
"""How many of the reported steps the last stage counts for; it takes the longest."""


def _transparent_figure(request: DecompositionRequest) -> _Cut:
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
    return _Cut(crop, Figure(np.dstack([seen, alpha[crop.slices]]), None, seen), _rest(request, alpha))


def _rest(request: DecompositionRequest, alpha: UInt8) -> Layer | None:
    """What a transparent picture shows beside the figure, as a layer at the back; None if that is nothing."""
    assert request.mask is not None  # only asked of transparent pictures
    left = (request.mask > 0) & (alpha == 0)
    if not left.any():
        return None
    rgba = np.dstack([request.image, left.astype(np.uint8) * 255])
    rgba[~left] = 0
    return Layer(rgba, LayerRole.FOREGROUND, "Rest of the picture")


def _cut_figure(request: DecompositionRequest, cut: Decomposition) -> _Cut:
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
    return _Cut(crop, Figure(rgba, behind[..., :3][crop.slices], seen), background.with_state(rgba=behind))


def _check_large_enough(crop: BoundingBox) -> None:
    if min(crop.width, crop.height) < LEAST_SIDE:
        raise InputError(
            f"The figure has only {crop.width} x {crop.height} pixels; body parts can be told from {LEAST_SIDE} x {LEAST_SIDE} on. "
            "Give a larger picture."
        )


def _shrink(rgba: UInt8) -> UInt8:
    """The figure at the working size: (h, w, 4) uint8."""
    height, width = rgba.shape[:2]
    scale = min(1.0, WORKING_SIDE / max(height, width))
    if scale == 1:
        return rgba
    return resize_rgba(rgba, (max(1, round(width * scale)), max(1, round(height * scale))))


def _layer(part: PartLayer, crop: BoundingBox, size: tuple[int, int]) -> Layer:
    rgba = np.zeros((size[1], size[0], 4), np.uint8)  # calloc: rows never touched cost no memory
    box = part.box.translate(crop.left, crop.top)
    rgba[box.slices] = part.rgba
    return Layer(
        rgba,
        LayerRole.FOREGROUND,
        part.region.name,
        part=part.region.part,
        side=part.region.side,
        pseudo_depth=pseudo_depth(part.region.part),
    )
