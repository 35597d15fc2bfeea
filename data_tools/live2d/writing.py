"""A rendered character as files: the composite, the ids, every fragment, and what is known of each.

    composite.png      8-bit RGBA, straight alpha
    top_mesh.png       16-bit: 0 = none, i + 1 = ArtMesh i is in front
    meshes/<i>.png     8-bit RGBA of ArtMesh i, complete, cropped to its box
    visible/<i>.png    8-bit: the share of each pixel of the box that shows ArtMesh i, 255 = all
    model.json         tree, parameters, orders, boxes, names, pseudo-depths

ArtMeshes without a pixel at this pose stand in model.json alone.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.model import ArtMesh, Live2DModel
from data_tools.live2d.pseudo_depth import order_depth, overlap_depth
from data_tools.live2d.rendering import RenderedCharacter, RenderedMesh
from liwi.errors import ExportError
from liwi.export.atomic import new_folder
from liwi.export.png import encode_all
from liwi.progress import Progress, ReportProgress, ignore_progress

FORMAT, VERSION = "liwi-live2d-render", 1


def write_character(folder: Path, character: RenderedCharacter, *, pose: str = "", report: ReportProgress = ignore_progress) -> None:
    """Write a rendered character; the folder is there whole or not at all.

    Args:
        folder: new, empty, or one that this function wrote.
        character: what to write.
        pose: what the pose is called, for model.json.
        report: hears of every file.

    Raises:
        ExportError: the folder holds something else, or cannot be written; or there are more ArtMeshes than 16 bits can number.
    """
    if len(character.model.art_meshes) >= 2**16:
        raise ExportError(f"The model has {len(character.model.art_meshes)} ArtMeshes; top_mesh.png can number 65535.")
    _check_replaceable(folder)
    pictures = list(_pictures(character))
    with new_folder(folder) as place:
        (place / "meshes").mkdir()
        (place / "visible").mkdir()
        for done, (name, content) in enumerate(encode_all(pictures), start=1):
            (place / name).write_bytes(content)
            report(Progress("Writing", done, len(pictures)))
        (place / "model.json").write_bytes((json_text(describe(character, pose=pose)) + "\n").encode())


def json_text(document: Mapping[str, Any]) -> str:
    """A document as JSON that any terminal and file takes.

    A file name that is no Unicode stands in Python as lone surrogates; as escapes they are JSON again.
    """
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode()


def describe(character: RenderedCharacter, *, pose: str = "") -> dict[str, Any]:
    """What model.json says, ready for JSON."""
    model = character.model
    boxes = {mesh.index: mesh for mesh in character.meshes}
    by_order, by_overlap = order_depth(character), overlap_depth(character)
    return {
        "format": FORMAT,
        "version": VERSION,
        "size": list(character.view.size),
        "view": {"scale": character.view.scale, "left": character.view.left, "top": character.view.top},
        "pose": pose,
        **describe_model(model),
        "art_meshes": [
            describe_mesh(mesh) | _describe_pixels(boxes.get(mesh.index), by_order[mesh.index], by_overlap[mesh.index])
            for mesh in model.art_meshes
        ],
    }


def describe_model(model: Live2DModel) -> dict[str, Any]:
    """A model without its ArtMeshes, ready for JSON: canvas, part tree, parameters, textures."""
    return {
        "name": model.name,
        "moc_version": model.moc_version,
        "canvas_size": list(model.canvas_size),
        "parts": [
            {"id": part.id, "name": part.name, "parent": part.parent, "opacity": part.opacity, "offscreen": part.offscreen}
            for part in model.parts
        ],
        "parameters": [
            {
                "id": parameter.id,
                "name": parameter.name,
                "minimum": parameter.minimum,
                "maximum": parameter.maximum,
                "default": parameter.default,
                "value": parameter.value,
            }
            for parameter in model.parameters
        ],
        "textures": [{"name": texture.name, "size": list(texture.size)} for texture in model.textures],
        "hit_areas": sorted(model.hit_areas),
    }


def describe_mesh(mesh: ArtMesh) -> dict[str, Any]:
    """An ArtMesh without its arrays, ready for JSON."""
    return {
        "id": mesh.id,
        "part": mesh.part,
        "part_path": list(mesh.part_path),
        "texture": mesh.texture_index,
        "num_vertices": len(mesh.vertices),
        "num_triangles": len(mesh.triangles),
        "draw_order": mesh.draw_order,
        "render_order": mesh.render_order,
        "opacity": mesh.opacity,
        "drawn": mesh.drawn,
        "blend": mesh.blend_name,
        "clipped_by": list(mesh.clipped_by),
        "clip_inverted": mesh.clip_inverted,
        "culled": mesh.culled,
    }


def _describe_pixels(rendered: RenderedMesh | None, by_order: np.float32, by_overlap: np.float32) -> dict[str, Any]:
    return {
        "box": list(rendered.box.as_tuple()) if rendered else None,
        "visible_pixels": round(rendered.visible_pixels, 2) if rendered else 0.0,
        "pseudo_depth": {"order": _number(by_order), "overlap": _number(by_overlap)},
    }


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _pictures(character: RenderedCharacter) -> Iterator[tuple[str, NDArray[np.uint8] | NDArray[np.uint16]]]:
    yield "composite.png", character.rgba
    yield "top_mesh.png", (character.top_mesh + 1).astype(np.uint16)
    for mesh in character.meshes:
        yield f"meshes/{mesh.index}.png", mesh.rgba
        yield f"visible/{mesh.index}.png", mesh.visible


def _check_replaceable(folder: Path) -> None:
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    try:
        document = json.loads((folder / "model.json").read_text("utf-8"))
    except (OSError, ValueError):
        document = None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ExportError(f"The folder {folder.name!r} holds other things. Give a new or empty one.")
