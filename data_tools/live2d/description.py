"""What a model's evaluator says, and the checks that it fits together: a worker's answers are taken as hostile as the file itself.

`Description` is what stays the same at every pose, `PoseState` what changes.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.export.names import printable

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

_FLOATS = (
    "parameters", "part_opacities", "opacities", "multiply_colors", "screen_colors",
    "offscreen_opacities", "offscreen_multiply_colors", "offscreen_screen_colors",
)  # fmt: skip


class UnreadableModel(InputError):
    """The file is not a model that Cubism Core can read."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"This is not a readable Cubism model: {reason}. Export it again from Cubism Editor (3.0 or later) as moc3.")


@dataclass(frozen=True, eq=False)
class Description:
    """What stays the same at every pose; lists run over parameters, parts or ArtMeshes in the file's order.

    Attributes:
        canvas: width, height, origin x and y in canvas pixels, pixels per unit.
        uvs: per ArtMesh (V, 2) float32, v up.
        triangles: per ArtMesh (T, 3) int32.
        masks: per ArtMesh, indices of the ArtMeshes that clip it.
        part_parents, mesh_parts: indices of parts, -1 for the root.
        flags: Core's constant flags: 1 add, 2 multiply, 4 double-sided, 8 inverted mask.
        blends: Cubism 5.3 blend numbers (low byte colour, next byte alpha), all 0 before.
        offscreen_owners: indices of the parts that are drawn offscreen first (Cubism 5.3); the next three run over the same.
    """

    moc_version: int
    canvas: tuple[float, float, float, float, float]
    parameter_ids: list[str]
    part_ids: list[str]
    mesh_ids: list[str]
    minimum: Float32
    maximum: Float32
    default: Float32
    parameter_types: list[int]
    uvs: list[Float32]
    triangles: list[Int32]
    masks: list[list[int]]
    part_parents: list[int]
    mesh_parts: list[int]
    textures: list[int]
    flags: list[int]
    blends: list[int]
    offscreen_owners: list[int]
    offscreen_blends: list[int]
    offscreen_flags: list[int]
    offscreen_masks: list[list[int]]


@dataclass(frozen=True, eq=False)
class PoseState:
    """A model at one pose. Arrays run over ArtMeshes unless they say otherwise.

    Attributes:
        parameters, part_opacities: (N,) float32, as Core clamped them.
        vertices: per ArtMesh (V, 2) float32, the model's units, y up.
        draw_orders: (M,) int32.
        render_orders: (M + O,) int32, of ArtMeshes and, after them, of offscreen parts.
        opacities: (M,) float32 in [0, 1].
        visible: (M,) bool.
        multiply_colors, screen_colors: (M, 3) float32 in [0, 1].
        offscreen_opacities, offscreen_multiply_colors, offscreen_screen_colors: (O,) and (O, 3), likewise.
    """

    parameters: Float32
    part_opacities: Float32
    vertices: list[Float32]
    draw_orders: Int32
    render_orders: Int32
    opacities: Float32
    visible: NDArray[np.bool_]
    multiply_colors: Float32
    screen_colors: Float32
    offscreen_opacities: Float32
    offscreen_multiply_colors: Float32
    offscreen_screen_colors: Float32


def _split(blob: bytes, dtype: str, counts: list[int], width: int) -> list[NDArray[Any]]:
    """Cut a blob of ``width``-tuples into one array per count."""
    values = np.frombuffer(blob, dtype).reshape(-1, width)
    if len(values) != sum(counts):
        raise ValueError(f"{len(values)} tuples instead of {sum(counts)}")
    return np.split(values, np.cumsum(counts)[:-1]) if counts else []


def read_description(header: dict[str, Any], blobs: dict[str, bytes]) -> Description:
    """Check and unpack what `worker.describe` sent; `UnreadableModel` if it does not fit together."""
    try:
        description = _parse_description(header, blobs)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnreadableModel(f"what it describes does not fit together ({error})") from error
    return description


def _parse_description(header: dict[str, Any], blobs: dict[str, bytes]) -> Description:
    ids = {kind: _clean_ids(kind, names) for kind, names in header["ids"].items()}
    vertex_counts = [int(count) for count in header["vertex_counts"]]
    index_counts = [int(count) for count in header["index_counts"]]
    num_parts, num_meshes, num_parameters = len(ids["Part"]), len(ids["Drawable"]), len(ids["Parameter"])
    width, height, *rest = (float(value) for value in header["canvas"])
    if not (0 < width < 1e6 and 0 < height < 1e6 and np.isfinite(rest).all() and rest[2] > 0):
        raise ValueError(f"a canvas of {width} x {height}")
    if any(count % 3 for count in index_counts):
        raise ValueError("a triangle with fewer than three corners")
    triangles = [cut.astype(np.int32) for cut in _split(blobs["indices"], "<u2", [count // 3 for count in index_counts], 3)]
    num_offscreens = len(header["offscreen_owners"])
    for corners, count in zip(triangles, vertex_counts, strict=True):
        if corners.size and corners.max() >= count:
            raise ValueError("a triangle with a corner that does not exist")
    _check_indices(header["part_parents"], num_parts, num_parts, "a part")
    _check_indices(header["mesh_parts"], num_parts, num_meshes, "an ArtMesh")
    _check_indices(header["offscreen_owners"], num_parts, num_offscreens, "an offscreen")
    uvs = _split(blobs["uvs"], "<f4", vertex_counts, 2)
    numbers = {name: np.frombuffer(blobs[name], "<f4", num_parameters) for name in ("minimum", "maximum", "default")}
    if not all(np.isfinite(array).all() for array in (*uvs, *numbers.values())):
        raise ValueError("numbers that are none")
    return Description(
        moc_version=int(header["moc_version"]),
        canvas=(width, height, rest[0], rest[1], rest[2]),
        parameter_ids=ids["Parameter"],
        part_ids=ids["Part"],
        mesh_ids=ids["Drawable"],
        **numbers,
        parameter_types=_exactly(header["parameter_types"], num_parameters),
        uvs=uvs,
        triangles=triangles,
        masks=_masks(blobs["masks"], _exactly(header["mask_counts"], num_meshes), num_meshes),
        part_parents=header["part_parents"],
        mesh_parts=header["mesh_parts"],
        textures=_exactly(header["textures"], num_meshes),
        flags=_exactly(header["flags"], num_meshes),
        blends=_exactly(header["blends"], num_meshes) if header["blends"] else [0] * num_meshes,
        offscreen_owners=header["offscreen_owners"],
        offscreen_blends=_exactly(header["offscreen_blends"], num_offscreens),
        offscreen_flags=_exactly(header["offscreen_flags"], num_offscreens),
        offscreen_masks=_masks(blobs["offscreen_masks"], _exactly(header["offscreen_mask_counts"], num_offscreens), num_meshes),
    )


def _masks(blob: bytes, counts: list[int], num_meshes: int) -> list[list[int]]:
    """Indices of clipping ArtMeshes; Core itself writes -1 for "none"."""
    return [[int(mask) for mask in cut[:, 0] if 0 <= mask < num_meshes] for cut in _split(blob, "<i4", counts, 1)]


def _clean_ids(kind: str, names: list[str]) -> list[str]:
    """Ids fit to be shown and to tell objects apart, whatever a damaged file holds; those of a sound file stay as they are."""
    seen: dict[str, int] = {}
    result = []
    for index, name in enumerate(names):
        clean = printable(str(name))[:200] or f"{kind}{index}"
        seen[clean] = seen.get(clean, 0) + 1
        result.append(clean if seen[clean] == 1 else f"{clean}#{seen[clean]}@{index}")
    return result


def _exactly(values: list[int], count: int) -> list[int]:
    if len(values) != count:
        raise ValueError(f"{len(values)} entries instead of {count}")
    return [int(value) for value in values]


def _check_indices(values: list[int], below: int, count: int, what: str) -> None:
    if len(values) != count or any(not -1 <= int(value) < below for value in values):
        raise ValueError(f"{what} in a part that does not exist")


def read_pose(description: Description, blobs: dict[str, bytes]) -> PoseState:
    """Check and unpack what `worker.evaluate` sent; `UnreadableModel` if it does not fit the description."""
    num_meshes, num_offscreens = len(description.mesh_ids), len(description.offscreen_owners)
    try:
        state = PoseState(
            parameters=np.frombuffer(blobs["parameters"], "<f4", len(description.parameter_ids)),
            part_opacities=np.clip(np.frombuffer(blobs["part_opacities"], "<f4", len(description.part_ids)), 0, 1),
            vertices=_split(blobs["vertices"], "<f4", [len(uvs) for uvs in description.uvs], 2),
            draw_orders=np.frombuffer(blobs["draw_orders"], "<i4", num_meshes),
            render_orders=np.frombuffer(blobs["render_orders"], "<i4", num_meshes + num_offscreens),
            opacities=np.clip(np.frombuffer(blobs["opacities"], "<f4", num_meshes), 0, 1),
            visible=(np.frombuffer(blobs["dynamic_flags"], np.uint8, num_meshes) & 1).astype(bool),
            multiply_colors=_colors(blobs["multiply_colors"], num_meshes),
            screen_colors=_colors(blobs["screen_colors"], num_meshes),
            offscreen_opacities=np.clip(np.frombuffer(blobs["offscreen_opacities"], "<f4", num_offscreens), 0, 1),
            offscreen_multiply_colors=_colors(blobs["offscreen_multiply_colors"], num_offscreens),
            offscreen_screen_colors=_colors(blobs["offscreen_screen_colors"], num_offscreens),
        )
    except (KeyError, ValueError) as error:
        raise UnreadableModel(f"a pose does not fit the model ({error})") from error
    floats = (getattr(state, name) for name in _FLOATS)
    if not all(np.isfinite(array).all() for array in (*floats, *state.vertices)):
        raise UnreadableModel("a pose has positions or colours that are no numbers")
    return state


def _colors(blob: bytes, count: int) -> Float32:
    return np.clip(np.frombuffer(blob, "<f4", 4 * count).reshape(count, 4)[:, :3], 0, 1)
