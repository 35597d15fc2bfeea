"""Another order of drawing: what nobody moved stays in its order, at every pose, and what was moved is drawn where it was put."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_tools.live2d.model import Live2DModel
from data_tools.live2d.ordering import LAST_ORDER, order_at_rest, reordered
from data_tools.live2d.pseudo_depth import order_depth
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import render
from data_tools.live2d.scene import drawing_steps
from tests.unit.data_tools.live2d.models import BLUE, CANVAS, GLASS, RED, WHITE, square, write_model
from tests.unit.data_tools.live2d.test_blending import grouped, offscreen

SQUARES = (
    square("red", (20, 20, 120, 120), RED),
    square("blue", (40, 40, 140, 140), BLUE),
    square("glass", (60, 60, 160, 160), GLASS),
    square("white", (80, 80, 180, 180), WHITE),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Live2DModel:
    """Four overlapping squares, all with the draw order 500."""
    with open_model(write_model(tmp_path_factory.mktemp("squares"), SQUARES)) as opened:
        return opened.model


def drawn(model: Live2DModel) -> list[str]:
    """Ids back to front."""
    return [mesh.id for mesh in model.back_to_front]


def in_order(model: Live2DModel, *ids: str) -> Live2DModel:
    """The model as a pose in which the artist wants this order."""
    return replace(model, art_meshes=tuple(replace(mesh, render_order=ids.index(mesh.id)) for mesh in model.art_meshes))


def test_where_nothing_is_moved_the_pose_is_the_same(model: Live2DModel) -> None:
    assert reordered(model, model, {}) is model
    assert reordered(model, model, {"somebody else's": 0}) is model


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ({"white": 0}, "white red blue glass"),
        ({"white": 1500}, "red white blue glass"),
        ({"red": 3500}, "blue glass red white"),
        ({"red": LAST_ORDER}, "blue glass white red"),
        ({"red": 3500, "white": 3200}, "blue glass white red"),
        ({"red": 3500, "white": 3500}, "blue glass red white"),
        ({"white": order_at_rest(1)}, "red blue white glass"),
        ({"red": order_at_rest(1)}, "red blue glass white"),
        ({"red": 4, "blue": 3, "glass": 2, "white": 1}, "white glass blue red"),
    ],
)
def test_an_order_between_two_places_lies_between_them(model: Live2DModel, orders: dict[str, int], expected: str) -> None:
    found = reordered(model, model, orders)
    assert drawn(found) == expected.split()
    assert sorted(mesh.render_order for mesh in found.art_meshes) == [0, 1, 2, 3]


def test_it_is_drawn_as_if_the_artist_had_wanted_it(tmp_path: Path) -> None:
    red, blue, glass, white = SQUARES
    with (
        open_model(write_model(tmp_path / "moved", SQUARES)) as opened,
        open_model(write_model(tmp_path / "so", (blue, glass, red, white))) as so,
    ):
        moved = render(reordered(opened.model, opened.model, {"red": 3500}), opened.pyramid, CANVAS)
        wanted = render(so.model, so.pyramid, CANVAS)
    np.testing.assert_array_equal(moved.rgba, wanted.rgba)
    depths = order_depth(moved)
    assert {mesh.id: round(float(depths[mesh.index]), 2) for mesh in moved.model.art_meshes} == {
        "blue": 0,
        "glass": 0.33,
        "red": 0.67,
        "white": 1,
    }


def test_in_a_pose_it_goes_along_with_what_lies_behind_it_at_rest(model: Live2DModel) -> None:
    posed = in_order(model, "glass", "blue", "red", "white")
    assert drawn(reordered(posed, model, {"white": 1500})) == ["glass", "blue", "red", "white"]
    assert drawn(reordered(posed, model, {"red": 3500})) == ["glass", "red", "blue", "white"]
    assert drawn(reordered(posed, model, {"red": 500})) == ["red", "glass", "blue", "white"]


def test_parts_that_are_drawn_as_a_whole_stay_whole() -> None:
    model = grouped(offscreen(0, 1), offscreen(1, 2))  # 0, (1, (2)), 3
    names = {mesh.index: mesh.id for mesh in model.art_meshes}

    def order(orders: dict[int, int]) -> list[list[int]]:
        moved = {names[index]: value for index, value in orders.items()}
        steps, depth = drawing_steps(reordered(model, model, moved))
        assert (len(steps), depth) == (8, 2)
        return [step for step in steps.tolist() if step[0] == 0]

    assert order({0: 2500}) == [[0, 1], [0, 2], [0, 0], [0, 3]], "not into the middle of the part"
    assert order({2: 0}) == [[0, 0], [0, 2], [0, 1], [0, 3]], "not out of the part"
    assert order({1: LAST_ORDER}) == [[0, 0], [0, 2], [0, 1], [0, 3]]
    assert order({3: 0}) == [[0, 3], [0, 0], [0, 1], [0, 2]]
