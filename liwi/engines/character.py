"""The character engine: an illustration of one figure becomes complete body-part layers, on the CPU (paper 2, section 4).

    picture ─► the figure, cut from its background where it has one ─► part segmenter at a working size ─► one body part per pixel
       ─► hair in front and behind, left and right ─► back to front ─► hidden areas completed ─► layers at full size that add up

What is seen is the picture's own, pixel for pixel. What is hidden is guessed, its outline and its colours, see
`liwi.seethrough.completion`; so is the order, which is that of the classes, see `liwi.seethrough.stratification`. The paper generates
hidden areas with a diffusion model.
"""

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from liwi.engines import embedded
from liwi.engines.figure import cut_figure
from liwi.errors import InputError
from liwi.experts.served_part_segmenter import KIND, ServedPartSegmenter
from liwi.imaging.compositing import resize_rgba
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.protocols import Decomposer, Inpainter, PartSegmenter
from liwi.registry_serving import served_here
from liwi.seethrough.assembly import PartLayer, build_layers
from liwi.seethrough.body_parts import BodyPart
from liwi.seethrough.part_labels import label_pixels
from liwi.seethrough.stratification import back_to_front, part_regions, pseudo_depth
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Layer, LayerRole, LayerStack, Provenance

UInt8 = NDArray[np.uint8]

WORKING_SIDE = 1024
"""Long side of the figure while its parts are found and completed."""

STAGES = ("Finding the figure", "Finding the body parts", "Ordering them", "Completing what is hidden")


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
        cut = cut_figure(request, self._cutter, token)
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


_COMPLETING_STEPS = 6
"""How many of the reported steps the last stage counts for; it takes the longest."""


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
