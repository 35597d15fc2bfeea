"""Compiled: triangles to pixels, with textures sampled trilinearly and premultiplied.

Pixels are covered as on a GPU: positions snapped to 1/256 pixel, a pixel belongs to a triangle that holds its centre, ties go by the
top-left rule, so neighbours that share an edge leave no seam and no pixel twice.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.arrays import Triangles
from data_tools.live2d.compiling import compiled

Array = NDArray[Any]

_SUBPIXELS = 256
_ONE = np.float32(1)
_ZERO = np.float32(0)
_BYTE = np.float32(1 / 255)


@compiled
def set_up_triangles(
    vertices: Array, uvs: Array, corners: Array, culled: Array, texture_of: Array, levels: Array, triangles: Triangles
) -> None:
    """Prepare triangles for drawing.

    Args:
        vertices: (V, 2) float64, picture pixels, y down, |coordinate| < 2**20.
        uvs: (V, 2) float64, v down.
        corners: (T, 3) int32.
        culled: (T,) bool, leave the triangle out if it faces away.
        texture_of: (T,) int64.
        levels: see `textures.TexturePyramid`.
        triangles: filled.
    """
    for index in range(len(corners)):
        i, j, k = corners[index]
        area = (vertices[j, 0] - vertices[i, 0]) * (vertices[k, 1] - vertices[i, 1])
        area -= (vertices[j, 1] - vertices[i, 1]) * (vertices[k, 0] - vertices[i, 0])
        if culled[index] and area > 0:  # with y down, what faces the viewer has a negative area
            continue
        if area < 0:
            j, k = k, j
        if abs(area) >= 1e-6:
            chain = levels[texture_of[index]]
            _set_up_edges(vertices, i, j, k, triangles.edges[index], triangles.rows[index])
            _set_up_texture(vertices, uvs, i, j, k, chain, triangles.gradients[index], triangles.places[index])


@compiled
def _set_up_edges(vertices: Array, i: int, j: int, k: int, edges: Array, rows: Array) -> None:
    low, high = np.int64(2**40), np.int64(-(2**40))
    ends = (i, j, k)
    for side in range(3):
        first, second = ends[side], ends[(side + 1) % 3]
        ax, ay = np.int64(np.rint(vertices[first, 0] * _SUBPIXELS)), np.int64(np.rint(vertices[first, 1] * _SUBPIXELS))
        bx, by = np.int64(np.rint(vertices[second, 0] * _SUBPIXELS)), np.int64(np.rint(vertices[second, 1] * _SUBPIXELS))
        dx, dy = bx - ax, by - ay
        edges[side, 0] = -dy * _SUBPIXELS
        edges[side, 1] = dx * _SUBPIXELS
        edges[side, 2] = dx * (_SUBPIXELS // 2 - ay) - dy * (_SUBPIXELS // 2 - ax)
        edges[side, 3] = 0 if dy < 0 or (dy == 0 and dx > 0) else 1
        low, high = min(low, ay), max(high, ay)
    rows[0] = (low - _SUBPIXELS // 2) // _SUBPIXELS
    rows[1] = (high + _SUBPIXELS // 2) // _SUBPIXELS + 1


@compiled
def _set_up_texture(vertices: Array, uvs: Array, i: int, j: int, k: int, chain: Array, gradients: Array, places: Array) -> None:
    x1, y1 = vertices[j, 0] - vertices[i, 0], vertices[j, 1] - vertices[i, 1]
    x2, y2 = vertices[k, 0] - vertices[i, 0], vertices[k, 1] - vertices[i, 1]
    area = x1 * y2 - x2 * y1
    planes = np.zeros(6)
    for axis in range(2):
        d1, d2 = uvs[j, axis] - uvs[i, axis], uvs[k, axis] - uvs[i, axis]
        in_x, in_y = (d1 * y2 - d2 * y1) / area, (d2 * x1 - d1 * x2) / area
        planes[3 * axis] = uvs[i, axis] + in_x * (0.5 - vertices[i, 0]) + in_y * (0.5 - vertices[i, 1])
        planes[3 * axis + 1], planes[3 * axis + 2] = in_x, in_y
    width, height = chain[0, 1], chain[0, 2]
    longest = max((planes[1] * width) ** 2 + (planes[4] * height) ** 2, (planes[2] * width) ** 2 + (planes[5] * height) ** 2, 1e-12)
    level, part = levels_of(chain, 0.5 * np.log2(longest))
    gradients[12] = part
    for which in range(2):
        source = chain[min(level + which, len(chain) - 1)]
        for axis in range(2):
            for term in range(3):
                gradients[6 * which + 3 * axis + term] = planes[3 * axis + term] * source[1 + axis] - (0.5 if term == 0 else 0.0)
        places[which] = source


@compiled
def levels_of(chain: Array, detail: float) -> tuple[int, float]:
    """The finer of two mip levels and how much of the next there is, for a level of detail: log2 of texels per pixel."""
    last = 0
    while last + 1 < len(chain) and chain[last + 1, 1] > 0:
        last += 1
    if detail <= 0:
        return 0, 0.0
    if detail >= last:
        return last, 0.0
    level = int(detail)
    return level, detail - level


@compiled
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


@compiled
def _bilinear(texels: Array, start: int, width: int, height: int, u: np.float32, v: np.float32) -> tuple[Any, Any, Any, Any]:
    """RGBA, each float32 in [0, 255], at (u, v) counted from the first texel's centre; outside the texture it repeats."""
    x, y = int(np.floor(u)), int(np.floor(v))
    fx, fy = u - np.float32(x), v - np.float32(y)
    x_next, y_next = x + 1, y + 1
    if x < 0 or x_next >= width:
        x, x_next = x % width, x_next % width
    if y < 0 or y_next >= height:
        y, y_next = y % height, y_next % height
    row, row_next = start + y * width, start + y_next * width
    p, q = texels[np.uint64(row + x)], texels[np.uint64(row + x_next)]  # unsigned: no check for counting from the end
    r, s = texels[np.uint64(row_next + x)], texels[np.uint64(row_next + x_next)]
    if p | q | r | s == 0:
        return _ZERO, _ZERO, _ZERO, _ZERO
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


@compiled
def _sample_row(texels: Array, gradients: Array, places: Array, y: int, start: int, end: int, row: Array) -> None:
    """Texture colours of pixels ``start`` to ``end`` of row ``y``, trilinear, into ``row`` (W, 4) from its beginning, in [0, 255]."""
    part = gradients[12]
    for which in range(2):
        begin, width, height = places[which, 0], places[which, 1], places[which, 2]
        base = 6 * which
        u, u_x = gradients[base] + gradients[base + 2] * np.float32(y), gradients[base + 1]
        v, v_x = gradients[base + 3] + gradients[base + 5] * np.float32(y), gradients[base + 4]
        for x in range(start, end):
            red, green, blue, alpha = _bilinear(texels, begin, width, height, u + u_x * np.float32(x), v + v_x * np.float32(x))
            pixel = row[x - start]
            if which == 0:
                pixel[0], pixel[1], pixel[2], pixel[3] = red, green, blue, alpha
            else:
                pixel[0] += part * (red - pixel[0])
                pixel[1] += part * (green - pixel[1])
                pixel[2] += part * (blue - pixel[2])
                pixel[3] += part * (alpha - pixel[3])
        if part == 0:
            return


@compiled
def draw_mesh(target: Array, box: Array, first: int, last: int, triangles: Triangles, color: Array, mask: Array, masked: bool) -> None:
    """Draw triangles ``first`` to ``last`` over ``target``, premultiplied, whose pixel (0, 0) is the box's corner.

    ``color`` holds multiply RGB, screen RGB and opacity; ``mask`` is what is kept, used if ``masked``.
    """
    left, top, right, bottom = box[0], box[1], box[2], box[3]
    mr, mg, mb, sr, sg, sb, opacity = color[0], color[1], color[2], color[3], color[4], color[5], color[6] * _BYTE
    tinted = mr != 1 or mg != 1 or mb != 1 or sr != 0 or sg != 0 or sb != 0
    samples = np.empty((right - left, 4), np.float32)
    for index in range(first, last):
        for y in range(max(triangles.rows[index, 0], top), min(triangles.rows[index, 1], bottom)):
            start, end = _span(triangles.edges[index], y, left, right)
            if start >= end:
                continue
            _sample_row(triangles.texels, triangles.gradients[index], triangles.places[index], y, start, end, samples)
            for x in range(start, end):
                red, green, blue, alpha = samples[x - start]
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


@compiled
def draw_mask(target: Array, box: Array, first: int, last: int, triangles: Triangles) -> None:
    """Multiply ``target`` by what triangles ``first`` to ``last`` leave uncovered."""
    left, top, right, bottom = box[0], box[1], box[2], box[3]
    samples = np.empty((right - left, 4), np.float32)
    for index in range(first, last):
        for y in range(max(triangles.rows[index, 0], top), min(triangles.rows[index, 1], bottom)):
            start, end = _span(triangles.edges[index], y, left, right)
            if start >= end:
                continue
            _sample_row(triangles.texels, triangles.gradients[index], triangles.places[index], y, start, end, samples)
            for x in range(start, end):
                target[y - top, x - left] *= _ONE - samples[x - start, 3] * _BYTE
