"""An eye cut into brow, lashes, white and iris by its colours: the classes of version 3 that the segmentation network does not tell apart.

In drawn eyes these have plain looks: the brow is a piece of its own above the eye, the white is bright and hardly coloured, lashes are
the dark line art around it, and the iris is the round coloured thing with whatever lies inside it, pupil and highlights. Where an eye
does not look like that (closed, sketched, without colour) it stays whole.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.masks import parts_with
from liwi.seethrough.body_parts import BodyPart

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_LEAST_PIXELS = 60
"""Fewest pixels of an eye in which four parts can be told."""

_PALE_LIGHTNESS, _PALE_CHROMA = 165, 24
"""CIE Lab in 8 bits: the white is lighter and less coloured than this."""

_DARK_LIGHTNESS = 105
"""Lashes are darker than this."""

_LASH_DEPTH = 0.3
"""How far lashes reach into the eye, as a share of the radius of the largest disc in it."""

_IRIS_SHARE = (0.12, 0.85)
"""Smallest and largest plausible share of the iris in an open eye."""

_LEAST_WHITE = 0.04
"""Smallest plausible share of the white."""


def split_eye(eye: Mask, rgb: UInt8) -> dict[BodyPart, Mask]:
    """Cut the eye of one side.

    Args:
        eye: (h, w) bool: where eye and brow of one side are seen.
        rgb: (h, w, 3) uint8, the figure.

    Returns:
        Disjoint masks, (h, w) bool each, that together are ``eye``; empty where the eye cannot be cut.
    """
    brow, globe = _brow_and_globe(eye)
    if int(globe.sum()) < _LEAST_PIXELS:
        return {}
    lab = cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2LAB).astype(np.float32)
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1] - 128, lab[..., 2] - 128)
    pale = globe & (lightness > _PALE_LIGHTNESS) & (chroma < _PALE_CHROMA)
    iris = _iris(globe, pale, lightness, chroma)
    share = float(iris.sum() / globe.sum())
    rest = globe & ~iris
    lash = rest & ~pale & (lightness < _DARK_LIGHTNESS)
    lash |= rest & ~pale & _nearer(lash, pale)
    white = rest & ~lash
    broad = cv2.morphologyEx((white & pale).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))  # no soft rim of dark paint
    if not _IRIS_SHARE[0] < share < _IRIS_SHARE[1] or broad.sum() < _LEAST_WHITE * globe.sum() or not lash.any():
        return {}
    found = {BodyPart.EYEBROW: brow, BodyPart.EYELASH: lash, BodyPart.EYEWHITE: white, BodyPart.IRIDES: iris}
    return {part: mask for part, mask in found.items() if mask.any()}


def _brow_and_globe(eye: Mask) -> tuple[Mask, Mask]:
    """The pieces above the eye, and the eye itself with what lies beside it."""
    count, pieces, stats, centres = cv2.connectedComponentsWithStats(eye.astype(np.uint8), connectivity=8)
    if count < 3:
        return np.zeros_like(eye), eye
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    top, height = stats[largest, cv2.CC_STAT_TOP], stats[largest, cv2.CC_STAT_HEIGHT]
    above = (centres[:, 1] < top + 0.1 * height) & (np.arange(count) != largest)
    above[0] = False
    brow = above[pieces]
    return brow, eye & ~brow


def _iris(globe: Mask, pale: Mask, lightness: Float32, chroma: Float32) -> Mask:
    """The convex hull of what is coloured in the middle of the eye."""
    depth = cv2.distanceTransform(np.pad(globe, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
    plain = (chroma > _PALE_CHROMA) | (lightness > _DARK_LIGHTNESS)
    coloured = globe & ~pale & (plain | (depth > _LASH_DEPTH * depth.max()))
    thick = max(3, 2 * round(0.04 * float(np.sqrt(globe.sum()))) + 1)
    opened = cv2.morphologyEx(coloured.astype(np.uint8), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick)))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    if count < 2:
        return np.zeros_like(globe)
    seed = pieces == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    outline, _ = cv2.findContours(seed.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = np.zeros(globe.shape, np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outline)), 1)
    return parts_with((hull > 0) & globe, seed)


def _nearer(one: Mask, other: Mask) -> Mask:
    """(h, w) bool: nearer to ``one`` than to ``other``."""
    if not one.any() or not other.any():
        return np.full(one.shape, bool(one.any()))
    distances = [cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) for mask in (one, other)]
    return distances[0] < distances[1]
