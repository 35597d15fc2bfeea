"""Fragments painted and packed into one texture, and the grids of triangles that carry them."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.synthetic.curves import Points
from data_tools.live2d.synthetic.drawing import Box
from data_tools.live2d.synthetic.figure import Fragment

_GAP = 4
"""Empty texture pixels around each fragment, so that sampling never reaches its neighbour."""
_CELL = 95.0
"""Side of a mesh's grid cells in canvas pixels, unless a fragment asks for finer ones."""
_MAX_CELLS = 14


@dataclass(frozen=True, eq=False)
class Atlas:
    """One texture.

    Attributes:
        rgba: (S, S, 4) uint8 straight RGBA; under alpha 0 the colours of the nearest fragment go on, so that mip-mapping leaves no fringe.
        scale: texture pixels per canvas pixel.
        boxes: of each fragment on the canvas: left, top, right, bottom in pixels.
        corners: upper left texture pixel of each fragment.
        alphas: (H, W) uint8 of each fragment, at the texture's scale.
    """

    rgba: NDArray[np.uint8]
    scale: float
    boxes: dict[str, Box]
    corners: dict[str, tuple[int, int]]
    alphas: dict[str, NDArray[np.uint8]]

    def uvs(self, key: str, points: Points) -> NDArray[np.float32]:
        """Where canvas points of a fragment lie in the texture, in [0, 1] with v down."""
        left, top, _, _ = self.boxes[key]
        pixels = (points - np.array([left, top])) * self.scale + np.array(self.corners[key])
        return (pixels / self.rgba.shape[0]).astype(np.float32)


def pack(fragments: list[Fragment], size: int) -> Atlas:
    """Paints every fragment as large as fits all of them into a texture of ``size`` x ``size``, at most at the canvas's own scale."""
    boxes = {fragment.key: fragment.drawing.box for fragment in fragments}
    scale = 1.0
    while (corners := _place({key: _extent(box, scale) for key, box in boxes.items()}, size)) is None:
        scale *= 0.965
    rgba = np.zeros((size, size, 4), np.uint8)
    painted, alphas = {}, {}
    for fragment in fragments:
        pixels, painted[fragment.key] = fragment.drawing.render(scale)
        x, y = corners[fragment.key]
        rgba[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
        alphas[fragment.key] = pixels[..., 3]
    return Atlas(bleed(rgba), scale, painted, corners, alphas)


def _extent(box: Box, scale: float) -> tuple[int, int]:
    """Upper bounds of the painted width and height."""
    return int((box[2] - box[0]) * scale) + 7 + _GAP, int((box[3] - box[1]) * scale) + 7 + _GAP


def _place(extents: dict[str, tuple[int, int]], size: int) -> dict[str, tuple[int, int]] | None:
    """Skyline packing, tallest first; None if it does not fit."""
    heights = np.zeros(size, np.int32)
    corners = {}
    for key in sorted(extents, key=lambda name: (-extents[name][1], -extents[name][0], name)):
        width, height = extents[key]
        if width + _GAP > size:
            return None
        tops = np.lib.stride_tricks.sliding_window_view(heights[_GAP:], width).max(axis=1)
        x = int(tops.argmin())
        y = int(tops[x]) + _GAP
        if y + height > size:
            return None
        corners[key] = (x + _GAP, y)
        heights[x + _GAP : x + _GAP + width] = y + height - _GAP
    return corners


def bleed(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lets colours go on under alpha 0: each level of a pyramid of premultiplied means fills the holes of the finer one.

    Args:
        rgba: (S, S, 4) uint8 straight.

    Returns:
        A picture with the same alpha, whose colours under alpha above 0 are unchanged.
    """
    alpha = rgba[..., 3:].astype(np.float32) / 255
    levels = [np.concatenate([rgba[..., :3] * alpha, alpha], axis=2)]
    while min(levels[-1].shape[:2]) > 1:
        shape = levels[-1].shape
        levels.append(cv2.resize(levels[-1], ((shape[1] + 1) // 2, (shape[0] + 1) // 2), interpolation=cv2.INTER_AREA))
    filled = levels[-1][..., :3] / np.maximum(levels[-1][..., 3:], 1e-4)
    for level in reversed(levels[:-1]):
        below = cv2.resize(filled, (level.shape[1], level.shape[0]), interpolation=cv2.INTER_LINEAR)
        own = level[..., :3] / np.maximum(level[..., 3:], 1e-4)
        filled = np.where(level[..., 3:] > 1e-3, own, below)
    result = rgba.copy()
    holes = rgba[..., 3] == 0
    result[..., :3][holes] = np.clip(filled[holes] + 0.5, 0, 255).astype(np.uint8)
    return result


def grid_mesh(alpha: NDArray[np.uint8], box: Box, cell: float | None) -> tuple[Points, NDArray[np.int32]]:
    """A grid of triangles over a fragment, without the cells in which nothing is painted.

    Args:
        alpha: (H, W) of the fragment as painted.
        box: which canvas box it covers.
        cell: side of the cells in canvas pixels.

    Returns:
        (V, 2) canvas points, and (T, 3) indices, clockwise on the screen.
    """
    side = cell or _CELL
    columns = int(np.clip(np.ceil((box[2] - box[0]) / side), 1, _MAX_CELLS))
    rows = int(np.clip(np.ceil((box[3] - box[1]) / side), 1, _MAX_CELLS))
    xs, ys = np.linspace(box[0], box[2], columns + 1), np.linspace(box[1], box[3], rows + 1)
    points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    painted = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((5, 5), np.uint8))
    row_cuts, column_cuts = _cuts(alpha.shape[0], rows), _cuts(alpha.shape[1], columns)
    triangles = []
    for row in range(rows):
        for column in range(columns):
            if painted[row_cuts[row] : row_cuts[row + 1] + 1, column_cuts[column] : column_cuts[column + 1] + 1].any():
                a = row * (columns + 1) + column
                b, c, d = a + 1, a + columns + 1, a + columns + 2
                triangles += [(a, b, c), (b, d, c)] if (row + column) % 2 else [(a, b, d), (a, d, c)]
    used, compact = np.unique(np.array(triangles, np.int32), return_inverse=True)
    return points[used], compact.reshape(-1, 3).astype(np.int32)


def _cuts(length: int, count: int) -> list[int]:
    return [round(length * index / count) for index in range(count + 1)]
