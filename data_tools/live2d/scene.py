"""A model at one pose as the flat arrays that the compiled code draws: see `rasterizer.render_band`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.blend_modes import number_of
from data_tools.live2d.model import ArtMesh, Live2DModel, Offscreen
from data_tools.live2d.view import View
from liwi.errors import EngineUnavailable, InputError

MAX_OVERDRAW = 1000
"""How often the triangles of a model may cover the picture, counted together; real models stay below 20."""

MAX_OFFSCREENS = 256

_FAR = float(2**19)
_MESH, _OPEN_GROUP, _CLOSE_GROUP = 0, 1, 2


class Scene:
    """What `rasterizer.render_band` reads.

    Args:
        model: the pose.
        view: what the picture shows.

    Raises:
        EngineUnavailable: the model uses a blend mode that is not known.
        InputError: its triangles cover the picture impossibly often, or it has more offscreen parts than any model.
    """

    def __init__(self, model: Live2DModel, view: View) -> None:
        meshes = model.art_meshes
        items: tuple[ArtMesh | Offscreen, ...] = (*meshes, *model.offscreens)
        self.numbers = _blend_numbers(model)
        self.steps, self.depth = drawing_steps(model)
        drawn = [meshes[index] for kind, index in self.steps if kind == _MESH]
        self.slots = np.array([mesh.index for mesh in drawn], np.int64)
        needed = {*self.slots.tolist(), *(clip for mesh in drawn for clip in mesh.clipped_by)}
        needed |= {clip for offscreen in model.offscreens for clip in offscreen.clipped_by}
        counts = np.array([len(mesh.triangles) if mesh.index in needed else 0 for mesh in meshes], np.int64)
        ends = np.cumsum(counts)
        starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])[:-1]
        self.ranges = np.stack([ends - counts, ends], axis=1)
        positions = [(mesh.vertices - [view.left, view.top]) * view.scale for mesh in meshes]
        self.vertices = np.clip(_joined(positions, 2, np.float64), -_FAR, _FAR)
        self.uvs = np.clip(_joined([mesh.uvs for mesh in meshes], 2, np.float64), -1000, 1000)
        corners = [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True) if mesh.index in needed]
        self.triangles = _joined(corners, 3, np.int32)
        self.culled = np.repeat(np.array([mesh.culled for mesh in meshes], bool), counts)
        self.texture_of = np.repeat(np.array([mesh.texture_index for mesh in meshes], np.int64), counts)
        self.colors = np.array([(*item.multiply_color, *item.screen_color, item.opacity) for item in items], np.float32).reshape(-1, 7)
        self.clip_starts = np.cumsum([0, *(len(item.clipped_by) for item in items)], dtype=np.int64)
        self.clips = np.array([clip for item in items for clip in item.clipped_by], np.int64)
        self.inverted = np.array([item.clip_inverted for item in items], bool)
        boxes = [_box(mesh, place, view) for mesh, place in zip(meshes, positions, strict=True)]
        self.boxes = _with_groups(np.array(boxes, np.int64).reshape(-1, 4), self.steps, len(model.offscreens))
        self._check_overdraw(model, view)
        self.edges = np.zeros((len(self.triangles), 3, 4), np.int64)
        self.rows = np.zeros((len(self.triangles), 2), np.int32)
        self.gradients = np.zeros((len(self.triangles), 13), np.float32)
        self.places = np.zeros((len(self.triangles), 2, 3), np.int64)

    def _check_overdraw(self, model: Live2DModel, view: View) -> None:
        """A hostile model can ask for hours of drawing with a small file."""
        corners = self.vertices[self.triangles].clip(0, max(view.size))
        spans = corners.max(axis=1, initial=0) - corners.min(axis=1, initial=_FAR)
        areas = np.concatenate([[0.0], np.cumsum(spans[:, 0] * spans[:, 1])]) / 2
        mesh_areas = areas[self.ranges[:, 1]] - areas[self.ranges[:, 0]]
        boxes = (self.boxes[:, 2] - self.boxes[:, 0]) * (self.boxes[:, 3] - self.boxes[:, 1])
        work = mesh_areas[self.slots].sum() + boxes[self.slots].sum() + boxes[len(self.ranges) :].sum()
        items = [*self.slots, *range(len(self.ranges), len(self.numbers))]
        work += sum(mesh_areas[self.clips[self.clip_starts[item] : self.clip_starts[item + 1]]].sum() for item in items)
        if work > MAX_OVERDRAW * max(view.size[0] * view.size[1], 2**16):
            raise InputError(f"The model {model.name!r} covers its picture more than {MAX_OVERDRAW} times over; it is damaged.")


def drawing_steps(model: Live2DModel) -> tuple[NDArray[np.int64], int]:
    """The order of drawing, with offscreen parts opened before what lies in them and closed after it.

    Returns:
        (K, 2) int64, see `rasterizer.render_band`, and how many offscreen parts are open at once at most.
    """
    steps: list[tuple[int, int]] = []
    open_groups: list[int] = []
    depth = 0

    def close_until_inside(part: int | None) -> None:
        inside = set(_ancestors(model, part))
        while open_groups and model.offscreens[open_groups[-1]].part not in inside:
            steps.append((_CLOSE_GROUP, open_groups.pop()))

    queue = list(enumerate(model.offscreens))
    for place, mesh in enumerate(model.back_to_front):
        while queue and queue[0][1].place <= place:
            index, offscreen = queue.pop(0)
            close_until_inside(offscreen.part)
            open_groups.append(index)
            steps.append((_OPEN_GROUP, index))
            depth = max(depth, len(open_groups))
        close_until_inside(mesh.part)
        if mesh.drawn:
            steps.append((_MESH, mesh.index))
    steps += [(_CLOSE_GROUP, index) for index in reversed(open_groups)]
    return np.array(steps, np.int64).reshape(-1, 2), depth


def _ancestors(model: Live2DModel, part: int | None) -> list[int]:
    found: list[int] = []
    while part is not None:
        found.append(part)
        part = model.parts[part].parent
    return found


def _blend_numbers(model: Live2DModel) -> NDArray[np.int64]:
    items: tuple[ArtMesh | Offscreen, ...] = (*model.art_meshes, *model.offscreens)
    numbers = [number_of(item.blend, item.blend_name) for item in items]
    unknown = sorted({item.blend_name for item, number in zip(items, numbers, strict=True) if number is None})
    if unknown:
        names = ", ".join(map(repr, unknown))
        raise EngineUnavailable(f"The model {model.name!r} uses the blend mode {names}, which this renderer does not draw.")
    if len(model.offscreens) > MAX_OFFSCREENS:
        raise InputError(f"The model {model.name!r} has {len(model.offscreens)} offscreen parts; at most {MAX_OFFSCREENS} are drawn.")
    return np.array(numbers, np.int64)


def _with_groups(boxes: NDArray[np.int64], steps: NDArray[np.int64], num_groups: int) -> NDArray[np.int64]:
    """The meshes' boxes and, after them, each offscreen part's: around all that lies in it."""
    groups = np.tile(np.array([2**40, 2**40, 0, 0], np.int64), (num_groups, 1))
    open_groups: list[int] = []
    for kind, index in steps.tolist():
        if kind == _OPEN_GROUP:
            open_groups.append(index)
        elif kind == _CLOSE_GROUP:
            open_groups.pop()
        elif boxes[index, 0] < boxes[index, 2] and boxes[index, 1] < boxes[index, 3]:
            groups[open_groups, :2] = np.minimum(groups[open_groups, :2], boxes[index, :2])
            groups[open_groups, 2:] = np.maximum(groups[open_groups, 2:], boxes[index, 2:])
    groups[groups[:, 2] == 0] = 0
    return np.concatenate([boxes, groups])


def _joined(arrays: Sequence[NDArray[Any]], width: int, dtype: Any) -> NDArray[Any]:
    return np.concatenate(arrays).astype(dtype) if arrays else np.zeros((0, width), dtype)


def _box(mesh: ArtMesh, positions: NDArray[np.float64], view: View) -> tuple[int, int, int, int]:
    """The pixels that a mesh can touch; empty where it lies outside of the picture."""
    if not mesh.drawn or len(positions) == 0:
        return 0, 0, 0, 0
    low, high = np.floor(positions.min(axis=0)), np.ceil(positions.max(axis=0)) + 1
    left, top = (int(min(max(value, 0), limit)) for value, limit in zip(low, view.size, strict=True))
    right, bottom = (int(min(max(value, 0), limit)) for value, limit in zip(high, view.size, strict=True))
    return left, top, right, bottom
