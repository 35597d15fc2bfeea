"""Our drawing against live2d-py's own, where the machine has EGL and Mesa's software OpenGL."""

from pathlib import Path

import numpy as np
import pytest

from data_tools.live2d.opengl import OpenGLUnavailable, draw_with_opengl
from data_tools.live2d.puppet import Blend
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import render
from data_tools.live2d.view import View
from tests.unit.data_tools.live2d.models import BLUE, GLASS, GREY, RED, WHITE, square, write_model

TILTED = np.float32([[(-0.4, -0.3), (0.35, -0.42), (-0.3, 0.41), (0.4, 0.28)]])

MESHES = (
    square("back", (10, 15, 190, 185), RED, shift=20),
    square("tilted", (0, 0, 1, 1), GREY, positions=TILTED),
    square("arm b", (0, 0, 200, 200), BLUE, part="PartArmB"),
    square("clipped", (0, 0, 100, 150), GLASS, clipped_by=("tilted",)),
    square("outside", (90, 100, 200, 190), WHITE, clipped_by=("tilted",), inverted_mask=True),
    square("light", (60, 20, 140, 60), BLUE, blend=Blend.ADD, opacities=np.float32([0.6])),
    square("shade", (20, 120, 120, 160), GREY, blend=Blend.MULTIPLY),
    square("behind", (5, 5, 60, 60), BLUE, draw_order=100),
)


@pytest.mark.parametrize("angle", [0, -30])
def test_both_draw_the_same_picture(tmp_path: Path, angle: float) -> None:
    with open_model(write_model(tmp_path, MESHES)) as character:
        view = View((300, 260), 1.4, 2, 11)
        try:
            reference = draw_with_opengl(character, {"ParamAngleX": angle}, view)
        except OpenGLUnavailable as error:
            pytest.skip(str(error))
        ours = render(character.pose({"ParamAngleX": angle}), character.pyramid, view).over((1, 1, 1))
    theirs = np.clip(reference[..., :3] + 255.0 - reference[..., 3:], 0, 255)
    assert reference.shape == (260, 300, 4)
    difference = np.abs(ours - theirs).max(axis=2)
    assert (difference > 2).mean() < 0.004, "only the edges of clipped ArtMeshes differ: live2d-py's masks are coarse"
    assert ours.std() > 40
