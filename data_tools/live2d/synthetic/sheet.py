"""A contact sheet: characters side by side, drawn by the project's own renderer from their files."""

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_tools.live2d.model import Live2DModel
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import render
from data_tools.live2d.view import View

_COLUMNS = 6
_CELL = (300, 430)
_MARGIN = 12
_LIVELINESS = {
    "ParamAngleX": 16.0,
    "ParamAngleY": 10.0,
    "ParamAngleZ": 12.0,
    "ParamBodyAngleZ": 4.0,
    "ParamHairBack": 0.5,
    "ParamHairSide": 0.5,
    "ParamArmL": 0.5,
    "ParamArmR": 0.5,
}
"""How far the characters of a sheet may differ from rest, so that they look alive."""


def draw_sheet(models: Sequence[Path], *, columns: int = _COLUMNS, cell: tuple[int, int] = _CELL) -> NDArray[np.uint8]:
    """Characters in rows, each as large as its cell allows, on pale cards.

    Args:
        models: paths of .model3.json files.
        cell: ``(width, height)`` of a card in pixels.

    Returns:
        (H, W, 3) uint8.

    Raises:
        InputError: a model cannot be read.
    """
    width, height = cell
    rows = -(-len(models) // columns)
    sheet = np.full((rows * (height + _MARGIN) + _MARGIN, columns * (width + _MARGIN) + _MARGIN, 3), 255, np.uint8)
    for index, path in enumerate(models):
        row, column = divmod(index, columns)
        y, x = _MARGIN + row * (height + _MARGIN), _MARGIN + column * (width + _MARGIN)
        sheet[y : y + height, x : x + width] = _draw_card(path, cell, index)
    return sheet


def write_sheet(models: Sequence[Path], path: Path) -> None:
    """Writes the sheet of these models as WebP, PNG or JPEG, by the ending of ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_sheet(models)).save(path, quality=88)


def _draw_card(path: Path, cell: tuple[int, int], index: int) -> NDArray[np.uint8]:
    random = Random(index)
    with open_model(path) as opened:
        known = opened.model.parameter_index
        values = {name: random.uniform(-reach, reach) for name, reach in _LIVELINESS.items() if name in known}
        posed = opened.pose({name: max(value, 0.0) if "Arm" in name else value for name, value in values.items()})
        drawn = render(posed, opened.pyramid, _framed(posed, cell))
    top, bottom = np.array([244, 246, 251], float), np.array([228, 231, 242], float)
    paper = np.linspace(top, bottom, cell[1])[:, None] + np.zeros((1, cell[0], 1))
    alpha = drawn.premultiplied[..., 3:]
    return np.rint(np.clip(drawn.premultiplied[..., :3] * 255 + (1 - alpha) * paper, 0, 255)).astype(np.uint8)


def _framed(model: Live2DModel, cell: tuple[int, int]) -> View:
    """The whole figure, standing on the lower edge of the card, in its middle."""
    corners = np.concatenate([mesh.vertices for mesh in model.art_meshes if mesh.drawn and not mesh.clipped_by])
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = float(min(cell[1] * 0.95 / (high - low)[1], cell[0] * 1.15 / (high - low)[0]))  # wings may leave the card
    left = float((low[0] + high[0]) / 2 - cell[0] / scale / 2)
    return View(cell, scale, left, float(high[1] - cell[1] * 0.975 / scale))
