"""The shading that an object's shadow lays on a picture; 1 everywhere where no shadow is beyond doubt.

The shadow's outline is the object's own, sheared and squashed (`shadow_shape`). Candidates are held against the steps of log brightness
around the object (`shadow_evidence`, `shadow_search`), the best must prove itself (`shadow_verdict`), and what is drawn here is only the
part of it that is seen: a false shadow is worse than a missed one.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.shadow_evidence import Evidence, gather_evidence
from liwi.imaging.shadow_search import MAX_STRENGTH, find_candidates
from liwi.imaging.shadow_shape import ShadowShape
from liwi.imaging.shadow_verdict import Verdict, judge
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

SWEEP_SIDE = 120
"""Longest side, in pixels, at which all kinds of shapes are compared."""

SEARCH_SIDE = 220
"""Longest side, in pixels, at which shapes are refined and judged."""

RENDER_SIDE = 768
"""Longest side, in pixels, at which the shading is drawn; it is soft, so that more shows nothing more."""

REACH = 0.75
"""How far from the box, as a share of its long side, the object's shadow is looked for."""

MIN_STRENGTH = 0.1
"""A fainter shadow is not worth the doubt."""

CEILING_REACH = 0.12
"""How far around, in long sides of the box, lit ground is looked at for how bright ground gets."""

FAINTEST = 0.015
"""Darkening below this share is none: the picture stays as it is, bit for bit."""


@dataclass(frozen=True, eq=False)
class ShadowFit:
    """The best shadow.

    Attributes:
        shape, strength: strength in (0, 1).
        tint: exponent of the shading per channel.
        presence: (rows, columns) float32 in [0, 1], how much of it there is in each cell of a grid over the crop.
        verdict: how far to believe in it.
    """

    shape: ShadowShape
    strength: float
    tint: tuple[float, float, float]
    presence: Float32
    verdict: Verdict

    @property
    def believed(self) -> bool:
        """Whether the picture is to be changed."""
        return self.verdict.believed and self.strength >= MIN_STRENGTH


def estimate_shadow(crop: UInt8, alpha: Float32, box: BoundingBox, *, support: UInt8 | None = None, avoid: Mask | None = None) -> Float32:
    """Estimate by how much the object's cast and contact shadow darkens the picture: `find_shadow`, then `draw_shadow`.

    Returns:
        (h, w, 3) float32 in (0, 1], exactly 1 where there is no shadow. The lit background is ``crop / shading``.
        It continues under the object.
    """
    return draw_shadow(find_shadow(crop, alpha, box, support=support, avoid=avoid), crop, alpha, box, support=support, avoid=avoid)


def find_shadow(
    crop: UInt8, alpha: Float32, box: BoundingBox, *, support: UInt8 | None = None, avoid: Mask | None = None
) -> ShadowFit | None:
    """The object's shadow, where one is beyond doubt.

    Args:
        crop: (h, w, 3) uint8, the picture around the box with about 60 % of the box's long side around it.
        alpha: (h, w) float32 in [0, 1], the object's matte; its mask will do.
        box: the prompt, in the crop's pixels; darkening far from it is not the object's.
        support: (h, w) uint8 or None; where 0 there is no picture.
        avoid: (h, w) bool or None; pixels of other objects.
    """
    usable = _usable(alpha.shape, box, support, avoid)
    coarse = gather_evidence(crop, alpha, usable, SWEEP_SIDE)
    fine = gather_evidence(crop, alpha, usable, SEARCH_SIDE)
    fit = None if coarse is None or fine is None else fit_shadow(coarse, fine)
    return fit if fit is not None and fit.believed else None


def draw_shadow(
    fit: ShadowFit | None, crop: UInt8, alpha: Float32, box: BoundingBox, *, support: UInt8 | None = None, avoid: Mask | None = None
) -> Float32:
    """How a shadow that was found darkens the picture. Arguments as of `find_shadow`, returns as `estimate_shadow`."""
    if fit is None:
        return np.ones(crop.shape, np.float32)
    usable = _usable(alpha.shape, box, support, avoid)
    shading = render_shading(fit, alpha)
    shading[np.logical_not(usable)] = 1
    return no_brighter_than_around(crop, shading, usable & (alpha < 0.02), round(CEILING_REACH * max(box.width, box.height)))


def _usable(shape: tuple[int, ...], box: BoundingBox, support: UInt8 | None, avoid: Mask | None) -> Mask:
    """Where the object's shadow may lie: (h, w) bool."""
    usable = np.zeros(shape, bool)
    near = box.expand(round(REACH * max(box.width, box.height))).intersect(BoundingBox.of_size((shape[1], shape[0])))
    usable[near.slices if near else np.s_[:]] = True
    if support is not None:
        usable &= support > 0
    if avoid is not None:
        usable &= ~avoid
    return usable


def fit_shadow(coarse: Evidence, fine: Evidence) -> ShadowFit | None:
    """The shadow that is most readily believed, of the best on every surface; None where none explains anything."""
    fits = []
    for candidate in find_candidates(coarse, fine):
        judgement = judge(fine, candidate)
        fits.append(ShadowFit(candidate.shape, judgement.strength, judgement.tint, judgement.presence, judgement.verdict))
    return max(fits, key=lambda fit: fit.verdict.evidence, default=None)


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
    blocked *= cv2.resize(fit.presence, size, interpolation=cv2.INTER_LINEAR)
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


def no_brighter_than_around(crop: UInt8, shading: Float32, ground: Mask, reach: int) -> Float32:
    """Lift the shading where it would make ground brighter than any lit ground nearby: the shape is wrong there.

    Args:
        crop: (h, w, 3) uint8. shading: (h, w, 3) float32 in (0, 1].
        ground: (h, w) bool, where the picture shows ground.
        reach: how far is nearby, in pixels.

    Returns:
        (h, w, 3) float32 in (0, 1], nowhere below ``shading``.
    """
    height, width = ground.shape
    scale = min(1.0, SEARCH_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))

    def shrink(values: NDArray[np.float32]) -> Float32:
        small = cv2.resize(values, size, interpolation=cv2.INTER_AREA).reshape(size[::-1])
        return cv2.GaussianBlur(small, (0, 0), 1.5)

    light = shrink(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32))
    share = shrink(np.ascontiguousarray(shading.mean(axis=2)))
    lit = (shrink(ground.astype(np.float32)) > 0.9) & (share > 0.98)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * max(2, round(reach * scale)) + 1,) * 2)
    brightest = cv2.dilate(np.where(lit, light, 0).astype(np.float32), kernel)
    lift = np.where(brightest > 0, light / np.maximum(brightest * share, 1e-3), 1)
    lift = cv2.resize(np.maximum(lift, 1).astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.minimum(shading * lift[..., None], 1)


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
