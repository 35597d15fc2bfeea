"""A model at one pose, drawn on the CPU: the character, and every fragment of it on its own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.model import ArtMesh, BlendMode, Live2DModel
from data_tools.live2d.textures import TexturePyramid
from data_tools.live2d.view import View
from liwi.errors import EngineUnavailable, InputError
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox

MAX_OVERDRAW = 1000
"""How often the triangles of a model may cover the picture, counted together; real models stay below 20."""

_BANDS = 8
_THREADS = 2
_FAR = float(2**19)
_MODES = {BlendMode.NORMAL: 0, BlendMode.ADD: 1, BlendMode.MULTIPLY: 2}


@dataclass(frozen=True, eq=False)
class RenderedMesh:
    """One ArtMesh as it looks drawn alone: complete, with its clipping and opacity, whatever lies in front of it.

    Attributes:
        index: its place in `Live2DModel.art_meshes`.
        box: the smallest box around its pixels with alpha, in the picture.
        rgba: (h, w, 4) uint8, straight alpha, cropped to ``box``.
        visible: (h, w) uint8, what stays seen: the share of the pixel's colour that is this mesh's, 255 = all of it.
            The shares of all normally blended meshes and of the empty background add up to 255, but for rounding.
    """

    index: int
    box: BoundingBox
    rgba: NDArray[np.uint8]
    visible: NDArray[np.uint8]


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
        return np.rint(np.clip(np.concatenate([color, alpha], axis=2), 0, 1) * 255).astype(np.uint8)

    def over(self, color: Sequence[float]) -> NDArray[np.uint8]:
        """(H, W, 3) uint8: the character on one colour, RGB in [0, 1], added light included."""
        mixed = self.premultiplied[..., :3] + (1 - self.premultiplied[..., 3:]) * np.asarray(color, np.float32)
        return np.rint(np.clip(mixed, 0, 1) * 255).astype(np.uint8)


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
        EngineUnavailable: the model uses what only live2d-py draws (offscreen parts, extended blend modes; Cubism 5.3).
        InputError: its triangles cover the picture impossibly often.
    """
    if model.beyond_rasterizer:
        raise EngineUnavailable(
            f"The model {model.name!r} uses {', '.join(model.beyond_rasterizer)} (Cubism 5.3), which this renderer does not draw."
        )
    view = View.square(model, view) if isinstance(view, int) else view
    report(Progress("Loading the rasteriser (compiled once, some seconds)", 0, 2))
    from data_tools.live2d import rasterizer

    report(Progress("Drawing", 1, 2))
    scene = _Scene(model, pyramid, view)
    rasterizer.set_up_triangles(
        scene.vertices, scene.uvs, scene.triangles, scene.culled, scene.sizes, scene.edges, scene.gradients, scene.rows
    )
    canvas = _Canvas(scene, view)
    with ThreadPoolExecutor(_THREADS) as threads:
        bands = np.linspace(0, view.size[1], _BANDS + 1).astype(int)
        list(threads.map(lambda band: canvas.draw(scene, pyramid, *band), zip(range(_BANDS), bands[:-1], bands[1:], strict=True)))
    report(Progress("Drawing", 2, 2))
    return RenderedCharacter(model, view, canvas.picture, canvas.top_mesh, tuple(canvas.meshes(scene)))


class _Scene:
    """A model as flat arrays; see `rasterizer.render_band`."""

    def __init__(self, model: Live2DModel, pyramid: TexturePyramid, view: View) -> None:
        meshes = model.art_meshes
        drawn = [mesh for mesh in model.back_to_front if mesh.drawn]
        needed = {mesh.index for mesh in drawn} | {clip for mesh in drawn for clip in mesh.clipped_by}
        counts = np.array([len(mesh.triangles) if mesh.index in needed else 0 for mesh in meshes], np.int64)
        ends = np.cumsum(counts)
        starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])[:-1]
        self.slots = np.array([mesh.index for mesh in drawn], np.int64)
        self.ranges = np.stack([ends - counts, ends], axis=1)
        positions = [(mesh.vertices - [view.left, view.top]) * view.scale for mesh in meshes]
        self.vertices = np.clip(_joined(positions, (2,), np.float64), -_FAR, _FAR)
        self.uvs = np.clip(_joined([mesh.uvs for mesh in meshes], (2,), np.float64), -1000, 1000)
        corners = [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True) if mesh.index in needed]
        self.triangles = _joined(corners, (3,), np.int32)
        self.culled = np.repeat([mesh.culled for mesh in meshes], counts).astype(bool)
        self.texture_of = np.array([mesh.texture_index for mesh in meshes], np.int64)
        sizes = np.array(pyramid.sizes, np.float64).reshape(-1, 2)
        self.sizes = np.repeat(sizes[self.texture_of], counts, axis=0) if len(meshes) else np.zeros((0, 2))
        self.modes = np.array([_MODES[mesh.blend] for mesh in meshes], np.int64)
        self.colors = np.array([(*m.multiply_color, *m.screen_color, m.opacity) for m in meshes], np.float32).reshape(-1, 7)
        self.clip_starts = np.cumsum([0, *(len(mesh.clipped_by) for mesh in meshes)], dtype=np.int64)
        self.clips = np.array([clip for mesh in meshes for clip in mesh.clipped_by], np.int64)
        self.inverted = np.array([mesh.clip_inverted for mesh in meshes], bool)
        self.boxes = np.array([_box(mesh, place, view) for mesh, place in zip(meshes, positions, strict=True)], np.int64).reshape(-1, 4)
        self._check_overdraw(model, view)
        num_triangles = len(self.triangles)
        self.edges = np.zeros((num_triangles, 3, 4), np.int64)
        self.gradients = np.zeros((num_triangles, 7), np.float32)
        self.rows = np.zeros((num_triangles, 2), np.int32)

    def _check_overdraw(self, model: Live2DModel, view: View) -> None:
        """A hostile model can ask for hours of drawing with a small file."""
        corners = self.vertices[self.triangles].clip(0, max(view.size))
        spans = corners.max(axis=1, initial=0) - corners.min(axis=1, initial=_FAR)
        areas = np.concatenate([[0.0], np.cumsum(spans[:, 0] * spans[:, 1])]) / 2
        mesh_areas = areas[self.ranges[:, 1]] - areas[self.ranges[:, 0]]
        boxes = (self.boxes[:, 2] - self.boxes[:, 0]) * (self.boxes[:, 3] - self.boxes[:, 1])
        work = mesh_areas[self.slots].sum() + boxes[self.slots].sum()
        work += sum(mesh_areas[clip] for slot in self.slots for clip in self.clips[self.clip_starts[slot] : self.clip_starts[slot + 1]])
        if work > MAX_OVERDRAW * max(view.size[0] * view.size[1], 2**16):
            raise InputError(f"The model {model.name!r} covers its picture more than {MAX_OVERDRAW} times over; it is damaged.")


def _joined(arrays: Sequence[NDArray[Any]], width: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    return np.concatenate(arrays).astype(dtype) if arrays else np.zeros((0, *width), dtype)


def _box(mesh: ArtMesh, positions: NDArray[np.float64], view: View) -> tuple[int, int, int, int]:
    """The pixels that a mesh can touch; empty where it lies outside of the picture."""
    if not mesh.drawn or len(positions) == 0:
        return 0, 0, 0, 0
    low, high = np.floor(positions.min(axis=0)), np.ceil(positions.max(axis=0)) + 1
    left, top = (int(min(max(value, 0), limit)) for value, limit in zip(low, view.size, strict=True))
    right, bottom = (int(min(max(value, 0), limit)) for value, limit in zip(high, view.size, strict=True))
    return left, top, right, bottom


class _Canvas:
    """The buffers that `rasterizer.render_band` fills."""

    def __init__(self, scene: _Scene, view: View) -> None:
        width, height = view.size
        areas = (scene.boxes[:, 2] - scene.boxes[:, 0]) * (scene.boxes[:, 3] - scene.boxes[:, 1])
        self.offsets = np.cumsum(np.concatenate([[0], areas]))[:-1].astype(np.int64)
        self.picture = np.zeros((height, width, 4), np.float32)
        self.top_mesh = np.full((height, width), -1, np.int32)
        self.pixels = np.zeros((int(areas.sum()), 4), np.uint8)
        self.visible = np.zeros(int(areas.sum()), np.uint8)
        self.extents = np.tile(np.array([2**40, 2**40, -1, -1], np.int64), (_BANDS, len(areas), 1))

    def draw(self, scene: _Scene, pyramid: TexturePyramid, band: int, top: int, bottom: int) -> None:
        from data_tools.live2d import rasterizer

        rasterizer.render_band(
            top, bottom, scene.slots, scene.ranges, scene.boxes, self.offsets, scene.modes, scene.colors,
            scene.texture_of, scene.clip_starts, scene.clips, scene.inverted, scene.edges, scene.gradients, scene.rows,
            pyramid.texels, pyramid.levels, self.picture, self.top_mesh, self.pixels, self.visible, self.extents[band],
        )  # fmt: skip

    def meshes(self, scene: _Scene) -> list[RenderedMesh]:
        """What was drawn of each mesh, cropped to where it has alpha."""
        low, high = self.extents[..., :2].min(axis=0), self.extents[..., 2:].max(axis=0)
        found = []
        for index in scene.slots:
            (left, top), (right, bottom) = low[index], high[index]
            if right < 0:
                continue
            box_left, box_top, box_right, box_bottom = scene.boxes[index]
            width, height, offset = box_right - box_left, box_bottom - box_top, self.offsets[index]
            part = (slice(top - box_top, bottom - box_top), slice(left - box_left, right - box_left))
            found.append(
                RenderedMesh(
                    index=int(index),
                    box=BoundingBox(int(left), int(top), int(right), int(bottom)),
                    rgba=self.pixels[offset : offset + width * height].reshape(height, width, 4)[part],
                    visible=self.visible[offset : offset + width * height].reshape(height, width)[part],
                )
            )
        return found
