"""The files: Cubism Core accepts them, parameters move what they name, every ArtMesh is labelled, hidden pixels are there."""

import json

import numpy as np
import pytest

from data_tools.live2d.reader import OpenedModel
from data_tools.live2d.rendering import render
from data_tools.live2d.synthetic.export import SyntheticModel, synthesize
from liwi.seethrough.body_parts import BodyPart, Side


@pytest.fixture(scope="module")
def labels(synthetic: SyntheticModel) -> dict:
    return json.loads(synthetic.files["labels.json"])


def meshes_of(synthetic: SyntheticModel, labels: dict, *keys: str) -> list[int]:
    ids = [mesh.id for mesh in synthetic.puppet.meshes]
    return [ids.index(name) for name, label in labels["art_meshes"].items() if label["key"] in keys]


def test_core_reads_every_part_mesh_and_parameter(synthetic: SyntheticModel, opened: OpenedModel) -> None:
    model = opened.model
    assert [mesh.id for mesh in model.art_meshes] == [mesh.id for mesh in synthetic.puppet.meshes]
    assert [part.id for part in model.parts] == [part.id for part in synthetic.puppet.parts]
    assert {parameter.id for parameter in model.parameters} == {parameter.id for parameter in synthetic.puppet.parameters}


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(synthetic: SyntheticModel) -> None:
    again = synthesize(1, texture_size=512)
    assert again.files == synthetic.files
    assert synthesize(2, texture_size=512, name=again.name).files["labels.json"] != again.files["labels.json"]


def test_every_mesh_has_a_label(opened: OpenedModel, labels: dict) -> None:
    assert set(labels["art_meshes"]) == {mesh.id for mesh in opened.model.art_meshes}
    assert labels["taxonomy"] == "v3"
    parts = {label["part"] for label in labels["art_meshes"].values()}
    assert parts - {None} <= set(BodyPart)
    assert {label["side"] for label in labels["art_meshes"].values()} == {None, *Side}


@pytest.mark.parametrize(
    ("parameter", "value", "keys", "far"),
    [
        ("ParamAngleX", 30, ("face", "nose", "crown", "back_hair"), 8),
        ("ParamAngleY", -30, ("nose", "crown"), 8),
        ("ParamAngleZ", 30, ("face", "crown", "back_hair"), 20),
        ("ParamBodyAngleX", 10, ("top", "face", "neck"), 8),
        ("ParamBodyAngleZ", -10, ("top", "face"), 8),
        ("ParamBreath", 1, ("top",), 1),
        ("ParamHairFront", 1, ("bangs_0",), 3),
        ("ParamHairBack", 1, ("back_hair",), 3),
        ("ParamEyeLOpen", 0, ("eyewhite_left", "upper_lash_left"), 10),
        ("ParamMouthOpenY", 1, ("mouth_inside",), 5),
        ("ParamMouthOpenY", 0, ("mouth_inside",), 0),
        ("ParamMouthForm", -1, ("mouth_line",), 2),
        ("ParamBrowRY", 1, ("brow_right",), 3),
        ("ParamArmL", 1, ("hand_left", "hand_left_a"), 40),
    ],
)
def test_a_parameter_moves_what_it_names(
    synthetic: SyntheticModel, opened: OpenedModel, labels: dict, parameter: str, value: float, keys: tuple[str, ...], far: float
) -> None:
    rest, posed = opened.model, opened.pose({parameter: value})
    indices = meshes_of(synthetic, labels, *keys)
    assert indices
    for index in indices:
        moved = np.abs(posed.art_meshes[index].vertices - rest.art_meshes[index].vertices).max()
        assert moved >= far


def test_an_eye_closes_alone_and_completely(synthetic: SyntheticModel, opened: OpenedModel, labels: dict) -> None:
    left, right = meshes_of(synthetic, labels, "eyewhite_left"), meshes_of(synthetic, labels, "eyewhite_right")
    posed = opened.pose({"ParamEyeLOpen": 0})

    def height(model, index: int) -> float:
        mesh = model.art_meshes[index]
        middle = np.abs(mesh.vertices[:, 0] - mesh.vertices[:, 0].mean()) < np.ptp(mesh.vertices[:, 0]) * 0.1
        return float(np.ptp(mesh.vertices[middle, 1]))

    assert height(posed, left[0]) < 0.1 * height(opened.model, left[0])
    assert height(posed, right[0]) == pytest.approx(height(opened.model, right[0]))


def test_at_rest_every_shown_pixel_lies_on_the_canvas(opened: OpenedModel) -> None:
    width, height = opened.model.canvas_size
    corners = np.concatenate([mesh.vertices for mesh in opened.model.art_meshes])
    assert corners.min() > 0
    assert corners[:, 0].max() < width
    assert corners[:, 1].max() < height


def test_layers_hold_the_pixels_that_others_hide(synthetic: SyntheticModel, opened: OpenedModel, labels: dict) -> None:
    drawn = {mesh.index: mesh for mesh in render(opened.model, opened.pyramid, 384).meshes}
    for key, least in [("face", 0.25), ("trunk", 0.5), ("crown", 0.3)]:
        (index,) = meshes_of(synthetic, labels, key)
        alpha, visible = drawn[index].rgba[..., 3] > 200, drawn[index].visible < 25
        assert (alpha & visible).sum() > least * alpha.sum(), key


def test_alternative_arms_are_complete_but_hidden_by_the_pose_file() -> None:
    model = next(model for seed in range(3, 40) if "alternative arms" in (model := synthesize(seed, texture_size=256)).figure.choices)
    groups = json.loads(model.files[f"{model.name}.pose3.json"])["Groups"]
    parts = {part.id for part in model.puppet.parts}
    assert len(groups) == 2
    assert all({entry["Id"] for entry in group} <= parts for group in groups)
    meshes = {mesh.part for mesh in model.puppet.meshes}
    assert all({entry["Id"] for entry in group} <= meshes for group in groups)
