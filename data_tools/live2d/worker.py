"""The process in which Cubism Core runs, and may die: ``python -m data_tools.live2d.worker LIBRARY MEGABYTES``.

Reads a moc3 file from its standard input, answers with what does not change (ids, tree, UVs, ...), then answers every request
for a pose until its input ends. Standard library only. See `core_process` for the other side.
"""

import contextlib
import os
import sys
from typing import Any, BinaryIO

from data_tools.live2d.cubism_core import CoreMissing, CoreModel, CoreRefused
from data_tools.live2d.framing import BrokenMessage, receive, send

MAX_COUNT = 100_000
"""ArtMeshes, parts or parameters; real models have hundreds."""

MAX_NUMBERS = 20_000_000
"""Vertices or indices in all; real models have tens of thousands."""

_KINDS = ("Parameter", "Part", "Drawable", "Offscreen")


def limit_resources(megabytes: int) -> None:
    """Bound this process's memory, and let it write no file and no core dump."""
    with contextlib.suppress(ImportError):
        import resource

        for which, limit in ((resource.RLIMIT_AS, megabytes * 2**20), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
            hard = resource.getrlimit(which)[1]
            resource.setrlimit(which, (limit, hard) if hard == resource.RLIM_INFINITY or limit <= hard else (hard, hard))


def describe(model: CoreModel) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What stays the same at every pose."""
    counts = {kind: model.count(kind) for kind in _KINDS}
    if max(counts.values()) > MAX_COUNT:
        raise CoreRefused(f"it claims {max(counts.values())} objects of one kind")
    num_parameters, num_parts, num_meshes = counts["Parameter"], counts["Part"], counts["Drawable"]
    vertices, indices = model.numbers("DrawableVertexCounts", num_meshes), model.numbers("DrawableIndexCounts", num_meshes)
    masks, offscreen_masks = model.numbers("DrawableMaskCounts", num_meshes), model.numbers("OffscreenMaskCounts", counts["Offscreen"])
    numbers = (vertices, indices, masks, offscreen_masks)
    if min([0, *(count for counts in numbers for count in counts)]) < 0 or max(map(sum, numbers)) > MAX_NUMBERS:
        raise CoreRefused("it claims an impossible number of vertices")
    header = {
        "moc_version": model.moc_version,
        "core_version": model.core_version(),
        "canvas": model.canvas(),
        "ids": {kind: model.ids(kind) for kind in _KINDS[:3]},
        "vertex_counts": vertices,
        "index_counts": indices,
        "mask_counts": masks,
        "part_parents": model.numbers("PartParentPartIndices", num_parts),
        "mesh_parts": model.numbers("DrawableParentPartIndices", num_meshes),
        "textures": model.numbers("DrawableTextureIndices", num_meshes),
        "flags": list(model.array("DrawableConstantFlags", "b", num_meshes)),
        "blends": model.numbers("DrawableBlendModes", num_meshes) if counts["Offscreen"] or model.moc_version >= 6 else [],
        "offscreen_owners": model.numbers("OffscreenOwnerIndices", counts["Offscreen"]),
        "offscreen_blends": model.numbers("OffscreenBlendModes", counts["Offscreen"]),
        "offscreen_flags": list(model.array("OffscreenConstantFlags", "b", counts["Offscreen"])),
        "offscreen_mask_counts": offscreen_masks,
        "parameter_types": model.numbers("ParameterTypes", num_parameters),
    }
    blobs = {
        "minimum": model.array("ParameterMinimumValues", "f", num_parameters),
        "maximum": model.array("ParameterMaximumValues", "f", num_parameters),
        "default": model.array("ParameterDefaultValues", "f", num_parameters),
        "uvs": model.ragged("DrawableVertexUvs", "f", [2 * count for count in vertices]),
        "indices": model.ragged("DrawableIndices", "h", indices),
        "masks": model.ragged("DrawableMasks", "i", masks),
        "offscreen_masks": model.ragged("OffscreenMasks", "i", offscreen_masks),
    }
    return header, blobs


def evaluate(model: CoreModel, blobs: dict[str, bytes]) -> dict[str, bytes]:
    """The model at the parameter values and part opacities of a request."""
    num_parameters, num_parts, num_meshes, num_offscreens = (model.count(kind) for kind in _KINDS)
    model.set_floats("ParameterValues", blobs["parameters"], num_parameters)
    model.set_floats("PartOpacities", blobs["part_opacities"], num_parts)
    model.update()
    vertices = model.numbers("DrawableVertexCounts", num_meshes)
    order = "RenderOrders" if model.has_render_orders_of_all() else "DrawableRenderOrders"
    return {
        "parameters": model.array("ParameterValues", "f", num_parameters),
        "part_opacities": model.array("PartOpacities", "f", num_parts),
        "vertices": model.ragged("DrawableVertexPositions", "f", [2 * count for count in vertices]),
        "draw_orders": model.array("DrawableDrawOrders", "i", num_meshes),
        "render_orders": model.array(order, "i", num_meshes + num_offscreens),
        "opacities": model.array("DrawableOpacities", "f", num_meshes),
        "dynamic_flags": model.array("DrawableDynamicFlags", "b", num_meshes),
        "multiply_colors": model.array("DrawableMultiplyColors", "f", 4 * num_meshes),
        "screen_colors": model.array("DrawableScreenColors", "f", 4 * num_meshes),
        "offscreen_opacities": model.array("OffscreenOpacities", "f", num_offscreens),
        "offscreen_multiply_colors": model.array("OffscreenMultiplyColors", "f", 4 * num_offscreens),
        "offscreen_screen_colors": model.array("OffscreenScreenColors", "f", 4 * num_offscreens),
    }


def serve(library: str, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the requests end."""
    _, blobs = receive(requests)
    try:
        model = CoreModel(library, blobs["moc"])
        send(answers, *describe(model))
    except CoreMissing as error:
        send(answers, {"missing": str(error)})
        return
    except (CoreRefused, MemoryError, AttributeError) as error:
        send(answers, {"refused": str(error) or type(error).__name__})
        return
    while True:
        _, blobs = receive(requests)
        send(answers, {}, evaluate(model, blobs))


def main() -> None:
    """Serve on the pipes that the parent process holds."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not mix with the answers
    limit_resources(int(sys.argv[2]))
    with contextlib.suppress(BrokenMessage):
        serve(sys.argv[1], requests, answers)


if __name__ == "__main__":
    main()
