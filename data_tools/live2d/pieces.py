"""Pieces of an ArtMesh: what a person has cut out of it, because one ArtMesh holds several body parts.

A piece is an outline at rest. Whatever of the ArtMesh lies inside of it at rest belongs to the piece, in every pose; what lies in no
outline is the rest, and keeps the ArtMesh's own label. Where outlines overlap, the later piece has it. An outline may cross itself: what
it encloses an odd number of times is inside.

Points are whole numbers on a `GRID` over the square around the canvas that `view.View.square` shows, x to the right and y down, so that
a label says the same at every size of picture. Outlines may leave the square as far as its side is long.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side, parse_body_part

GRID = 2**16
"""Points of the grid along a side of the square around the canvas."""

MAX_PIECES, MAX_POINTS = 32, 1000
"""Of one ArtMesh; points of all pieces together."""

MAX_CROSSINGS = 2000
"""How often the outlines of one ArtMesh may cross each other and themselves; each crossing makes triangles."""

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of an ArtMesh.

    Attributes:
        polygon: its outline, at least three points ``(x, y)`` from ``-GRID`` to ``2 * GRID``; the last joins the first.
        part: its class; None: it shows nothing that belongs to a body part.
        side: the character's own, only beside a part.
    """

    polygon: tuple[Point, ...]
    part: BodyPart | None
    side: Side | None = None

    def __post_init__(self) -> None:
        if not 3 <= len(self.polygon) <= MAX_POINTS:
            raise InputError(f"The outline of a piece has 3 to {MAX_POINTS} points, got {len(self.polygon)}.")
        for point in self.polygon:
            if len(point) != 2 or not all(type(value) is int and -GRID <= value <= 2 * GRID for value in point):
                raise InputError(f"A point of an outline is two whole numbers from {-GRID} to {2 * GRID}, got {str(point)[:60]}.")
        if self.side is not None and self.part is None:
            raise InputError("A piece has a side only beside a body part.")


def check_pieces(pieces: Sequence[Piece]) -> None:
    """`InputError` if these are more pieces or points than one ArtMesh may have."""
    points = sum(len(piece.polygon) for piece in pieces)
    if len(pieces) > MAX_PIECES or points > MAX_POINTS:
        raise InputError(
            f"An ArtMesh has at most {MAX_PIECES} pieces with {MAX_POINTS} points together, got {len(pieces)} with {points}. "
            "Draw simpler outlines."
        )


def check_crossings(pieces: Sequence[Piece]) -> None:
    """`InputError` if the outlines cross each other, or themselves, more than `MAX_CROSSINGS` times."""
    polygons = [np.array(piece.polygon, np.int64) for piece in pieces]
    if not polygons:
        return
    start = np.concatenate(polygons)
    end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in polygons])
    number = 0
    for place in range(len(start) - 1):
        one, other = _sides(start[place], end[place], start[place + 1 :]), _sides(start[place], end[place], end[place + 1 :])
        here, there = (_sides(start[place + 1 :], end[place + 1 :], point[place]) for point in (start, end))
        number += int(np.count_nonzero((one * other < 0) & (here * there < 0)))
    if number > MAX_CROSSINGS:
        raise InputError(f"The outlines cross {number} times; at most {MAX_CROSSINGS} crossings are cut. Draw simpler outlines.")


def read_pieces(entries: object, whose: str) -> tuple[Piece, ...]:
    """Pieces as they stand in JSON: ``[{"polygon": [[x, y], ...], "part": "ears", "side": null}]``; nothing or null for none.

    Args:
        entries: whatever stands there.
        whose: for the message.

    Raises:
        InputError: they are none, or more than one ArtMesh may have.
    """
    if entries is None:
        return ()
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"The pieces of {whose[:40]!r} should be a list of objects with 'polygon', 'part' and 'side'.")
    if len(entries) > MAX_PIECES:
        raise InputError(f"{whose[:40]!r} has {len(entries)} pieces; at most {MAX_PIECES} are read.")
    pieces = tuple(_read_piece(entry, whose) for entry in entries)
    check_pieces(pieces)
    return pieces


def pieces_json(pieces: Sequence[Piece]) -> list[dict[str, object]]:
    """What `read_pieces` reads."""
    return [{"polygon": [list(point) for point in piece.polygon], "part": piece.part, "side": piece.side} for piece in pieces]


def contains(polygon: Sequence[Point], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points lie inside of an outline: (N,) bool for (N, 2) points on the grid."""
    inside = np.zeros(len(points), bool)
    for (x, y), (to_x, to_y) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if y != to_y:
            passed = (y <= points[:, 1]) != (to_y <= points[:, 1])
            inside ^= passed & (points[:, 0] >= x + (points[:, 1] - y) * ((to_x - x) / (to_y - y)))
    return inside


def owners(pieces: Sequence[Piece], size: tuple[int, int], box: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """Which piece the pixels of a box belong to, by their centres.

    Args:
        pieces: of one ArtMesh.
        size: width and height of the picture of the whole square.
        box: left, top, right, bottom in it.

    Returns:
        (h, w) uint8: 0 for the rest, 1 for the first piece.
    """
    left, top, right, bottom = box
    result = np.zeros((bottom - top, right - left), np.uint8)
    columns, rows = (np.arange(left, right) + 0.5) * GRID / size[0], (np.arange(top, bottom) + 0.5) * GRID / size[1]
    for number, piece in enumerate(pieces, 1):
        result[_inside_of_rows(piece.polygon, columns, rows)] = number
    return result


def overlap(one: Piece, other: Piece, *, steps: int = 64) -> float:
    """How much of what either of two pieces encloses both do, in [0, 1], on ``steps`` points a side over both."""
    corners = np.array([*one.polygon, *other.polygon], np.float64)
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    shares = (np.arange(steps) + 0.5) / steps
    columns, rows = left + shares * (right - left), top + shares * (bottom - top)
    a, b = (_inside_of_rows(piece.polygon, columns, rows) for piece in (one, other))
    return int(np.count_nonzero(a & b)) / max(1, int(np.count_nonzero(a | b)))


def _inside_of_rows(polygon: Sequence[Point], columns: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(rows, columns): where each row of points crosses the outline, what lies to the right changes sides."""
    changes = np.zeros((len(rows), len(columns) + 1), np.uint8)
    for (x, y), (to_x, to_y) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        low, high = np.searchsorted(rows, (min(y, to_y), max(y, to_y)))
        if low < high:
            crossed = x + (rows[low:high] - y) * ((to_x - x) / (to_y - y))
            changes[np.arange(low, high), np.searchsorted(columns, crossed)] ^= 1
    return np.asarray(np.bitwise_xor.accumulate(changes[:, :-1], axis=1).astype(bool))


def _sides(start: NDArray[np.int64], end: NDArray[np.int64], points: NDArray[np.int64]) -> NDArray[np.int64]:
    """On which side of a line, or of each of many, points lie: -1, 0 or 1."""
    along, to = end - start, points - start
    return np.asarray(np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]))


def _read_piece(entry: Mapping[str, object], whose: str) -> Piece:
    polygon, part, side = entry.get("polygon"), entry.get("part"), entry.get("side")
    if not isinstance(polygon, list) or len(polygon) > MAX_POINTS or not all(isinstance(point, list) for point in polygon):
        raise InputError(f"The outline of a piece of {whose[:40]!r} should be a list of 3 to {MAX_POINTS} points [x, y].")
    if part is not None and not isinstance(part, str):
        raise InputError(f"The part of a piece of {whose[:40]!r} should be a class name or null, got {str(part)[:40]!r}.")
    if side not in (None, *Side):
        raise InputError(f"The side of a piece of {whose[:40]!r} should be 'left', 'right' or null, got {str(side)[:40]!r}.")
    points = tuple(tuple(point) for point in polygon)
    return Piece(points, parse_body_part(part) if part is not None else None, Side(str(side)) if side is not None else None)
