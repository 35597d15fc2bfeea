"""Two limbs that touch, cut apart: a minimum cut on geometry, depth and the picture (Boykov and Jolly 2001).

What lies farthest from the figure's axis, elbows, knees or shoes, belongs to its own side for sure. From there the way inside the limbs is
measured, longer wherever depth or lightness changes, so a forearm that reaches over to the other side still belongs to the elbow it hangs
on. Which elbow is nearer is the evidence; the cut then runs where depth, or without it the picture, has an edge.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from liwi.imaging.graph_cut import EVIDENCE_LIMIT, OPEN, SURE_BACKGROUND, SURE_OBJECT, contour_guide, cut
from liwi.prompts import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_WAY_SIDE = 112
"""Long side at which ways are measured."""

_CUT_SIDE = 288
"""Long side at which the cut is made; what is larger follows it, pixel by the nearest."""

_SURE = 0.6
"""Distance from the axis, as a share of the largest on that side, from which on a pixel is its side's for sure."""

_EDGE_LENGTH = 40.0
"""How much longer a step is over a jump by the whole range of depth or lightness."""

_CLEAR = 0.7 * EVIDENCE_LIMIT
"""Evidence from which on a pixel is no longer asked: one way is six times as long as the other. The cut is quicker for it."""

_SMOOTHNESS = 2.0
"""Price of the cut's length, see `liwi.imaging.graph_cut.cut`."""


def cut_pair(piece: Mask, axis: Float32, rgb: UInt8, depth: Float32 | None = None) -> Mask:
    """What of two limbs that touch lies on the left of the picture.

    Args:
        piece: (h, w) bool, one connected piece that lies on both sides of the axis.
        axis: (h,) float32, x of the figure's middle in each row.
        rgb: (h, w, 3) uint8.
        depth: (h, w) float32, or None.

    Returns:
        (h, w) bool, inside the piece; neither it nor the rest is empty.
    """
    box = BoundingBox.around(piece)
    if box is None:
        return piece
    mask, colors = piece[box.slices], np.ascontiguousarray(rgb[box.slices])
    offsets = (np.arange(box.left, box.right, dtype=np.float32)[None] + 0.5) - axis[box.top : box.bottom, None]
    relief = _relief(mask, colors, None if depth is None else depth[box.slices])
    size = _at_most(mask.shape, _CUT_SIDE)
    small_mask, small_offsets = _shrink_mask(mask, size), cv2.resize(offsets, size, interpolation=cv2.INTER_AREA)
    evidence = _evidence(mask, offsets, relief, size)
    labels = np.full(small_mask.shape, OPEN, np.uint8)
    left, right = _sure(small_mask, small_offsets)
    labels[(left & (evidence > 0)) | (evidence > _CLEAR)] = SURE_OBJECT
    labels[(right & (evidence < 0)) | (evidence < -_CLEAR)] = SURE_BACKGROUND
    guide = contour_guide(cv2.resize(colors, size, interpolation=cv2.INTER_AREA))
    if depth is not None:
        guide[..., 1] = cv2.resize(relief, size, interpolation=cv2.INTER_AREA)
    found = cut(np.ascontiguousarray(guide), evidence, labels, _SMOOTHNESS)
    full = cv2.resize(found.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    result = np.zeros_like(piece)
    result[box.slices] = mask & full
    if not result.any() or (result == piece).all():  # nothing but the axis tells them apart
        result[box.slices] = mask & (offsets < 0)
    return result


def _relief(mask: Mask, colors: UInt8, depth: Float32 | None) -> UInt8:
    """(h, w) uint8: depth over its range inside the piece, lightness without it."""
    if depth is None:
        return cv2.cvtColor(colors, cv2.COLOR_RGB2GRAY)
    low, high = np.percentile(depth[mask], (1, 99))
    return np.clip((depth - low) / max(float(high - low), 1e-3) * 255, 0, 255).astype(np.uint8)


def _at_most(shape: tuple[int, ...], side: int) -> tuple[int, int]:
    """``(width, height)`` of at most this long side, at least 2 x 2."""
    scale = min(1.0, side / max(shape))
    return max(2, round(shape[1] * scale)), max(2, round(shape[0] * scale))


def _shrink_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.25


def _sure(mask: Mask, offsets: Float32) -> tuple[Mask, Mask]:
    """(h, w) bool each: what is the left's and the right's for sure, by geometry."""
    left, right = mask & (offsets < 0), mask & (offsets > 0)
    far_left = offsets <= _SURE * float(offsets[left].min(initial=0))
    far_right = offsets >= _SURE * float(offsets[right].max(initial=0))
    return left & far_left, right & far_right


def _evidence(mask: Mask, offsets: Float32, relief: UInt8, size: tuple[int, int]) -> Float32:
    """(h, w) float32 at ``size``, in nats: above 0 where the way from the left is the shorter one."""
    coarse = _at_most(mask.shape, _WAY_SIDE)
    small, places = _shrink_mask(mask, coarse), cv2.resize(offsets, coarse, interpolation=cv2.INTER_AREA)
    seeds = _sure(small, places)
    by_place = np.clip(-places / max(1.0, float(np.abs(places[small]).max(initial=1))), -1, 1)
    lead = by_place
    if seeds[0].any() and seeds[1].any():
        left, right = _ways(small, cv2.resize(relief, coarse, interpolation=cv2.INTER_AREA), seeds)
        known = small & np.isfinite(left) & np.isfinite(right)
        left, right = np.where(known, left, 1), np.where(known, right, 1)
        lead = np.where(known, (right - left) / np.maximum(right + left, 1e-6), by_place)
    return cv2.resize((EVIDENCE_LIMIT * lead).astype(np.float32), size, interpolation=cv2.INTER_LINEAR)


def _ways(mask: Mask, relief: UInt8, seeds: tuple[Mask, Mask]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(h, w) float64 each: how long the way inside the mask is from either set of seeds; infinite where there is none."""
    number = np.full(mask.shape, -1, np.int32)
    number[mask] = np.arange(int(mask.sum()))
    starts, ends, lengths = [], [], []
    levels = relief.astype(np.float64) / 255
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        rows, columns = slice(down, None), slice(max(across, 0), None if across >= 0 else across)
        back_rows = slice(None, -down or None)
        back_columns = slice(None, -across) if across > 0 else slice(-across or None, None)
        here, there = number[back_rows, back_columns], number[rows, columns]
        both = (here >= 0) & (there >= 0)
        jump = np.abs(levels[back_rows, back_columns] - levels[rows, columns])
        starts.append(here[both])
        ends.append(there[both])
        lengths.append((np.hypot(down, across) * (1 + _EDGE_LENGTH * jump))[both])
    count = int(mask.sum())
    graph = coo_array((np.concatenate(lengths), (np.concatenate(starts), np.concatenate(ends))), shape=(count, count)).tocsr()
    ways = []
    for seed in seeds:
        far = np.full(mask.shape, np.inf)
        far[mask] = dijkstra(graph, directed=False, indices=number[seed], min_only=True)
        ways.append(far)
    return ways[0], ways[1]
