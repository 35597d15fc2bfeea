"""Box and corrections -> which pixels are the object, by classical vision: nothing learned, no weights.

    crop ─► plain surroundings? ─► flood from the ring ───────────────────────────────┐
       └──► evidence from near colours of the ring ─► cut ─► evidence from the colour │
            mixtures and neighbours of both sides ─► cut ─► ... ─► cut at full size ──┴─► tidy, corrections hold

Everything is decided at a small size, where a cut costs little, and only a band along the contour again at the crop's own size. The box is
a strong prompt: outside of it is background, and its sides lie close to the object's own.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.color_models import barrier_height, describe_pixels, fit_mixtures, mixture_log_likelihood, neighbour_distance
from liwi.imaging.flat_background import flat_ring_color, segment_flat
from liwi.imaging.graph_cut import EVIDENCE_LIMIT, OPEN, SURE_BACKGROUND, SURE_OBJECT, contour_guide, cut
from liwi.imaging.hint_marks import DROPPED, KEPT, hint_evidence, paint_hints
from liwi.imaging.masks import box_mask, ellipse_mask, parts_with, sides_touched, tidy
from liwi.types import BoundingBox, Hint

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_SETTLED = 3.0
"""Nats by which a correction has to outweigh what was decided without it."""

_LEAST_CAP = 8.0
"""Distance in Lab to which the picture's own threshold may always rise."""

_FEWEST = 12
"""Pixels that a colour model needs on either side."""


@dataclass(frozen=True, slots=True)
class SegmentationSettings:
    """What was tuned: on development composites, and by looking at a few photographs where those could not tell.

    Attributes:
        side: long side of the box while deciding, in pixels.
        place_weight: distance in Lab that equals the length of the box.
        samples, neighbours: ring pixels looked at, and how many nearest ones count.
        typical_distance: distance to the ring, in Lab, at which a pixel is as likely object as background.
        picture_shares: share in that threshold of the picture's own (Otsu's), 0..1, tried in turn until the mask fills the box.
        ring_weight, mixture_weight, neighbour_weight, centre_weight: of the kinds of evidence, in nats or per nat.
        lenience: added to the evidence of the first guess, from which colours are learned, in nats.
        enclosure: share of the barrier between a pixel and the ring that counts as its distance, 0..1: line art keeps what it encloses.
        rounds: how often both sides' colours are learned anew.
        smoothness, fine_smoothness: price of the contour at the small and at the crop's own size, 1 is GrabCut's.
    """

    side: int = 192
    place_weight: float = 10.0
    samples: int = 3000
    neighbours: int = 8
    typical_distance: float = 9.0
    picture_shares: tuple[float, ...] = (0.7, 0.4, 0.1)
    ring_weight: float = 4.0
    mixture_weight: float = 1.5
    neighbour_weight: float = 1.0
    centre_weight: float = 0.6
    lenience: float = 0.5
    enclosure: float = 1.0
    rounds: int = 2
    smoothness: float = 0.3
    fine_smoothness: float = 0.3


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
                return _correct_flat(crop, box, flat, marks).astype(np.float32)
        if min(box.width, box.height) < 4 or min(crop.shape[:2]) < 8:
            return (ellipse_mask(there.shape, box) & there).astype(np.float32)
        mask, evidence = _Regions(crop, box, marks, there, self.settings, seed).solve()
        mask = tidy(mask & open_area, box, marks)
        if not mask.any():
            mask = ellipse_mask(there.shape, box) & there
        confidence = (1 / (1 + np.exp(-evidence))).astype(np.float32)
        return np.where(mask, np.maximum(confidence, np.float32(0.51)), np.minimum(confidence, np.float32(0.49)))


class _Regions:
    """One crop at the small size, and the evidence gathered in it."""

    def __init__(self, crop: UInt8, box: BoundingBox, marks: UInt8, there: Mask, settings: SegmentationSettings, seed: int) -> None:
        self.settings, self.seed, self.crop, self.full_marks, self.full_there, self.full_box = settings, seed, crop, marks, there, box
        scale = min(1.0, settings.side / max(box.width, box.height))
        height, width = (max(8, round(side * scale)) for side in crop.shape[:2])
        self.box = _scale_box(box, width / crop.shape[1], height / crop.shape[0], (width, height))
        self.image = cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA)
        self.marks = _shrink_marks(marks, (width, height))
        there = cv2.resize(there.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        inside = np.zeros((height, width), bool)
        inside[self.box.slices] = True
        self.open = there & (inside | (self.marks == KEPT))
        self.ring = there & ~self.open
        if int(self.ring.sum()) < _FEWEST:  # the box fills the crop: its own rim is the best guess at surroundings
            rim = max(1, round(0.03 * max(self.box.width, self.box.height)))
            self.ring = there.copy()
            self.ring[self.box.top + rim : self.box.bottom - rim, self.box.left + rim : self.box.right - rim] = False
        self.labels = np.where(self.open, OPEN, SURE_BACKGROUND).astype(np.uint8)
        self.lab = cv2.cvtColor(self.image, cv2.COLOR_RGB2LAB)
        self.points = describe_pixels(self.image, max(self.box.width, self.box.height), settings.place_weight)

    def solve(self) -> tuple[Mask, Float32]:
        """Decide at the small size, then along the contour at the crop's own: mask (h, w) and evidence (h, w) in nats."""
        settings = self.settings
        guide = contour_guide(self.image)
        prior = self._prior()
        distance = self._ring_distance()
        ring_evidence, mask = self._first_guess(guide, prior, distance)
        evidence = ring_evidence
        for _ in range(settings.rounds):
            both = self._both_sides(mask, distance)
            evidence = ring_evidence + prior + both
            mask = cut(guide, evidence, self.labels, settings.smoothness)
        if self.marks.any():
            mask, evidence = self._correct(guide, mask, evidence)
        return self._refine(mask, evidence)

    def _correct(self, guide: UInt8, mask: Mask, evidence: Float32) -> tuple[Mask, Float32]:
        """Change the uncorrected answer where the marks ask for it, and nowhere else: only areas joined to a mark may change."""
        settled = np.clip(evidence, -_SETTLED, _SETTLED) + np.where(mask, 1, -1)
        corrected = (settled + hint_evidence(self.image, self.marks, self.box)).astype(np.float32)
        asked = cut(guide, corrected, _labels(self.open, self.marks), self.settings.smoothness)
        result = _change_near_marks(mask, asked, self.marks)
        return result, np.where(result, np.maximum(corrected, 0.5), np.minimum(corrected, -0.5)).astype(np.float32)

    def _prior(self) -> Float32:
        """Objects lie in the middle of their boxes."""
        box = self.box
        y, x = np.mgrid[: self.open.shape[0], : self.open.shape[1]].astype(np.float32)
        radius = np.hypot((x - (box.left + box.right - 1) / 2) / (box.width / 2), (y - (box.top + box.bottom - 1) / 2) / (box.height / 2))
        return (self.settings.centre_weight * (1 - 1.2 * radius)).astype(np.float32)

    def _ring_distance(self) -> Float32:
        """How far each pixel's colour is from its surroundings' nearby, in Lab; smoothed a little: (h, w)."""
        distance = np.zeros(self.open.shape, np.float32)
        settings = self.settings
        distance[self.open] = neighbour_distance(self.points[self.open], self._sample(self.ring, settings.samples), settings.neighbours)
        distance = cv2.GaussianBlur(distance, (0, 0), 1.0)
        distance[~self.open] = 0
        return distance + settings.enclosure * (barrier_height(distance, ~self.open) - distance)

    def _first_guess(self, guide: UInt8, prior: Float32, distance: Float32) -> tuple[Float32, Mask]:
        """Evidence of the ring and the mask it gives, at the highest threshold whose mask reaches the box's sides as objects do."""
        settings = self.settings
        otsu = self._picture_threshold(distance)
        otsu = min(otsu, float(np.log(1 + max(_LEAST_CAP, 1.5 * self._self_distance()))))  # a vivid object's own contrasts do not count
        best: tuple[int, Float32, Mask] | None = None
        for share in settings.picture_shares:
            typical = (1 - share) * np.log(settings.typical_distance + 1) + share * otsu
            evidence = settings.ring_weight * np.clip(np.log(distance + 1) - typical, -2, 2)
            mask = cut(guide, 0.5 * evidence + prior + settings.lenience, self.labels, settings.smoothness)
            touched = sides_touched(mask, self.box)
            if best is None or touched > best[0]:
                best = (touched, evidence, mask)
            if touched == 4 or otsu < np.log(settings.typical_distance + 1):
                break
        assert best is not None  # there is at least one share
        return best[1], best[2]

    def _self_distance(self) -> float:
        """How far background inside the box may look from the ring: what lies just outside the box, seen from farther out."""
        box, span = self.box, max(self.box.width, self.box.height)
        near = self.ring & box_mask(self.ring.shape, box.expand(max(1, round(0.08 * span))))
        far = self.ring & ~box_mask(self.ring.shape, box.expand(max(1, round(0.12 * span))))
        if int(near.sum()) < _FEWEST or int(far.sum()) < _FEWEST:
            return self.settings.typical_distance
        distance = neighbour_distance(self._sample(near, 600), self._sample(far, 1500), self.settings.neighbours)
        return float(np.quantile(distance, 0.9))

    def _picture_threshold(self, distance: Float32) -> float:
        """Otsu's threshold of the logarithms of the distances."""
        logs = np.log(distance[self.open] + 1)
        top = float(logs.max()) or 1.0
        threshold, _ = cv2.threshold((logs / top * 255).astype(np.uint8)[:, None], 0, 255, cv2.THRESH_OTSU)
        return threshold / 255 * top

    def _both_sides(self, mask: Mask, ring_distance: Float32) -> Float32:
        """Evidence from the colours of ``mask`` against the rest: mixtures and neighbours, (h, w) in nats."""
        mask = mask & self.open
        if int(mask.sum()) < _FEWEST:
            mask = ellipse_mask(self.open.shape, self.box) & self.open
        evidence = np.zeros(self.open.shape, np.float32)
        if int(mask.sum()) < _FEWEST or int((~mask).sum()) < _FEWEST:
            return evidence
        settings = self.settings
        self.mixtures = fit_mixtures(self.lab, mask, self.open, self.seed)
        evidence[self.open] = settings.mixture_weight * self._mixture_evidence(self.lab[self.open])
        distance = neighbour_distance(self.points[self.open], self._sample(mask, settings.samples // 2), settings.neighbours)
        evidence[self.open] += settings.neighbour_weight * (np.log(ring_distance[self.open] + 2) - np.log(distance + 2))
        return evidence

    def _mixture_evidence(self, colors: NDArray[np.generic]) -> Float32:
        background, foreground = self.mixtures
        ratio = mixture_log_likelihood(colors, foreground) - mixture_log_likelihood(colors, background)
        return np.clip(ratio, -EVIDENCE_LIMIT, EVIDENCE_LIMIT)

    def _sample(self, area: Mask, count: int) -> Float32:
        chosen = np.flatnonzero(area)
        if len(chosen) > count:
            chosen = np.random.default_rng(self.seed).choice(chosen, count, replace=False)
        return self.points.reshape(-1, 5)[chosen]

    def _refine(self, mask: Mask, evidence: Float32) -> tuple[Mask, Float32]:
        """Decide a band along the contour again at the crop's own size; what lies farther from it stays."""
        height, width = self.crop.shape[:2]
        if mask.shape == (height, width):
            return mask, evidence
        size = (width, height)
        fine = cv2.resize(evidence, size, interpolation=cv2.INTER_LINEAR)
        band = max(2, round(2.5 * max(width / mask.shape[1], height / mask.shape[0])))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
        large = (cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5).astype(np.uint8)
        inside = np.zeros((height, width), bool)
        inside[self.full_box.slices] = True
        labels = np.where(large > 0, SURE_OBJECT, SURE_BACKGROUND).astype(np.uint8)
        labels[cv2.dilate(large, kernel) != cv2.erode(large, kernel)] = OPEN
        open_area = self.full_there & (inside | (self.full_marks == KEPT))
        decided = _labels(open_area, self.full_marks)
        labels[decided != OPEN] = decided[decided != OPEN]
        if not (labels == OPEN).any():
            return large > 0, fine
        return cut(contour_guide(self.crop), fine, labels, self.settings.fine_smoothness), fine


def _correct_flat(crop: UInt8, box: BoundingBox, mask: Mask, marks: UInt8) -> Mask:
    """Corrections where the ground is plain: the area in the mark's colour that is joined to it changes sides."""
    if not marks.any():
        return mask
    asked = np.where(mask, _SETTLED, -_SETTLED) + hint_evidence(crop, marks, box) > 0
    return _change_near_marks(mask, asked, marks)


def _change_near_marks(mask: Mask, asked: Mask, marks: UInt8) -> Mask:
    """``mask`` changed to ``asked`` in the areas joined to a mark of that kind, and nowhere else."""
    added = parts_with(asked & ~mask | (marks == KEPT), marks == KEPT)
    removed = parts_with(mask & ~asked | (marks == DROPPED), marks == DROPPED)
    return (mask | added) & ~removed


def _labels(open_area: Mask, marks: UInt8) -> UInt8:
    labels = np.where(open_area, OPEN, SURE_BACKGROUND).astype(np.uint8)
    labels[(marks == KEPT) & open_area] = SURE_OBJECT
    labels[marks == DROPPED] = SURE_BACKGROUND
    return labels


def _shrink_marks(marks: UInt8, size: tuple[int, int]) -> UInt8:
    """Marks at the small size; a mark of one pixel survives."""
    small = np.zeros((size[1], size[0]), np.uint8)
    y, x = np.nonzero(marks)
    small[y * size[1] // marks.shape[0], x * size[0] // marks.shape[1]] = marks[y, x]
    return small


def _scale_box(box: BoundingBox, across: float, down: float, size: tuple[int, int]) -> BoundingBox:
    left, top = min(size[0] - 1, round(box.left * across)), min(size[1] - 1, round(box.top * down))
    return BoundingBox(
        left, top, min(size[0], max(left + 1, round(box.right * across))), min(size[1], max(top + 1, round(box.bottom * down)))
    )
