"""Left and right: every pixel has exactly one, also where the two touch or cross."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liwi.seethrough.body_parts import Side
from liwi.seethrough.pair_cut import cut_pair
from liwi.seethrough.sides import split_sides

SIZE = 200
AXIS = np.full(SIZE, SIZE / 2, np.float32)


def limb(*points: tuple[int, int], width: int = 20) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), np.uint8)
    cv2.polylines(mask, [np.array(points)], False, 1, width)
    return mask > 0


def crossing() -> tuple[np.ndarray, np.ndarray]:
    """The arms of somebody who folds them: the one on the right of the picture lies over the other."""
    return limb((60, 33), (26, 106), (127, 120)), limb((140, 33), (174, 106), (73, 133))


def skin(border: np.ndarray | None = None) -> np.ndarray:
    rgb = np.full((SIZE, SIZE, 3), (240, 210, 190), np.uint8)
    if border is not None:
        rgb[(cv2.dilate(border.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~border] = 40
    return rgb


@pytest.mark.parametrize("step", [0.03, 0.3])
def test_arms_that_cross_are_told_apart_by_their_depth(step: float) -> None:
    under, over = crossing()
    depth = np.where(over, 0.5 + step, 0.5).astype(np.float32)
    left = cut_pair(under | over, AXIS, skin(), depth)
    assert np.mean(left[under | over] == ~over[under | over]) > 0.99
    assert np.mean((np.arange(SIZE)[None] < AXIS[:, None])[under | over] == ~over[under | over]) < 0.9, "the axis alone does not"


def test_without_depth_line_art_tells_them_apart() -> None:
    under, over = crossing()
    left = cut_pair(under | over, AXIS, skin(over))
    assert np.mean(left[under | over] == ~over[under | over]) > 0.98


def test_hands_that_touch_are_cut_where_they_touch() -> None:
    one, other = limb((60, 33), (40, 106), (99, 140)), limb((140, 33), (160, 106), (101, 140))
    sides = split_sides(one | other, AXIS, skin(), None)
    assert np.mean(sides[Side.RIGHT][one & ~other]) > 0.97 and np.mean(sides[Side.LEFT][other & ~one]) > 0.97


def test_a_large_limb_is_cut_at_its_own_size() -> None:
    under, over = (np.kron(mask, np.ones((5, 5), bool)) for mask in crossing())
    depth = np.where(over, 0.8, 0.5).astype(np.float32)
    left = cut_pair(under | over, np.full(5 * SIZE, 2.5 * SIZE, np.float32), np.kron(skin(), np.ones((5, 5, 1), np.uint8)), depth)
    assert np.mean(left[under | over] == ~over[under | over]) > 0.98


boxes = st.lists(st.tuples(st.integers(0, 46), st.integers(0, 46), st.integers(1, 30), st.integers(1, 30)), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(boxes, st.integers(0, 48), st.booleans(), st.integers(0, 3))
def test_every_pixel_ends_in_exactly_one_side(boxes: list[tuple[int, int, int, int]], middle: int, has_depth: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = np.zeros((48, 48), bool)
    for left, top, width, height in boxes:
        mask[top : top + height, left : left + width] = True
    depth = rng.random((48, 48), np.float32) if has_depth else None
    sides = split_sides(mask, np.full(48, middle, np.float32), rng.integers(0, 256, (48, 48, 3), np.uint8), depth)
    np.testing.assert_array_equal(np.sum(list(sides.values()), axis=0, initial=0), mask.astype(int))


def test_a_part_in_many_small_pieces_is_cut_at_the_axis() -> None:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[20:200:30, 10:200:30] = True
    sides = split_sides(mask, AXIS, skin())
    assert np.array_equal(sides[Side.RIGHT], mask & (np.arange(SIZE) < SIZE / 2))
    assert np.array_equal(sides[Side.RIGHT] | sides[Side.LEFT], mask)
