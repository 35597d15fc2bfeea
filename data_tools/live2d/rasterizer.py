"""Compiled: one band of rows of a picture, of every ArtMesh in it, and of what stays visible of each.

Imported only where something is rendered: numba takes a second to load and, once per machine, some seconds to compile. A band is
drawn on its own, so that bands run in threads and their buffers stay in the processor's cache. Groups are Cubism 5.3's offscreen
parts: drawn into a buffer of their own, which then meets what lies below as a whole.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.arrays import CLOSE_GROUP, MESH, OPEN_GROUP, Canvas, Scene
from data_tools.live2d.blending import NORMAL, blend
from data_tools.live2d.compiling import compiled
from data_tools.live2d.triangles import draw_mask, draw_mesh

Array = NDArray[Any]

_OUT = 2
_ONE = np.float32(1)
_HALF = np.float32(0.5)
_WHOLE = np.float32(255)
_BYTE = np.float32(1 / 255)


@compiled
def _clip(boxes: Array, mesh: int, top: int, bottom: int, box: Array) -> bool:
    """The rows of a mesh's box that lie in the band; whether there are any."""
    box[0], box[1] = boxes[mesh, 0], max(boxes[mesh, 1], top)
    box[2], box[3] = boxes[mesh, 2], min(boxes[mesh, 3], bottom)
    return box[0] < box[2] and box[1] < box[3]


@compiled
def _fill_mask(mask: Array, box: Array, item: int, scene: Scene) -> None:
    """What clipping keeps of each pixel of a box: the union of the masks' alphas, or what they leave."""
    mask[:] = 1
    for clip in scene.clips[scene.clip_starts[item] : scene.clip_starts[item + 1]]:
        draw_mask(mask, box, scene.ranges[clip, 0], scene.ranges[clip, 1], scene.triangles)
    if not scene.inverted[item]:
        for y in range(mask.shape[0]):
            for x in range(mask.shape[1]):
                mask[y, x] = _ONE - mask[y, x]


@compiled
def _lay_mesh(layer: Array, box: Array, mesh: int, scene: Scene, ground: Array, top: int, canvas: Canvas, extent: Array) -> None:
    """Keep a layer's pixels as straight 8-bit RGBA, lay it over ``ground``, and note what it adds and what it leaves."""
    whole, number = scene.boxes[mesh], scene.numbers[mesh]
    for y in range(box[1], box[3]):
        place = scene.offsets[mesh] + (y - whole[1]) * (whole[2] - whole[0]) + box[0] - whole[0]
        for x in range(box[0], box[2]):
            pixel = layer[y - box[1], x - box[0]]
            if pixel[3] > 0:
                alpha = int(pixel[3] * _WHOLE + _HALF)
                added, left = blend(number, pixel, ground[y - top, x])
                if alpha > 0:
                    scale = _WHOLE / pixel[3]
                    canvas.pixels[place, 0] = min(255, int(pixel[0] * scale + _HALF))
                    canvas.pixels[place, 1] = min(255, int(pixel[1] * scale + _HALF))
                    canvas.pixels[place, 2] = min(255, int(pixel[2] * scale + _HALF))
                    canvas.pixels[place, 3] = min(255, alpha)
                    canvas.visible[place] = min(255, int(added * _WHOLE + _HALF))
                    canvas.left_over[place] = min(255, int(left * _WHOLE + _HALF))
                    extent[0], extent[1] = min(extent[0], x), min(extent[1], y)
                    extent[2], extent[3] = max(extent[2], x + 1), max(extent[3], y + 1)
            place += 1


@compiled
def _lay_group(
    layer: Array, box: Array, number: int, color: Array, mask: Array, masked: bool, ground: Array, top: int, factor: Array, left_over: Array
) -> None:
    """Lay a group's buffer over ``ground``; note how much of its content shows and how much of what lies below is left."""
    for y in range(box[1] - top, box[3] - top):
        for x in range(box[0], box[2]):
            pixel = layer[y, x]
            kept = color[6]
            if masked:
                kept *= mask[y + top - box[1], x - box[0]]
            factor[y, x], left_over[y, x] = 0, 1
            if pixel[3] == 0 or kept == 0:
                continue
            before = pixel[3]
            for channel in range(3):
                tinted = pixel[channel] * color[channel]
                pixel[channel] = (tinted + color[3 + channel] * (before - tinted)) * kept
            pixel[3] = before * kept
            added, left = blend(number, pixel, ground[y, x])
            factor[y, x], left_over[y, x] = added / before, left


@compiled
def render_band(top: int, bottom: int, scene: Scene, canvas: Canvas, extents: Array) -> None:
    """Draw rows ``top`` to ``bottom`` of the picture and of every mesh.

    Args:
        top, bottom: rows of the picture.
        scene: what is drawn.
        canvas: filled in these rows.
        extents: (M, 4) int64, (far, far, -1, -1) before; widened to where a mesh has alpha in the band.
    """
    height, width = bottom - top, canvas.picture.shape[1]
    num_meshes = len(scene.ranges)
    num_groups = len(scene.numbers) - num_meshes
    layer_buffer = np.empty(height * width * 4, np.float32)
    mask_buffer = np.empty(height * width, np.float32)
    grounds = np.empty((scene.depth, height, width, 4), np.float32)
    factors = np.empty((num_groups, height, width), np.float32)
    left_overs = np.empty((num_groups, height, width), np.float32)
    box = np.zeros(4, np.int64)
    level = 0
    for step in range(len(scene.steps)):
        kind, index = scene.steps[step]
        item = index if kind == MESH else num_meshes + index
        level -= kind == CLOSE_GROUP
        touched = _clip(scene.boxes, item, top, bottom, box)
        if kind == OPEN_GROUP:
            if touched:
                grounds[level, box[1] - top : box[3] - top, box[0] : box[2]] = 0
            level += 1
        if not touched or kind == OPEN_GROUP:
            continue
        size = (box[3] - box[1], box[2] - box[0])
        mask = mask_buffer[: size[0] * size[1]].reshape(size)
        masked = scene.clip_starts[item] < scene.clip_starts[item + 1]
        if masked:
            _fill_mask(mask, box, item, scene)
        ground = canvas.picture[top:bottom] if level == 0 else grounds[level - 1]
        color = scene.colors[item]
        if kind == CLOSE_GROUP:
            number, factor, left_over = scene.numbers[item], factors[index], left_overs[index]
            _lay_group(grounds[level], box, number, color, mask, masked, ground, top, factor, left_over)
            continue
        layer = layer_buffer[: size[0] * size[1] * 4].reshape((size[0], size[1], 4))
        layer[:] = 0
        draw_mesh(layer, box, scene.ranges[index, 0], scene.ranges[index, 1], scene.triangles, color, mask, masked)
        _lay_mesh(layer, box, index, scene, ground, top, canvas, extents[index])
    _find_visible(top, bottom, scene, canvas, factors, left_overs)


@compiled
def _find_visible(top: int, bottom: int, scene: Scene, canvas: Canvas, factors: Array, left_overs: Array) -> None:
    """Front to back: what each mesh contributes to each pixel, given what lies in front of it."""
    shape = (scene.depth + 1, bottom - top, canvas.top_mesh.shape[1])
    through = np.ones(shape, np.float32)  # what the things in front leave
    shown = np.ones(shape, np.float32)  # what the groups around show and nothing in front erases
    box = np.zeros(4, np.int64)
    level = 0
    for step in range(len(scene.steps) - 1, -1, -1):
        kind, index = scene.steps[step]
        item = index if kind == MESH else len(scene.ranges) + index
        level -= kind == OPEN_GROUP
        touched = _clip(scene.boxes, item, top, bottom, box)
        erases = scene.numbers[item] >> 8 == _OUT
        if kind == CLOSE_GROUP:
            if touched:
                _enter_group(top, box, level, erases, factors[index], left_overs[index], through, shown)
            level += 1
        elif kind == MESH and touched:
            _share_mesh(top, box, index, erases, scene, canvas, through[level], shown[level])


@compiled
def _enter_group(top: int, box: Array, level: int, erases: bool, factor: Array, left_over: Array, through: Array, shown: Array) -> None:
    for y in range(box[1] - top, box[3] - top):
        for x in range(box[0], box[2]):
            through[level + 1, y, x] = through[level, y, x] * factor[y, x]
            shown[level + 1, y, x] = shown[level, y, x] * factor[y, x]
            through[level, y, x] *= left_over[y, x]
            if erases:
                shown[level, y, x] *= left_over[y, x]


@compiled
def _share_mesh(top: int, box: Array, mesh: int, erases: bool, scene: Scene, canvas: Canvas, through: Array, shown: Array) -> None:
    covers = scene.numbers[mesh] & 255 == NORMAL and not erases
    whole = scene.boxes[mesh]
    for y in range(box[1], box[3]):
        place = scene.offsets[mesh] + (y - whole[1]) * (whole[2] - whole[0]) + box[0] - whole[0]
        for x in range(box[0], box[2]):
            added, left = canvas.visible[place], canvas.left_over[place]
            if added > 0:
                share = np.float32(added) * _BYTE
                canvas.visible[place] = int(share * through[y - top, x] * _WHOLE + _HALF)
                if covers and canvas.top_mesh[y, x] < 0 and share * shown[y - top, x] >= _HALF:
                    canvas.top_mesh[y, x] = mesh
            if left < 255:
                through[y - top, x] *= np.float32(left) * _BYTE
                if erases:
                    shown[y - top, x] *= np.float32(left) * _BYTE
            place += 1
