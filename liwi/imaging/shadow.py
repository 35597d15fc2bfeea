"""The background without an object: its shadow divided out, the hole behind it filled."""

from concurrent.futures import Future
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.shadow_fit import ShadowFit, draw_shadow, find_shadow
from liwi.protocols import Inpainter
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

HOLE_ALPHA = 0.02
"""A pixel with more of the object than this is filled anew."""

RIM = 0.008
"""How far the hole reaches beyond the object at least, as a share of the object's long side: compression and sharpening halos."""

MAX_RIM = 0.02
"""How far it reaches at most: blurred outlines, and the dark line where the object touches what it stands on."""

_PROFILE_SIDE = 400
"""Long side of the object, in pixels, while its rim is measured."""


@dataclass(frozen=True, eq=False)
class CleanBackground:
    """A background crop from which an object was taken.

    Attributes:
        background: (h, w, 3) uint8; equal to the crop, bit for bit, outside the hole where the shading is 1.
        hole: (h, w) bool, pixels that were filled.
        shading: (h, w, 3) float32 in (0, 1], by what the object's shadow had multiplied the picture; exactly 1 where there is none.
    """

    background: UInt8
    hole: Mask
    shading: Float32


def clean_background(
    crop: UInt8,
    alpha: Float32,
    box: BoundingBox,
    *,
    extract_shadow: bool = True,
    found: Future[ShadowFit | None] | None = None,
    inpainter: Inpainter,
    support: UInt8 | None = None,
    avoid: Mask | None = None,
    seed: int = 0,
) -> CleanBackground:
    """Take an object and its shadow out of a picture.

    Args:
        crop: (h, w, 3) uint8, the picture around the box, with about 60 % of the box's long side around it.
        alpha: (h, w) float32 in [0, 1], the object's matte.
        box: the prompt, in the crop's pixels.
        extract_shadow: whether the object's shadow leaves the background too.
        found: its shadow, where somebody is at work with `find_shadow` already.
        inpainter: fills the hole.
        support: (h, w) uint8 or None; where 0 the picture was transparent, and nothing is copied from there.
        avoid: (h, w) bool or None; pixels of other objects, never copied from.
        seed: makes the fill repeatable.
    """
    hole = hole_behind(alpha, rim_width(crop, alpha))
    barred = np.zeros(hole.shape, bool) if avoid is None else avoid.copy()
    if support is not None:
        barred |= support == 0
    if not hole.any():
        return CleanBackground(crop.copy(), hole, np.ones(crop.shape, np.float32))
    shading = np.ones(crop.shape, np.float32)
    if extract_shadow:
        fit = found.result() if found else find_shadow(crop, alpha, box, support=support, avoid=avoid)
        shading = draw_shadow(fit, crop, alpha, box, support=support, avoid=avoid)
    lit = divide_out(crop, shading)
    background = inpainter.fill(lit, hole, seed=seed, avoid=barred if barred.any() else None)
    return CleanBackground(background, hole, shading)


def rim_width(crop: UInt8, alpha: Float32) -> float:
    """How far traces of the object reach beyond its matte, as a share of its long side, in [`RIM`, `MAX_RIM`].

    Steps of brightness across the outline are averaged at every distance from it; the rim ends where they are no larger than further out.
    """
    extent = BoundingBox.around(alpha > HOLE_ALPHA)
    if extent is None:
        return RIM
    side = max(extent.width, extent.height)
    view = extent.expand(round(3 * MAX_RIM * side) + 2).intersect(BoundingBox.of_size((alpha.shape[1], alpha.shape[0])))
    assert view is not None
    scale = min(1.0, _PROFILE_SIDE / side)
    size = max(1, round(view.width * scale)), max(1, round(view.height * scale))
    grey = cv2.cvtColor(cv2.resize(crop[view.slices], size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY).astype(np.float32)
    outside = (cv2.resize(alpha[view.slices], size, interpolation=cv2.INTER_AREA).reshape(size[::-1]) <= HOLE_ALPHA).astype(np.uint8)
    num_rings = round(2.5 * MAX_RIM * side * scale)
    if num_rings < 6 or min(size) < 8 or not outside.any():
        return RIM
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, 5)
    across = np.abs(_slope(grey, 1) * _slope(distance, 1) + _slope(grey, 0) * _slope(distance, 0))
    ring = np.minimum(distance.astype(np.intp), num_rings)
    counts = np.bincount(ring.ravel(), minlength=num_rings + 1)[1:num_rings]
    if counts.min() == 0:
        return RIM
    profile = np.bincount(ring.ravel(), across.ravel(), num_rings + 1)[1:num_rings] / counts
    usual = float(np.median(profile[num_rings // 2 :]))
    calm = np.flatnonzero(profile <= 1.4 * usual + 0.7)
    reach = (int(calm[0]) + 1 if calm.size else num_rings) / (side * scale)
    return float(np.clip(reach, RIM, MAX_RIM))


def _slope(values: Float32, axis: int) -> Float32:
    return cv2.Sobel(values, cv2.CV_32F, int(axis == 1), int(axis == 0), ksize=3, scale=0.125)


def hole_behind(alpha: Float32, rim: float = RIM) -> Mask:
    """The pixels to fill: the object and ``rim`` times its long side around it. (h, w) float32 in [0, 1] -> (h, w) bool."""
    inside = alpha > HOLE_ALPHA
    extent = BoundingBox.around(inside)
    if extent is None:
        return inside
    reach = max(1.5, rim * max(extent.width, extent.height))
    grown = extent.expand(int(reach) + 1).intersect(BoundingBox.of_size((alpha.shape[1], alpha.shape[0])))
    assert grown is not None
    hole = np.zeros_like(inside)
    outside = np.ascontiguousarray(~inside[grown.slices], np.uint8)
    hole[grown.slices] = cv2.distanceTransform(outside, cv2.DIST_L2, 3) <= reach if outside.any() else True
    return hole


def divide_out(crop: UInt8, shading: Float32) -> UInt8:
    """The picture as it would look without the shading; bit for bit the crop where the shading is 1."""
    lit = crop.copy()
    box = BoundingBox.around(cv2.inRange(shading, (1, 1, 1), (2, 2, 2)) == 0)
    if box is not None:
        part = np.ascontiguousarray(crop[box.slices]), np.ascontiguousarray(shading[box.slices])
        lit[box.slices] = cv2.divide(*part, dtype=cv2.CV_8U)
    return lit
