"""Whether the best shadow is one: joint evidence, weighed as on development pictures, and where along its outline it is really there.

A false shadow is worse than a missed one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.shadow_evidence import Evidence
from liwi.imaging.shadow_search import Candidate, fit_strength
from liwi.imaging.shadow_shape import MAX_BLUR, Surface

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]

LEAST_EVIDENCE = 0.5
"""Above it a shadow is believed. At 0 no shadow-free picture of the development split is changed; the rest is for pictures unlike those."""

DARKEST = 0.68
"""A best strength above it, near the end of what is tried, is no shadow but something dark: parts of the object beside a bad matte."""

_LOUDEST_ECHO = 0.25
"""Share of its strength that a shadow may have at another place. True ones have up to 0.15, a dark strip along the horizon 0.4."""

_ECHO_PLACES = (-1.0, -0.6, 0.6, 1.0)
"""Where a shadow is looked for in vain: so many of its widths aside."""

_LEAST_HEARD = 0.5
"""Weight of the evidence at such a place, as a share of that at the shadow's own, from which on it counts."""

_DOUBT = {Surface.WALL: 1.94, Surface.GROUND: 2.61, Surface.CONTACT: 3.34}
"""Evidence against each kind before anything is seen: smooth darkness below and beside objects is common."""

_CELLS = 4
"""Cells along the object's height in which the shadow is looked at on its own."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a candidate stands up.

    Attributes:
        likelihood: log likelihood ratio to no shadow.
        contrast: how well it matches, over the best brightening of any shape.
        steadiness: mean strength over its standard error, taken from how it varies along the outline.
        breadth: over how many cells the outline spreads.
        unrest: upper quartile of the steps across the outline, over those expected: 1 on even ground, large where texture rules.
        chroma: largest difference of strength between channels, over the mean strength.
        strength, blur: of the candidate. surface: what it falls on.
        echo: largest share of the strength that the same shape has elsewhere: a shadow is tied to its object, scenery goes on beside it.
    """

    likelihood: float
    contrast: float
    steadiness: float
    breadth: float
    unrest: float
    chroma: float
    strength: float
    blur: float
    surface: Surface
    echo: float

    @property
    def evidence(self) -> float:
        """Joint evidence, the log of the odds that the picture gains; a surplus of one kind makes up for a lack of another.

        Weights by logistic regression over composites of the development split, with and without their shadows.
        """
        return (
            0.41 * _log(self.likelihood, 1)
            + 0.55 * _log(self.contrast, 0.3)
            + 1.02 * _log(self.steadiness, 0.5)
            + 1.29 * _log(self.breadth, 1)
            - 0.91 * _log(self.unrest, 0.5)
            - 2.91 * min(self.chroma, 1.5)
            + 0.80 * _log(self.strength, 0.05)
            - 2.77 * self.blur / MAX_BLUR
            - _DOUBT[self.surface]
        )

    @property
    def believed(self) -> bool:
        """Whether there is a shadow, beyond reasonable doubt."""
        return self.evidence > LEAST_EVIDENCE and self.strength < DARKEST and self.echo < _LOUDEST_ECHO


def _log(value: float, least: float) -> float:
    return float(np.log(max(value, least)))


@dataclass(frozen=True, eq=False)
class Judgement:
    """A verdict, and what was measured on the way.

    Attributes:
        verdict: on the whole.
        strength: refitted to the part that is there.
        tint: exponent of the shading per channel, about 1.
        presence: (rows, columns) float32 in [0, 1], how much of the shadow there is in each cell of a grid over the whole crop.
    """

    verdict: Verdict
    strength: float
    tint: tuple[float, float, float]
    presence: Float32


def judge(evidence: Evidence, candidate: Candidate) -> Judgement:
    """Look at a candidate cell by cell and channel by channel."""
    blocked = evidence.render(candidate.shape)
    shading = np.log1p(-np.float32(candidate.strength) * blocked)
    height, width = blocked.shape
    side = max(4.0, evidence.height / _CELLS)
    grid = max(2, round(height / side)), max(2, round(width / side))
    cells = (np.arange(height)[:, None] * grid[0] // height) * grid[1] + np.arange(width) * grid[1] // width
    along, power = _measure_cells(evidence, shading, cells, grid[0] * grid[1])
    channels = _measure_channels(evidence, shading)
    felt = power > 0.01 * power.sum()
    shares = power[felt] / max(float(power.sum()), 1e-9)
    local = along[felt] / np.maximum(power[felt], 1e-9)
    mean = float((shares * local).sum())
    variance = float((shares * np.square(local - mean)).sum()) * float(np.square(shares).sum())
    verdict = Verdict(
        likelihood=candidate.likelihood,
        contrast=candidate.contrast,
        steadiness=mean / float(np.sqrt(variance + 1e-3)),
        breadth=float(1 / np.square(shares).sum()) if shares.size else 1.0,
        unrest=_unrest(evidence, shading),
        chroma=float(np.ptp(channels)),
        strength=candidate.strength,
        blur=candidate.shape.blur,
        surface=candidate.shape.surface,
        echo=_echo(evidence, blocked, candidate.strength),
    )
    tint = np.clip(channels / max(float(channels.mean()), 0.1), 0.8, 1.25)
    presence = _presence(along.reshape(grid), power.reshape(grid))
    strength, _ = fit_strength(evidence, blocked * cv2.resize(presence, (width, height), interpolation=cv2.INTER_LINEAR))
    return Judgement(verdict, strength, (float(tint[0]), float(tint[1]), float(tint[2])), presence)


def _measure_cells(evidence: Evidence, shading: Float32, cells: NDArray[np.intp], num_cells: int) -> tuple[Float64, Float64]:
    """Strength in each cell, as a share of the candidate's: weighted sums of it, and the weights.

    Steps are doubted as they look without a shadow and as they look with it, half and half, so that neither is favoured.
    """
    along, power = np.zeros(num_cells), np.zeros(num_cells)
    for steps in evidence.steps:
        expected = steps.of(shading)
        place = (cells[:, 1:] if steps.axis == 1 else cells[1:]).ravel()
        for assumed in (0, 1):
            left = steps.size - assumed * expected
            weight = 0.5 * steps.weight * steps.doubt(left) * expected
            along += np.bincount(place, (weight * steps.size).ravel(), num_cells)
            power += np.bincount(place, (weight * expected).ravel(), num_cells)
    return along, power


def _echo(evidence: Evidence, blocked: Float32, strength: float) -> float:
    """How much of the shadow there is where it cannot be: the same shape moved aside, as a share of its strength."""
    columns = np.flatnonzero((blocked > 0.2).any(axis=0))
    if columns.size == 0:
        return 0.0
    whole = np.zeros(blocked.shape, np.intp)
    width, height = blocked.shape[1], blocked.shape[0]
    _, here = _measure_cells(evidence, np.log1p(-np.float32(strength) * blocked), whole, 1)
    loudest = 0.0
    for place in _ECHO_PLACES:
        distance = round(place * (columns[-1] - columns[0] + 1))
        moved = cv2.warpAffine(blocked, np.array([[1, 0, distance], [0, 1, 0]], np.float32), (width, height))
        along, power = _measure_cells(evidence, np.log1p(-np.float32(strength) * moved), whole, 1)
        if power[0] > _LEAST_HEARD * here[0]:
            loudest = max(loudest, float(along[0] / max(power[0], 1e-9)))
    return loudest


def _measure_channels(evidence: Evidence, shading: Float32) -> Float64:
    """Strength in each channel, as a share of the candidate's: (3,)."""
    along, power = np.zeros(3), 0.0
    for steps in evidence.steps:
        expected = steps.of(shading)
        weight = steps.weight * np.maximum(steps.doubt(steps.size), steps.doubt(steps.size - expected)) * expected
        reach = 3 * steps.spread
        low, high = np.minimum(expected, 0) - reach, np.maximum(expected, 0) + reach
        along += np.einsum("ij,ijc->c", weight, np.clip(steps.channels, low[..., None], high[..., None]), dtype=np.float64)
        power += float(np.vdot(weight, expected))
    return along / max(power, 1e-9)


def _unrest(evidence: Evidence, shading: Float32) -> float:
    """Upper quartile, along the outline, of the step down the shading's slope over the one expected."""
    right, down = evidence.steps
    expected_x, expected_y = right.of(shading)[:-1], down.of(shading)[:, :-1]
    power = np.square(expected_x) + np.square(expected_y)
    both = (right.weight[:-1] > 0) & (down.weight[:, :-1] > 0)
    outline = both & (power > max(1e-6, 0.0225 * float(power.max())))
    if np.count_nonzero(outline) < 10:
        return 5.0
    share = (right.size[:-1] * expected_x + down.size[:, :-1] * expected_y)[outline] / power[outline]
    order = np.argsort(share)
    weights = np.cumsum(np.sqrt(power[outline][order]))
    return float(share[order][np.searchsorted(weights, 0.75 * weights[-1])])


def _presence(along: Float64, power: Float64) -> Float32:
    """1 in a cell unless it says otherwise: a part of the matte that is not the object casts nothing."""
    prior = 0.4
    along, power = (cv2.GaussianBlur(sums, (0, 0), 0.4, borderType=cv2.BORDER_CONSTANT) for sums in (along, power))
    share = (along + prior) / (power + prior)
    return np.clip((share - 0.35) / 0.3, 0, 1).astype(np.float32)
