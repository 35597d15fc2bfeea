"""Real Live2D models of three squares each, to import, and what a label file says about them."""

import json
from pathlib import Path

import numpy as np

from tests.unit.data_tools.live2d.models import BLUE, GREY, RED, square, write_model

LABELS = {"red": {"part": "face", "side": None}, "blue": {"part": "irides", "side": "left"}, "hit": {"part": None, "side": None}}

OWN_LABELS = json.dumps({"version": 1, "taxonomy": "v3", "art_meshes": LABELS}).encode()
"""Our own label file with these labels."""


def write_squares(folder: Path, left: float) -> Path:
    """Write a model with the ArtMeshes "red", partly covered by "blue", and "hit", which is not shown; it is called like its folder.

    Args:
        folder: does not exist yet.
        left: where "red" begins, so that another place makes another model.
    """
    meshes = [
        square("red", (left, 20, 140, 140), RED),
        square("blue", (40, 40, 180, 120), BLUE),
        square("hit", (10, 10, 60, 60), GREY, opacities=np.zeros(1, np.float32)),
    ]
    return write_model(folder, meshes, name=folder.name)
