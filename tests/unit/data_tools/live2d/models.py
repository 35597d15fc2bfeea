"""Small real Live2D models for tests: squares of one colour, written with our own moc3 writer and read back through Cubism Core."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from data_tools.live2d.moc3_writer import write_moc3
from data_tools.live2d.puppet import ArtMeshSource, Binding, ParameterSource, PartSource, Puppet, num_keyforms

CANVAS = 200
CELL = 64
COLORS = ((255, 0, 0, 255), (0, 0, 255, 255), (0, 255, 0, 128), (255, 255, 255, 255), (64, 64, 64, 255), (0, 0, 0, 0))
RED, BLUE, GLASS, WHITE, GREY, NOTHING = range(len(COLORS))
"""Cells of the texture, each one colour; glass is half transparent green."""

TURN = ParameterSource("ParamAngleX", -30, 30, 0)
NOD = ParameterSource("ParamAngleY", -30, 30, 0)
EYE = ParameterSource("ParamEyeLOpen", 0, 1.5, 1)
PARTS = (PartSource("PartBody"), PartSource("PartHead", "PartBody"), PartSource("PartArmA"), PartSource("PartArmB"))


def texture() -> np.ndarray:
    """(CELL, CELL * number of colours, 4) uint8."""
    return np.concatenate([np.full((CELL, CELL, 4), color, np.uint8) for color in COLORS], axis=1)


def square(name: str, box: tuple[float, float, float, float], cell: int, *, shift: float = 0.0, **changes: Any) -> ArtMeshSource:
    """An ArtMesh of two triangles over a box in canvas pixels.

    Args:
        name: its id.
        box: left, top, right, bottom.
        cell: which colour of the texture.
        shift: how far in pixels it moves to the right at the maximum of ``TURN``, and to the left at the minimum.
        changes: fields of `ArtMeshSource`.
    """
    left, top, right, bottom = box
    corners = (np.array([(left, top), (right, top), (left, bottom), (right, bottom)]) - CANVAS / 2) / CANVAS
    moves = (-shift, 0.0, shift) if shift else (0.0,)
    bindings = (Binding(TURN.id, (-30, 0, 30)),) if shift else ()
    margin = 8 / CELL  # what neighbouring cells bleed in through mip maps stays outside
    u0, u1 = (cell + margin) / len(COLORS), (cell + 1 - margin) / len(COLORS)
    fields: dict[str, Any] = {
        "part": "PartBody",
        "positions": np.stack([corners + np.array([move / CANVAS, 0]) for move in moves]).astype(np.float32),
        "uvs": np.array([(u0, margin), (u1, margin), (u0, 1 - margin), (u1, 1 - margin)], np.float32),
        "triangles": np.array([(0, 1, 2), (1, 3, 2)], np.int32),
        "opacities": np.ones(num_keyforms(bindings), np.float32),
        "bindings": bindings,
    }
    return ArtMeshSource(id=name, **{**fields, **changes})


def puppet(meshes: Sequence[ArtMeshSource], parts: Sequence[PartSource] = PARTS, size: tuple[int, int] = (CANVAS, CANVAS)) -> Puppet:
    """A puppet of these ArtMeshes with the parameters above."""
    return Puppet(size, CANVAS, (CANVAS / 2, CANVAS / 2), tuple(parts), (TURN, NOD, EYE), (), tuple(meshes))


def write_model(folder: Path, meshes: Sequence[ArtMeshSource], *, name: str = "sample", **references: Any) -> Path:
    """Write a model folder: moc3, texture, cdi3 and pose3 (the arms are alternatives); returns the model3.json.

    Args:
        folder: made if it does not exist.
        meshes: back to front where their draw orders are equal.
        name: of the files.
        references: entries that replace those of ``FileReferences``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.moc3").write_bytes(write_moc3(puppet(meshes)))
    Image.fromarray(texture()).save(folder / "texture.png")
    display = {"Parts": [{"Id": "PartHead", "Name": "頭"}], "Parameters": [{"Id": "ParamAngleX", "Name": "角度 X"}]}
    pose = {"Groups": [[{"Id": "PartArmA", "Link": []}, {"Id": "PartArmB", "Link": []}]]}
    (folder / f"{name}.cdi3.json").write_text(json.dumps(display), "utf-8")
    (folder / f"{name}.pose3.json").write_text(json.dumps(pose), "utf-8")
    files = {"Moc": f"{name}.moc3", "Textures": ["texture.png"], "DisplayInfo": f"{name}.cdi3.json", "Pose": f"{name}.pose3.json"}
    groups = [{"Target": "Parameter", "Name": "EyeBlink", "Ids": ["ParamEyeLOpen"]}]
    document = {"Version": 3, "FileReferences": files | references, "Groups": groups, "HitAreas": [{"Id": "hit", "Name": "Body"}]}
    path = folder / f"{name}.model3.json"
    path.write_text(json.dumps(document), "utf-8")
    return path
