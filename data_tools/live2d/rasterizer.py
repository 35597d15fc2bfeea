"""Compiled: one band of rows of a picture, of every ArtMesh in it, and of what stays visible of each.

Imported only where something is rendered: numba takes a second to load and, once per machine, some seconds to compile. A band is
drawn on its own, so that bands run in threads and their buffers stay in the processor's cache. Groups are Cubism 5.3's offscreen
parts: drawn into a buffer of their own, which then meets what lies below as a whole.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.blending import NORMAL, blend
from data_tools.live2d.compiling import compiled
from data_tools.live2d.triangles import draw_mask, draw_mesh

Array = NDArray[Any]

MESH, OPEN_GROUP, CLOSE_GROUP = 0, 1, 2
"""Kinds of steps."""

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
def _fill_mask(
    mask: Array, box: Array, clips: Array, inverted: bool, ranges: Array, edges: Array, rows: Array, gradients: Array, places: Array,
    texels: Array,
) -> None:  # fmt: skip
    """What clipping keeps of each pixel of a box: the union of the masks' alphas, or what they leave."""
    mask[:] = 1
    for clip in clips:
        draw_mask(mask, box, ranges[clip, 0], ranges[clip, 1], edges, rows, gradients, places, texels)
    if not inverted:
        for y in range(mask.shape[0]):
            for x in range(mask.shape[1]):
                mask[y, x] = _ONE - mask[y, x]


@compiled
def _lay_mesh(
    layer: Array, box: Array, number: int, offset: int, whole: Array, ground: Array, top: int,
    pixels: Array, visible: Array, left_over: Array, extent: Array,
) -> None:  # fmt: skip
    """Keep a layer's pixels as straight 8-bit RGBA, lay it over ``ground``, and note what it adds and what it leaves."""
    for y in range(box[1], box[3]):
        place = offset + (y - whole[1]) * (whole[2] - whole[0]) + box[0] - whole[0]
        for x in range(box[0], box[2]):
            pixel = layer[y - box[1], x - box[0]]
            if pixel[3] > 0:
                alpha = int(pixel[3] * _WHOLE + _HALF)
                added, left = blend(number, pixel, ground[y - top, x])
                if alpha > 0:
                    scale = _WHOLE / pixel[3]
                    pixels[place, 0] = min(255, int(pixel[0] * scale + _HALF))
                    pixels[place, 1] = min(255, int(pixel[1] * scale + _HALF))
                    pixels[place, 2] = min(255, int(pixel[2] * scale + _HALF))
                    pixels[place, 3] = min(255, alpha)
                    visible[place] = min(255, int(added * _WHOLE + _HALF))
                    left_over[place] = min(255, int(left * _WHOLE + _HALF))
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
def render_band(
    top: int, bottom: int, steps: Array, depth: int, ranges: Array, boxes: Array, offsets: Array, numbers: Array, colors: Array,
    clip_starts: Array, clips: Array, inverted: Array, edges: Array, rows: Array, gradients: Array, places: Array,
    texels: Array, picture: Array, top_mesh: Array, pixels: Array, visible: Array, left_over: Array, extents: Array,
) -> None:  # fmt: skip
    """Draw rows ``top`` to ``bottom`` of the picture and of every mesh.

    Args:
        steps: (K, 2) int64, back to front: `MESH` and its index, or `OPEN_GROUP` or `CLOSE_GROUP` and the group's.
        depth: how many groups may be open at once.
        ranges: (M, 2) int64, first triangle of a mesh and the one after the last.
        boxes: (M + G, 4) int64, left, top, right, bottom in the picture, of meshes and, after them, of groups; so are
            numbers: (M + G,) int64, blend numbers,
        offsets: (M,) int64, where a mesh's box begins in ``pixels``, ``visible`` and ``left_over``.
            colors: (M + G, 7) float32, multiply RGB, screen RGB, opacity,
        clip_starts, clips: (M + G + 1,) and (C,) int64: what ``clips[clip_starts[i]:clip_starts[i + 1]]`` clips.
        inverted: (M + G,) bool.
        edges, rows, gradients, places: see `triangles.set_up_triangles`.
        texels: see `textures.TexturePyramid`.
        picture: (H, W, 4) float32 premultiplied, zeros, filled.
        top_mesh: (H, W) int32, -1, filled.
        pixels: (N, 4) uint8, zeros, filled: straight RGBA of every mesh.
        visible: (N,) uint8, zeros, filled: the share of the pixel's colour that is this mesh's, 255 = all.
        left_over: (N,) uint8, filled with 255, filled: the share that it leaves of what lies below.
        extents: (M, 4) int64, filled: where a mesh has alpha inside the band.
    """
    height, width, num_meshes = bottom - top, picture.shape[1], len(ranges)
    layer_buffer = np.empty(height * width * 4, np.float32)
    mask_buffer = np.empty(height * width, np.float32)
    num_groups = len(numbers) - num_meshes
    grounds = np.empty((depth, height, width, 4), np.float32)
    factors = np.empty((num_groups, height, width), np.float32)
    left_overs = np.empty((num_groups, height, width), np.float32)
    box = np.zeros(4, np.int64)
    level = 0
    for step in range(len(steps)):
        kind, index = steps[step]
        item = index if kind == MESH else num_meshes + index
        level -= kind == CLOSE_GROUP
        touched = _clip(boxes, item, top, bottom, box)
        if kind == OPEN_GROUP:
            if touched:
                grounds[level, box[1] - top : box[3] - top, box[0] : box[2]] = 0
            level += 1
        if not touched or kind == OPEN_GROUP:
            continue
        size = (box[3] - box[1], box[2] - box[0])
        mask = mask_buffer[: size[0] * size[1]].reshape(size)
        masked = clip_starts[item] < clip_starts[item + 1]
        if masked:
            own = clips[clip_starts[item] : clip_starts[item + 1]]
            _fill_mask(mask, box, own, inverted[item], ranges, edges, rows, gradients, places, texels)
        ground = picture[top:bottom] if level == 0 else grounds[level - 1]
        if kind == CLOSE_GROUP:
            _lay_group(grounds[level], box, numbers[item], colors[item], mask, masked, ground, top, factors[index], left_overs[index])
            continue
        layer = layer_buffer[: size[0] * size[1] * 4].reshape((size[0], size[1], 4))
        layer[:] = 0
        draw_mesh(
            layer, box, ranges[index, 0], ranges[index, 1], edges, rows, gradients, places,
            texels, colors[index], mask, masked,
        )  # fmt: skip
        _lay_mesh(layer, box, numbers[index], offsets[index], boxes[index], ground, top, pixels, visible, left_over, extents[index])
    _find_visible(top, bottom, steps, depth, boxes, offsets, numbers, visible, left_over, factors, left_overs, top_mesh)


@compiled
def _find_visible(
    top: int, bottom: int, steps: Array, depth: int, boxes: Array, offsets: Array, numbers: Array,
    visible: Array, left_over: Array, factors: Array, left_overs: Array, top_mesh: Array,
) -> None:  # fmt: skip
    """Front to back: what each mesh contributes to each pixel, given what lies in front of it."""
    shape = (depth + 1, bottom - top, top_mesh.shape[1])
    through = np.ones(shape, np.float32)  # what the things in front leave
    shown = np.ones(shape, np.float32)  # what the groups around show and nothing in front erases
    box = np.zeros(4, np.int64)
    level, num_meshes = 0, len(boxes) - len(factors)
    for step in range(len(steps) - 1, -1, -1):
        kind, index = steps[step]
        item = index if kind == MESH else num_meshes + index
        level -= kind == OPEN_GROUP
        touched = _clip(boxes, item, top, bottom, box)
        erases = numbers[item] >> 8 == _OUT
        if kind == CLOSE_GROUP:
            for y in range(box[1] - top, box[3] - top):
                for x in range(box[0], box[2] if touched else box[0]):
                    through[level + 1, y, x] = through[level, y, x] * factors[index, y, x]
                    shown[level + 1, y, x] = shown[level, y, x] * factors[index, y, x]
                    through[level, y, x] *= left_overs[index, y, x]
                    if erases:
                        shown[level, y, x] *= left_overs[index, y, x]
            level += 1
        elif kind == MESH and touched:
            covers = numbers[index] & 255 == NORMAL and not erases
            for y in range(box[1], box[3]):
                place = offsets[index] + (y - boxes[index, 1]) * (boxes[index, 2] - boxes[index, 0]) + box[0] - boxes[index, 0]
                for x in range(box[0], box[2]):
                    added, left = visible[place], left_over[place]
                    if added > 0:
                        share = np.float32(added) * _BYTE
                        visible[place] = int(share * through[level, y - top, x] * _WHOLE + _HALF)
                        if covers and top_mesh[y, x] < 0 and share * shown[level, y - top, x] >= _HALF:
                            top_mesh[y, x] = index
                    if left < 255:
                        through[level, y - top, x] *= np.float32(left) * _BYTE
                        if erases:
                            shown[level, y - top, x] *= np.float32(left) * _BYTE
                    place += 1
