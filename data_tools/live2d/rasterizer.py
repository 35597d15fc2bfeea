"""The compiled part of the renderer: triangles to pixels, clipping masks, blending, visibility.

Pixels are covered as on a GPU: positions snapped to 1/256 pixel, a pixel belongs to a triangle that holds its centre, ties go by the
top-left rule, so neighbours that share an edge leave no seam and no pixel twice. Textures are sampled trilinearly, premultiplied.

Imported only where something is rendered: numba takes a second to load and, once per machine, some seconds to compile. `render_band`
draws a band of rows on its own, so that bands run in threads (the compiled code holds no lock) and their buffers stay in the cache.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[Any]

NORMAL, ADD, MULTIPLY = 0, 1, 2
"""Blend codes of the kernels."""

_SUBPIXELS = 256
_ONE = np.float32(1)
_HALF = np.float32(0.5)
_BYTE = np.float32(1 / 255)


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile at first use and keep the machine code on disk; where no folder can be written, compile for this process alone."""
    try:
        return njit(cache=True, nogil=True)(function)
    except RuntimeError:  # numba: "no locator available"
        return njit(nogil=True)(function)


@_compiled
def set_up_triangles(
    vertices: Array, uvs: Array, triangles: Array, culled: Array, sizes: Array, edges: Array, gradients: Array, rows: Array
) -> None:
    """Prepare triangles for `render_band`.

    Args:
        vertices: (V, 2) float64, picture pixels, y down, |coordinate| < 2**20.
        uvs: (V, 2) float64, v down.
        triangles: (T, 3) int32.
        culled: (T,) bool, leave the triangle out if it faces away.
        sizes: (T, 2) float64, ``(width, height)`` of the texture.
        edges: (T, 3, 4) int64, filled: a, b, c and threshold; a pixel is inside where ``a x + b y + c >= threshold`` for all three.
        gradients: (T, 7) float32, filled: u and its slopes in x and y, v and its slopes, in texels of level 0; level of detail.
        rows: (T, 2) int32, filled: first row and the row after the last; equal: the triangle is not drawn.
    """
    for index in range(len(triangles)):
        i, j, k = triangles[index]
        rows[index, 0] = rows[index, 1] = 0
        area = (vertices[j, 0] - vertices[i, 0]) * (vertices[k, 1] - vertices[i, 1])
        area -= (vertices[j, 1] - vertices[i, 1]) * (vertices[k, 0] - vertices[i, 0])
        if culled[index] and area > 0:  # with y down, what faces the viewer has a negative area
            continue
        if area < 0:
            j, k = k, j
            area = -area
        if area < 1e-9:
            continue
        low, high = np.int64(2**40), np.int64(-(2**40))
        corners = (i, j, k)
        for side in range(3):
            first, second = corners[side], corners[(side + 1) % 3]
            ax, ay = np.int64(np.rint(vertices[first, 0] * _SUBPIXELS)), np.int64(np.rint(vertices[first, 1] * _SUBPIXELS))
            bx, by = np.int64(np.rint(vertices[second, 0] * _SUBPIXELS)), np.int64(np.rint(vertices[second, 1] * _SUBPIXELS))
            dx, dy = bx - ax, by - ay
            edges[index, side, 0] = -dy * _SUBPIXELS
            edges[index, side, 1] = dx * _SUBPIXELS
            edges[index, side, 2] = dx * (_SUBPIXELS // 2 - ay) - dy * (_SUBPIXELS // 2 - ax)
            edges[index, side, 3] = 0 if dy < 0 or (dy == 0 and dx > 0) else 1
            low, high = min(low, ay), max(high, ay)
        rows[index, 0] = (low - _SUBPIXELS // 2) // _SUBPIXELS
        rows[index, 1] = (high + _SUBPIXELS // 2) // _SUBPIXELS + 1
        x1, y1 = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1]
        x2, y2 = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1]
        longest_x = longest_y = 0.0
        for axis in range(2):
            start = uvs[i, axis] * sizes[index, axis]
            d1, d2 = uvs[j, axis] * sizes[index, axis] - start, uvs[k, axis] * sizes[index, axis] - start
            in_x, in_y = (d1 * y2 - d2 * y1) / area, (d2 * x1 - d1 * x2) / area
            gradients[index, 3 * axis] = start + in_x * (0.5 - vertices[i, 0]) + in_y * (0.5 - vertices[i, 1])
            gradients[index, 3 * axis + 1], gradients[index, 3 * axis + 2] = in_x, in_y
            longest_x += in_x * in_x
            longest_y += in_y * in_y
        gradients[index, 6] = 0.5 * np.log2(max(longest_x, longest_y, 1e-12))


@_compiled
def _span(edges: Array, y: int, left: Any, right: Any) -> tuple[Any, Any]:
    """First pixel of a triangle in row ``y`` and the one after its last, inside [left, right)."""
    for side in range(3):
        a, threshold = edges[side, 0], edges[side, 3]
        rest = edges[side, 1] * y + edges[side, 2]
        if a > 0:
            left = max(left, -((rest - threshold) // a))
        elif a < 0:
            right = min(right, (rest - threshold) // -a + 1)
        elif rest < threshold:
            return 0, 0
    return left, right


@_compiled
def _bilinear(texels: Array, start: int, width: int, height: int, u: np.float32, v: np.float32) -> tuple[Any, Any, Any, Any]:
    """RGBA, each float32 in [0, 255], at (u, v), in texels of this level; outside the texture it repeats."""
    u -= _HALF
    v -= _HALF
    x, y = int(np.floor(u)), int(np.floor(v))
    fx, fy = u - np.float32(x), v - np.float32(y)
    x_next, y_next = x + 1, y + 1
    if x < 0 or x_next >= width:
        x, x_next = x % width, x_next % width
    if y < 0 or y_next >= height:
        y, y_next = y % height, y_next % height
    p, q = texels[start + y * width + x], texels[start + y * width + x_next]
    r, s = texels[start + y_next * width + x], texels[start + y_next * width + x_next]
    if p | q | r | s == 0:
        return np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    ws = fx * fy
    wr, wq = fy - ws, fx - ws
    wp = _ONE - fx - wr
    mask = np.uint32(255)
    red = wp * np.float32(p & mask) + wq * np.float32(q & mask) + wr * np.float32(r & mask) + ws * np.float32(s & mask)
    p, q, r, s = p >> np.uint32(8), q >> np.uint32(8), r >> np.uint32(8), s >> np.uint32(8)
    green = wp * np.float32(p & mask) + wq * np.float32(q & mask) + wr * np.float32(r & mask) + ws * np.float32(s & mask)
    p, q, r, s = p >> np.uint32(8), q >> np.uint32(8), r >> np.uint32(8), s >> np.uint32(8)
    blue = wp * np.float32(p & mask) + wq * np.float32(q & mask) + wr * np.float32(r & mask) + ws * np.float32(s & mask)
    p, q, r, s = p >> np.uint32(8), q >> np.uint32(8), r >> np.uint32(8), s >> np.uint32(8)
    return red, green, blue, wp * np.float32(p) + wq * np.float32(q) + wr * np.float32(r) + ws * np.float32(s)


@_compiled
def _texel(texels: Array, chain: Array, level: int, blend: np.float32, u: np.float32, v: np.float32) -> tuple[Any, Any, Any, Any]:
    """Trilinear sample RGBA, each float32 in [0, 1]: ``level`` and, by ``blend``, the next; (u, v) in texels of level 0."""
    width, height = chain[level, 1], chain[level, 2]
    su, sv = np.float32(width) / np.float32(chain[0, 1]), np.float32(height) / np.float32(chain[0, 2])
    red, green, blue, alpha = _bilinear(texels, chain[level, 0], width, height, u * su, v * sv)
    if blend > 0:
        width, height = chain[level + 1, 1], chain[level + 1, 2]
        su, sv = np.float32(width) / np.float32(chain[0, 1]), np.float32(height) / np.float32(chain[0, 2])
        red2, green2, blue2, alpha2 = _bilinear(texels, chain[level + 1, 0], width, height, u * su, v * sv)
        red, green = red + blend * (red2 - red), green + blend * (green2 - green)
        blue, alpha = blue + blend * (blue2 - blue), alpha + blend * (alpha2 - alpha)
    return red * _BYTE, green * _BYTE, blue * _BYTE, alpha * _BYTE


@_compiled
def _levels_of(chain: Array, detail: float) -> tuple[int, np.float32]:
    """The finer mip level and how much of the next there is."""
    last = 0
    while last + 1 < len(chain) and chain[last + 1, 1] > 0:
        last += 1
    if detail <= 0:
        return 0, np.float32(0)
    if detail >= last:
        return last, np.float32(0)
    level = int(detail)
    return level, np.float32(detail - level)


@_compiled
def _draw_mesh(
    target: Array, box: Array, first: int, last: int, edges: Array, gradients: Array, rows: Array,
    texels: Array, chain: Array, color: Array, mask: Array, masked: bool,
) -> None:  # fmt: skip
    """Draw triangles ``first`` to ``last`` over ``target``, premultiplied, whose pixel (0, 0) is the box's corner.

    ``color`` holds multiply RGB, screen RGB and opacity; ``mask`` is what is kept, used if ``masked``.
    """
    left, top, right, bottom = box[0], box[1], box[2], box[3]
    mr, mg, mb, sr, sg, sb, opacity = color[0], color[1], color[2], color[3], color[4], color[5], color[6]
    tinted = mr != 1 or mg != 1 or mb != 1 or sr != 0 or sg != 0 or sb != 0
    for index in range(first, last):
        level, part = _levels_of(chain, gradients[index, 6])
        u0, u_x, u_y = gradients[index, 0], gradients[index, 1], gradients[index, 2]
        v0, v_x, v_y = gradients[index, 3], gradients[index, 4], gradients[index, 5]
        for y in range(max(rows[index, 0], top), min(rows[index, 1], bottom)):
            start, end = _span(edges[index], y, left, right)
            u_row, v_row = u0 + u_y * np.float32(y), v0 + v_y * np.float32(y)
            for x in range(start, end):
                red, green, blue, alpha = _texel(texels, chain, level, part, u_row + u_x * np.float32(x), v_row + v_x * np.float32(x))
                if alpha == 0:
                    continue
                if tinted:
                    red, green, blue = red * mr, green * mg, blue * mb
                    red, green, blue = red + sr * (alpha - red), green + sg * (alpha - green), blue + sb * (alpha - blue)
                kept = opacity
                if masked:
                    kept *= mask[y - top, x - left]
                pixel = target[y - top, x - left]
                rest = _ONE - alpha * kept
                pixel[0] = red * kept + pixel[0] * rest
                pixel[1] = green * kept + pixel[1] * rest
                pixel[2] = blue * kept + pixel[2] * rest
                pixel[3] = alpha * kept + pixel[3] * rest


@_compiled
def _draw_mask(
    target: Array, box: Array, first: int, last: int, edges: Array, gradients: Array, rows: Array, texels: Array, chain: Array
) -> None:
    """Multiply ``target`` by what triangles ``first`` to ``last`` leave uncovered."""
    left, top, right, bottom = box[0], box[1], box[2], box[3]
    for index in range(first, last):
        level, part = _levels_of(chain, gradients[index, 6])
        u0, u_x, u_y = gradients[index, 0], gradients[index, 1], gradients[index, 2]
        v0, v_x, v_y = gradients[index, 3], gradients[index, 4], gradients[index, 5]
        for y in range(max(rows[index, 0], top), min(rows[index, 1], bottom)):
            start, end = _span(edges[index], y, left, right)
            u_row, v_row = u0 + u_y * np.float32(y), v0 + v_y * np.float32(y)
            for x in range(start, end):
                alpha = _texel(texels, chain, level, part, u_row + u_x * np.float32(x), v_row + v_x * np.float32(x))[3]
                target[y - top, x - left] *= _ONE - alpha


@_compiled
def _store(layer: Array, box: Array, offset: int, stride: int, whole: Array, pixels: Array, extent: Array) -> None:
    """Write a layer's rows as straight 8-bit RGBA into ``pixels`` and widen ``extent`` to where it has alpha."""
    for y in range(box[1], box[3]):
        place = offset + (y - whole[1]) * stride + box[0] - whole[0]
        for x in range(box[0], box[2]):
            pixel = layer[y - box[1], x - box[0]]
            alpha = int(pixel[3] * np.float32(255) + _HALF)
            if alpha > 0:
                scale = np.float32(255) / pixel[3]
                pixels[place, 0] = min(255, int(pixel[0] * scale + _HALF))
                pixels[place, 1] = min(255, int(pixel[1] * scale + _HALF))
                pixels[place, 2] = min(255, int(pixel[2] * scale + _HALF))
                pixels[place, 3] = min(255, alpha)
                extent[0], extent[1] = min(extent[0], x), min(extent[1], y)
                extent[2], extent[3] = max(extent[2], x + 1), max(extent[3], y + 1)
            place += 1


@_compiled
def _blend(layer: Array, box: Array, mode: int, mesh: int, picture: Array, top_mesh: Array) -> None:
    """Lay a premultiplied layer over the picture; note the mesh where it covers at least half of a pixel."""
    for y in range(box[1], box[3]):
        for x in range(box[0], box[2]):
            pixel, below = layer[y - box[1], x - box[0]], picture[y, x]
            alpha = pixel[3]
            if alpha == 0:
                continue
            rest = _ONE - alpha
            if mode == NORMAL:
                for channel in range(4):
                    below[channel] = pixel[channel] + below[channel] * rest
                if alpha >= _HALF:
                    top_mesh[y, x] = mesh
            elif mode == ADD:
                for channel in range(3):
                    below[channel] = min(_ONE, below[channel] + pixel[channel])
            else:
                for channel in range(3):
                    below[channel] *= pixel[channel] + rest


@_compiled
def _clip(boxes: Array, slot: int, top: int, bottom: int, box: Array) -> bool:
    """The rows of a mesh's box that lie in the band; whether there are any."""
    box[0], box[1] = boxes[slot, 0], max(boxes[slot, 1], top)
    box[2], box[3] = boxes[slot, 2], min(boxes[slot, 3], bottom)
    return box[0] < box[2] and box[1] < box[3]


@_compiled
def render_band(
    top: int, bottom: int, slots: Array, ranges: Array, boxes: Array, offsets: Array, modes: Array, colors: Array,
    texture_of: Array, clip_starts: Array, clips: Array, inverted: Array, edges: Array, gradients: Array, rows: Array,
    texels: Array, levels: Array, picture: Array, top_mesh: Array, pixels: Array, visible: Array, extents: Array,
) -> None:  # fmt: skip
    """Draw rows ``top`` to ``bottom`` of the picture and of every mesh.

    Args:
        slots: (K,) int64, the ArtMeshes to draw, back to front; all other arrays over meshes are indexed by ArtMesh.
        ranges: (M, 2) int64, first triangle and the one after the last.
        boxes: (M, 4) int64, left, top, right, bottom in the picture.
        offsets: (M,) int64, where a mesh's box begins in ``pixels`` and ``visible``.
        modes: (M,) int64, `NORMAL`, `ADD` or `MULTIPLY`.
        colors: (M, 7) float32, multiply RGB, screen RGB, opacity.
        texture_of: (M,) int64.
        clip_starts, clips: (M + 1,) and (C,) int64: mesh m is clipped by ``clips[clip_starts[m]:clip_starts[m + 1]]``.
        inverted: (M,) bool.
        edges, gradients, rows: see `set_up_triangles`.
        texels, levels: see `textures.TexturePyramid`.
        picture: (H, W, 4) float32 premultiplied, zeros, filled.
        top_mesh: (H, W) int32, -1, filled.
        pixels: (N, 4) uint8, zeros, filled: straight RGBA of every mesh.
        visible: (N,) uint8, zeros, filled: the share of the pixel's colour that is this mesh's, 255 = all.
        extents: (M, 4) int64, filled: where a mesh has alpha inside the band.
    """
    width = picture.shape[1]
    layer_buffer = np.empty((bottom - top) * width * 4, np.float32)
    mask_buffer = np.empty((bottom - top) * width, np.float32)
    box = np.zeros(4, np.int64)
    for mesh in slots:
        if not _clip(boxes, mesh, top, bottom, box):
            continue
        box_height, box_width = box[3] - box[1], box[2] - box[0]
        layer = layer_buffer[: box_height * box_width * 4].reshape((box_height, box_width, 4))
        layer[:] = 0
        mask = mask_buffer[: box_height * box_width].reshape((box_height, box_width))
        masked = clip_starts[mesh] < clip_starts[mesh + 1]
        if masked:
            mask[:] = 1
            for clip in clips[clip_starts[mesh] : clip_starts[mesh + 1]]:
                _draw_mask(mask, box, ranges[clip, 0], ranges[clip, 1], edges, gradients, rows, texels, levels[texture_of[clip]])
            if not inverted[mesh]:
                for y in range(box_height):
                    for x in range(box_width):
                        mask[y, x] = _ONE - mask[y, x]
        _draw_mesh(
            layer, box, ranges[mesh, 0], ranges[mesh, 1], edges, gradients, rows,
            texels, levels[texture_of[mesh]], colors[mesh], mask, masked,
        )  # fmt: skip
        _store(layer, box, offsets[mesh], boxes[mesh, 2] - boxes[mesh, 0], boxes[mesh], pixels, extents[mesh])
        _blend(layer, box, modes[mesh], mesh, picture, top_mesh)
    _find_visible(top, bottom, slots, boxes, offsets, modes, pixels, visible, mask_buffer.reshape((bottom - top, width)))


@_compiled
def _find_visible(
    top: int, bottom: int, slots: Array, boxes: Array, offsets: Array, modes: Array, pixels: Array, visible: Array, through: Array
) -> None:
    """Front to back: what each mesh contributes to each pixel, given what lies in front of it."""
    through[:] = 1
    box = np.zeros(4, np.int64)
    for mesh in slots[::-1]:
        if not _clip(boxes, mesh, top, bottom, box):
            continue
        stride = boxes[mesh, 2] - boxes[mesh, 0]
        for y in range(box[1], box[3]):
            place = offsets[mesh] + (y - boxes[mesh, 1]) * stride
            for x in range(box[0], box[2]):
                alpha = np.float32(pixels[place, 3]) * _BYTE
                if alpha > 0:
                    rest = through[y - top, x]
                    visible[place] = np.uint8(alpha * rest * np.float32(255) + _HALF)
                    if modes[mesh] == NORMAL:
                        through[y - top, x] = rest * (_ONE - alpha)
                place += 1
