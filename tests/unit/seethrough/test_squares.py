"""Views of a picture and the way back: nothing is lost where the view has the picture's size, nothing shows through from under alpha 0."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liwi.errors import InputError
from liwi.prompts import BoundingBox
from liwi.seethrough.squares import Square, check_picture, head_box


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:
    rgba = np.random.default_rng(seed).integers(0, 256, (height, width, 4)).astype(np.uint8)
    rgba[..., 3] = np.where(rgba[..., 3] < 60, 0, 255)
    return rgba


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 5), st.integers(0, 5))
def test_what_is_cut_at_its_own_size_comes_back_to_its_place(width: int, height: int, left: int, top: int) -> None:
    rgba = picture(width + left + 2, height + top + 3)
    box = BoundingBox(left, top, left + width, top + height)
    square = Square(box, max(width, height))
    back = square.place(square.cut(rgba), (rgba.shape[1], rgba.shape[0]))
    wanted = np.zeros_like(rgba)
    wanted[box.slices] = np.where(rgba[box.slices][..., 3:] > 0, rgba[box.slices], 0)
    assert np.array_equal(back, wanted)


@pytest.mark.parametrize("size", [(40, 90), (90, 40), (200, 120), (7, 5)])
def test_views_of_all_sizes_are_centred_before_black(size: tuple[int, int]) -> None:
    rgba = np.full((size[1], size[0], 4), 255, np.uint8)
    view = Square(BoundingBox.of_size(size), 60).cut(rgba)
    assert view.shape == (60, 60, 4)
    shown = BoundingBox.around(view[..., 3] > 127)
    assert shown is not None
    assert abs(shown.left - (60 - shown.right)) <= 3 * 60 / max(size) + 1 and abs(shown.top - (60 - shown.bottom)) <= 3 * 60 / max(size) + 1
    assert shown.width / shown.height == pytest.approx(size[0] / size[1], rel=0.1)


def test_colours_under_alpha_0_are_not_seen() -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[..., 0] = 200
    rgba[5:15, 5:15] = (0, 0, 250, 255)
    assert not Square(BoundingBox(0, 0, 20, 20), 32).cut(rgba)[..., 0].any()


def test_boxes_of_a_view_are_boxes_of_the_picture() -> None:
    square = Square(BoundingBox(10, 20, 110, 220), 100)  # 200 pixels to a side, 50 black ones on the left
    assert square.padding == (50, 0)
    assert square.to_picture(BoundingBox(25, 0, 75, 100)) == BoundingBox(10, 20, 110, 220)
    assert square.to_picture(BoundingBox(30, 10, 40, 20)) == BoundingBox(20, 40, 40, 60)
    assert square.to_picture(BoundingBox(0, 0, 30, 5)) == BoundingBox(10, 20, 20, 30)  # what lies beside the picture is cut off
    assert square.to_picture(BoundingBox(0, 0, 20, 100)) is None


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 4)), np.zeros((0, 4, 4), np.uint8)]
)
def test_what_is_no_picture_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(InputError, match="Expected a picture"):
        check_picture(wrong)


def test_a_small_head_is_seen_with_its_surroundings_and_a_large_one_by_itself() -> None:
    assert head_box(BoundingBox(100, 50, 200, 130), (400, 800)) == BoundingBox(80, 34, 220, 146)
    assert head_box(BoundingBox(5, 50, 105, 130), (400, 800)) == BoundingBox(0, 34, 110, 146)
    assert head_box(BoundingBox(10, 10, 390, 790), (400, 800)) == BoundingBox(10, 10, 390, 790)
