"""Competing answers to "which pixels of the box are the object", and the judge that picks one.

Two follow the ring's neighbours, once taking what line art encloses for the object and once not; two are plain GrabCut from the box and
from its ellipse. Their errors differ: on development composites a perfect judge would gain three points over the best of them. Ours looks
at three things that a good answer has: it reaches the sides of its box, its colours are not those around it, and its outline is short.
Last, the answer is led to the sides of the box that it stays far from (`box_reach`).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.box_reach import ways_to_sides
from liwi.imaging.color_models import barrier_height, describe_pixels, fit_mixtures, mixture_log_likelihood, neighbour_distance
from liwi.imaging.graph_cut import EVIDENCE_LIMIT, OPEN, SURE_BACKGROUND, SURE_OBJECT, contour_guide, cut
from liwi.imaging.masks import box_mask, ellipse_mask, side_gaps, sides_touched, tidy
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEAST_CAP = 8.0
"""Distance in Lab to which the picture's own threshold may always rise."""

_FEWEST = 12
"""Pixels that a colour model needs on either side."""

_GRABCUT_ROUNDS = 2

_MOST_WAYS = 2
"""How often ways to the sides are looked for."""

_LIKENESS = 2.5
"""Nats for looking exactly like a way to a side."""


@dataclass(frozen=True, slots=True)
class SegmentationSettings:
    """What was tuned: on development composites, and by looking at a few photographs where those could not tell.

    Attributes:
        side: long side of the box while deciding, in pixels.
        place_weight: distance in Lab that equals the length of the box.
        samples, neighbours: ring pixels looked at, and how many nearest ones count.
        mixture_stride: every how many-th pixel of a row or column the colour mixtures of both sides are learned from.
        typical_distance: distance to the ring, in Lab, at which a pixel is as likely object as background.
        picture_shares: share in that threshold of the picture's own (Otsu's), 0..1, tried in turn until the mask fills the box.
        ring_weight, mixture_weight, neighbour_weight, centre_weight: of the kinds of evidence, in nats or per nat.
        rounds: how often both sides' colours are learned anew.
        smoothness, fine_smoothness: price of the contour at the small and at the crop's own size, 1 is GrabCut's.
    """

    side: int = 192
    place_weight: float = 10.0
    samples: int = 3000
    neighbours: int = 3
    mixture_stride: int = 1
    typical_distance: float = 8.0
    picture_shares: tuple[float, ...] = (0.7, 0.4, 0.1)
    ring_weight: float = 4.0
    mixture_weight: float = 1.5
    neighbour_weight: float = 1.0
    centre_weight: float = 0.6
    rounds: int = 2
    smoothness: float = 0.3
    fine_smoothness: float = 0.3


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One answer.

    Attributes:
        mask: (h, w) bool.
        evidence: (h, w) float32 in nats, above 0 where it speaks for the object.
        favour: added to what the judge says.
    """

    mask: Mask
    evidence: Float32
    favour: float = 0.0


class Hypotheses:
    """A crop at the small size, and the answers to it."""

    def __init__(self, image: UInt8, box: BoundingBox, there: Mask, open_area: Mask, settings: SegmentationSettings, seed: int) -> None:
        """Prepare.

        Args:
            image: (h, w, 3) uint8. box: the prompt. there: (h, w) bool, where the picture has pixels.
            open_area: (h, w) bool, where the object may be.
            settings, seed: see `SegmentationSettings`, `liwi.protocols.Segmenter`.
        """
        self.image, self.box, self.open, self.settings, self.seed = image, box, open_area, settings, seed
        self.ring = there & ~open_area
        if int(self.ring.sum()) < _FEWEST:  # the box fills the crop: its own rim is the best guess at surroundings
            rim = max(1, round(0.03 * max(box.width, box.height)))
            self.ring = there.copy()
            self.ring[box.top + rim : box.bottom - rim, box.left + rim : box.right - rim] = False
        self.labels = np.where(open_area, OPEN, SURE_BACKGROUND).astype(np.uint8)
        self.guide = contour_guide(image)
        self.lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
        self.points = describe_pixels(image, max(box.width, box.height), settings.place_weight)
        self.prior = self._prior()

    def best(self) -> Hypothesis:
        """The answer that the judge likes best."""
        everything, ellipse = self.open, ellipse_mask(self.open.shape, self.box) & self.open
        with ThreadPoolExecutor(2) as pool:  # OpenCV and SciPy let go of the interpreter; OpenCV keeps one random generator per thread
            plain = [pool.submit(self._by_grabcut, everything), pool.submit(self._by_grabcut, ellipse)]
            distance = self.ring_distance()
            barrier = barrier_height(distance, ~self.open)
            closed = pool.submit(self._by_neighbours, barrier, favour=0.1)
            open_ = pool.submit(self._by_neighbours, distance, favour=0.1)
            answers = [answer.result() for answer in (closed, open_, *plain)]
        return self._reach_the_sides(max(answers, key=lambda answer: self._judge(answer.mask) + answer.favour), distance)

    def _reach_the_sides(self, answer: Hypothesis, distance: Float32) -> Hypothesis:
        """Lead the answer to the sides of the box that it stays far from, and learn from these ways what was missing."""
        settings = self.settings
        ring_evidence = self._ring_evidence(distance)
        mask, evidence, labels = answer.mask, answer.evidence, self.labels.copy()
        for _ in range(_MOST_WAYS):
            ways = ways_to_sides(mask, self.box, ring_evidence, self.open)
            if ways is None:
                break
            labels[ways] = SURE_OBJECT
            likeness = np.zeros(mask.shape, np.float32)
            likeness[self.open] = _LIKENESS * np.exp(-((neighbour_distance(self.points[self.open], self.points[ways], 1) / 8) ** 2))
            for _ in range(settings.rounds):
                evidence = self.evidence_of(mask | ways, distance) + likeness
                mask = cut(self.guide, evidence, labels, settings.smoothness)
        return Hypothesis(mask, evidence)

    def _judge(self, mask: Mask) -> float:
        """Closeness to the box's sides, difference of the colours on both sides of the contour (Bhattacharyya), short contour."""
        mask = tidy(mask, self.box, np.zeros(mask.shape, np.uint8))
        area = int(mask.sum())
        if area < _FEWEST or area == mask.size:
            return -np.inf
        bins = (self.lab // np.array([16, 8, 8], np.uint8)).astype(np.int64) @ np.array([1024, 32, 1])
        inside = np.bincount(bins[mask], minlength=1 << 14) / area
        outside = np.bincount(bins[~mask], minlength=1 << 14) / (mask.size - area)
        common = float(np.sqrt(inside * outside).sum())
        contour = int((mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)).sum())
        return -2 * float(np.sum(side_gaps(mask, self.box))) - 2 * common - 0.02 * contour / float(np.sqrt(area))

    def _by_grabcut(self, start: Mask) -> Hypothesis:
        evidence = np.zeros(self.open.shape, np.float32)
        if int(start.sum()) < _FEWEST or int((~start).sum()) < _FEWEST:
            return Hypothesis(np.zeros(self.open.shape, bool), evidence)
        background, foreground, mask = fit_mixtures(self.image, start, self.open, self.seed, rounds=_GRABCUT_ROUNDS)
        evidence[self.open] = _mixture_evidence(self.image[self.open], background, foreground)
        evidence[~self.open] = -EVIDENCE_LIMIT
        return Hypothesis(mask & self.open, evidence)

    def _by_neighbours(self, distance: Float32, *, favour: float = 0.0) -> Hypothesis:
        """Start from distances to the ring; then learn both sides' colours."""
        ring_evidence, mask = self._first_guess(distance)
        evidence = ring_evidence
        for _ in range(self.settings.rounds):
            evidence = ring_evidence + self.prior + self._both_sides(mask, distance)
            mask = cut(self.guide, evidence, self.labels, self.settings.smoothness)
        return Hypothesis(mask, evidence, favour)

    def _prior(self) -> Float32:
        """Objects lie in the middle of their boxes."""
        box = self.box
        y, x = np.mgrid[: self.open.shape[0], : self.open.shape[1]].astype(np.float32)
        radius = np.hypot((x - (box.left + box.right - 1) / 2) / (box.width / 2), (y - (box.top + box.bottom - 1) / 2) / (box.height / 2))
        return (self.settings.centre_weight * (1 - 1.2 * radius)).astype(np.float32)

    def ring_distance(self, also: Mask | None = None) -> Float32:
        """How far each pixel's colour is from its surroundings' nearby, in Lab; smoothed a little: (h, w).

        Args:
            also: (h, w) bool, pixels inside the box that are known to be surroundings too.
        """
        distance = np.zeros(self.open.shape, np.float32)
        settings = self.settings
        ring = self.ring if also is None else self.ring | also
        distance[self.open] = neighbour_distance(self.points[self.open], self._sample(ring, settings.samples), settings.neighbours)
        distance = cv2.GaussianBlur(distance, (0, 0), 1.0)
        distance[~self.open] = 0
        return distance

    def _first_guess(self, distance: Float32) -> tuple[Float32, Mask]:
        """Evidence of the ring and the mask it gives, at the highest threshold whose mask reaches the box's sides as objects do."""
        settings = self.settings
        otsu = self._picture_threshold(distance)
        otsu = min(otsu, float(np.log(1 + max(_LEAST_CAP, 1.5 * self._self_distance))))  # a vivid object's own contrasts do not count
        best: tuple[int, Float32, Mask] | None = None
        for share in settings.picture_shares:
            typical = (1 - share) * np.log(settings.typical_distance + 1) + share * otsu
            evidence = settings.ring_weight * np.clip(np.log(distance + 1) - typical, -2, 2)
            mask = cut(self.guide, 0.5 * evidence + self.prior, self.labels, settings.smoothness)
            touched = sides_touched(mask, self.box)
            if best is None or touched > best[0]:
                best = (touched, evidence, mask)
            if touched == 4 or otsu < np.log(settings.typical_distance + 1):
                break
        assert best is not None  # there is at least one share
        return best[1], best[2]

    @cached_property
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

    def evidence_of(self, mask: Mask, distance: Float32) -> Float32:
        """Evidence for the object if ``mask`` were it and its surroundings lay at ``distance``: (h, w) in nats."""
        return self._ring_evidence(distance) + self.prior + self._both_sides(mask, distance)

    def _ring_evidence(self, distance: Float32) -> Float32:
        settings = self.settings
        return settings.ring_weight * np.clip(np.log(distance + 1) - np.log(settings.typical_distance + 1), -2, 2)

    def _both_sides(self, mask: Mask, ring_distance: Float32) -> Float32:
        """Evidence from the colours of ``mask`` against the rest: mixtures and neighbours, (h, w) in nats."""
        mask = mask & self.open
        if int(mask.sum()) < _FEWEST:
            mask = ellipse_mask(self.open.shape, self.box) & self.open
        evidence = np.zeros(self.open.shape, np.float32)
        if int(mask.sum()) < _FEWEST or int((~mask).sum()) < _FEWEST:
            return evidence
        settings = self.settings
        background, foreground = self._mixtures(mask)
        evidence[self.open] = settings.mixture_weight * _mixture_evidence(self.lab[self.open], background, foreground)
        distance = neighbour_distance(self.points[self.open], self._sample(mask, settings.samples // 2), settings.neighbours)
        evidence[self.open] += settings.neighbour_weight * (np.log(ring_distance[self.open] + 2) - np.log(distance + 2))
        return evidence

    def _mixtures(self, mask: Mask) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Colours of the rest and of ``mask``, in Lab."""
        step = self.settings.mixture_stride
        seen = mask[::step, ::step]
        if int(seen.sum()) < _FEWEST or int((~seen).sum()) < _FEWEST:
            step = 1
        lab, chosen, open_area = (np.ascontiguousarray(values[::step, ::step]) for values in (self.lab, mask, self.open))
        background, foreground, _ = fit_mixtures(lab, chosen, open_area, self.seed)
        return background, foreground

    def _sample(self, area: Mask, count: int) -> Float32:
        chosen = np.flatnonzero(area)
        if len(chosen) > count:
            chosen = np.random.default_rng(self.seed).choice(chosen, count, replace=False)
        return self.points.reshape(-1, 5)[chosen]


def _mixture_evidence(colors: NDArray[np.generic], background: NDArray[np.float64], foreground: NDArray[np.float64]) -> Float32:
    ratio = mixture_log_likelihood(colors, foreground) - mixture_log_likelihood(colors, background)
    return np.clip(ratio, -EVIDENCE_LIMIT, EVIDENCE_LIMIT)
