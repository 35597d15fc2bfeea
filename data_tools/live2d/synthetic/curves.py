"""Curves as dense polylines: everything that is drawn or deformed is made of these.

Points are (n, 2) float64 arrays of x, y with y down. A closed curve does not repeat its first point.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

_STEPS = 12
"""Points per piece of a spline: fine enough that no corner shows at the size of a texture."""


def spline(points: ArrayLike, *, closed: bool = False, corners: Sequence[int] = (), steps: int = _STEPS) -> Points:
    """A smooth curve through the given points (centripetal Catmull-Rom); sharp at the points numbered by ``corners``."""
    given = np.asarray(points, float)
    if corners:
        cuts = sorted({index % len(given) for index in corners})
        return _through_corners(given, cuts, closed=closed, steps=steps)
    if closed:
        ring = np.concatenate([given[-1:], given, given[:2]])
    else:
        ring = np.concatenate([2 * given[:1] - given[1:2], given, 2 * given[-1:] - given[-2:-1]])
    pieces = [_catmull_rom(ring[i : i + 4], steps) for i in range(len(ring) - 3)]
    return np.concatenate(pieces if closed else [*pieces, given[-1:]])


def _through_corners(given: Points, cuts: list[int], *, closed: bool, steps: int) -> Points:
    if closed:
        given = np.concatenate([np.roll(given, -cuts[0], axis=0), given[cuts[0] : cuts[0] + 1]])
        cuts = [*(cut - cuts[0] for cut in cuts), len(given) - 1]
    else:
        cuts = sorted({0, *cuts, len(given) - 1})
    runs = [spline(given[a : b + 1], steps=steps) if b - a > 1 else given[a : b + 1] for a, b in pairwise(cuts)]
    joined = np.concatenate([run[:-1] for run in runs])
    return joined if closed else np.concatenate([joined, given[-1:]])


def _catmull_rom(control: Points, steps: int) -> Points:
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(np.linalg.norm(np.diff(control, axis=0), axis=1), 1e-9) ** 0.5)])
    t = np.linspace(knots[1], knots[2], steps, endpoint=False)[:, None]

    def blend(a: Points, b: Points, begin: float, end: float) -> Points:
        return ((end - t) * a + (t - begin) * b) / (end - begin)

    first = [blend(control[i], control[i + 1], knots[i], knots[i + 1]) for i in range(3)]
    second = [blend(first[i], first[i + 1], knots[i], knots[i + 2]) for i in range(2)]
    return blend(second[0], second[1], knots[1], knots[2])


def bezier(start: ArrayLike, first: ArrayLike, second: ArrayLike, end: ArrayLike, num: int = 24) -> Points:
    """A cubic Bezier curve."""
    t = np.linspace(0, 1, num)[:, None]
    a, b, c, d = (np.asarray(point, float) for point in (start, first, second, end))
    return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d


def cubic(control: ArrayLike, num: int = 24) -> Points:
    """`bezier` with its four points as the rows of one array."""
    start, first, second, end = np.asarray(control, float)
    return bezier(start, first, second, end, num)


def normals(center: Points) -> Points:
    """Unit vectors to the right of the way along a polyline, (n, 2)."""
    along = np.gradient(center, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    return np.stack([-along[:, 1], along[:, 0]], axis=1)


def ribbon(center: Points, widths: ArrayLike) -> Points:
    """The closed outline of a band around a polyline; ``widths`` are full widths, one per point."""
    offset = normals(center) * (np.broadcast_to(np.asarray(widths, float), (len(center),))[:, None] / 2)
    return np.concatenate([center + offset, (center - offset)[::-1]])


def lock_widths(num: int, width: float, *, root: float = 0.75, belly: float = 0.35, sharpness: float = 0.8) -> NDArray[np.float64]:
    """Width along a lock of hair: ``root`` of the width where it begins, fullest at ``belly``, pointed at its end."""
    t = np.linspace(0, 1, num)
    rising = root + (1 - root) * np.sin(np.clip(t / belly, 0, 1) * np.pi / 2)
    falling = np.clip((1 - t) / (1 - belly), 0, 1) ** sharpness
    return width * np.where(t < belly, rising, falling)


def ellipse(x: float, y: float, half_width: float, half_height: float, num: int = 64) -> Points:
    """A closed ellipse, clockwise on the screen from its right end."""
    angle = np.linspace(0, 2 * np.pi, num, endpoint=False)
    return np.stack([x + half_width * np.cos(angle), y + half_height * np.sin(angle)], axis=1)


def star(x: float, y: float, size: float, *, inner: float = 0.45, outer: float = 1.0) -> Points:
    """A star with five points, one of them up; ``inner`` and ``outer`` are its radii as shares of ``size``."""
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    radius = np.where(np.arange(10) % 2, inner, outer) * size
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def fluff(x: float, y: float, radius: float, *, num: int, inner: float) -> Points:
    """A soft ball: a closed curve through ``num`` points that lie outside and, at a share ``inner`` of the radius, inside by turns."""
    angle = np.linspace(0, 2 * np.pi, num, endpoint=False)
    reach = radius * np.where(np.arange(num) % 2, inner, 1.06)
    return spline(np.stack([x + reach * np.cos(angle), y + reach * np.sin(angle)], axis=1), closed=True)


def mirrored(points: Points, axis: float) -> Points:
    """Reflected at the vertical line ``x = axis``, in reverse order, so that the turning sense stays."""
    return np.stack([2 * axis - points[:, 0], points[:, 1]], axis=1)[::-1]


def symmetric(half: ArrayLike, axis: float, *, steps: int = _STEPS) -> Points:
    """A closed smooth outline from its half right of ``axis``, listed from top to bottom."""
    points = np.asarray(half, float)
    return spline(np.concatenate([points, mirrored(points, axis)]), closed=True, steps=steps)


def turned(points: Points, angle: float, pivot: ArrayLike) -> Points:
    """Turned clockwise on the screen by ``angle`` degrees about ``pivot``."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    center = np.asarray(pivot, float)
    return (points - center) @ np.array([[c, s], [-s, c]]) + center
