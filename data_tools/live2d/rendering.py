"""A model at one pose, drawn on the CPU: the character, and every fragment of it on its own."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from data_tools.live2d.arrays import MESH, Canvas, Scene
from data_tools.live2d.model import Live2DModel
from data_tools.live2d.scene import build_scene
from data_tools.live2d.textures import TexturePyramid
from data_tools.live2d.view import View
from liwi.imaging.compositing import to_uint8
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox

_MAX_THREADS = 4
_BAND_ROWS = 128
_BAND_NUMBERS = 2**24
"""Most float32 numbers that the buffers of a band may hold."""


@dataclass(frozen=True, eq=False)
class RenderedMesh:
    """One ArtMesh as it looks drawn alone: complete, with its clipping and opacity, whatever lies in front of it.

    Attributes:
        index: its place in `Live2DModel.art_meshes`.
        box: the smallest box around its pixels with alpha, in the picture.
        rgba: (h, w, 4) uint8, straight alpha, cropped to ``box``.
        visible: (h, w) uint8, what stays seen: the share of the pixel's colour that is this mesh's, 255 = all of it.
            The shares of all normally blended meshes and of the empty background add up to 255, but for rounding. A mesh that
            adds light, or mixes colours otherwise, hides nothing; its share is its alpha as far as nothing covers it.
    """

    index: int
    box: BoundingBox
    rgba: NDArray[np.uint8]
    visible: NDArray[np.uint8]

    @property
    def visible_pixels(self) -> float:
        """How much of the picture shows it, in pixels."""
        return float(self.visible.sum(dtype=np.int64)) / 255


@dataclass(frozen=True, eq=False)
class RenderedCharacter:
    """A drawn pose.

    Attributes:
        model: the pose that was drawn.
        view: how the canvas lies in the picture.
        premultiplied: (H, W, 4) float32 in [0, 1]: the character on nothing. Added light may exceed the alpha.
        top_mesh: (H, W) int32: index of the front-most normally blended ArtMesh that covers at least half of the pixel; -1 for none.
        meshes: those that have any pixel, back to front.
    """

    model: Live2DModel
    view: View
    premultiplied: NDArray[np.float32]
    top_mesh: NDArray[np.int32]
    meshes: tuple[RenderedMesh, ...]

    @cached_property
    def rgba(self) -> NDArray[np.uint8]:
        """(H, W, 4) uint8, straight alpha; light added where there is no character has no place in it and is lost."""
        alpha = self.premultiplied[..., 3:]
        color = np.divide(self.premultiplied[..., :3], alpha, out=np.zeros_like(self.premultiplied[..., :3]), where=alpha > 0)
        return to_uint8(np.concatenate([color, alpha], axis=2))

    def over(self, background: ArrayLike) -> NDArray[np.uint8]:
        """(H, W, 3) uint8: the character on one colour or before an (H, W, 3) picture, RGB in [0, 1], added light included."""
        return to_uint8(self.premultiplied[..., :3] + (1 - self.premultiplied[..., 3:]) * np.asarray(background, np.float32))


def render(
    model: Live2DModel, pyramid: TexturePyramid, view: View | int = 1024, *, report: ReportProgress = ignore_progress
) -> RenderedCharacter:
    """Draw a pose with every fragment on its own.

    Args:
        model: the pose.
        pyramid: the model's textures (`OpenedModel.pyramid`).
        view: a `View`, or the side of a square picture that shows the whole canvas.
        report: hears of compiling, which happens once per machine and takes some seconds.

    Raises:
        EngineUnavailable: the model uses a blend mode that is not known.
        InputError: its triangles cover the picture impossibly often, or it has more offscreen parts than any model.
    """
    from data_tools.live2d.compiling import is_compiled

    view = View.square(model, view) if isinstance(view, int) else view
    report(Progress("Loading the rasteriser" if is_compiled() else "Compiling the rasteriser, once, some seconds", 0, 2))
    from data_tools.live2d.rasterizer import render_band

    report(Progress("Drawing", 1, 2))
    scene = build_scene(model, pyramid, view)
    canvas = _empty_canvas(scene, view)
    bands = _bands(scene, view)
    extents = np.tile(np.array([2**40, 2**40, -1, -1], np.int64), (len(bands), len(scene.ranges), 1))
    with ThreadPoolExecutor(min(_MAX_THREADS, os.cpu_count() or 1)) as threads:
        list(threads.map(lambda index: render_band(*bands[index], scene, canvas, extents[index]), range(len(bands))))
    report(Progress("Drawing", 2, 2))
    return RenderedCharacter(model, view, canvas.picture, canvas.top_mesh, tuple(_cropped(scene, canvas, extents)))


def _empty_canvas(scene: Scene, view: View) -> Canvas:
    width, height = view.size
    boxes = scene.boxes[: len(scene.ranges)]
    num_pixels = int(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sum())
    return Canvas(
        picture=np.zeros((height, width, 4), np.float32),
        top_mesh=np.full((height, width), -1, np.int32),
        pixels=np.zeros((num_pixels, 4), np.uint8),
        visible=np.zeros(num_pixels, np.uint8),
        left_over=np.full(num_pixels, 255, np.uint8),
    )


def _bands(scene: Scene, view: View) -> list[tuple[int, int]]:
    """First rows and rows after the last, as high as the buffers of a band may be."""
    width, height = view.size
    planes = 5 + 6 * (scene.depth + 1) + 2 * (len(scene.numbers) - len(scene.ranges))
    rows = max(1, min(_BAND_ROWS, _BAND_NUMBERS // (width * planes)))
    return [(top, min(top + rows, height)) for top in range(0, height, rows)]


def _cropped(scene: Scene, canvas: Canvas, extents: NDArray[np.int64]) -> Iterator[RenderedMesh]:
    """What was drawn of each mesh, cropped to where it has alpha, back to front."""
    low, high = extents[..., :2].min(axis=0), extents[..., 2:].max(axis=0)
    for kind, index in scene.steps.tolist():
        if kind != MESH or high[index, 0] < 0:
            continue
        (left, top), (right, bottom) = low[index].tolist(), high[index].tolist()
        box_left, box_top, box_right, box_bottom = scene.boxes[index].tolist()
        shape = (box_bottom - box_top, box_right - box_left)
        own = slice(scene.offsets[index], scene.offsets[index] + shape[0] * shape[1])
        part = (slice(top - box_top, bottom - box_top), slice(left - box_left, right - box_left))
        rgba, visible = canvas.pixels[own].reshape(*shape, 4)[part], canvas.visible[own].reshape(shape)[part]
        yield RenderedMesh(index, BoundingBox(left, top, right, bottom), rgba, visible)
