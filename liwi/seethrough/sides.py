"""Left and right of the parts that come in pairs, about the figure's axis (paper 2, section 4.3).

Sides are the character's own, taken to look out of the picture: its right arm is on the left. Every piece of a part gets a side, however
many there are, and every pixel exactly one. A pair whose two halves touch is cut between them by a minimum cut
(`liwi.seethrough.pair_cut`): along the way from each elbow or knee, where depth or the picture has an edge. A single arm that lies
across the body is not cut.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.seethrough.body_parts import CoarseBodyPart, Side
from liwi.seethrough.pair_cut import cut_pair

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Labels = NDArray[np.int16]
Mask = NDArray[np.bool_]

PAIRED = frozenset(
    {
        CoarseBodyPart.EYES,
        CoarseBodyPart.EARS,
        CoarseBodyPart.EARWEAR,
        CoarseBodyPart.HANDWEAR,
        CoarseBodyPart.LEGWEAR,
        CoarseBodyPart.FOOTWEAR,
    }
)
"""Classes of which a character has a left and a right one."""

MIDDLE: tuple[tuple[CoarseBodyPart, ...], ...] = (
    (CoarseBodyPart.NOSE, CoarseBodyPart.MOUTH),
    (CoarseBodyPart.FACE, CoarseBodyPart.EYES, CoarseBodyPart.NOSE, CoarseBodyPart.MOUTH),
    (CoarseBodyPart.NECK,),
    (CoarseBodyPart.TOPWEAR,),
    (CoarseBodyPart.BOTTOMWEAR,),
)
"""What lies in the middle of a figure: through the centre of each group its axis runs."""

_LARGE = 0.2
"""Share of its class from which a piece is one of the pair."""

_BALANCED = 0.3
"""Share of a piece on its smaller side of the axis from which it is both of a pair that touch."""


def figure_axis(labels: Labels) -> Float32:
    """Where the middle of the figure is in each row: through nose and mouth, neck, torso and hips, as far as they are seen.

    Args:
        labels: (h, w) int16, see `liwi.seethrough.part_labels`.

    Returns:
        (h,) float32: x in pixels.
    """
    found = [np.isin(labels, [part.class_index for part in group]) for group in MIDDLE]
    return axis_through(found, labels >= 0)


def axis_through(middle: Sequence[Mask], figure: Mask) -> Float32:
    """Where the middle of a figure is in each row.

    Args:
        middle: (h, w) bool each: what lies in the middle, as in `MIDDLE`; empty ones are passed over.
        figure: (h, w) bool, looked at where nothing of that is seen.

    Returns:
        (h,) float32: x in pixels.
    """
    found = [np.nonzero(mask) for mask in middle]
    points = sorted((float(rows.mean()), float(columns.mean())) for rows, columns in found if rows.size)
    if not points:
        columns = np.nonzero(figure)[1]
        points = [(0.0, float(columns.mean()) if columns.size else figure.shape[1] / 2)]
    heights, places = zip(*points, strict=True)
    return np.interp(np.arange(figure.shape[0]), heights, places).astype(np.float32)


def split_sides(mask: Mask, axis: Float32, rgb: UInt8, depth: Float32 | None = None) -> dict[Side, Mask]:
    """Cut a paired part into its sides.

    Args:
        mask: (h, w) bool, where the part is seen.
        axis: (h,) float32 of `figure_axis`.
        rgb: (h, w, 3) uint8.
        depth: (h, w) float32 in [0, 1] of the part, or None.

    Returns:
        Disjoint masks, (h, w) bool each, that together are ``mask``; sides that are not seen are missing.
    """
    count, pieces, stats, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return {}
    areas = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    areas[0] = 0
    large = np.flatnonzero(areas >= _LARGE * areas.sum())
    on_left = np.arange(mask.shape[1])[None, :] < axis[:, None]
    if len(large) == 1:
        return _sides_of_one(mask, pieces == large[0], on_left, axis, rgb, depth)
    middle = _between(large, centres, axis)
    offsets = centres[:, 0] - axis[np.clip(np.rint(centres[:, 1]).astype(np.intp), 0, len(axis) - 1)]
    left_pieces = offsets < middle
    left_pieces[0] = False
    return _named(mask & left_pieces[pieces], mask & ~left_pieces[pieces])


def _between(large: NDArray[np.intp], centres: NDArray[np.float64], axis: Float32) -> float:
    """Where to tell left from right, in pixels beside the axis: on it, unless all large pieces lie on one side of it (a turned figure).

    Dust alone, where nothing is large, says nothing about the figure.
    """
    if not large.size:
        return 0.0
    rows = np.clip(np.rint(centres[large, 1]).astype(np.intp), 0, len(axis) - 1)
    offsets = np.sort(centres[large, 0] - axis[rows])
    if offsets[0] < 0 <= offsets[-1]:
        return 0.0
    gap = int(np.argmax(np.diff(offsets)))
    return float(offsets[gap] + offsets[gap + 1]) / 2


def _sides_of_one(mask: Mask, piece: Mask, on_left: Mask, axis: Float32, rgb: UInt8, depth: Float32 | None) -> dict[Side, Mask]:
    """One large piece: both of a pair where it lies evenly on both sides of the axis, else one of them."""
    share = float((piece & on_left).sum() / piece.sum())
    if _BALANCED < share < 1 - _BALANCED:
        left = cut_pair(piece, axis, rgb, depth)
        rest = mask & ~piece
        return _named(left | rest & on_left, (piece & ~left) | rest & ~on_left)
    return _named(mask, np.zeros_like(mask)) if share >= 0.5 else _named(np.zeros_like(mask), mask)


def _named(left_in_picture: Mask, right_in_picture: Mask) -> dict[Side, Mask]:
    sides = {Side.RIGHT: left_in_picture, Side.LEFT: right_in_picture}
    return {side: mask for side, mask in sides.items() if mask.any()}
