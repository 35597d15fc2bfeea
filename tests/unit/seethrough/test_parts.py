"""From probabilities to regions: labels, sides, strata, outlines, and colours that add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liwi.imaging.compositing import over_bytes
from liwi.seethrough.assembly import enlarge, explain_exactly
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart, Side
from liwi.seethrough.completion import complete_outline, stacking
from liwi.seethrough.eye_parts import split_eye
from liwi.seethrough.figure_box import find_figure
from liwi.seethrough.part_labels import NOTHING, label_pixels
from liwi.seethrough.sides import figure_axis, split_sides
from liwi.seethrough.stratification import BACK_TO_FRONT, PartRegion, back_to_front, front_hair, part_name, part_regions
from liwi.types import BoundingBox
from tests.characters import draw_doll, on_ground

FACE, LEGS, ARMS = (CoarseBodyPart[name].class_index for name in ("FACE", "LEGWEAR", "HANDWEAR"))


@pytest.fixture(scope="module")
def labels() -> np.ndarray:
    doll = draw_doll()
    return label_pixels(doll.visible, doll.rgba)


def square(shape: tuple[int, int], *boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for box in boxes:
        mask[BoundingBox(*box).slices] = True
    return mask


def test_every_pixel_of_the_figure_and_no_other_has_a_label(labels: np.ndarray) -> None:
    doll = draw_doll()
    np.testing.assert_array_equal(labels == NOTHING, doll.rgba[..., 3] == 0)
    sure = doll.visible.max(axis=0) == 1
    np.testing.assert_array_equal(labels[sure], doll.visible.argmax(axis=0)[sure])


def test_specks_go_to_what_surrounds_them_but_small_parts_stay() -> None:
    probabilities = np.zeros((19, 200, 200), np.float32)
    probabilities[FACE] = 0.6
    probabilities[LEGS, 50, 50] = 0.9
    mouth = CoarseBodyPart.MOUTH.class_index
    probabilities[mouth, 120:122, 90:94] = 0.9
    found = label_pixels(probabilities, np.full((200, 200, 4), 255, np.uint8))
    assert set(np.unique(found)) == {FACE, mouth}
    assert (found == mouth).sum() == 8


def test_unsure_pixels_follow_the_edge_of_the_picture() -> None:
    rgba = np.full((80, 80, 4), 255, np.uint8)
    rgba[:, :43, :3] = (200, 60, 60)
    probabilities = np.zeros((19, 80, 80), np.float32)
    probabilities[FACE] = np.clip((42 - np.arange(80)) / 8 + 0.5, 0, 1)
    probabilities[LEGS] = 1 - probabilities[FACE]
    found = label_pixels(probabilities, rgba)
    assert np.abs((found == FACE).sum(axis=1) - 43).max() <= 1


def test_no_likely_class_leaves_nothing() -> None:
    assert (label_pixels(np.full((19, 20, 20), 0.1, np.float32), np.full((20, 20, 4), 255, np.uint8)) == NOTHING).all()


def test_every_piece_of_a_pair_gets_a_side() -> None:
    axis = np.full(100, 50, np.float32)
    mask = square((100, 100), (10, 10, 30, 90), (70, 10, 90, 90), (62, 95, 64, 97), (33, 2, 35, 4))
    sides = split_sides(mask, axis, np.zeros((100, 100, 3), np.uint8))
    np.testing.assert_array_equal(sides[Side.RIGHT], mask & (np.arange(100) < 50))
    np.testing.assert_array_equal(sides[Side.LEFT], mask & (np.arange(100) >= 50))


def test_legs_that_touch_are_cut_where_the_line_between_them_is() -> None:
    rgb = np.full((100, 100, 3), 220, np.uint8)
    rgb[:, 53:55] = 20
    mask = square((100, 100), (20, 10, 86, 90))
    sides = split_sides(mask, np.full(100, 50, np.float32), rgb)
    assert (sides[Side.RIGHT] | sides[Side.LEFT] == mask).all() and not (sides[Side.RIGHT] & sides[Side.LEFT]).any()
    border = sides[Side.RIGHT][50].nonzero()[0].max()
    assert 51 <= border <= 56


def test_a_turned_figure_has_both_sides_on_one_side_of_its_axis() -> None:
    mask = square((100, 100), (60, 40, 68, 50), (78, 40, 84, 50))
    sides = split_sides(mask, np.full(100, 50, np.float32), np.zeros((100, 100, 3), np.uint8))
    assert sides[Side.RIGHT].nonzero()[1].max() < 70 < sides[Side.LEFT].nonzero()[1].min()


def test_one_arm_alone_has_the_side_it_is_on() -> None:
    mask = square((100, 100), (60, 10, 80, 90))
    assert set(split_sides(mask, np.full(100, 50, np.float32), np.zeros((100, 100, 3), np.uint8))) == {Side.LEFT}


def test_the_axis_runs_through_face_and_body(labels: np.ndarray) -> None:
    assert np.abs(figure_axis(labels) - 74.5).max() < 1
    assert figure_axis(np.full((40, 30), NOTHING, np.int16)).tolist() == [15.0] * 40


def test_hair_before_the_face_is_front_hair_and_hair_behind_the_neck_is_not(labels: np.ndarray) -> None:
    doll = draw_doll()
    front = front_hair(labels, np.ascontiguousarray(doll.rgba[..., :3]))
    assert front[40, 75] and not front[120, 40] and not front[120, 110]
    assert not front[labels != CoarseBodyPart.HAIR.class_index].any()


def test_hair_without_a_face_stays_one() -> None:
    labels = np.full((40, 40), CoarseBodyPart.HAIR.class_index, np.int16)
    assert front_hair(labels, np.zeros((40, 40, 3), np.uint8)).all()


def test_regions_hold_every_labelled_pixel_once(labels: np.ndarray) -> None:
    regions = part_regions(labels, np.ascontiguousarray(draw_doll().rgba[..., :3]))
    np.testing.assert_array_equal(np.sum([region.visible for region in regions], axis=0), labels != NOTHING)
    assert len({region.name for region in regions}) == len(regions)


def test_every_class_has_one_place_in_the_order_and_names_say_the_side() -> None:
    assert sorted(BACK_TO_FRONT) == sorted([*BodyPart, CoarseBodyPart.EYES, CoarseBodyPart.HAIR])
    assert part_name(BodyPart.HANDWEAR, Side.LEFT) == "handwear-l" and part_name(BodyPart.FRONT_HAIR, None) == "front hair"


def test_an_outline_closes_behind_what_covers_it_and_nowhere_else() -> None:
    shape = (60, 60)
    behind, before = square(shape, (10, 20, 50, 40)), square(shape, (25, 5, 35, 55))
    regions = back_to_front([PartRegion(BodyPart.HEADWEAR, None, before), PartRegion(BodyPart.BOTTOMWEAR, None, behind & ~before)])
    shown = stacking(regions, shape)
    whole = complete_outline(BodyPart.BOTTOMWEAR, 0, shown, np.ones(shape, bool))
    assert whole[behind].mean() > 0.97
    assert (whole & ~behind).sum() < 0.2 * behind.sum()
    assert not whole[~(behind | before)].any()
    np.testing.assert_array_equal(complete_outline(BodyPart.HEADWEAR, 1, shown, np.ones(shape, bool)), before)


colors = st.tuples(*[st.integers(0, 255)] * 3)


@settings(max_examples=300)
@given(colors, colors, st.floats(0, 1, width=32))
def test_a_colour_and_alpha_always_explain_the_pixel_exactly(seen: tuple[int, ...], below: tuple[int, ...], wanted: float) -> None:
    pixel, backdrop = np.array([seen], np.uint8), np.array([below], np.uint8)
    rgba = explain_exactly(pixel, backdrop, np.array([wanted], np.float32))
    np.testing.assert_array_equal(over_bytes(backdrop, rgba), pixel)
    assert rgba[0, 3] >= int(wanted * 255)


def test_enlarging_keeps_places() -> None:
    plane = np.zeros((10, 10), np.float32)
    plane[4:6, 4:6] = 1
    large = enlarge(plane, BoundingBox(0, 0, 40, 40), (4.0, 4.0)) > 0.5
    np.testing.assert_array_equal(large, square((40, 40), (16, 16, 24, 24)) & large)
    assert large.sum() > 50
    part = enlarge(plane, BoundingBox(10, 12, 30, 32), (4.0, 4.0)) > 0.5
    np.testing.assert_array_equal(part, large[12:32, 10:30])


def test_the_figure_of_a_picture_is_found_and_an_empty_picture_has_none() -> None:
    doll = draw_doll()
    found = find_figure(on_ground(doll))
    extent = BoundingBox.around(doll.rgba[..., 3] > 127)
    assert found is not None and extent is not None
    assert found.iou(extent.translate(30, 20)) > 0.9
    assert find_figure(np.full((100, 80, 3), 120, np.uint8)) is None
    assert find_figure(np.zeros((4, 4, 3), np.uint8)) is None


def drawn_eye() -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """A picture, where eye and brow are, and the true parts."""
    y, x = np.mgrid[:100, :100]
    globe = ((x - 50) / 36) ** 2 + ((y - 60) / 26) ** 2 < 1
    lash = globe & (((x - 50) / 31) ** 2 + ((y - 64) / 23) ** 2 >= 1) & (y < 56)
    iris = globe & ~lash & (((x - 50) / 16) ** 2 + ((y - 60) / 20) ** 2 < 1)
    brow = ((x - 50) / 30) ** 2 + ((y - 16) / 4) ** 2 < 1
    rgb = np.full((100, 100, 3), (250, 220, 200), np.uint8)
    rgb[globe] = (248, 248, 250)
    rgb[iris] = (60, 110, 210)
    rgb[iris & (((x - 50) / 6) ** 2 + ((y - 60) / 8) ** 2 < 1)] = (15, 20, 50)
    rgb[iris & (((x - 44) / 4) ** 2 + ((y - 52) / 4) ** 2 < 1)] = 255
    rgb[lash | brow] = (40, 25, 30)
    return rgb, globe | brow, {"eyebrow": brow, "eyelash": lash, "eyewhite": globe & ~lash & ~iris, "irides": iris}


def test_a_drawn_eye_is_cut_into_brow_lashes_white_and_iris() -> None:
    rgb, eye, true = drawn_eye()
    found = split_eye(eye, rgb)
    np.testing.assert_array_equal(np.sum(list(found.values()), axis=0), eye)
    for part, mask in found.items():
        assert (mask & true[part.value]).sum() / (mask | true[part.value]).sum() > 0.75, part
    highlight = found[BodyPart.IRIDES][52, 44]
    assert highlight, "what lies inside the iris is the iris's"


@pytest.mark.parametrize("color", [(20, 20, 20), (250, 250, 250), (200, 60, 60)])
def test_an_eye_of_one_colour_stays_whole(color: tuple[int, int, int]) -> None:
    _, eye, _ = drawn_eye()
    assert split_eye(eye, np.full((100, 100, 3), color, np.uint8)) == {}
