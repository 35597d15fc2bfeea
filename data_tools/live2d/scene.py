"""Turns a model at one pose into the flat arrays that the compiled code draws (`arrays.Scene`)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.arrays import CLOSE_GROUP, MESH, OPEN_GROUP, Scene, Triangles
from data_tools.live2d.blend_modes import number_of
from data_tools.live2d.model import ArtMesh, Live2DModel, Offscreen
from data_tools.live2d.textures import TexturePyramid
from data_tools.live2d.view import View
from liwi.errors import EngineUnavailable, InputError

MAX_OVERDRAW = 1000
"""How often the triangles of a model may cover the picture, counted together; real models stay below 20."""

MAX_OFFSCREENS = 256

_FAR = float(2**19)

Items = tuple[ArtMesh | Offscreen, ...]


def build_scene(model: Live2DModel, pyramid: TexturePyramid, view: View) -> Scene:
    """Flatten a model.

    Args:
        model: the pose.
        pyramid: its textures.
        view: what the picture shows.

    Raises:
        EngineUnavailable: the model uses a blend mode that is not known.
        InputError: its triangles cover the picture impossibly often, or it has more offscreen parts than any model.
    """
    from data_tools.live2d.triangles import set_up_triangles

    items: Items = (*model.art_meshes, *model.offscreens)
    numbers = _blend_numbers(model, items)
    steps, depth = drawing_steps(model)
    positions = [(mesh.vertices - [view.left, view.top]) * view.scale for mesh in model.art_meshes]
    boxes = np.array([_box(mesh, place, view) for mesh, place in zip(model.art_meshes, positions, strict=True)], np.int64).reshape(-1, 4)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    corners, ranges = _needed_triangles(model)
    vertices = np.clip(_joined(positions, 2, np.float64), -_FAR, _FAR)
    uvs = np.clip(_joined([mesh.uvs for mesh in model.art_meshes], 2, np.float64), -1000, 1000)
    counts = ranges[:, 1] - ranges[:, 0]
    culled = np.repeat(np.array([mesh.culled for mesh in model.art_meshes], bool), counts)
    textures = np.repeat(np.array([mesh.texture_index for mesh in model.art_meshes], np.int64), counts)
    scene = Scene(
        steps=steps,
        depth=depth,
        ranges=ranges,
        offsets=np.cumsum(np.concatenate([[0], areas]))[:-1].astype(np.int64),
        boxes=_with_groups(boxes, steps, len(model.offscreens)),
        numbers=numbers,
        colors=np.array([(*item.multiply_color, *item.screen_color, item.opacity) for item in items], np.float32).reshape(-1, 7),
        clip_starts=np.cumsum([0, *(len(item.clipped_by) for item in items)], dtype=np.int64),
        clips=np.array([clip for item in items for clip in item.clipped_by], np.int64),
        inverted=np.array([item.clip_inverted for item in items], bool),
        triangles=_empty_triangles(len(corners), pyramid),
    )
    if _overdraw(scene, vertices[corners], view) > MAX_OVERDRAW:
        raise InputError(f"The model {model.name!r} covers its picture more than {MAX_OVERDRAW} times over; it is damaged.")
    set_up_triangles(vertices, uvs, corners, culled, textures, pyramid.levels, scene.triangles)
    return scene


def drawing_steps(model: Live2DModel) -> tuple[NDArray[np.int64], int]:
    """The order of drawing, with offscreen parts opened before what lies in them and closed after it.

    Returns:
        (K, 2) int64, see `arrays.Scene`, and how many offscreen parts are open at once at most.
    """
    steps: list[tuple[int, int]] = []
    open_groups: list[int] = []
    depth = 0

    def close_until_inside(part: int | None) -> None:
        inside = set(_ancestors(model, part))
        while open_groups and model.offscreens[open_groups[-1]].part not in inside:
            steps.append((CLOSE_GROUP, open_groups.pop()))

    queue = list(enumerate(model.offscreens))
    for place, mesh in enumerate(model.back_to_front):
        while queue and queue[0][1].place <= place:
            index, offscreen = queue.pop(0)
            close_until_inside(offscreen.part)
            open_groups.append(index)
            steps.append((OPEN_GROUP, index))
            depth = max(depth, len(open_groups))
        close_until_inside(mesh.part)
        if mesh.drawn:
            steps.append((MESH, mesh.index))
    steps += [(CLOSE_GROUP, index) for index in reversed(open_groups)]
    return np.array(steps, np.int64).reshape(-1, 2), depth


def _ancestors(model: Live2DModel, part: int | None) -> list[int]:
    found: list[int] = []
    while part is not None:
        found.append(part)
        part = model.parts[part].parent
    return found


def _blend_numbers(model: Live2DModel, items: Items) -> NDArray[np.int64]:
    numbers = [number_of(item.blend, item.blend_name) for item in items]
    unknown = sorted({item.blend_name for item, number in zip(items, numbers, strict=True) if number is None})
    if unknown:
        names = ", ".join(map(repr, unknown))
        raise EngineUnavailable(f"The model {model.name!r} uses the blend mode {names}, which this renderer does not draw.")
    if len(model.offscreens) > MAX_OFFSCREENS:
        raise InputError(f"The model {model.name!r} has {len(model.offscreens)} offscreen parts; at most {MAX_OFFSCREENS} are drawn.")
    return np.array(numbers, np.int64)


def _needed_triangles(model: Live2DModel) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Corners of the triangles that are drawn or clip, and which of them are each mesh's."""
    meshes = model.art_meshes
    drawn = [mesh for mesh in meshes if mesh.drawn]
    needed = {mesh.index for mesh in drawn} | {clip for mesh in drawn for clip in mesh.clipped_by}
    needed |= {clip for offscreen in model.offscreens for clip in offscreen.clipped_by}
    counts = np.array([len(mesh.triangles) if mesh.index in needed else 0 for mesh in meshes], np.int64)
    starts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])[:-1]
    corners = [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=True) if mesh.index in needed]
    ends = np.cumsum(counts)
    return _joined(corners, 3, np.int32), np.stack([ends - counts, ends], axis=1)


def _empty_triangles(count: int, pyramid: TexturePyramid) -> Triangles:
    return Triangles(
        edges=np.zeros((count, 3, 4), np.int64),
        rows=np.zeros((count, 2), np.int32),
        gradients=np.zeros((count, 13), np.float32),
        places=np.zeros((count, 2, 3), np.int64),
        texels=pyramid.texels,
    )


def _overdraw(scene: Scene, corners: NDArray[np.float64], view: View) -> float:
    """How often drawing covers the picture, about: a hostile model can ask for hours of drawing with a small file."""
    inside = corners.clip(0, max(view.size))
    spans = inside.max(axis=1, initial=0) - inside.min(axis=1, initial=_FAR)
    areas = np.concatenate([[0.0], np.cumsum(spans[:, 0] * spans[:, 1])]) / 2
    of_mesh = areas[scene.ranges[:, 1]] - areas[scene.ranges[:, 0]]
    boxes = (scene.boxes[:, 2] - scene.boxes[:, 0]) * (scene.boxes[:, 3] - scene.boxes[:, 1])
    drawn = scene.steps[scene.steps[:, 0] == MESH, 1]
    work = of_mesh[drawn].sum() + boxes[drawn].sum() + boxes[len(of_mesh) :].sum()
    for item in (*drawn, *range(len(of_mesh), len(scene.numbers))):
        work += of_mesh[scene.clips[scene.clip_starts[item] : scene.clip_starts[item + 1]]].sum()
    return float(work / max(view.size[0] * view.size[1], 2**16))


def _with_groups(boxes: NDArray[np.int64], steps: NDArray[np.int64], num_groups: int) -> NDArray[np.int64]:
    """The meshes' boxes and, after them, each offscreen part's: around all that lies in it."""
    groups = np.tile(np.array([2**40, 2**40, 0, 0], np.int64), (num_groups, 1))
    open_groups: list[int] = []
    for kind, index in steps.tolist():
        if kind == OPEN_GROUP:
            open_groups.append(index)
        elif kind == CLOSE_GROUP:
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
