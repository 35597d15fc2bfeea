"""The JSON files around a moc3: model3 (which files belong together), cdi3 (display names), pose3 (alternatives of a part)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from data_tools.live2d.sources import MODEL_ENDING, FileSource, resolve
from liwi.errors import InputError
from liwi.export.names import printable

MAX_JSON_BYTES = 16 * 2**20
MAX_TEXTURES = 256
MAX_NAME = 200


@dataclass(frozen=True)
class PoseEntry:
    """A part of a pose3 group, and the parts whose opacity follows its own."""

    part_id: str
    links: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What model3.json and the files beside it say; names of files are those of the `FileSource`.

    Attributes:
        name: the model file's name without its endings.
        moc: name of the moc3 file.
        textures: names of the texture files, in the order that ArtMeshes count them.
        part_names, parameter_names: cdi3's names by id; what has none is missing.
        pose_groups: of each group one part is shown, at rest the first.
        eye_parameters, mouth_parameters: ids of the groups EyeBlink and LipSync.
        hit_areas: ids of ArtMeshes that answer to touches.
    """

    name: str
    moc: str
    textures: tuple[str, ...]
    part_names: Mapping[str, str]
    parameter_names: Mapping[str, str]
    pose_groups: tuple[tuple[PoseEntry, ...], ...]
    eye_parameters: tuple[str, ...]
    mouth_parameters: tuple[str, ...]
    hit_areas: frozenset[str]


def read_manifest(source: FileSource, model_name: str) -> Manifest:
    """Read a model3.json and what it refers to.

    Raises:
        InputError: it is no JSON of this kind, or a file that it needs (moc3, texture) is missing.
    """
    folder = str(PurePosixPath(model_name).parent)
    folder = "" if folder == "." else folder
    document = read_document(source, model_name)
    files = _mapping(document.get("FileReferences"))
    if "Moc" not in files:
        raise InputError(f"{model_name!r} names no moc3 file; it is not the model3.json of a Cubism 3 or later model.")
    textures = _list(files.get("Textures"))
    if len(textures) > MAX_TEXTURES:
        raise InputError(f"{model_name!r} names {len(textures)} textures; at most {MAX_TEXTURES} are read.")
    display = _optional(source, folder, files.get("DisplayInfo"))
    groups = {str(group.get("Name")): _ids(group) for group in map(_mapping, _list(document.get("Groups")))}
    return Manifest(
        name=printable(PurePosixPath(model_name).name[: -len(MODEL_ENDING)])[:MAX_NAME] or "model",
        moc=_needed(source, folder, files["Moc"], "moc3 file"),
        textures=tuple(_needed(source, folder, texture, "texture") for texture in textures),
        part_names=_names(display, "Parts"),
        parameter_names=_names(display, "Parameters"),
        pose_groups=_pose_groups(_optional(source, folder, files.get("Pose"))),
        eye_parameters=groups.get("EyeBlink", ()),
        mouth_parameters=groups.get("LipSync", ()),
        hit_areas=frozenset(printable(str(area.get("Id"))) for area in map(_mapping, _list(document.get("HitAreas")))),
    )


def read_document(source: FileSource, name: str) -> dict[str, Any]:
    """A JSON file of the model; `InputError` if it is missing or holds no object."""
    if name not in source.names():
        raise InputError(f"There is no file {name!r} in {source.title!r}.")
    try:
        document = json.loads(source.read(name, MAX_JSON_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name!r} is not a JSON file that can be read ({str(error)[:100]}).") from error
    if not isinstance(document, dict):
        raise InputError(f"{name!r} does not hold what a Cubism model's JSON file holds.")
    return document


def _optional(source: FileSource, folder: str, reference: object) -> dict[str, Any]:
    """A file that the model can do without: missing or unreadable, it says nothing."""
    if not reference:
        return {}
    name = resolve(source, folder, reference)
    try:
        return read_document(source, name) if name else {}
    except InputError:
        return {}


def _needed(source: FileSource, folder: str, reference: object, what: str) -> str:
    name = resolve(source, folder, reference)
    if name is None:
        raise InputError(f"The {what} {str(reference)[:120]!r} is missing in {source.title!r}. Put it where the model3.json says.")
    return name


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _ids(group: dict[str, Any]) -> tuple[str, ...]:
    return tuple(entry for entry in _list(group.get("Ids")) if isinstance(entry, str))


def _names(document: dict[str, Any], key: str) -> dict[str, str]:
    entries = map(_mapping, _list(document.get(key)))
    named = {str(entry.get("Id")): printable(str(entry.get("Name", "")))[:MAX_NAME] for entry in entries}
    return {identity: name for identity, name in named.items() if name}


def _pose_groups(document: dict[str, Any]) -> tuple[tuple[PoseEntry, ...], ...]:
    groups = (
        tuple(
            PoseEntry(str(entry.get("Id")), tuple(link for link in _list(entry.get("Link")) if isinstance(link, str)))
            for entry in map(_mapping, _list(group))
        )
        for group in _list(document.get("Groups"))
    )
    return tuple(group for group in groups if group)
