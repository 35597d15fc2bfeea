"""Pseudo-depth: 1 is nearest, equal where nothing overlaps, monotone in the draw order."""

from pathlib import Path

import numpy as np
import pytest

from data_tools.live2d.pseudo_depth import normalised, order_depth, overlap_depth, overlap_levels
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import RenderedCharacter, render
from tests.unit.data_tools.live2d.models import BLUE, CANVAS, GLASS, NOTHING, RED, square, write_model


def rendered(folder: Path, *meshes: object) -> RenderedCharacter:
    with open_model(write_model(folder, meshes)) as character:  # type: ignore[arg-type]
        return render(character.model, character.pyramid, CANVAS)


@pytest.fixture(scope="module")
def character(tmp_path_factory: pytest.TempPathFactory) -> RenderedCharacter:
    return rendered(
        tmp_path_factory.mktemp("depth"),
        square("body", (20, 20, 180, 180), RED),
        square("left eye", (40, 40, 60, 60), BLUE),
        square("right eye", (140, 40, 160, 60), BLUE),
        square("hidden", (40, 40, 60, 60), BLUE, opacities=np.zeros(1, np.float32)),
        square("clear", (40, 40, 60, 60), NOTHING),
        square("glass", (30, 30, 70, 70), GLASS),
        square("far", (0, 0, 10, 10), BLUE),
        square("front", (0, 0, 180, 180), GLASS),
    )


def by_id(character: RenderedCharacter, values: np.ndarray) -> dict[str, float]:
    return {mesh.id: float(values[mesh.index]) for mesh in character.model.art_meshes}


def test_order_depth_runs_from_the_farthest_to_the_nearest(character: RenderedCharacter) -> None:
    depth = by_id(character, order_depth(character))
    assert (depth["body"], depth["front"]) == (0, 1)
    assert np.isnan(depth["hidden"])
    assert np.isnan(depth["clear"]), "it is drawn, but leaves no pixel"
    drawn = [order_depth(character)[mesh.index] for mesh in character.meshes]
    assert (np.diff(drawn) > 0).all()


def test_levels_grow_only_where_meshes_overlap(character: RenderedCharacter) -> None:
    levels = by_id(character, overlap_levels(character))
    assert levels == {"body": 1, "left eye": 2, "right eye": 2, "hidden": 0, "clear": 0, "glass": 3, "far": 3, "front": 4}


def test_overlap_depth_is_normalised_and_never_falls_towards_the_viewer(character: RenderedCharacter) -> None:
    depth = overlap_depth(character)
    assert by_id(character, depth)["left eye"] == pytest.approx(1 / 3)
    assert np.isnan(by_id(character, depth)["clear"])
    in_order = [depth[mesh.index] for mesh in character.meshes if not np.isnan(depth[mesh.index])]
    assert (np.diff(in_order) >= 0).all()
    assert (np.nanmin(depth), np.nanmax(depth)) == (0, 1)


def test_faint_pixels_do_not_count_as_overlap(tmp_path: Path) -> None:
    faint = rendered(tmp_path, square("a", (0, 0, 50, 50), RED), square("b", (0, 0, 50, 50), GLASS, opacities=np.float32([0.15])))
    assert overlap_levels(faint).tolist() == [1, 0]
    assert overlap_levels(faint, min_alpha=10).tolist() == [1, 2]


def test_values_that_are_all_equal_or_none_are_nearest() -> None:
    np.testing.assert_array_equal(normalised(np.array([3.0, np.nan, 3.0])), [1, np.nan, 1])
    assert np.isnan(normalised(np.array([np.nan]))).all()
    assert normalised(np.array([])).size == 0
