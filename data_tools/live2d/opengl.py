"""The character as live2d-py draws it, with Mesa's software OpenGL: the reference that the rasteriser is measured against.

Runs in a process of its own (`opengl_worker`) on a copy of the model that this module writes into a temporary folder: the moc3 and
textures that have been checked, under names of our own. Needs EGL and Mesa's software driver on the system; see `OpenGLUnavailable`.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.core_process import deadline
from data_tools.live2d.description import UnreadableModel
from data_tools.live2d.framing import BrokenMessage, receive, send
from data_tools.live2d.reader import OpenedModel
from data_tools.live2d.textures import decode
from data_tools.live2d.view import View
from liwi.errors import EngineUnavailable
from liwi.export.png import encode

MEMORY_MEGABYTES = 8192
START_SECONDS, DRAW_SECONDS = 60.0, 120.0
_ROOT = Path(__file__).resolve().parents[2]


class OpenGLUnavailable(EngineUnavailable):
    """live2d-py cannot draw on this machine."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"live2d-py cannot draw here ({reason}). It needs EGL and Mesa's software OpenGL: "
            "apt-get install libegl1 libgl1-mesa-dri libx11-6 libxext6"
        )


def draw_with_opengl(character: OpenedModel, parameters: Mapping[str, float], view: View, *, bleed: bool = False) -> NDArray[np.uint8]:
    """Draw a model with live2d-py.

    Args:
        character: the opened model.
        parameters: changed from rest, as for `OpenedModel.pose`.
        view: what the picture shows.
        bleed: spread the textures' colours under their transparent edges first. live2d-py samples straight alpha, so
            without it the colour of invisible texels leaks into every edge as a dark fringe.

    Returns:
        (H, W, 4) uint8, premultiplied; added light may exceed the alpha.

    Raises:
        OpenGLUnavailable: EGL, a driver or live2d-py is missing.
        UnreadableModel: drawing it crashes or takes longer than two minutes.
    """
    side = max(view.size)
    width, height = view.size
    origin_x, origin_y = character.model.origin
    request = {
        "size": [side, side],
        "scale": view.scale * character.model.canvas_size[1] / side,
        "offset": [2 * (origin_x - view.left) * view.scale / side - 1, 1 - 2 * (origin_y - view.top) * view.scale / side],
        "parameters": dict(parameters),
    }
    with _copy(character, bleed) as path, _worker() as process:
        answer = _ask(process, {**request, "model": str(path)})
    return np.frombuffer(answer["pixels"], np.uint8).reshape(side, side, 4)[:height, :width]


def _ask(process: "subprocess.Popen[bytes]", request: dict[str, Any]) -> dict[str, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    started = False
    with deadline(process, START_SECONDS + DRAW_SECONDS) as expired:
        try:
            header, _ = receive(process.stdout)
            if "refused" in header:
                raise OpenGLUnavailable(str(header["refused"])[:200])
            started = True
            send(process.stdin, request)
            return receive(process.stdout)[1]
        except (BrokenMessage, OSError) as error:
            if not started:
                raise OpenGLUnavailable("its process ended at once") from error
            raise UnreadableModel("live2d-py did not finish drawing it" if expired.is_set() else "live2d-py crashed on it") from error


@contextlib.contextmanager
def _worker() -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "data_tools.live2d.opengl_worker", str(MEMORY_MEGABYTES)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=_ROOT, env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@contextlib.contextmanager
def _copy(character: OpenedModel, bleed: bool) -> Iterator[Path]:
    """The model in a temporary folder: a model3.json of ours, the moc3, the textures, the pose groups."""
    with tempfile.TemporaryDirectory(prefix="liwi-live2d-") as name:
        folder = Path(name)
        manifest, source = character.manifest, character.source
        (folder / "model.moc3").write_bytes(source.read(manifest.moc))
        textures = [f"{index}.png" for index in range(len(manifest.textures))]
        for target, texture in zip(textures, manifest.textures, strict=True):
            pixels = decode(source.read(texture), texture)
            (folder / target).write_bytes(encode(_bled(pixels) if bleed else pixels))
        groups = [[{"Id": entry.part_id, "Link": list(entry.links)} for entry in group] for group in manifest.pose_groups]
        references: dict[str, Any] = {"Moc": "model.moc3", "Textures": textures}
        if groups:
            (folder / "model.pose3.json").write_text(json.dumps({"Type": "Live2D Pose", "FadeInTime": 0.0, "Groups": groups}), "utf-8")
            references["Pose"] = "model.pose3.json"
        path = folder / "model.model3.json"
        path.write_text(json.dumps({"Version": 3, "FileReferences": references}), "utf-8")
        yield path


def _bled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give every texel without alpha the colour of the nearest one that has some."""
    from scipy import ndimage

    empty = pixels[..., 3] == 0
    if empty.all() or not empty.any():
        return pixels
    rows, columns = ndimage.distance_transform_edt(empty, return_distances=False, return_indices=True)
    return np.dstack([pixels[rows, columns, :3], pixels[..., 3]])
