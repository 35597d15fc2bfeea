"""Measure the rasteriser against live2d-py's own drawing: ``python -m tests.measure_live2d MODELS``.

For every model below the folder: PSNR at 1024 x 1024 on white at rest and in the nine directions (the worst), seconds for a drawn pose,
and seconds for writing the nine poses. Needs EGL and Mesa's software OpenGL.
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from data_tools.live2d.opengl import draw_with_opengl
from data_tools.live2d.poses import NINE_DIRECTIONS, pose_parameters
from data_tools.live2d.reader import OpenedModel, open_model
from data_tools.live2d.rendering import render
from data_tools.live2d.view import View
from data_tools.live2d.writing import write_character

SIZE = 1024


def fidelity(character: OpenedModel, parameters: dict[str, float]) -> float:
    """PSNR in dB of the whole picture on white."""
    view = View.square(character.model, SIZE)
    reference = draw_with_opengl(character, parameters, view)
    theirs = np.clip(reference[..., :3] + 255.0 - reference[..., 3:], 0, 255)
    ours = render(character.pose(parameters), character.pyramid, view).over((1, 1, 1))
    return float(10 * np.log10(255**2 / max(np.mean((ours - theirs) ** 2), 1e-9)))


def measure(path: Path) -> str:
    """One line about one model."""
    with open_model(path) as character:
        poses = [pose_parameters(character.model, pose).values for pose in NINE_DIRECTIONS]
        fidelities = [fidelity(character, values) for values in poses]
        seconds = []
        for values in poses:
            began = time.perf_counter()
            render(character.pose(values), character.pyramid, SIZE)
            seconds.append(time.perf_counter() - began)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            for index, values in enumerate(poses):
                write_character(Path(folder) / str(index), render(character.pose(values), character.pyramid, SIZE))
        written = time.perf_counter() - began
        return (
            f"{character.model.name}: {len(character.model.art_meshes)} ArtMeshes, rest {fidelities[0]:.1f} dB, worst of nine poses "
            f"{min(fidelities):.1f} dB, a pose {np.median(seconds):.3f} s, nine poses written {written:.1f} s"
        )


if __name__ == "__main__":
    for model in sorted(Path(sys.argv[1]).rglob("*.model3.json")):
        print(measure(model), flush=True)
