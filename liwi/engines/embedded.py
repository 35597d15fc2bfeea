"""The embedded engine: classical vision on the CPU, no download; a matting network finds the object where one is served.

    box + hints ─► segment at a small size ─► trimap ─► closed-form alpha ─► alpha along the edges at full size
                                                                                  │
                layer  ◄─ the object's own colours in the soft edge ◄─────────────┤
           background  ◄─ hole filled, cast and contact shadow divided out ◄──────┘

Every stage works on a crop around the box, at a bounded size where what it looks for is smooth, so the cost grows with the box and not with
the picture. Several boxes are cut one after another, see `liwi.engines.one_by_one`, each on what the last one left (paper 1, section 3.2).
"""

import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.editing import check_box
from liwi.engines.one_by_one import cut_each
from liwi.errors import PromptError
from liwi.experts.served_segmenter import KIND, ServedSegmenter
from liwi.imaging.inpainting import PatchMatchInpainter
from liwi.imaging.matting import foreground_colors, guided_upsample, make_trimap, solve_alpha
from liwi.imaging.proposals import propose_boxes
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.imaging.shadow import clean_background
from liwi.imaging.shadow_fit import ShadowFit, find_shadow
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.protocols import Inpainter, Segmenter
from liwi.registry_serving import served_here
from liwi.types import (
    BoundingBox,
    Decomposition,
    DecompositionRequest,
    Hint,
    Layer,
    LayerRole,
    LayerStack,
    Provenance,
)

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SEGMENTATION_SIDE = 384
"""Long side of the box while deciding which pixels are the object."""

MATTING_SIDE = 512
"""Long side of the box while solving alpha."""

OBJECT_MARGIN = 0.25
"""Surroundings seen by segmentation and matting, as a share of the box's long side."""

BACKGROUND_MARGIN = 0.6
"""Surroundings seen while cleaning the background: where the object's shadow may fall."""

TRIMAP_BAND = 0.02
"""Half width of the unknown band along the contour, as a share of the box's long side."""

STAGES = ("Finding the object", "Softening its edge", "Lifting its colours", "Cleaning the background")


@dataclass(frozen=True, eq=False)
class _View:
    """A part of the picture around the box, at its own scale.

    Attributes:
        region: the part, in the picture's pixels.
        scale: size of the view over size of the region, at most 1.
        rgb: (h, w, 3) uint8. support: (h, w) uint8 or None.
        box, hints: the prompts in the view's pixels.
    """

    region: BoundingBox
    scale: float
    rgb: UInt8
    support: UInt8 | None
    box: BoundingBox
    hints: tuple[Hint, ...]


class EmbeddedDecomposer:
    """`liwi.protocols.Decomposer`. Without arguments it needs no weights; `create` gives it a learned segmenter."""

    name = "embedded"
    version = "2"

    def __init__(self, segmenter: Segmenter | None = None, inpainter: Inpainter | None = None) -> None:
        self._segmenter: Segmenter = segmenter or ClassicalSegmenter()
        self._inpainter: Inpainter = inpainter or PatchMatchInpainter()

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        """Cut the boxes out one after another, or the main subjects where there are none. See `Decomposer.decompose`."""
        boxes = request.boxes
        notes: tuple[str, ...] = ()
        if not boxes:
            boxes = tuple(propose_boxes(request.image, request.max_foregrounds, seed=request.seed))
            if not boxes:
                raise PromptError("No subject stands out in this picture. Draw a box around what you want to take out.")
            notes = (f"No box was given; {len(boxes)} were proposed.",)
        if len(boxes) == 1:
            return self._cut_one(replace(request, boxes=boxes), notes, report, cancel or CancelToken())
        return cut_each(self, replace(request, boxes=boxes), report=report, cancel=cancel or CancelToken(), notes=notes)

    def _cut_one(self, request: DecompositionRequest, notes: tuple[str, ...], report: ReportProgress, cancel: CancelToken) -> Decomposition:
        started = time.monotonic()
        size = (request.image.shape[1], request.image.shape[0])
        box = check_box(request.boxes[0], size)

        def next_stage(number: int) -> None:
            cancel.check()
            report(Progress(STAGES[number], number, len(STAGES)))

        next_stage(0)
        view = _view(request, box, OBJECT_MARGIN, SEGMENTATION_SIDE)
        probability = self._segmenter.segment(view.rgb, view.box, view.hints, view.support, seed=request.seed)
        if not (probability > 0.5).any():
            raise PromptError(f"Nothing in the box {box} stands out from its surroundings. Add a keep point on the object.")
        around = _view(request, box, BACKGROUND_MARGIN, None)
        with ThreadPoolExecutor(1) as beside:  # what the next stage does not wait for
            shadow = beside.submit(_find_shadow, view, probability, around) if request.extract_shadow else None
            next_stage(1)
            region, alpha = _matte(request, box, probability)
            next_stage(2)
            lifted = beside.submit(foreground_colors, np.ascontiguousarray(request.image[region.slices]), alpha)
            next_stage(3)
            background = self._clean(request, around, region, alpha, shadow)
            colors = lifted.result()
        cancel.check()
        layer = _layer(size, region, colors, alpha, box, request.names[0] if request.names else "Object 1")
        who = getattr(self._segmenter, "answers", "")
        version = f"{self.version}, segmentation by {who}" if who else self.version
        provenance = Provenance(self.name, version, request.seed, time.monotonic() - started, notes)
        return Decomposition(request.image, LayerStack((background, layer)), provenance, request.mask)

    def _clean(
        self, request: DecompositionRequest, around: _View, region: BoundingBox, alpha: Float32, shadow: Future[ShadowFit | None] | None
    ) -> Layer:
        """The background layer: the picture without the object and, where wanted, without its shadow."""
        placed = np.zeros(around.rgb.shape[:2], np.float32)
        placed[region.translate(-around.region.left, -around.region.top).slices] = alpha
        cleaned = clean_background(
            around.rgb,
            placed,
            around.box,
            extract_shadow=request.extract_shadow,
            found=shadow,
            inpainter=self._inpainter,
            support=around.support,
            seed=request.seed,
        )
        rgba = np.empty((*request.image.shape[:2], 4), np.uint8)
        rgba[..., :3] = request.image
        rgba[..., 3] = 255
        rgba[around.region.slices][..., :3] = cleaned.background
        return Layer(rgba, LayerRole.BACKGROUND, "Background", id="background")


def create() -> EmbeddedDecomposer:
    """The engine with what the registry of the environment serves as its segmenter."""
    return EmbeddedDecomposer(ServedSegmenter(served_here(KIND)))


def _around(box: BoundingBox, margin: float, image: UInt8) -> BoundingBox:
    whole = BoundingBox.of_size((image.shape[1], image.shape[0]))
    around = box.expand(max(4, round(margin * max(box.width, box.height)))).intersect(whole)
    assert around is not None  # the box was clipped to the picture
    return around


def _find_shadow(view: _View, probability: Float32, around: _View) -> ShadowFit | None:
    """The object's shadow, going by the mask: its matte is not there yet, and a shadow's outline is too soft to tell."""
    mask = np.zeros(around.rgb.shape[:2], np.float32)
    part = view.region.translate(-around.region.left, -around.region.top)
    shown = (probability > 0.5).astype(np.float32)
    mask[part.slices] = cv2.resize(shown, (part.width, part.height), interpolation=cv2.INTER_LINEAR)
    return find_shadow(around.rgb, mask, around.box, support=around.support)


def _view(request: DecompositionRequest, box: BoundingBox, margin: float, side: int | None) -> _View:
    """Crop around the box and shrink so that the box's long side is at most ``side``; None: as large as it is."""
    region = _around(box, margin, request.image)
    scale = min(1.0, side / max(box.width, box.height)) if side else 1.0
    size = (max(1, round(region.width * scale)), max(1, round(region.height * scale)))

    def place(x: float, y: float) -> tuple[int, int]:
        return round((x - region.left) * size[0] / region.width), round((y - region.top) * size[1] / region.height)

    def shrink(pixels: UInt8) -> UInt8:
        part = np.ascontiguousarray(pixels[region.slices])
        return part if scale == 1 else cv2.resize(part, size, interpolation=cv2.INTER_AREA)

    left, top = place(box.left, box.top)
    right, bottom = place(box.right, box.bottom)
    hints = tuple(
        Hint(hint.kind, tuple(place(x, y) for x, y in hint.path), None if hint.radius is None else max(1, round(hint.radius * scale)))
        for hint in request.hints
    )
    return _View(
        region,
        scale,
        shrink(request.image),
        None if request.mask is None else shrink(request.mask),
        BoundingBox(left, top, max(right, left + 1), max(bottom, top + 1)),
        hints,
    )


def _matte(request: DecompositionRequest, box: BoundingBox, probability: Float32) -> tuple[BoundingBox, Float32]:
    """The object's alpha at full size: the region it is given for, and (h, w) float32 in [0, 1]."""
    view = _view(request, box, OBJECT_MARGIN, MATTING_SIDE)
    shape = view.rgb.shape[:2]
    probability = cv2.resize(probability, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    band = max(2, round(TRIMAP_BAND * max(view.box.width, view.box.height)))
    alpha = solve_alpha(view.rgb, make_trimap(probability, band, _draw_hints(view, band)))
    full = guided_upsample(alpha, view.rgb, np.ascontiguousarray(request.image[view.region.slices]))
    full[full < 0.02] = 0  # haze below what an eye sees makes every layer as large as its region
    full[full > 0.98] = 1
    if request.mask is not None:
        full[request.mask[view.region.slices] == 0] = 0
    return view.region, full


def _draw_hints(view: _View, band: int) -> UInt8 | None:
    """(h, w) uint8: 1 kept, 2 dropped, 0 elsewhere; later hints win."""
    if not view.hints:
        return None
    drawn = np.zeros(view.rgb.shape[:2], np.uint8)
    for hint in view.hints:
        points = np.array(hint.path, np.int32).reshape(-1, 1, 2)
        radius = max(1, hint.radius if hint.radius is not None else band // 2)
        value = 1 if hint.kind == "keep" else 2
        cv2.polylines(drawn, [points], False, value, thickness=2 * radius + 1)
        for x, y in hint.path:
            cv2.circle(drawn, (x, y), radius, value, -1)
    return drawn


def _layer(size: tuple[int, int], region: BoundingBox, colors: UInt8, alpha: Float32, box: BoundingBox, name: str) -> Layer:
    rgba = np.zeros((size[1], size[0], 4), np.uint8)  # calloc: rows never touched cost no memory
    part = rgba[region.slices]
    opacity = np.rint(alpha * 255).astype(np.uint8)
    part[..., :3] = cv2.copyTo(colors, opacity)  # nothing where nothing is seen
    part[..., 3] = opacity
    return Layer(rgba, LayerRole.FOREGROUND, name, box=box)
