"""A sheet of degraded foregrounds for the documents: objects drawn by code, and what the auxiliary path starts from."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from data_tools.scenes import SceneSettings, draw_scenes
from liwi.evaluation.pictures import on_checkerboard
from liwi.layering.degradation import Degradation, degrade

UInt8 = NDArray[np.uint8]

_SIDE = 176
_MARGIN, _TITLE = 8, 18

COLUMNS: dict[str, Degradation | None] = {
    "truth": None,
    "eroded": Degradation(erode=5),
    "dilated, own colours": Degradation(grow=6, bleed=0.0),
    "dilated, source's colours": Degradation(grow=6),
    "blurred": Degradation(blur=6.0),
    "grown, then eroded": Degradation(grow=5, erode=9),
    "the same in spots": Degradation(grow=5, erode=9, spots=36.0, seed=1),
}
"""What the sheet shows, from left to right after the source."""


def draw_sheet(*, rows: int = 4, seed: int = 3) -> UInt8:
    """(H, W, 3) uint8: a row per object, a column per degradation, on a checkerboard.

    Args:
        rows: how many objects.
        seed: other objects.
    """
    scenes = draw_scenes(rows, SceneSettings(sizes=((_SIDE, _SIDE),), foregrounds=(1.0,), heights=(0.6, 0.85)), seed=seed)
    lines = []
    for scene in scenes:
        (truth,) = scene.foregrounds
        shown = [truth if each is None else degrade(truth, scene.source, each) for each in COLUMNS.values()]
        lines.append(np.concatenate([_framed(scene.source), *(_framed(on_checkerboard(rgba)) for rgba in shown)], axis=1))
    return np.concatenate([_titles(["source", *COLUMNS]), *lines])


def write_sheet(path: Path) -> None:
    """Write the sheet as WebP, PNG or JPEG, by the ending of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_sheet()).save(path, quality=88)


def _framed(pixels: UInt8) -> UInt8:
    return np.pad(pixels, ((0, _MARGIN), (0, _MARGIN), (0, 0)), constant_values=255)


def _titles(names: list[str]) -> UInt8:
    """A line of text above the columns."""
    line = Image.new("RGB", (len(names) * (_SIDE + _MARGIN), _TITLE), "white")
    pen = ImageDraw.Draw(line)
    for place, name in enumerate(names):
        pen.text((place * (_SIDE + _MARGIN) + 2, 3), name, fill="black")
    return np.asarray(line)
