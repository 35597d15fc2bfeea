"""A scene and a canvas as tuples of flat arrays: what the compiled code takes.

M is the number of ArtMeshes, G that of offscreen parts ("groups"), T that of triangles. Where arrays run over both, the meshes come
first, in the model's order, then the groups.
"""

from typing import Any, NamedTuple

from numpy.typing import NDArray

Array = NDArray[Any]

MESH, OPEN_GROUP, CLOSE_GROUP = 0, 1, 2
"""Kinds of steps."""


class Triangles(NamedTuple):
    """Triangles, ready to be drawn; filled by `triangles.set_up_triangles`.

    Attributes:
        edges: (T, 3, 4) int64: a, b, c and threshold; a pixel is inside where ``a x + b y + c >= threshold`` for all three.
        rows: (T, 2) int32: first row and the row after the last; equal: the triangle is not drawn.
        gradients: (T, 13) float32, for two mip maps: u and its slopes in x and y, v and its slopes, in texels; at the end how much of
            the second, coarser one there is.
        places: (T, 2, 3) int64: where these mip maps begin in ``texels``, their widths and heights.
        texels: (N,) uint32, see `textures.TexturePyramid`.
    """

    edges: Array
    rows: Array
    gradients: Array
    places: Array
    texels: Array


class Scene(NamedTuple):
    """A model at one pose in a view.

    Attributes:
        steps: (K, 2) int64, back to front: `MESH` and its index, or `OPEN_GROUP` or `CLOSE_GROUP` and the group's.
        depth: how many groups are open at once, at most.
        ranges: (M, 2) int64, first triangle of a mesh and the one after the last.
        offsets: (M,) int64, where a mesh's box begins in the flat arrays of the `Canvas`.
        boxes: (M + G, 4) int64, left, top, right, bottom in the picture.
        numbers: (M + G,) int64, blend numbers, see `blending`.
        colors: (M + G, 7) float32, multiply RGB, screen RGB, opacity.
        clip_starts, clips: (M + G + 1,) and (C,) int64: the meshes ``clips[clip_starts[i]:clip_starts[i + 1]]`` clip item i.
        inverted: (M + G,) bool, whether it stays where those meshes are not.
        triangles: of all meshes, one mesh after another.
    """

    steps: Array
    depth: int
    ranges: Array
    offsets: Array
    boxes: Array
    numbers: Array
    colors: Array
    clip_starts: Array
    clips: Array
    inverted: Array
    triangles: Triangles


class Canvas(NamedTuple):
    """What drawing fills.

    Attributes:
        picture: (H, W, 4) float32 premultiplied; zeros before.
        top_mesh: (H, W) int32; -1 before.
        pixels: (N, 4) uint8, straight RGBA of every mesh's box; zeros before.
        visible: (N,) uint8, the share of the pixel's colour that is this mesh's, 255 = all; zeros before.
        left_over: (N,) uint8, the share that the mesh leaves of what lies below; 255 before.
    """

    picture: Array
    top_mesh: Array
    pixels: Array
    visible: Array
    left_over: Array
