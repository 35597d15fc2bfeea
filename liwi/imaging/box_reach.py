"""A box is drawn around the whole object: where the mask stays far from a side, something is missing there.

Heads are what colour models lose: hair and skin resemble a wall or a crowd. But the box says that the object goes on up to its side. So the
pixel at that side that looks least like the surroundings is joined to the mask by the way that looks least like them, and this way is taken
for the object's, as a stroke by a person would be.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from liwi.imaging.masks import box_mask
from liwi.types import BoundingBox

Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

FAR = 0.05
"""Gap between mask and side, as a share of the box, from which on something is missing. Boxes are drawn a few per cent too large."""

_STRIP = 0.05
"""How close to the side, as a share of the box, the object's end is looked for."""

_LEAST_EVIDENCE = -2.0
"""Evidence, in nats, that the end of the object must have at least; surroundings have less."""

_MAX_COST = 4.0
"""Cost per pixel beyond which a way leads through plain surroundings; 1 is a pixel of no evidence either way."""

_COST_SCALE = 3.0
"""Nats of evidence that make a pixel e times cheaper to pass."""


def ways_to_sides(mask: Mask, box: BoundingBox, evidence: Float32, open_area: Mask) -> Mask | None:
    """Find the ways from the mask to the sides of the box that it does not come near.

    Args:
        mask: (h, w) bool, the object so far.
        box: the prompt. Sides on the border of the picture need not be reached: objects are cut off there.
        evidence: (h, w) float32, nats by which a pixel's colour speaks for the object, from the surroundings alone.
        open_area: (h, w) bool, where the object may be.

    Returns:
        (h, w) bool, three pixels wide; None where every side is near or no way is believable.
    """
    sides = [strip & open_area for strip in _far_sides(mask & open_area, box)]
    if not sides:
        return None
    smooth = cv2.GaussianBlur(evidence, (0, 0), 1.0)
    graph = _passages(np.exp(-np.clip(evidence, -6, 4) / _COST_SCALE), open_area)
    ways = np.zeros(mask.shape, np.uint8)
    for strip in sides:
        end = int(np.where(strip, smooth, -np.inf).argmax())
        if strip.any() and smooth.ravel()[end] >= _LEAST_EVIDENCE:
            ways.ravel()[_cheapest_way(graph, mask & open_area, end)] = 1
    return (cv2.dilate(ways, np.ones((3, 3), np.uint8)) > 0) & open_area if ways.any() else None


def _far_sides(mask: Mask, box: BoundingBox) -> list[Mask]:
    """A strip along each side of the box that the larger parts of the mask stay away from."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return []
    large = stats[:, cv2.CC_STAT_AREA] >= 0.05 * stats[1:, cv2.CC_STAT_AREA].max()
    large[0] = False
    extent = BoundingBox.around(large[parts])
    assert extent is not None  # the largest part is large
    height, width = mask.shape
    across, down = max(2, round(_STRIP * box.width)), max(2, round(_STRIP * box.height))
    strips = (
        (box.left > 0 and extent.left - box.left >= FAR * box.width, (box.left, box.top, box.left + across, box.bottom)),
        (box.right < width and box.right - extent.right >= FAR * box.width, (box.right - across, box.top, box.right, box.bottom)),
        (box.top > 0 and extent.top - box.top >= FAR * box.height, (box.left, box.top, box.right, box.top + down)),
        (box.bottom < height and box.bottom - extent.bottom >= FAR * box.height, (box.left, box.bottom - down, box.right, box.bottom)),
    )
    return [box_mask(mask.shape, BoundingBox(*strip)) for far, strip in strips if far]


def _passages(cost: Float32, open_area: Mask) -> csr_array:
    """The graph of neighbouring open pixels; an edge costs what the pixel that it leads to costs."""
    height, width = cost.shape
    index = np.arange(height * width, dtype=np.int32).reshape(height, width)
    pairs = [(index[:, :-1], index[:, 1:]), (index[:-1], index[1:])]
    first = np.concatenate([a.ravel() for a, _ in pairs] + [b.ravel() for _, b in pairs])
    second = np.concatenate([b.ravel() for _, b in pairs] + [a.ravel() for a, _ in pairs])
    usable = open_area.ravel()[first] & open_area.ravel()[second]
    first, second = first[usable], second[usable]
    return csr_array((cost.ravel()[second].astype(np.float64), (first, second)), shape=(height * width, height * width))


def _cheapest_way(graph: csr_array, goal: Mask, start: int) -> NDArray[np.int64]:
    """Flat indices of the cheapest way from pixel ``start`` to any pixel of ``goal``; empty where it costs too much."""
    distance, before = dijkstra(graph, indices=start, return_predecessors=True)
    reached = np.where(goal.ravel(), distance, np.inf)
    end = int(reached.argmin())
    way = [end]
    while np.isfinite(reached[end]) and way[-1] != start:
        way.append(int(before[way[-1]]))
    believable = np.isfinite(reached[end]) and reached[end] / len(way) <= _MAX_COST
    return np.array(way if believable else [], np.int64)
