"""Finding the shadow that an object casts, and deciding whether there is one.

The shadow's outline is the object's own, sheared and squashed (`shadow_shape`); every candidate is held against the steps of log
brightness around the object (`shadow_evidence`) by weighted least squares, a matched filter. The best one must then prove itself: better
than any *brightening* of the same kinds of shape, equally strong all along its outline, and equally strong in all colours.
A false shadow is worse than a missed one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.shadow_evidence import Evidence, gather_evidence
from liwi.imaging.shadow_shape import ShadowShape, candidate_shapes
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

SEARCH_SIDE = 150
"""Longest side, in pixels, at which shapes are compared."""

RENDER_SIDE = 768
"""Longest side, in pixels, at which the shading is drawn; it is soft, so that more shows nothing more."""

MAX_STRENGTH = 0.75
"""The strongest shadow that is believed."""

REACH = 0.75
"""How far from the box, as a share of its long side, the object's shadow is looked for."""

MIN_STRENGTH = 0.1
"""A fainter shadow is not worth the doubt."""

FAINTEST = 0.008
"""Darkening below this share is none: the picture stays as it is, bit for bit."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a candidate shadow stands up.

    Attributes:
        match: standard errors by which the best darkening differs from none.
        contrast: ``match`` over that of the best brightening: what texture alone brings about.
        steadiness: strength over its standard error, taken from how it varies along the outline.
        agreement: strength measured with its own shape over the strength assumed; 1 = as expected.
        chroma: largest difference of strength between channels, over the mean strength.
        seen: visible area of the shadow over the area of the object.
    """

    match: float
    contrast: float
    steadiness: float
    agreement: float
    chroma: float
    seen: float

    @property
    def evidence(self) -> float:
        """Joint evidence, 0 at the usual doubt; a surplus of one kind makes up for a lack of another. Weights from development pictures."""
        return float(
            np.log(max(self.match, 1e-3) / 7)
            + np.log(max(self.contrast, 1e-3) / 2)
            + 1.5 * np.log(max(self.steadiness, 1e-3) / 6)
            - 3 * max(0.0, abs(np.log(max(self.agreement, 1e-3))) - 0.05)
            - 1.5 * max(0.0, self.chroma - 0.2)
        )

    @property
    def believed(self) -> bool:
        """Whether there is a shadow, beyond reasonable doubt."""
        return (
            self.evidence > 0.3
            and self.match > 5
            and self.contrast > 1.4
            and self.steadiness > 3.8
            and 0.85 < self.agreement < 1.17
            and self.chroma < 0.4
            and self.seen > 0.03
        )


@dataclass(frozen=True, slots=True)
class ShadowFit:
    """The best shadow: shape, strength in (0, 1), exponent of the shading per channel, and the verdict on it."""

    shape: ShadowShape
    strength: float
    tint: tuple[float, float, float]
    verdict: Verdict

    @property
    def believed(self) -> bool:
        """Whether the picture is to be changed."""
        return self.verdict.believed and self.shape.plausible and self.strength >= MIN_STRENGTH


def estimate_shadow(crop: UInt8, alpha: Float32, box: BoundingBox, *, support: UInt8 | None = None, avoid: Mask | None = None) -> Float32:
    """Estimate by how much the object's cast and contact shadow darkens the picture.

    Args:
        crop: (h, w, 3) uint8, the picture around the box with about 60 % of the box's long side around it.
        alpha: (h, w) float32 in [0, 1], the object's matte.
        box: the prompt, in the crop's pixels; darkening far from it is not the object's.
        support: (h, w) uint8 or None; where 0 there is no picture.
        avoid: (h, w) bool or None; pixels of other objects.

    Returns:
        (h, w, 3) float32 in (0, 1], exactly 1 where there is no shadow. The lit background is ``crop / shading``.
        It continues under the object.
    """
    usable = np.zeros(alpha.shape, bool)
    near = box.expand(round(REACH * max(box.width, box.height))).intersect(BoundingBox.of_size((alpha.shape[1], alpha.shape[0])))
    usable[near.slices if near else np.s_[:]] = True
    if support is not None:
        usable &= support > 0
    if avoid is not None:
        usable &= ~avoid
    evidence = gather_evidence(crop, alpha, usable, SEARCH_SIDE)
    fit = None if evidence is None else fit_shadow(evidence)
    if fit is None or not fit.believed:
        return np.ones(crop.shape, np.float32)
    shading = render_shading(fit, alpha)
    shading[np.logical_not(usable)] = 1
    return shading


def render_shading(fit: ShadowFit, alpha: Float32) -> Float32:
    """Draw a fitted shadow over the object's whole crop: (h, w, 3) float32 in (0, 1]."""
    height, width = alpha.shape
    scale = min(1.0, RENDER_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
    extent = BoundingBox.around(small > 0.3)
    if extent is None:
        return np.ones((height, width, 3), np.float32)
    blocked = fit.shape.render(small, extent.bottom, (extent.left + extent.right) / 2, extent.height)
    shading = np.ones((height, width, 3), np.float32)
    darkened = BoundingBox.around(blocked * fit.strength > FAINTEST)
    if darkened is None:
        return shading
    # Only the part that is darkened is drawn at full size; one small pixel more on every side, for the interpolation.
    part = _enlarge(darkened.expand(1), width / size[0], height / size[1]).intersect(BoundingBox.of_size((width, height)))
    assert part is not None
    columns = (np.arange(part.left, part.right, dtype=np.float32) + 0.5) * (size[0] / width) - 0.5
    rows = (np.arange(part.top, part.bottom, dtype=np.float32) + 0.5) * (size[1] / height) - 0.5
    map_x, map_y = np.broadcast_to(columns, (rows.size, columns.size)), np.broadcast_to(rows[:, None], (rows.size, columns.size))
    drawn = cv2.remap(blocked, np.ascontiguousarray(map_x), np.ascontiguousarray(map_y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    logs = np.log1p(-_darkening(drawn, fit.strength))
    for channel, exponent in enumerate(fit.tint):
        shading[(*part.slices, channel)] = np.maximum(np.exp(np.float32(exponent) * logs), np.float32(1 - MAX_STRENGTH))
    return shading


def _darkening(blocked: Float32, strength: float) -> Float32:
    """From 0 where it is too faint to matter, without a step, to ``strength``."""
    faint = np.maximum(np.float32(strength) * np.clip(blocked, 0, 1) - np.float32(FAINTEST), 0)
    return faint * np.float32(strength / max(strength - FAINTEST, 1e-3))


def _enlarge(box: BoundingBox, factor_x: float, factor_y: float) -> BoundingBox:
    return BoundingBox(
        int(np.floor(box.left * factor_x)),
        int(np.floor(box.top * factor_y)),
        int(np.ceil(box.right * factor_x)),
        int(np.ceil(box.bottom * factor_y)),
    )


def fit_shadow(evidence: Evidence) -> ShadowFit | None:
    """The darkening that explains the evidence best; None where none explains anything."""
    shapes = candidate_shapes()
    matches = np.array([_match(evidence, _render(evidence, shape)) for shape in shapes])
    best, brightest = int(matches.argmax()), float(-matches.min())
    if matches[best] <= 0:
        return None
    shape, match = _refine(evidence, shapes[best], float(matches[best]))
    blocked = _render(evidence, shape)
    strength = _strength(evidence, blocked)
    return _judge(evidence, shape, blocked, strength, match, match / max(brightest, 0.5))


def _render(evidence: Evidence, shape: ShadowShape) -> Float32:
    return shape.render(evidence.alpha, evidence.foot, evidence.middle, evidence.height)


def _match(evidence: Evidence, blocked: Float32) -> float:
    """Standard errors by which the best strength of this darkening differs from none; negative: a brightening fits."""
    along = power = 0.0
    for steps in evidence.steps:
        expected = steps.of(blocked)
        weighted = steps.weight * expected
        along -= float(np.vdot(weighted, steps.clipped()))
        power += float(np.vdot(weighted, expected))
    return along / float(np.sqrt(power + 1e-6))


def _refine(evidence: Evidence, shape: ShadowShape, match: float) -> tuple[ShadowShape, float]:
    """Climb to a better match by ever smaller changes."""
    for reach in (1.0, 0.6, 0.36):
        for _ in range(3):
            tried = [(_match(evidence, _render(evidence, near)), near) for near in shape.neighbours(reach)]
            best_match, best = max(tried, key=lambda pair: pair[0] * pair[1].prior)
            if best_match * best.prior <= match * shape.prior:
                break
            shape, match = best, best_match
    return shape, match


def _strength(evidence: Evidence, blocked: Float32) -> float:
    """The strength under which the steps are most likely, if they spread as Student's t with two degrees of freedom."""
    strengths = np.arange(0.06, MAX_STRENGTH, 0.03)
    gains = np.zeros(len(strengths))
    for steps in evidence.steps:
        changes = (np.abs(steps.of(blocked)) > 1e-3) & (steps.weight > 0)
        size, weight = steps.size[changes], steps.weight[changes]
        for index, strength in enumerate(strengths):
            left = size - steps.of(np.log1p(-np.float32(strength) * blocked))[changes]
            gains[index] -= float(np.log1p(weight * np.square(left) / 2).sum())
    return float(strengths[int(gains.argmax())])


def _judge(evidence: Evidence, shape: ShadowShape, blocked: Float32, strength: float, match: float, contrast: float) -> ShadowFit:
    shading = np.log1p(-np.float32(strength) * blocked)
    rows, columns = np.mgrid[: blocked.shape[0], : blocked.shape[1]]
    side = max(1.0, evidence.height / 4)
    blocks = (rows / side).astype(np.intp) * (int(blocked.shape[1] / side) + 1) + (columns / side).astype(np.intp)
    num_blocks = int(blocks.max()) + 1
    along, power = np.zeros(num_blocks), np.zeros(num_blocks)
    channel_along = np.zeros(3)
    for steps in evidence.steps:
        expected = steps.of(shading)
        place = (blocks[:, 1:] if steps.axis == 1 else blocks[1:]).ravel()
        along += np.bincount(place, (steps.weight * steps.clipped(expected) * expected).ravel(), num_blocks)
        power += np.bincount(place, (steps.weight * expected * expected).ravel(), num_blocks)
        reach = 1.5 * steps.spread[..., None]
        clipped = np.clip(steps.channels, expected[..., None] - reach, expected[..., None] + reach)
        channel_along += np.einsum("ij,ijc->c", steps.weight * expected, clipped)
    per_channel = channel_along / max(float(power.sum()), 1e-6)
    felt = power > 0.01 * power.sum()
    shares = power[felt] / max(float(power[felt].sum()), 1e-6)
    local = along[felt] / np.maximum(power[felt], 1e-6)
    mean = float((shares * local).sum())
    variance = float((shares * np.square(local - mean)).sum()) * float(np.square(shares).sum())
    verdict = Verdict(
        match=match,
        contrast=contrast,
        steadiness=mean / float(np.sqrt(variance + 1e-3)),
        agreement=mean,
        chroma=float(np.ptp(per_channel)) / max(0.1, float(per_channel.mean())),
        seen=float(((blocked > 0.1) & evidence.known).sum() / max(1, (evidence.alpha > 0.5).sum())),
    )
    tint = tuple(float(value) for value in np.clip(per_channel, 0.7, 1.3))
    return ShadowFit(shape, strength, (tint[0], tint[1], tint[2]), verdict)
