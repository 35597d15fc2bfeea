"""Reference points: what a textbook method gets on the same pictures, and what the matting would get from a perfect mask.

Deliberately apart from `liwi.imaging`: the engine changes, these stay as they are, so that figures compare over time.

* ``grabcut``: GrabCut (Rother, Kolmogorov and Blake 2004) on a padded crop (box + 25 %) of at most 384 px with the box as probable
  foreground, clean-up, a 2 % trimap, closed-form matting (Levin, Lischinski and Weiss 2008); Telea's inpainting behind it, shadows left.
* ``oracle``: the same from the true mask.
"""

import hashlib
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError, PromptError
from liwi.evaluation.benchmarks import open_benchmark
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Layer, LayerRole, LayerStack, Provenance

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

PADDING = 0.25
"""Surroundings seen, as a share of the box's sides."""

GRABCUT_SIDE = 384
TRIMAP_BAND = 0.02
"""Half width of the unknown band, as a share of the box's long side."""

SURE_ALPHA = 0.97
"""Above it a pixel keeps the picture's own colour."""


class GrabCutBaseline:
    """The textbook method, as a `liwi.protocols.Decomposer`."""

    name = "grabcut"
    version = "1"

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        """Cut every box out by itself. See `liwi.protocols.Decomposer.decompose`."""
        if not request.boxes:
            raise PromptError("The baseline needs a box around every object.")
        started = time.monotonic()
        whole = BoundingBox.of_size((request.image.shape[1], request.image.shape[0]))
        background, layers = request.image.copy(), []
        for number, box in enumerate(request.boxes):
            if cancel is not None:
                cancel.check()
            report(Progress("Measuring the baseline", number, len(request.boxes)))
            crop = box.expand(0).intersect(whole)
            if crop is None:
                raise PromptError(f"The box {box} lies outside the picture.")
            region = _padded(crop, whole)
            mask = self._object_mask(request, crop, region)
            rgba = _soften(request.image[region.slices], mask, crop)
            canvas = np.zeros((*request.image.shape[:2], 4), np.uint8)
            canvas[region.slices] = rgba
            background = _fill(background, canvas[..., 3], crop)
            layers.append(Layer(canvas, LayerRole.FOREGROUND, f"Object {number + 1}", box=box))
        opaque = np.dstack([background, np.full(background.shape[:2], 255, np.uint8)])
        stack = LayerStack((Layer(opaque, LayerRole.BACKGROUND, "Background"), *layers))
        return Decomposition(request.image, stack, Provenance(self.name, self.version, request.seed, time.monotonic() - started))

    def _object_mask(self, request: DecompositionRequest, box: BoundingBox, region: BoundingBox) -> UInt8:
        """(h, w) uint8 of the padded crop: 1 where the object is."""
        crop = np.ascontiguousarray(request.image[region.slices])
        scale = min(1.0, GRABCUT_SIDE / max(region.width, region.height))
        size = (max(1, round(region.width * scale)), max(1, round(region.height * scale)))
        small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
        inside = box.translate(-region.left, -region.top)
        labels = np.full(small.shape[:2], cv2.GC_BGD, np.uint8)
        labels[
            round(inside.top * scale) : max(round(inside.top * scale) + 1, round(inside.bottom * scale)),
            round(inside.left * scale) : max(round(inside.left * scale) + 1, round(inside.right * scale)),
        ] = cv2.GC_PR_FGD
        if (labels == cv2.GC_BGD).any():  # a box that is the whole crop leaves GrabCut no background to learn
            cv2.setRNGSeed(request.seed)
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(small, labels, None, *models, 5, cv2.GC_INIT_WITH_MASK)
        mask = _clean_up(((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.uint8))
        enlarged = cv2.resize(mask.astype(np.float32), (region.width, region.height), interpolation=cv2.INTER_LINEAR)
        return (enlarged > 0.5).astype(np.uint8)


class OracleBaseline(GrabCutBaseline):
    """The same matting from the true mask: what a perfect decision about the pixels would get. Knows one benchmark by heart."""

    name = "oracle"

    def __init__(self, benchmark: Path) -> None:
        self._alphas = {
            (_digest(case.source), box): truth[..., 3]
            for case in open_benchmark(benchmark)
            if case.truth is not None
            for box, truth in zip(case.boxes, case.truth.foregrounds, strict=True)
        }

    def _object_mask(self, request: DecompositionRequest, box: BoundingBox, region: BoundingBox) -> UInt8:
        alpha = self._alphas.get((_digest(request.image), box))
        if alpha is None:
            raise InputError("The oracle only knows the pictures of the benchmark it was made with.")
        return (alpha[region.slices] > 127).astype(np.uint8)


def _padded(box: BoundingBox, whole: BoundingBox) -> BoundingBox:
    aside, above = max(4, round(PADDING * box.width)), max(4, round(PADDING * box.height))
    region = BoundingBox(box.left - aside, box.top - above, box.right + aside, box.bottom + above).intersect(whole)
    assert region is not None  # the box lies inside the picture
    return region


def _clean_up(mask: UInt8) -> UInt8:
    """Drop crumbs below 2 % of the largest piece and close holes below 1 % of the object."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = (areas >= 0.02 * areas.max(initial=0)) & (areas > 0)
    cleaned = kept[labels].astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - cleaned, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < 0.01 * cleaned.sum()
    small[0] = False
    cleaned[small[labels]] = 1
    return cleaned


def _soften(image: UInt8, mask: UInt8, box: BoundingBox) -> UInt8:
    """Trimap, closed-form alpha, colours: (h, w, 4) uint8."""
    from pymatting import estimate_alpha_cf, estimate_foreground_ml  # compiles at its first import

    band = max(2, round(TRIMAP_BAND * max(box.width, box.height)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    trimap = np.full(mask.shape, 0.5)
    trimap[cv2.erode(mask, kernel) > 0] = 1
    trimap[cv2.dilate(mask, kernel) == 0] = 0
    colours = image.astype(np.float64) / 255
    solvable = (trimap == 1).any() and (trimap == 0).any()
    alpha = np.clip(estimate_alpha_cf(colours, trimap), 0, 1) if solvable else mask.astype(np.float64)
    foreground = estimate_foreground_ml(colours, alpha)
    rgb = np.where(alpha[..., None] > SURE_ALPHA, colours, foreground)
    return np.clip(np.rint(np.dstack([rgb, alpha]) * 255), 0, 255).astype(np.uint8)


def _fill(background: UInt8, alpha: UInt8, box: BoundingBox) -> UInt8:
    reach = max(2, round(0.008 * max(box.width, box.height)))
    hole = cv2.dilate((alpha > 5).astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    return cv2.inpaint(background, hole, 5, cv2.INPAINT_TELEA)


def _digest(image: UInt8) -> str:
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()
