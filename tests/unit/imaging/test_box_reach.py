"""Ways to the sides of the box that a mask does not come near."""

import numpy as np

from liwi.imaging.box_reach import ways_to_sides
from liwi.types import BoundingBox

BOX = BoundingBox(20, 10, 80, 110)
OPEN = np.zeros((120, 100), bool)
OPEN[BOX.slices] = True


def body() -> np.ndarray:
    mask = np.zeros((120, 100), bool)
    mask[60:110, 20:80] = True
    return mask


def test_a_mask_that_fills_its_box_needs_no_way() -> None:
    full = OPEN.copy()
    assert ways_to_sides(full, BOX, np.zeros(OPEN.shape, np.float32), OPEN) is None


def test_a_missing_head_is_reached_through_its_neck() -> None:
    evidence = np.full(OPEN.shape, -6, np.float32)
    evidence[11:30, 40:60] = 1  # the head, a little unlike the wall
    evidence[30:60, 47:53] = -1  # the neck, hardly
    ways = ways_to_sides(body(), BOX, evidence, OPEN)
    assert ways is not None
    rows, columns = np.nonzero(ways)
    assert rows.min() <= 16
    assert rows.max() >= 58
    middle = (rows > 32) & (rows < 56)
    assert columns[middle].min() >= 45
    assert columns[middle].max() <= 55


def test_plain_surroundings_are_not_taken_for_the_object() -> None:
    assert ways_to_sides(body(), BOX, np.full(OPEN.shape, -6, np.float32), OPEN) is None


def test_a_side_on_the_border_of_the_picture_need_not_be_reached() -> None:
    box = BoundingBox(20, 0, 80, 110)
    open_area = np.zeros(OPEN.shape, bool)
    open_area[box.slices] = True
    assert ways_to_sides(body(), box, np.ones(OPEN.shape, np.float32), open_area) is None


def test_an_empty_mask_has_no_way() -> None:
    assert ways_to_sides(np.zeros(OPEN.shape, bool), BOX, np.ones(OPEN.shape, np.float32), OPEN) is None


def test_a_way_never_leaves_where_the_object_may_be() -> None:
    blocked = OPEN.copy()
    blocked[40:50] = False
    ways = ways_to_sides(body(), BOX, np.ones(OPEN.shape, np.float32), blocked)
    assert ways is None or not ways[~blocked].any()
