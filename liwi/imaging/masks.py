"""Operations on masks: shapes of boxes, parts, and what the object of a box looks like as a whole."""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.hint_marks import DROPPED, KEPT
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]

_TOUCH = 0.08
"""Gap between object and side of the box, as a share of the box, up to which they touch."""


def tidy(mask: Mask, box: BoundingBox, marks: UInt8) -> Mask:
    """Drop islands that are small beside the largest one, and fill pinholes; both only where no correction says otherwise.

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
    count, areas, stats, _ = cv2.connectedComponentsWithStats((~result).astype(np.uint8), connectivity=4)
    pinhole = stats[:, cv2.CC_STAT_AREA] < max(2.0, 0.0005 * box.area)
    pinhole[0] = False
    pinhole[np.unique(areas[marks == DROPPED])] = False
    return result | pinhole[areas]


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
