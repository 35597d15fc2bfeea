"""The context frame of a prompt, and prompts drawn for training."""

import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.errors import PromptError
from liwi.layering.box_prompt import BoxChance, draw_prompt, draw_training_prompt, scale_box
from liwi.prompts import BoundingBox, Hint

UInt8 = NDArray[np.uint8]


def square(left: int, top: int, side: int) -> UInt8:
    alpha = np.zeros((48, 64), np.uint8)
    alpha[top : top + side, left : left + side] = 255
    return alpha


def test_the_frame_is_white_in_the_boxes_black_elsewhere_and_opaque() -> None:
    frame = draw_prompt((64, 48), [BoundingBox(4, 6, 20, 30), BoundingBox(40, 40, 99, 99)])
    assert frame.shape == (48, 64, 4)
    assert (frame[6:30, 4:20] == 255).all()
    assert (frame[40:, 40:] == 255).all()
    assert int((frame[..., 0] > 0).sum()) == 16 * 24 + 8 * 24
    assert (frame[..., 3] == 255).all()


def test_clicks_and_strokes_are_painted_into_the_same_frame() -> None:
    hints = [Hint("drop", ((10, 10),), 1), Hint("keep", ((50, 40), (60, 40)), 1)]
    frame = draw_prompt((64, 48), [BoundingBox(4, 6, 20, 30)], hints)
    assert frame[10, 10, 0] == 0
    assert (frame[40, 50:61, 0] == 255).all()
    assert draw_prompt((64, 48), [], hints[1:])[40, 55, 0] == 255


def test_a_box_outside_and_an_empty_prompt_are_refused() -> None:
    with pytest.raises(PromptError, match="outside of the picture"):
        draw_prompt((64, 48), [BoundingBox(64, 0, 70, 9)])
    with pytest.raises(PromptError, match="needs a box"):
        draw_prompt((64, 48), [])


def test_a_scaled_box_covers_what_it_covered_and_is_never_empty() -> None:
    assert scale_box(BoundingBox(10, 20, 31, 41), (100, 200), (50, 100)) == BoundingBox(5, 10, 16, 21)
    assert scale_box(BoundingBox(500, 500, 501, 501), (1000, 1000), (10, 10)) == BoundingBox(5, 5, 6, 6)


def test_without_jitter_a_prompt_is_the_object_s_own_box() -> None:
    alphas = [square(5, 5, 10), square(30, 20, 12)]
    chance = BoxChance(jitter=0, partial=0, several=0)
    drawn = [draw_training_prompt(alphas, np.random.default_rng(seed), chance) for seed in range(20)]
    assert {each.chosen for each in drawn} == {(0,), (1,)}
    assert all(each.boxes == (BoundingBox.around(alphas[each.chosen[0]]),) for each in drawn)


def test_several_objects_come_back_to_front_and_empty_ones_never() -> None:
    alphas = [square(5, 5, 10), np.zeros((48, 64), np.uint8), square(30, 20, 12)]
    drawn = draw_training_prompt(alphas, np.random.default_rng(0), BoxChance(several=1))
    assert drawn.chosen == (0, 2)
    assert len(drawn.boxes) == 2
    with pytest.raises(ValueError, match="needs an object"):
        draw_training_prompt(alphas[1:2], np.random.default_rng(0), BoxChance())


def test_boxes_stay_near_their_object_and_partial_ones_keep_most_of_it() -> None:
    alpha = square(20, 10, 20)
    extent = BoundingBox(20, 10, 40, 30)
    for seed in range(100):
        (box,) = draw_training_prompt([alpha], np.random.default_rng(seed), BoxChance(jitter=0.1, partial=0)).boxes
        assert max(abs(a - b) for a, b in zip(box.as_tuple(), extent.as_tuple(), strict=True)) <= 2
        (part,) = draw_training_prompt([alpha], np.random.default_rng(seed), BoxChance(jitter=0, partial=1, least=0.5)).boxes
        assert part.intersect(extent) == part
        assert min(part.width, part.height) >= 10


def test_a_click_lies_on_its_object() -> None:
    alpha = square(20, 10, 20)
    drawn = draw_training_prompt([alpha], np.random.default_rng(0), BoxChance(point=1))
    assert drawn.boxes == ()
    ((x, y),) = drawn.hints[0].path
    assert alpha[y, x] == 255
