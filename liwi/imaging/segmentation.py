"""Box and corrections -> which pixels are the object, by classical vision: nothing learned, no weights.

    crop ─► plain surroundings? ─► flood from the ring ─────────────────────────────────────────┐
       └──► several answers at a small size ─► a judge ─► corrections ─► cut at the crop's size ─┴─► tidy, corrections hold

Everything is decided at a small size, where a cut costs little, and only a band along the contour again at the crop's own size. The box is
a strong prompt: outside of it is background, and its sides lie close to the object's own.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.corrections import correct, correct_flat, known_labels, shrink_marks
from liwi.imaging.flat_background import flat_ring_color, segment_flat
from liwi.imaging.graph_cut import OPEN, SURE_BACKGROUND, SURE_OBJECT, contour_guide, cut
from liwi.imaging.hint_marks import DROPPED, KEPT, paint_hints
from liwi.imaging.hypotheses import Hypotheses, SegmentationSettings
from liwi.imaging.masks import box_mask, ellipse_mask, tidy
from liwi.types import BoundingBox, Hint

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]


class ClassicalSegmenter:
    """`liwi.protocols.Segmenter` without weights."""

    def __init__(self, settings: SegmentationSettings | None = None) -> None:
        self.settings = settings or SegmentationSettings()

    def segment(
        self, crop: UInt8, box: BoundingBox, hints: tuple[Hint, ...] = (), support: UInt8 | None = None, *, seed: int = 0
    ) -> Float32:
        """Segment the object that ``box`` is drawn around. See `liwi.protocols.Segmenter.segment`."""
        prompt = box.intersect(BoundingBox(0, 0, crop.shape[1], crop.shape[0]))
        if prompt is None:
            raise ValueError(f"The box {box} lies outside the crop of {crop.shape[1]} x {crop.shape[0]} pixels")
        there = np.ones(crop.shape[:2], bool) if support is None else support > 0
        marks = paint_hints(crop.shape[:2], prompt, hints)
        probability = self._decide(np.ascontiguousarray(crop), prompt, marks, there, seed)
        probability[~there] = 0
        probability[(marks == KEPT) & there] = 1
        probability[marks == DROPPED] = 0
        return probability

    def _decide(self, crop: UInt8, box: BoundingBox, marks: UInt8, there: Mask, seed: int) -> Float32:
        inside = np.zeros(there.shape, bool)
        inside[box.slices] = True
        ring = there & ~inside
        open_area = there & (inside | (marks == KEPT))
        if not (inside & there).any():
            return np.zeros(there.shape, np.float32)
        if 2 * int(ring.sum()) < int((~inside).sum()) and not marks.any():  # cut out already: what is there is the object
            return (inside & there).astype(np.float32)
        color = flat_ring_color(crop, ring)
        if color is not None:
            flat = segment_flat(crop, box, ring, color) & there
            if flat.sum() > 0.02 * inside.sum():
                return correct_flat(crop, box, flat, marks).astype(np.float32)
        if min(box.width, box.height) < 4 or min(crop.shape[:2]) < 8:
            return (ellipse_mask(there.shape, box) & there).astype(np.float32)
        mask, evidence = _solve(crop, box, marks, there, self.settings, seed)
        mask = tidy(mask & open_area, box, marks)
        if not mask.any():
            mask = ellipse_mask(there.shape, box) & there
        confidence = (1 / (1 + np.exp(-evidence))).astype(np.float32)
        return np.where(mask, np.maximum(confidence, np.float32(0.51)), np.minimum(confidence, np.float32(0.49)))


def _solve(crop: UInt8, box: BoundingBox, marks: UInt8, there: Mask, settings: SegmentationSettings, seed: int) -> tuple[Mask, Float32]:
    """Decide at the small size, correct, then decide again along the contour: mask (h, w) and evidence (h, w) in nats."""
    scale = min(1.0, settings.side / max(box.width, box.height))
    height, width = (max(8, round(side * scale)) for side in crop.shape[:2])
    small_box = _scale_box(box, width / crop.shape[1], height / crop.shape[0], (width, height))
    image = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
    small_marks = shrink_marks(marks, (width, height))
    small_there = cv2.resize(there.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
    open_area = small_there & (box_mask(small_there.shape, small_box) | (small_marks == KEPT))
    hypotheses = Hypotheses(image, small_box, small_there, open_area, settings, seed)
    answer = correct(hypotheses.best(), small_marks, hypotheses)
    open_full = there & (box_mask(there.shape, box) | (marks == KEPT))
    return _refine(crop, answer.mask, answer.evidence, known_labels(open_full, marks), settings)


def _refine(crop: UInt8, mask: Mask, evidence: Float32, decided: UInt8, settings: SegmentationSettings) -> tuple[Mask, Float32]:
    """Decide a band along the contour again at the crop's own size; what lies farther from it stays."""
    height, width = crop.shape[:2]
    if mask.shape == (height, width):
        return mask, evidence
    size = (width, height)
    fine = cv2.resize(evidence, size, interpolation=cv2.INTER_LINEAR)
    band = max(2, round(2.5 * max(width / mask.shape[1], height / mask.shape[0])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    large = (cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.uint8)
    labels = np.where(large > 0, SURE_OBJECT, SURE_BACKGROUND).astype(np.uint8)
    labels[cv2.dilate(large, kernel) != cv2.erode(large, kernel)] = OPEN
    labels[decided != OPEN] = decided[decided != OPEN]
    if not (labels == OPEN).any():
        return large > 0, fine
    return cut(contour_guide(crop), fine, labels, settings.fine_smoothness), fine


def _scale_box(box: BoundingBox, across: float, down: float, size: tuple[int, int]) -> BoundingBox:
    left, top = min(size[0] - 1, round(box.left * across)), min(size[1] - 1, round(box.top * down))
    return BoundingBox(
        left, top, min(size[0], max(left + 1, round(box.right * across))), min(size[1], max(top + 1, round(box.bottom * down)))
    )
