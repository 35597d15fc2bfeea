"""Labels of a model from files: our own ``labels.json`` (`data_tools.live2d.labels`) and See-through's ``body_parsing.json``.

See-through names an ArtMesh by the ids of its parts and its own, with hyphens taken out of the latter, and has no sides:

    {"metadata": {"is_valid": true, "is_incomplete": false, "cleaned": true, "tag_valid": {}}, "drawable": {"PartHead/ArtMesh3": "face"}}
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from annotator.schema import ModelArtMesh
from annotator.values import LabelKind, LabelValue
from data_tools.live2d.labels import OWN_LABELS, read_json, read_labels
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, parse_body_part

SEE_THROUGH_LABELS = "body_parsing.json"


@dataclass(frozen=True)
class FileLabels:
    """What a file says about a model.

    Attributes:
        values: by the ArtMesh's place; an ArtMesh that the file does not name is not in it.
        valid, incomplete: the model's flags; None where the file has none.
        is_own: whether the format is ours; See-through's knows neither sides, orders nor pieces, and those in the database are kept.
        left_out: what names no ArtMesh or class of ours, for people.
    """

    values: Mapping[int, LabelValue]
    valid: bool | None
    incomplete: bool | None
    is_own: bool
    left_out: tuple[str, ...]


def find_labels(folder: Path, stem: str, parent: str) -> Path | None:
    """The label file of a model below a folder: ``<stem>.json``, or in a folder of its own one of either kind; None if there is none."""
    names = [f"{stem}.json", *(f"{place}{name}" for place in (f"{stem}/", f"{parent}/") for name in (OWN_LABELS, SEE_THROUGH_LABELS))]
    for path in (folder / name for name in names):
        if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
            return path
    return None


def labels_near_model(folder: Path, model: Path, stem: str) -> Path | None:
    """The label file of a model among everything that was dropped together: beside it, or named after it, or in a folder named after it.

    Args:
        folder: with all of it.
        model: its ``.model3.json`` or ZIP.
        stem: the name of that file without endings.
    """
    kinds = (OWN_LABELS, SEE_THROUGH_LABELS)
    named = (stem, model.parent.name) if model.parent != folder else (stem,)
    beside = [model.parent / name for name in (f"{stem}.json", *(kinds if model.suffix.lower() == ".json" else ()))]
    others = sorted(
        path for path in folder.rglob("*.json") if path.name == f"{stem}.json" or (path.name in kinds and path.parent.name in named)
    )
    return next((path for path in (*beside, *others) if path.is_file() and path.resolve().is_relative_to(folder.resolve())), None)


def read_file(path: Path, meshes: Sequence[ModelArtMesh]) -> FileLabels:
    """Read a label file of either kind.

    Raises:
        InputError: it is damaged, or no label file.
    """
    if path.name == SEE_THROUGH_LABELS:
        return _read_see_through(path, meshes)
    labels, places = read_labels(path), {mesh.mesh_id: mesh.place for mesh in meshes}
    values = {
        places[name]: replace(LabelValue.of(part, side), order=labels.orders.get(name), pieces=labels.pieces.get(name, ()))
        for name, (part, side) in labels.parts.items()
        if name in places
    }
    left_out = tuple(f"{name[:60]!r} is no ArtMesh of the model" for name in labels.parts if name not in places)
    return FileLabels(values, None, None, True, left_out)


def see_through_name(mesh: ModelArtMesh) -> str:
    """What See-through calls an ArtMesh."""
    name = mesh.mesh_id.replace("-", "")
    return f"{mesh.part_path}/{name}" if mesh.part_path else name


def see_through_document(
    values: Mapping[ModelArtMesh, LabelValue], *, valid: bool, incomplete: bool, cleaned: bool, box: tuple[int, int, int, int]
) -> dict[str, object]:
    """A ``body_parsing.json``; ArtMeshes without a body part are left out, for which the format has no word.

    Args:
        values: of every labelled ArtMesh.
        valid, incomplete: the model's flags.
        cleaned: whether a person has verified it.
        box: left, top, right, bottom of the labelled pixels.
    """
    drawables = {see_through_name(mesh): str(value.part) for mesh, value in values.items() if value.kind is LabelKind.PART}
    used = sorted(set(drawables.values()))
    metadata = {"is_valid": valid, "is_incomplete": incomplete, "cleaned": cleaned, "tag_valid": dict.fromkeys(used, True)}
    return {"metadata": metadata, "drawable": drawables, "xyxy": list(box)}


def _read_see_through(path: Path, meshes: Sequence[ModelArtMesh]) -> FileLabels:
    document, _ = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("drawable"), dict):
        raise InputError(f"{path.name!r} is no label file of See-through: an object with 'drawable' is expected.")
    whole, short = _by_name(meshes, whole=True), _by_name(meshes, whole=False)
    values: dict[int, LabelValue] = {}
    left_out = []
    for name, tag in document["drawable"].items():
        place = whole.get(name, short.get(name.rpartition("/")[2]))
        part = _part(tag)
        if place is None or part is None:
            left_out.append(
                f"{name[:60]!r}: {'no ArtMesh of the model' if place is None else f'{str(tag)[:40]!r} is none of the 23 classes'}"
            )
            continue
        values[place] = LabelValue.of(part)
    metadata = document.get("metadata")
    flags = metadata if isinstance(metadata, dict) else {}
    valid, incomplete = (flag if isinstance(flag := flags.get(key), bool) else None for key in ("is_valid", "is_incomplete"))
    return FileLabels(values, valid, incomplete, False, tuple(left_out))


def _by_name(meshes: Sequence[ModelArtMesh], *, whole: bool) -> dict[str, int | None]:
    """Place by See-through's name, with or without the parts; None where two ArtMeshes share it."""
    found: dict[str, int | None] = {}
    for mesh in meshes:
        name = see_through_name(mesh) if whole else see_through_name(mesh).rpartition("/")[2]
        found[name] = None if name in found else mesh.place
    return found


def _part(tag: object) -> BodyPart | None:
    try:
        return parse_body_part(tag) if isinstance(tag, str) else None
    except InputError:
        return None
