"""``live2d info`` and ``live2d render``: what they print, what they write, and how they fail."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from data_tools.__main__ import app
from tests.unit.data_tools.live2d.models import BLUE, GLASS, RED, square, write_model

MESHES = (
    square("back", (20, 20, 180, 180), RED, shift=20),
    square("behind", (40, 40, 80, 80), GLASS, part="PartHead"),
    square("arm b", (0, 0, 50, 50), BLUE, part="PartArmB"),
    square("front", (40, 40, 80, 80), BLUE, part="PartHead"),
)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["live2d", *map(str, arguments)])


def picture(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA) if pixels.ndim == 3 else pixels


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), MESHES)


@pytest.fixture(scope="module")
def written(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "render"
    result = call("render", model, out, "--size", 100)
    assert result.exit_code == 0, result.output
    return out


def test_render_writes_what_it_says(written: Path) -> None:
    names = sorted(path.relative_to(written).as_posix() for path in written.rglob("*.*"))
    pieces = [f"{folder}/{index}.png" for folder in ("meshes", "visible") for index in (0, 1, 3)]
    assert names == sorted(["composite.png", "model.json", "top_mesh.png", *pieces])


def test_the_files_fit_together(written: Path) -> None:
    document = json.loads((written / "model.json").read_text("utf-8"))
    composite, top_mesh = picture(written / "composite.png"), picture(written / "top_mesh.png")
    assert (composite.shape, composite.dtype) == ((100, 100, 4), np.uint8)
    assert (top_mesh.shape, top_mesh.dtype) == ((100, 100), np.uint16)
    assert composite[30, 30].tolist() == [0, 0, 255, 255]
    assert (top_mesh[30, 30], top_mesh[60, 60], top_mesh[2, 2]) == (4, 1, 0)
    for index, mesh in enumerate(document["art_meshes"]):
        if mesh["box"] is None:
            assert mesh["id"] == "arm b"
            continue
        left, top, right, bottom = mesh["box"]
        pixels, visible = picture(written / f"meshes/{index}.png"), picture(written / f"visible/{index}.png")
        assert pixels.shape == (bottom - top, right - left, 4)
        assert visible.shape == pixels.shape[:2]
        assert mesh["visible_pixels"] == pytest.approx(visible.sum() / 255, abs=0.01)
    assert document["art_meshes"][1]["visible_pixels"] == 0


def test_the_description_holds_tree_names_orders_and_depths(written: Path) -> None:
    document = json.loads((written / "model.json").read_text("utf-8"))
    assert document["parts"][1] == {"id": "PartHead", "name": "頭", "parent": 0, "opacity": 1.0, "offscreen": False}
    front, hidden = document["art_meshes"][3], document["art_meshes"][2]
    assert front["part_path"] == ["PartBody", "PartHead"]
    assert front["pseudo_depth"] == {"order": 1.0, "overlap": 1.0}
    assert hidden["pseudo_depth"] == {"order": None, "overlap": None}
    assert (document["pose"], document["size"], document["view"]["scale"]) == ("rest", [100, 100], 0.5)
    assert document["parameters"][0]["value"] == 0


def test_a_pose_and_single_parameters_are_applied(model: Path, tmp_path: Path) -> None:
    boxes = {}
    for name, options in {"left": ["--pose", "angle-left"], "set": ["--pose", "angle-left", "--set", "ParamAngleX=15"]}.items():
        assert call("render", model, tmp_path / name, "--size", 200, *options).exit_code == 0
        boxes[name] = json.loads((tmp_path / name / "model.json").read_text("utf-8"))["art_meshes"][0]["box"]
    assert boxes == {"left": [0, 20, 160, 180], "set": [30, 20, 190, 180]}


def test_a_picture_of_the_figure_leaves_the_rest_of_the_canvas_out(model: Path, tmp_path: Path) -> None:
    assert call("render", model, tmp_path / "out", "--size", 100, "--figure").exit_code == 0
    document = json.loads((tmp_path / "out" / "model.json").read_text("utf-8"))
    assert document["art_meshes"][0]["box"] == [4, 4, 96, 96]


def test_names_that_are_no_unicode_are_shown_and_written(tmp_path: Path) -> None:
    name = b"t\xff\x1b[31m.png".decode("utf-8", "surrogateescape")
    path = write_model(tmp_path / "model", MESHES, Textures=["t\udcff\x1b[31m.png"])
    (tmp_path / "model" / "texture.png").rename(tmp_path / "model" / name)
    shown = call("info", path)
    assert shown.exit_code == 0, shown.output
    assert "\x1b" not in shown.output
    assert call("render", path, tmp_path / "out", "--size", 20).exit_code == 0
    assert json.loads((tmp_path / "out" / "model.json").read_text("utf-8"))["textures"][0]["name"] == name


def test_parts_of_a_pose_that_a_model_lacks_are_said(model: Path, tmp_path: Path) -> None:
    result = call("render", model, tmp_path / "out", "--size", 20, "--pose", "angle-left+mouth-open")
    assert result.exit_code == 0
    assert "no parameter for opening the mouth" in result.output


def test_a_render_replaces_an_earlier_one_and_nothing_else(model: Path, tmp_path: Path) -> None:
    assert call("render", model, tmp_path / "out", "--size", 20).exit_code == 0
    assert call("render", model, tmp_path / "out", "--size", 30).exit_code == 0
    assert picture(tmp_path / "out" / "composite.png").shape == (30, 30, 4)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.json").write_text("[]")
    result = call("render", model, tmp_path / "mine", "--size", 20)
    assert result.exit_code == 1
    assert "holds other things" in result.output
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["model.json"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pose", "sideways"], "no pose 'sideways'"),
        (["--set", "ParamAngleX"], "--set takes ID=VALUE"),
        (["--set", "ParamAngleX=much"], "--set takes ID=VALUE"),
        (["--set", "ParamX=1"], "no parameter 'ParamX'"),
        (["--set", "ParamAngleX=nan"], "must be a number"),
    ],
)
def test_wrong_options_are_explained(model: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = call("render", model, tmp_path / "out", *options)
    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "out").exists()


def test_info_shows_the_tree_and_which_poses_are_missing(model: Path) -> None:
    lines = call("info", model).output.splitlines()
    assert lines[0] == "sample: moc3 version 1, canvas 200 x 200"
    assert "- PartBody: 1 ArtMeshes" in lines
    assert "  - PartHead 頭: 2 ArtMeshes" in lines
    assert "- PartArmB: 1 ArtMeshes, hidden" in lines
    assert "turning the body sideways (ParamBodyAngleX)" in lines[-1]
    assert "eyes" not in lines[-1]


def test_info_as_json_can_be_read(model: Path) -> None:
    document = json.loads(call("info", model, "--json").output)
    assert [mesh["id"] for mesh in document["art_meshes"]] == ["back", "behind", "arm b", "front"]


def test_a_model_that_is_none_ends_with_its_error(tmp_path: Path) -> None:
    result = call("info", tmp_path / "nothing")
    assert result.exit_code == 1
    assert "There is no file or folder 'nothing'" in result.output
