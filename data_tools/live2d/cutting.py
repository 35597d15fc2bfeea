"""Cuts triangles along outlines, without a seam: afterwards no triangle lies on both sides of one.

New corners lie on the sides that an outline crosses and where an outline turns, and neighbours share them: the same triangles, only
smaller, cover every pixel once, as before. A corner is given as a mean of three of the mesh's own, so that it moves with them.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError

MAX_TRIANGLES = 100_000
"""Most triangles that cutting may make of one ArtMesh."""

_NEAR = 1e-7
"""What lies nearer than this, as a share of the mesh's size, is at the same place."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Cutter:
    """Triangles that are cut again and again.

    Attributes:
        parents: (T,) int64, of the triangles as they are now: which of the mesh's own each is a part of.
    """

    def __init__(self, places: Floats, triangles: Ints) -> None:
        """Begin with a mesh's own triangles.

        Args:
            places: (V, 2) float64, the corners.
            triangles: (T, 3) int64, of them.
        """
        self._places = places.astype(np.float64).copy()
        self._means: list[dict[int, float]] = [{index: 1.0} for index in range(len(places))]
        self._corners = triangles
        self.parents = np.arange(len(triangles))
        self._shared: dict[tuple[int, int, int], int] = {}
        self._step = 0
        self._near = _NEAR * float(max(1.0, np.ptp(places, axis=0).max(initial=0)))

    @property
    def corners(self) -> Ints:
        """(T, 3) int64: the corners of the triangles as they are now."""
        return self._corners

    @property
    def centres(self) -> Floats:
        """(T, 2) float64."""
        return np.asarray(self._places[self._corners].mean(axis=1))

    def means(self) -> tuple[Ints, Floats]:
        """Of which corners of the mesh each corner is the mean, and how much of each: (V, 3) int64 and (V, 3) float64."""
        of, shares = np.zeros((len(self._means), 3), np.int64), np.zeros((len(self._means), 3))
        for index, mean in enumerate(self._means):
            for slot, (corner, share) in enumerate(mean.items()):
                of[index, slot], shares[index, slot] = corner, share
        return of, shares

    def cut(self, polygon: Floats) -> None:
        """Cut along a closed outline, (P, 2) float64.

        Raises:
            InputError: that makes too many triangles.
        """
        for point in polygon:
            self._add_point(point)
        for start, end in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
            self._cut_along(start, end)
        if len(self._corners) > MAX_TRIANGLES:
            raise InputError(f"An outline would cut its ArtMesh into more than {MAX_TRIANGLES} triangles. Draw a simpler one.")

    def _add_point(self, point: Floats) -> None:
        """Make a point the corner of the triangles that hold it."""
        self._step += 1
        sides = self._corners_of_all()  # (T, 3, 2)
        along = np.roll(sides, -1, axis=1) - sides
        lengths = np.maximum(np.hypot(along[..., 0], along[..., 1]), 1e-300)
        distances = _cross(along, point - sides) / lengths * np.sign(self._areas(sides))[:, None]
        holds = (distances >= -self._near).all(axis=1)
        near_corner = (np.hypot(*np.moveaxis(sides - point, -1, 0)) <= self._near).any(axis=1)
        parts = {}
        for place in np.flatnonzero(holds & ~near_corner & (self._areas(sides) != 0)).tolist():
            corners = self._corners[place].tolist()
            on = np.flatnonzero(distances[place] <= self._near).tolist()
            if on:
                first, second, third = (corners[(on[0] + turn) % 3] for turn in range(3))
                new = self._between(first, second, _share(self._places[first], self._places[second], point))
                parts[place] = [(first, new, third), (new, second, third)]
            else:
                new = self._inside(corners, point)
                parts[place] = [(corners[0], corners[1], new), (corners[1], corners[2], new), (corners[2], corners[0], new)]
        self._replace(parts)

    def _cut_along(self, start: Floats, end: Floats) -> None:
        """Cut the triangles that a stretch between two corners, or beyond the mesh, goes through."""
        self._step += 1
        length = float(np.hypot(*(end - start)))
        if length <= self._near:
            return
        direction = (end - start) / length
        sides = self._corners_of_all()
        heights = _cross(direction, sides - start)
        heights[np.abs(heights) <= self._near] = 0
        crossed = (heights.max(axis=1) > 0) & (heights.min(axis=1) < 0) & (self._areas(sides) != 0)
        parts = {}
        for place in np.flatnonzero(crossed).tolist():
            height, corners = heights[place], sides[place]
            ends = [corners[turn] for turn in range(3) if height[turn] == 0]
            for turn in range(3):
                low, high = height[turn], height[(turn + 1) % 3]
                if low * high < 0:
                    ends.append(corners[turn] + (corners[(turn + 1) % 3] - corners[turn]) * (low / (low - high)))
            middle = float(np.mean([(one - start) @ direction for one in ends]))
            if 0 < middle < length:
                parts[place] = self._halves(self._corners[place].tolist(), height.tolist())
        self._replace(parts)

    def _halves(self, corners: list[int], heights: list[float]) -> list[tuple[int, int, int]]:
        """A triangle on both sides of a line: two or three triangles on one side each, turned as before."""
        if 0 in heights:
            turn = heights.index(0)
            first, second, third = (corners[(turn + step) % 3] for step in range(3))
            low, high = heights[(turn + 1) % 3], heights[(turn + 2) % 3]
            new = self._between(second, third, low / (low - high))
            return [(first, second, new), (first, new, third)]
        turn = next(turn for turn in range(3) if heights[turn] * heights[(turn + 1) % 3] < 0 and heights[turn] * heights[turn - 1] < 0)
        alone, second, third = (corners[(turn + step) % 3] for step in range(3))
        top, left, right = heights[turn], heights[(turn + 1) % 3], heights[(turn + 2) % 3]
        one, other = self._between(alone, second, top / (top - left)), self._between(alone, third, top / (top - right))
        return [(alone, one, other), (one, second, third), (one, third, other)]

    def _between(self, first: int, second: int, share: float) -> int:
        """The corner at a share of the way from one corner to another; neighbours that ask in the same step get the same."""
        if first > second:
            first, second, share = second, first, 1 - share
        key = (first, second, self._step)
        if key not in self._shared:
            self._shared[key] = self._new_corner((first, second), (1 - share, share))
        return self._shared[key]

    def _inside(self, corners: list[int], point: Floats) -> int:
        a, b, c = self._places[corners]
        whole = float(_cross(b - a, c - a))
        second, third = float(_cross(point - a, c - a)) / whole, float(_cross(b - a, point - a)) / whole
        return self._new_corner(corners, (1 - second - third, second, third))

    def _new_corner(self, corners: Sequence[int], shares: Sequence[float]) -> int:
        mean: dict[int, float] = {}
        for corner, share in zip(corners, shares, strict=True):
            for own, part in self._means[corner].items():
                mean[own] = mean.get(own, 0.0) + share * part
        if len(self._means) == len(self._places):
            self._places = np.concatenate([self._places, np.zeros((len(self._places) + 64, 2))])  # room for as many again
        self._places[len(self._means)] = np.array(shares) @ self._places[list(corners)]
        self._means.append(mean)
        return len(self._means) - 1

    def _replace(self, parts: dict[int, list[tuple[int, int, int]]]) -> None:
        """Put parts of triangles where the whole ones were, so that what is drawn first stays first."""
        if not parts:
            return
        corners, parents, start = [], [], 0
        for place, own in sorted(parts.items()):
            corners += [self._corners[start:place], np.array(own, np.int64)]
            parents += [self.parents[start:place], np.full(len(own), self.parents[place])]
            start = place + 1
        self._corners = np.concatenate([*corners, self._corners[start:]])
        self.parents = np.concatenate([*parents, self.parents[start:]])
        if len(self._corners) > MAX_TRIANGLES:
            raise InputError(f"An outline would cut its ArtMesh into more than {MAX_TRIANGLES} triangles. Draw a simpler one.")

    def _corners_of_all(self) -> Floats:
        return np.asarray(self._places[self._corners])

    def _areas(self, sides: Floats) -> Floats:
        """Signed and doubled; 0 for what is too flat to be cut."""
        areas = _cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
        longest = np.hypot(*np.moveaxis(np.roll(sides, -1, axis=1) - sides, -1, 0)).max(axis=1)
        areas[np.abs(areas) <= 4 * self._near * longest] = 0
        return np.asarray(areas)


def _cross(one: Floats, other: Floats) -> Floats:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])


def _share(first: Floats, second: Floats, point: Floats) -> float:
    """How far along the way from one place to another a point lies, in [0, 1]."""
    along = second - first
    return float(np.clip((point - first) @ along / (along @ along), 0, 1))
