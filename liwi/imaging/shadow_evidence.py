"""What the picture around an object says about light: log-brightness steps between neighbouring pixels, and how far to trust each.

Natural surfaces differ from each other far more than a soft shadow darkens them, so absolute brightness says little. Steps between
neighbours are small almost everywhere, and nearly independent of each other: against them the long, known outline of a shadow stands out.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.shadow_shape import ShadowShape
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

DARK_OFFSET = 6.0
"""Added before the logarithm, in 8-bit units: below it, noise and compression rule."""

OBJECT_ALPHA = 0.02
"""Pixels with more of the object than this say nothing about the background."""

_LEAST_SPREAD = 0.004
"""Noise floor of a step of log brightness."""

_USUAL = 0.6
"""The spread of a step, as a share of the mean size of those around it: most are smaller than the mean."""

_CHROMA = 2.0
"""How much a step of chroma adds to the spread: shadows keep the chroma, so it is an edge of the surface."""

_WINDOW = 11
"""Side of the window, in working pixels, over which the mean size of a step is measured."""

_CLIP = 2.5
"""In least squares a step larger than this many spreads is held at that size (Huber's estimator)."""

_FREEDOM = 2.0
"""Degrees of freedom of Student's t, after which steps spread: a few are very large."""

_LEAST_CHANGE = 4e-3
"""Where the share of light blocked changes by less from a pixel to the next, its outline is not."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps along one axis.

    Attributes:
        axis: 1 for steps to the right, 0 for steps down.
        size: (h, w - 1) or (h - 1, w) float32, of mean log brightness.
        channels: the same of every channel, (..., 3) float32.
        spread: the usual size of a step there, float32, above 0.
        weight: 1 / spread squared; 0 where a neighbour is unknown.
        clipped: sizes, held within `_CLIP` spreads.
    """

    axis: int
    size: Float32
    channels: Float32
    spread: Float32
    weight: Float32
    clipped: Float32

    def of(self, values: Float32) -> Float32:
        """Steps of another (h, w) array along this axis."""
        return values[:, 1:] - values[:, :-1] if self.axis == 1 else values[1:] - values[:-1]

    def crop(self, box: BoundingBox) -> tuple[Float32, Float32]:
        """Sizes and weights of the steps between the pixels of a box."""
        rows, columns = slice(box.top, box.bottom - (self.axis == 0)), slice(box.left, box.right - (self.axis == 1))
        return self.size[rows, columns], self.weight[rows, columns]

    def doubt(self, left: Float32) -> Float32:
        """How far a step that leaves this much unexplained is to be trusted, in (0, 1]: Student's t as weights of least squares."""
        return np.reciprocal(1 + self.weight * np.square(left) * np.float32(1 / _FREEDOM))


def unlikeliness(weight: Float32, left: Float32) -> Float32:
    """Minus the log likelihood of steps under Student's t, up to a constant."""
    return np.float32((_FREEDOM + 1) / 2) * np.log1p(weight * np.square(left) * np.float32(1 / _FREEDOM))


@dataclass(frozen=True, eq=False)
class Evidence:
    """An object and its surroundings at working size.

    Attributes:
        alpha: (h, w) float32 in [0, 1]. known: (h, w) bool, pixels that show the background alone.
        steps: to the right, and down.
        top, foot, middle, height: the object's extent, in working pixels; ``middle`` is its horizontal centre.
        contacts: contact shadows drawn so far (see `ShadowShape.render`).
    """

    alpha: Float32
    known: Mask
    steps: tuple[Steps, Steps]
    top: float
    foot: float
    middle: float
    height: float
    contacts: dict[ShadowShape, Float32] = field(default_factory=dict)

    def render(self, shape: ShadowShape) -> Float32:
        """How much light a shadow of this shape blocks: (h, w) float32 in [0, 1]."""
        return shape.render(self.alpha, self.foot, self.middle, self.height, self.contacts)

    def match(self, blocked: Float32) -> float:
        """Standard errors by which the best strength of this darkening differs from none; negative: a brightening fits. Fast."""
        along = power = 0.0
        for steps in self.steps:
            expected = steps.of(blocked)
            weighted = steps.weight * expected
            along -= float(np.vdot(weighted, steps.clipped))
            power += float(np.vdot(weighted, expected))
        return along / float(np.sqrt(power + 1e-6))

    def likelihood(self, blocked: Float32, strengths: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log likelihood ratio of a shadow of each strength to none: (n,) float64."""
        gains = np.zeros(len(strengths))
        window = BoundingBox.around(blocked > _LEAST_CHANGE)
        window = None if window is None else window.expand(1).intersect(BoundingBox.of_size((blocked.shape[1], blocked.shape[0])))
        if window is None or min(window.width, window.height) < 2:
            return gains
        part = np.ascontiguousarray(blocked[window.slices])
        shadings = np.log1p(-strengths.astype(np.float32)[:, None, None] * part)
        for steps in self.steps:
            size, weight = steps.crop(window)
            felt = (np.abs(steps.of(part)) > _LEAST_CHANGE) & (weight > 0)
            size, weight = size[felt], weight[felt]
            without = float(unlikeliness(weight, size).sum())
            for index, shading in enumerate(shadings):
                gains[index] += without - float(unlikeliness(weight, size - steps.of(shading)[felt]).sum())
        return gains


def gather_evidence(crop: UInt8, alpha: Float32, usable: Mask, side: int) -> Evidence | None:
    """Shrink to at most ``side`` and measure.

    Args:
        crop: (h, w, 3) uint8. alpha: (h, w) float32 in [0, 1].
        usable: (h, w) bool; pixels that are neither transparent nor another object.
        side: longest side of the working size, in pixels.

    Returns:
        None where there is no object, or nothing to be seen around it.
    """
    scale = min(1.0, side / max(alpha.shape))
    size = max(1, round(alpha.shape[1] * scale)), max(1, round(alpha.shape[0] * scale))
    if min(size) < 16:
        return None
    shown = np.where((alpha < OBJECT_ALPHA) & usable, np.uint8(255), np.uint8(0))
    coverage = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(cv2.copyTo(crop, shown), size, interpolation=cv2.INTER_AREA)
    known = cv2.erode((coverage > 153).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    small_alpha = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    rows, columns = np.flatnonzero((small_alpha > 0.3).any(axis=1)), np.flatnonzero((small_alpha > 0.3).any(axis=0))
    if rows.size == 0 or np.count_nonzero(known) < 64:
        return None
    means = sums * (255 / np.maximum(coverage, 1).astype(np.float32))[..., None]
    logs = np.log(means + np.float32(DARK_OFFSET))
    top, foot = float(rows[0]), float(rows[-1] + 1)
    middle = float(columns[0] + columns[-1] + 1) / 2
    return Evidence(small_alpha, known, _measure_steps(logs, known), top, foot, middle, max(4.0, foot - top))


def _measure_steps(logs: Float32, known: Mask) -> tuple[Steps, Steps]:
    channels = logs[:, 1:] - logs[:, :-1], logs[1:] - logs[:-1]
    both_known = known[:, 1:] & known[:, :-1], known[1:] & known[:-1]
    sizes = [step.mean(axis=2) for step in channels]
    seen = np.concatenate([np.abs(size[both]) for size, both in zip(sizes, both_known, strict=True)])
    limit = 4 * float(np.median(seen)) + 4e-4 if seen.size else 1.0
    total, count = np.zeros(known.shape, np.float32), np.zeros(known.shape, np.float32)
    held = [np.where(both, np.minimum(np.abs(size), limit), 0) for size, both in zip(sizes, both_known, strict=True)]
    total[:, 1:] += held[0]
    total[1:] += held[1]
    count[:, 1:] += both_known[0]
    count[1:] += both_known[1]
    usual = cv2.blur(total, (_WINDOW, _WINDOW)) / np.maximum(cv2.blur(count, (_WINDOW, _WINDOW)), 1e-3)
    between = 0.5 * (usual[:, 1:] + usual[:, :-1]), 0.5 * (usual[1:] + usual[:-1])
    return (
        _trust(1, sizes[0], channels[0], between[0], both_known[0]),
        _trust(0, sizes[1], channels[1], between[1], both_known[1]),
    )


def _trust(axis: int, size: Float32, channels: Float32, usual: Float32, both_known: Mask) -> Steps:
    """Shadows keep the chroma: a step of chroma is an edge of the surface, and the brightness step there says little."""
    chroma = np.maximum(np.abs(channels[..., 0] - channels[..., 1]), np.abs(channels[..., 2] - channels[..., 1]))
    spread = np.sqrt(np.square(_USUAL * usual + _LEAST_SPREAD) + np.square(_CHROMA * chroma)).astype(np.float32)
    weight = np.where(both_known, 1 / np.square(spread), 0).astype(np.float32)
    return Steps(axis, size, channels, spread, weight, np.clip(size, -_CLIP * spread, _CLIP * spread))
