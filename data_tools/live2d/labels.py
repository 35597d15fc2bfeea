"""Labels of ArtMeshes as files, and which models have them.

::

    {"version": 1, "taxonomy": "v3", "art_meshes": {"ArtMesh93": {"part": "front hair", "side": "left"}, "hit": {"part": null}}}

``part`` is a class of the 23-class taxonomy, or null for what shows nothing; ``side`` is the character's own, or null. ``order``, where a
person has moved the ArtMesh in the order of drawing, is its place in thousandths, see `ordering`; null or missing: the artist's.
``pieces``, where a person has cut the ArtMesh because it holds several body parts, are outlines with a part and a side each, see
`pieces.read_pieces`; ``part`` and ``side`` are then those of what is left of it. Other keys are let alone: `synthetic.export` writes the
seed and what it chose, for instance.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from data_tools.live2d.manifest import read_manifest
from data_tools.live2d.ordering import LAST_ORDER
from data_tools.live2d.pieces import Piece, read_pieces
from data_tools.live2d.sources import MODEL_ENDING, open_source
from data_tools.manifests import digest
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side, TaxonomyVersion, parse_body_part

OWN_LABELS = "labels.json"
"""Where a model's folder holds its own labels."""

VERSION = 1
MAX_BYTES = 16 * 2**20
"""Largest label file that is read."""


@dataclass(frozen=True)
class Labels:
    """What somebody says about the ArtMeshes of a model.

    Attributes:
        parts: part and side by the ArtMesh's id.
        sha256: of the file.
        orders: where in the order of drawing the ArtMeshes lie that somebody has moved, see `ordering`; by id, 0 to `LAST_ORDER`.
        pieces: of the ArtMeshes that somebody has cut, see `pieces`; by id.
    """

    parts: Mapping[str, tuple[BodyPart | None, Side | None]]
    sha256: str
    orders: Mapping[str, int]
    pieces: Mapping[str, tuple[Piece, ...]]


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """What tells models apart.

    Attributes:
        name: the model's own, for people.
        stem: name of the .model3.json or the ZIP, without endings.
        sha256: of the SHA-256 of its moc3 and textures: the same model under another name has the same.
        moc_sha256: of the moc3.
    """

    name: str
    stem: str
    sha256: str
    moc_sha256: str


@dataclass(frozen=True)
class LabelledModel:
    """A model with its labels, not opened yet.

    Attributes:
        path: of the .model3.json or the ZIP.
        name: the model's own, for people.
        id: the first 16 digits of `ModelIdentity.sha256`.
        moc_sha256: what decides the split, so that a character in other clothes stays on one side of it.
        labels: of its ArtMeshes.
    """

    path: Path
    name: str
    id: str
    moc_sha256: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class SkippedModel:
    """A model that gives no samples, and why."""

    name: str
    reason: str


def read_json(path: Path) -> tuple[Any, bytes]:
    """What a label file of any kind holds, and its bytes; the former is None where it is larger than `MAX_BYTES`.

    Raises:
        InputError: it is missing or no JSON.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        return json.loads(content) if len(content) <= MAX_BYTES else None, content
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"The labels {path.name!r} cannot be read ({str(error)[:100]}).") from error


def read_labels(path: Path) -> Labels:
    """Read a label file.

    Raises:
        InputError: it is missing, damaged, of another version or taxonomy, or names a part, side, order or piece that cannot be.
    """
    document, content = read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("art_meshes"), dict):
        raise InputError(f"{path.name!r} holds no labels: a JSON object with 'art_meshes' of at most {MAX_BYTES // 2**20} MB is expected.")
    if (document.get("version"), document.get("taxonomy")) != (VERSION, TaxonomyVersion.V3.value):
        raise InputError(
            f"The labels {path.name!r} are of version {str(document.get('version'))[:20]!r} and taxonomy "
            f"{str(document.get('taxonomy'))[:20]!r}; version {VERSION} and {TaxonomyVersion.V3.value!r} are read."
        )
    entries = document["art_meshes"]
    parts = {name: _label(name, entry) for name, entry in entries.items()}
    orders = {name: _order(name, entry["order"]) for name, entry in entries.items() if entry.get("order") is not None}
    pieces = {name: own for name, entry in entries.items() if (own := read_pieces(entry.get("pieces"), name))}
    return Labels(MappingProxyType(parts), digest(content), MappingProxyType(orders), MappingProxyType(pieces))


def identify(path: Path) -> ModelIdentity:
    """What tells a model apart, read without Cubism Core.

    Args:
        path: of the .model3.json or the ZIP.

    Raises:
        InputError: there is no model, or it or a file that it names cannot be read.
    """
    source, name = open_source(path)
    try:
        manifest = read_manifest(source, name)
        moc = digest(source.read(manifest.moc))
        textures = [digest(source.read(texture)) for texture in manifest.textures]
    finally:
        source.close()
    stem = path.name[: -len(MODEL_ENDING)] if path.name.lower().endswith(MODEL_ENDING) else path.stem
    return ModelIdentity(manifest.name, stem, digest("".join([moc, *textures]).encode()), moc)


def find_models(models: Path, labels: Path) -> Iterator[LabelledModel | SkippedModel]:
    """The models below a folder with their labels, sorted by path; one that appears twice is skipped the second time.

    Args:
        models: a folder with models and ZIPs of models, or one of them.
        labels: a folder with ``<model>.json``, where ``<model>`` is the name of the .model3.json or the ZIP without endings; or a folder
            laid out like ``models`` with a ``labels.json`` beside each model; or the label file of a single model.

    Raises:
        InputError: there is no such folder, or no model in it.
    """
    for path in (models, labels):
        if not path.exists():
            raise InputError(f"There is no file or folder {str(path)!r}.")
    found = sorted(model_files(models))
    if not found:
        raise InputError(f"There is no Live2D model ({MODEL_ENDING} or ZIP) in {str(models)!r}.")
    known: dict[str, str] = {}
    for path in found:
        try:
            model = _with_labels(path, models if models.is_dir() else models.parent, labels)
        except InputError as error:
            yield SkippedModel(path.name, str(error))
            continue
        if model.id in known:
            yield SkippedModel(model.name, f"It is the same as {known[model.id]!r}.")
            continue
        known[model.id] = model.name
        yield model


def model_files(models: Path) -> Iterator[Path]:
    """Every .model3.json and ZIP below a folder, in no order; a file stands for itself."""
    if models.is_file():
        yield models
        return
    for path in models.rglob("*"):
        if path.name.lower().endswith((MODEL_ENDING, ".zip")) and path.is_file():
            yield path


def _with_labels(path: Path, root: Path, labels: Path) -> LabelledModel:
    model = identify(path)
    places = [labels]
    if labels.is_dir():
        folders = path.parent.relative_to(root), path.parent.name
        places = [labels / f"{model.stem}.json", *(labels / folder / OWN_LABELS for folder in folders)]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        raise InputError(
            f"There are no labels for {model.stem!r}: {places[0].name!r} or a {OWN_LABELS!r} beside it is expected in the labels."
        )
    return LabelledModel(path, model.name, model.sha256[:16], model.moc_sha256, read_labels(place))


def _label(name: str, entry: object) -> tuple[BodyPart | None, Side | None]:
    if not isinstance(entry, dict):
        raise InputError(f"The label of {name[:40]!r} should be an object with 'part' and 'side', got {str(entry)[:40]!r}.")
    part, side = entry.get("part"), entry.get("side")
    if part is not None and not isinstance(part, str):
        raise InputError(f"The part of {name[:40]!r} should be a class name or null, got {str(part)[:40]!r}.")
    if side not in (None, *Side):
        raise InputError(f"The side of {name[:40]!r} should be 'left', 'right' or null, got {str(side)[:40]!r}.")
    return parse_body_part(part) if part is not None else None, Side(side) if side is not None else None


def _order(name: str, order: object) -> int:
    if type(order) is not int or not 0 <= order <= LAST_ORDER:
        raise InputError(f"The order of {name[:40]!r} should be a whole number from 0 to {LAST_ORDER} or null, got {str(order)[:40]!r}.")
    return order
