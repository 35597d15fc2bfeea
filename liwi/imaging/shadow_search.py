"""The search for the shape and strength of a shadow: a sweep over all kinds by a matched filter, then a climb by likelihood."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.shadow_evidence import Evidence
from liwi.imaging.shadow_shape import ShadowShape, Surface, candidate_shapes

Float32 = NDArray[np.float32]

MAX_STRENGTH = 0.75
"""The strongest shadow that is believed."""

_COARSE = np.array((0.12, 0.2, 0.3, 0.42, 0.56))
"""Strengths tried while the shape is sought."""

_FINE = np.arange(0.06, MAX_STRENGTH, 0.03)
"""Strengths between which the final choice is made."""

_FINALISTS = 8
"""Shapes per surface whose likelihood is computed after the sweep."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best shadow on one kind of surface.

    Attributes:
        shape, strength: strength in (0, 1).
        likelihood: log likelihood ratio to no shadow.
        contrast: standard errors by which it matches, over those of the best *brightening* of any shape: what texture alone brings about.
    """

    shape: ShadowShape
    strength: float
    likelihood: float
    contrast: float


def find_candidates(coarse: Evidence, fine: Evidence) -> list[Candidate]:
    """The best shadow on every surface on which one fits at all.

    Args:
        coarse, fine: the same surroundings at two sizes; the sweep over all shapes runs on the first, everything else on the second.
    """
    shapes = candidate_shapes()
    with ThreadPoolExecutor(2) as pool:  # NumPy and OpenCV let go of the interpreter
        matches = np.array(list(pool.map(lambda shape: coarse.match(coarse.render(shape)), shapes)))
        best = pool.map(lambda surface: _best_on(surface, shapes, matches, coarse, fine), Surface)
        return [candidate for candidate in best if candidate is not None]


def _best_on(
    surface: Surface, shapes: Sequence[ShadowShape], matches: NDArray[np.float64], coarse: Evidence, fine: Evidence
) -> Candidate | None:
    """The best shadow on one surface, or None; ``matches`` are the shapes' (see `Evidence.match`), in ``coarse``."""
    ranked = sorted((index for index, shape in enumerate(shapes) if shape.surface is surface), key=lambda index: -matches[index])
    finalists = [shapes[index] for index in ranked[:_FINALISTS] if matches[index] > 0]
    if not finalists:
        return None
    shape = _climb(fine, max(finalists, key=lambda shape: _likelihood(fine, shape)))
    strength, likelihood = fit_strength(fine, fine.render(shape))
    contrast = coarse.match(coarse.render(shape)) / max(float(-matches.min()), 0.5)
    return Candidate(shape, strength, likelihood, contrast)


def fit_strength(evidence: Evidence, blocked: Float32) -> tuple[float, float]:
    """The likeliest strength of a darkening, and its log likelihood ratio to none."""
    likelihoods = evidence.likelihood(blocked, _FINE)
    best = int(likelihoods.argmax())
    return float(_FINE[best]), float(likelihoods[best])


def _likelihood(evidence: Evidence, shape: ShadowShape) -> float:
    return float(evidence.likelihood(evidence.render(shape), _COARSE).max())


def _climb(evidence: Evidence, shape: ShadowShape) -> ShadowShape:
    """Climb to a higher likelihood by ever smaller changes."""
    likelihood = _likelihood(evidence, shape)
    for reach in (1.0, 0.6, 0.36):
        for _ in range(3):
            tried = [(_likelihood(evidence, near), near) for near in shape.neighbours(reach)]
            best_likelihood, best = max(tried, key=lambda pair: pair[0])
            if best_likelihood <= likelihood:
                break
            shape, likelihood = best, best_likelihood
    return shape
