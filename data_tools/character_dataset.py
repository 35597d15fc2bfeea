"""A dataset folder of characters: content-addressed pictures, a JSON file per sample, a manifest, and shards for streaming.

::

    plan.json                     what the set is made of and with; written first, so that an interrupted run can go on
    samples/<name>.json           facts, boxes, pseudo-depths, and "files": which picture is which, by SHA-256
    blobs/ab/ab12....png          pictures under the SHA-256 of their bytes; what several samples share is there once
    shards/train-000000.tar       the same samples in WebDataset's layout, see `data_tools.shards`
    manifest.json                 written last: split, the hash of every sample and shard; without it the set is unfinished

What a sample's JSON object and files are: `data_tools.character_records`.
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

from data_tools.character_records import describe, pictures, sample_from
from data_tools.manifests import (
    MANIFEST,
    DatasetError,
    check_format,
    compare_files,
    digest,
    digest_file,
    encode_document,
    missing_file,
    read_document,
)
from data_tools.samples import CharacterSample
from liwi.export.atomic import new_file
from liwi.export.png import encode_all
from liwi.seethrough.body_parts import TAXONOMIES

FORMAT, VERSION = "liwi-characters", 1
PLAN, SAMPLES, BLOBS, SHARDS = "plan.json", "samples", "blobs", "shards"

_NAME = re.compile(r"[A-Za-z0-9_+-]{1,100}")
_SHARD = re.compile(r"[a-z]{1,20}-[0-9]{6}\.tar")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Split(StrEnum):
    """What a model's samples are for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


def split_of(identity: str) -> Split:
    """80 % train, 10 % validation, 10 % test, by a hash: it stays the same however many models there are.

    Args:
        identity: of a **model**; all its samples go where it goes.
    """
    place = int(digest(f"{FORMAT} split 1: {identity}".encode())[:8], 16) / 2**32
    return Split.TRAIN if place < 0.8 else Split.VALIDATION if place < 0.9 else Split.TEST


def taxonomies() -> dict[str, list[str]]:
    """The names of the classes by version, as plan and manifest hold them."""
    return {version.value: list(names) for version, names in TAXONOMIES.items()}


def begin(folder: Path, plan: Mapping[str, Any]) -> None:
    """Open a folder for writing, or go on with one that was begun with the same plan.

    Raises:
        DatasetError: the folder holds other things, or a set with another plan.
    """
    content = encode_document(plan)
    if folder.exists() and any(folder.iterdir()):
        try:
            found = read_document(folder / PLAN)
        except FileNotFoundError:
            raise DatasetError(f"The folder {folder} holds other things. Name a new one, or delete it first.") from None
        differing = [
            key for key in sorted({*found, *plan}) if encode_document({"": found.get(key)}) != encode_document({"": plan.get(key)})
        ]
        if differing:
            raise DatasetError(
                f"The folder {folder} holds a set that was made otherwise: {', '.join(map(repr, differing))} differ. "
                "Name a new one, or give what was given then."
            )
        for left in folder.rglob(".*.partial"):
            left.unlink()
    _write(folder / PLAN, content)


def has_sample(folder: Path, name: str) -> bool:
    """Whether a sample is there with all its pictures."""
    try:
        document = read_document(folder / SAMPLES / f"{name}.json")
        return all((folder / blob_path(sha)).is_file() for sha in document["files"].values())
    except (FileNotFoundError, DatasetError, KeyError, AttributeError):
        return False


def write_sample(folder: Path, sample: CharacterSample) -> None:
    """Write the pictures of a sample, then the sample: interrupted between two files, it is simply not there yet.

    Raises:
        ValueError: the sample's name cannot be a file name here.
        ExportError: the system refuses to write.
    """
    if not _NAME.fullmatch(sample.name):
        raise ValueError(f"A sample's name has 1 to 100 letters, digits, '_', '+' and '-', got {sample.name!r}")
    files = {}
    for name, content in encode_all(pictures(sample)):
        files[name] = digest(content)
        path = folder / blob_path(files[name])
        if not path.is_file() or path.read_bytes() != content:
            _write(path, content)
    _write(folder / SAMPLES / f"{sample.name}.json", encode_document(describe(sample, files)))


def finish(
    folder: Path, samples: Sequence[tuple[str, Split]], shards: Sequence[Mapping[str, Any]], facts: Mapping[str, Any]
) -> dict[str, Any]:
    """Write the manifest and return it.

    Args:
        folder: of the dataset.
        samples: name and split of each.
        shards: from `data_tools.shards.write_shards`.
        facts: what else the manifest says.
    """
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "taxonomies": taxonomies(),
        "plan": digest_file(folder / PLAN),
        **facts,
        "samples": [
            {"name": name, "split": split.value, "sha256": digest_file(folder / SAMPLES / f"{name}.json")} for name, split in samples
        ],
        "shards": list(shards),
    }
    _write(folder / MANIFEST, encode_document(manifest))
    return manifest


def read_character_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a set of characters.

    Raises:
        DatasetError: there is none, the set is unfinished, or it is of another format or version.
    """
    try:
        manifest = read_document(folder / MANIFEST)
    except FileNotFoundError:
        if (folder / PLAN).is_file():
            raise DatasetError(
                f"The set {folder} is unfinished. Start the command that began it again; it goes on where it stopped."
            ) from None
        raise DatasetError(
            f"{folder} is not a dataset: it has no {MANIFEST}. Make one with: python -m data_tools live2d samples MODELS LABELS OUT"
        ) from None
    check_format(folder / MANIFEST, manifest, FORMAT, VERSION)
    if not (_all_named(manifest.get("samples"), _NAME) and _all_named(manifest.get("shards"), _SHARD)):
        raise DatasetError(f"{folder / MANIFEST} is damaged. Make the dataset again.")
    return manifest


def read_character(folder: Path, name: str) -> CharacterSample:
    """Read one sample back, equal to what was written.

    Raises:
        DatasetError: a file of the sample is missing or damaged.
    """
    if not _NAME.fullmatch(name):
        raise DatasetError(f"There is no sample {name[:100]!r} in {folder}.")
    try:
        document = read_document(folder / SAMPLES / f"{name}.json")
        return sample_from(document, lambda file: (folder / blob_path(document["files"][file])).read_bytes())
    except FileNotFoundError as error:
        raise missing_file(name, error) from error


def verify_characters(folder: Path) -> list[str]:
    """Compare every file with its hash: plan, samples, shards by the manifest, pictures by their names.

    Returns:
        One line per file that is missing, changed or not listed; empty where all is well.
    """
    manifest = read_character_manifest(folder)
    listed = {PLAN: str(manifest.get("plan"))}
    for entry in manifest["samples"]:
        path = f"{SAMPLES}/{entry['name']}.json"
        listed[path] = str(entry.get("sha256"))
        try:
            files = read_document(folder / path).get("files")
        except (FileNotFoundError, DatasetError):
            continue
        shas = [sha for sha in (files.values() if isinstance(files, dict) else ()) if isinstance(sha, str) and _SHA256.fullmatch(sha)]
        listed |= {blob_path(sha): sha for sha in shas}
    listed |= {f"{SHARDS}/{shard['name']}": str(shard.get("sha256")) for shard in manifest["shards"]}
    return compare_files(folder, listed)


def blob_path(sha256: str) -> str:
    """Where a picture lies in the folder; `DatasetError` if that is no SHA-256."""
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise DatasetError(f"{str(sha256)[:80]!r} is no SHA-256.")
    return f"{BLOBS}/{sha256[:2]}/{sha256}.png"


def _all_named(entries: object, name: re.Pattern[str]) -> bool:
    """Whether these are objects whose names are what this program writes."""
    return isinstance(entries, list) and all(isinstance(entry, dict) and name.fullmatch(str(entry.get("name"))) for entry in entries)


def _write(path: Path, content: bytes) -> None:
    with new_file(path) as place:
        place.write_bytes(content)
