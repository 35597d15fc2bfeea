"""Scenes drawn by code: repeatable, exact, and each shadow known."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from data_tools.__main__ import app
from data_tools.dataset import read_sample, verify_dataset
from data_tools.samples import LayeredSample
from data_tools.scenes import SceneSettings, draw_scenes, own_shadows

SETTINGS = SceneSettings(sizes=((64, 48), (48, 64)), foregrounds=(0.0, 1.0))


@pytest.fixture(scope="module")
def scenes() -> list[LayeredSample]:
    return list(draw_scenes(6, SETTINGS, seed=4))


def test_the_same_seed_gives_the_same_scenes(scenes: list[LayeredSample]) -> None:
    again = list(draw_scenes(2, SETTINGS, seed=4))
    assert all((one.source == two.source).all() and one.facts == two.facts for one, two in zip(scenes, again, strict=False))
    (other,) = draw_scenes(1, SETTINGS, seed=5)
    assert other.source.shape != scenes[0].source.shape or (other.source != scenes[0].source).any()


def test_objects_are_seen_lie_in_their_boxes_and_cast_shadows(scenes: list[LayeredSample]) -> None:
    assert {scene.size for scene in scenes} == {(64, 48), (48, 64)}
    assert max(len(scene.foregrounds) for scene in scenes) == 2
    for scene in scenes:
        for rgba, box in zip(scene.foregrounds, scene.boxes, strict=True):
            outside = rgba[..., 3].copy()
            outside[box.slices] = 0
            assert not outside.any()
            assert rgba[..., 3].sum() > 0.03 * 255 * 64 * 48
    assert np.mean([(scene.shadow_factor < 60_000).any() for scene in scenes]) > 0.5


def test_each_object_s_own_shadow_is_known(scenes: list[LayeredSample]) -> None:
    scene = next(each for each in scenes if len(each.foregrounds) == 2)
    first, second = (own_shadows(scene, [place]) for place in (0, 1))
    assert first is not None
    assert second is not None
    product = first.astype(np.float64) * second / 65535
    assert np.abs(product - scene.shadow_factor).max() <= 2
    assert own_shadows(scene, [0, 1]) is scene.shadow_factor
    silent = LayeredSample("x", scene.background, scene.foregrounds, scene.boxes, scene.shadow_factor, "scene")
    assert own_shadows(silent, [0]) is None


def test_the_command_writes_a_dataset_that_reads_back(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["scenes", str(tmp_path / "s"), "--count", "2", "--size", "48x48", "--layers", "0,1", "--seed", "1"])
    assert run.exit_code == 0, run.output
    assert verify_dataset(tmp_path / "s") == []
    (drawn,) = draw_scenes(1, SceneSettings(sizes=((48, 48),), foregrounds=(0.0, 1.0)), seed=1)
    read = read_sample(tmp_path / "s", drawn.name)
    assert (read.source == drawn.source).all()
    assert np.array_equal(np.asarray(own_shadows(read, [0])), np.asarray(own_shadows(drawn, [0])))


@pytest.mark.parametrize("arguments", [["--size", "64"], ["--size", "9x9"], ["--layers", "0,0"], ["--layers", "x"]])
def test_impossible_scenes_are_refused(tmp_path: Path, arguments: list[str]) -> None:
    run = CliRunner().invoke(app, ["scenes", str(tmp_path / "s"), *arguments])
    assert run.exit_code != 0
    assert not (tmp_path / "s").exists()


def test_the_sheet_of_degradations_is_a_picture_of_all_kinds(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["degradations", str(tmp_path / "sheet.png")])
    assert run.exit_code == 0, run.output
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 8 * 184
        cells = [np.asarray(sheet.crop((184 * place, 18, 184 * place + 176, 194))) for place in range(1, 8)]
    assert all((cell != cells[0]).any() for cell in cells[1:])
