"""What the picture around an object says about light: log-brightness steps between neighbouring pixels, and how far to trust each.

Natural surfaces differ from each other far more than a soft shadow darkens them, so absolute brightness says little. Steps between
neighbours are small almost everywhere, and nearly independent of each other: against them the long, known outline of a shadow stands out.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

DARK_OFFSET = 6.0
"""Added before the logarithm, in 8-bit units: below it, noise and compression rule."""

OBJECT_ALPHA = 0.02
"""Pixels with more of the object than this say nothing about the background."""

_LEAST_STEP = 0.006
"""Noise floor of a step of log brightness."""

_WINDOW = 11
"""Side of the window, in working pixels, over which the usual size of a step is measured."""

_CLIP = 1.5
"""A step larger than this many usual steps is taken as an edge of the surface and is held at that size (Huber's estimator)."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps along one axis.

    Attributes:
        axis: 1 for steps to the right, 0 for steps down.
        size: (h, w - 1) or (h - 1, w) float32, of mean log brightness.
        channels: the same of every channel, (..., 3) float32.
        spread: the usual size of a step there, float32, above 0.
        weight: 1 / spread squared; 0 where a neighbour is unknown.
    """

    axis: int
    size: Float32
    channels: Float32
    spread: Float32
    weight: Float32

    def of(self, values: Float32) -> Float32:
        """Steps of another (h, w) array along this axis."""
        return values[:, 1:] - values[:, :-1] if self.axis == 1 else values[1:] - values[:-1]

    def clipped(self, expected: Float32 | float = 0.0) -> Float32:
        """Sizes, held within `_CLIP` spreads of what is expected."""
        reach = _CLIP * self.spread
        return np.clip(self.size, expected - reach, expected + reach)


@dataclass(frozen=True, eq=False)
class Evidence:
    """An object and its surroundings at working size.

    Attributes:
        alpha: (h, w) float32 in [0, 1]. known: (h, w) bool, pixels that show the background alone.
        steps: to the right, and down.
        top, foot, middle, height: the object's extent, in working pixels; ``middle`` is its horizontal centre.
    """

    alpha: Float32
    known: Mask
    steps: tuple[Steps, Steps]
    top: float
    foot: float
    middle: float
    height: float


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
    spread = np.sqrt(np.square(1.3 * usual + _LEAST_STEP) + np.square(chroma)).astype(np.float32)
    weight = np.where(both_known, 1 / np.square(spread), 0).astype(np.float32)
    return Steps(axis, size, channels, spread, weight)
