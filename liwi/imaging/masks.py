"""Operations on masks: shapes of boxes, parts, and what the object of a box looks like as a whole."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from liwi.imaging.hint_marks import DROPPED, KEPT
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_TOUCH = 0.08
"""Gap between object and side of the box, as a share of the box, up to which they touch."""

_DEEP = 2.0
"""Distance to the outline, in sides of a square as large as the hole, from which on a hole is the object's own whatever its shape."""

_ROUND = 1.2
"""Side of a square as large as the hole, in diameters of the largest disc inside it, up to which it is round; 0.89 for a disc."""


def tidy(mask: Mask, box: BoundingBox, marks: UInt8) -> Mask:
    """Drop islands small beside the largest one; fill pinholes and spots deep inside. Both only where no correction says otherwise.

    Args:
        mask: (h, w) bool. box: the prompt. marks: (h, w) uint8, see `liwi.imaging.hint_marks`.

    Returns:
        (h, w) bool.
    """
    count, areas, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return mask
    sizes = stats[:, cv2.CC_STAT_AREA].copy()
    sizes[0] = 0
    kept = sizes >= 0.05 * sizes.max()
    kept[np.unique(areas[marks == KEPT])] = True
    kept[0] = False
    result = kept[areas]
    return result | _closed_spots(result, marks, max(2.0, 0.0005 * box.area))


def _closed_spots(mask: Mask, marks: UInt8, pinhole: float) -> Mask:
    """Holes that are the object's own: pinholes, and spots that lie deep inside beside their size, as eyes and highlights do.

    Gaps between limbs are as enclosed as an eye is, but close to the outline, or long.
    """
    height, width = mask.shape
    count, areas, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    left, top, across, down, size = stats[:, :5].T
    enclosed = (left > 0) & (top > 0) & (left + across < width) & (top + down < height)
    enclosed[0] = False
    enclosed[np.unique(areas[marks == DROPPED])] = False
    solid = np.pad(mask | enclosed[areas], 1).astype(np.uint8)
    number = np.arange(count)
    depth = ndimage.minimum(cv2.distanceTransform(solid, cv2.DIST_L2, 5)[1:-1, 1:-1], areas, number)
    radius = ndimage.maximum(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), areas, number)
    deep = depth > _DEEP * np.sqrt(size)
    round_and_inside = (depth > np.sqrt(size)) & (np.sqrt(size) < _ROUND * 2 * radius)
    return (enclosed & ((size < pinhole) | deep | round_and_inside))[areas]


def box_mask(shape: tuple[int, ...], box: BoundingBox) -> Mask:
    """(h, w) bool: the pixels of ``box``, as far as they lie in ``shape``."""
    result = np.zeros(shape, bool)
    result[max(0, box.top) : max(0, box.bottom), max(0, box.left) : max(0, box.right)] = True
    return result


def side_gaps(mask: Mask, box: BoundingBox) -> tuple[float, float, float, float]:
    """How far the mask stays from each side of the box, as shares of the box: left, right, top, bottom; all 1 for an empty mask."""
    extent = BoundingBox.around(mask)
    if extent is None:
        return 1.0, 1.0, 1.0, 1.0
    across = (extent.left - box.left) / box.width, (box.right - extent.right) / box.width
    down = (extent.top - box.top) / box.height, (box.bottom - extent.bottom) / box.height
    left, right, top, bottom = (min(1.0, max(0.0, gap)) for gap in (*across, *down))
    return left, right, top, bottom


def sides_touched(mask: Mask, box: BoundingBox) -> int:
    """How many sides of the box the larger parts of the mask come close to: 0..4."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    large = stats[:, cv2.CC_STAT_AREA] >= 0.003 * box.area
    large[0] = False
    return sum(gap <= _TOUCH for gap in side_gaps(large[parts], box))


def parts_with(area: Mask, seeds: Mask) -> Mask:
    """The parts of ``area`` that hold a seed."""
    count, parts = cv2.connectedComponents(area.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[np.unique(parts[seeds & area])] = True
    kept[0] = False
    return kept[parts]


def ellipse_mask(shape: tuple[int, ...], box: BoundingBox) -> Mask:
    """The ellipse that touches the four sides of ``box``: never empty."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    across = (x - (box.left + box.right - 1) / 2) / (box.width / 2)
    down = (y - (box.top + box.bottom - 1) / 2) / (box.height / 2)
    return across**2 + down**2 <= 1
