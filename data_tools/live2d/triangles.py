"""Compiled: triangles to pixels, with textures sampled trilinearly and premultiplied.

Pixels are covered as on a GPU: positions snapped to 1/256 pixel, a pixel belongs to a triangle that holds its centre, ties go by the
top-left rule, so neighbours that share an edge leave no seam and no pixel twice.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.compiling import compiled

Array = NDArray[Any]

_SUBPIXELS = 256
_ONE = np.float32(1)
_HALF = np.float32(0.5)
_BYTE = np.float32(1 / 255)


@compiled
def set_up_triangles(
    vertices: Array, uvs: Array, triangles: Array, culled: Array, sizes: Array, edges: Array, gradients: Array, rows: Array
) -> None:
    """Prepare triangles for drawing.

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


@compiled
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


@compiled
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


@compiled
def draw_mesh(
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


@compiled
def draw_mask(
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
