"""A dataset folder of matting samples: arrays that a trainer maps into memory, and a manifest with the hash of every file.

::

    plan.json            what the set is made of and with; written first, so that an interrupted run can go on
    objects.npz          the objects, so that several processes make samples of the same ones
    train-0000.npy       (n, 192, 192, 8) uint8, see `data_tools.matting.samples.CHANNELS`
    train-0000.json      per sample: box, object, origin, whether it has a prior
    evaluation-0000.*    the same, of objects that training never sees
    manifest.json        written last: counts, licences, sha256 of every file; without it the set is unfinished
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.manifests import MANIFEST, DatasetError, check_format, digest_file, encode_document, read_document
from data_tools.matting.objects import Origin, Purpose, SceneObject
from data_tools.matting.samples import CHANNELS, SIDE, SampleMaker
from liwi.export.atomic import new_file

UInt8 = NDArray[np.uint8]

FORMAT, VERSION = "liwi-matting", 1
PLAN, OBJECTS = "plan.json", "objects.npz"
SHARD_SIZE = 256

_SHARD = re.compile(r"(train|evaluation)-[0-9]{4}")


@dataclass(frozen=True, eq=False)
class Shard:
    """A part of a dataset, mapped into memory.

    Attributes:
        pixels: (n, `SIDE`, `SIDE`, 8) uint8.
        boxes: (n, 4) int64: left, top, right, bottom.
        has_prior: (n,) bool.
    """

    pixels: UInt8
    boxes: NDArray[np.int64]
    has_prior: NDArray[np.bool_]


def write_objects(path: Path, objects: Sequence[SceneObject], surfaces: Sequence[UInt8]) -> None:
    """Keep objects and photographed surfaces in one file, whole or not at all."""
    names = json.dumps([[each.name, each.origin.value] for each in objects])
    arrays = {f"object_{number}": each.rgba for number, each in enumerate(objects)}
    arrays |= {f"surface_{number}": each for number, each in enumerate(surfaces)}
    with new_file(path) as place, place.open("wb") as file:
        np.savez(file, names=np.frombuffer(names.encode(), np.uint8), **arrays)  # type: ignore[arg-type]


@lru_cache(maxsize=1)
def read_objects(path: Path) -> tuple[tuple[SceneObject, ...], tuple[UInt8, ...]]:
    """What `write_objects` wrote."""
    with np.load(path, allow_pickle=False) as file:
        names = json.loads(file["names"].tobytes())
        objects = tuple(SceneObject(name, Origin(origin), file[f"object_{number}"]) for number, (name, origin) in enumerate(names))
        surfaces = tuple(file[key] for key in sorted(file.files) if key.startswith("surface_"))
    return objects, surfaces


def write_shard(folder: Path, purpose: Purpose, number: int, count: int, *, seed: int, prior_share: float) -> str:
    """Make and write the shard ``number`` with ``count`` samples, unless it is there; return its name.

    The arrays come first: a shard whose JSON file is there is whole.
    """
    name = f"{purpose}-{number:04d}"
    if (folder / f"{name}.json").is_file():
        return name
    objects, surfaces = read_objects(folder / OBJECTS)
    maker = SampleMaker(objects, surfaces, purpose, seed=seed, prior_share=prior_share)
    samples = [maker.make(number * SHARD_SIZE + position) for position in range(count)]
    with new_file(folder / f"{name}.npy") as place, place.open("wb") as file:
        np.save(file, np.stack([sample.pixels for sample in samples]))
    entries = [
        {"box": list(sample.box.as_tuple()), "prior": sample.has_prior, "object": sample.name, "origin": sample.origin.value}
        for sample in samples
    ]
    with new_file(folder / f"{name}.json") as place:
        place.write_bytes(encode_document({"samples": entries}))
    return name


def finish(folder: Path, shards: Sequence[str], facts: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest over the named shards and return it."""
    files = [f"{name}.{ending}" for name in shards for ending in ("npy", "json")]
    manifest = {
        "format": FORMAT,
        "version": VERSION,
        "side": SIDE,
        "channels": list(CHANNELS),
        **facts,
        "shards": list(shards),
        "sha256": {name: digest_file(folder / name) for name in files},
    }
    with new_file(folder / MANIFEST) as place:
        place.write_bytes(encode_document(manifest))
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a dataset folder.

    Raises:
        DatasetError: there is none, or it is of another format, version or layout.
    """
    try:
        manifest = read_document(folder / MANIFEST)
    except FileNotFoundError:
        raise DatasetError(
            f"{folder} is no finished set of matting samples: it has no {MANIFEST}. Make one with: python -m data_tools matting {folder}"
        ) from None
    check_format(folder / MANIFEST, manifest, FORMAT, VERSION)
    if manifest.get("side") != SIDE or manifest.get("channels") != list(CHANNELS):
        raise DatasetError(f"{folder / MANIFEST} describes another layout of samples than this program reads. Make the dataset again.")
    shards = manifest.get("shards")
    if not isinstance(shards, list) or not all(isinstance(name, str) and _SHARD.fullmatch(name) for name in shards):
        raise DatasetError(f"{folder / MANIFEST} is damaged: its list of shards is none. Make the dataset again.")
    return manifest


def open_shards(folder: Path, purpose: Purpose) -> list[Shard]:
    """Map all shards of one purpose into memory.

    Raises:
        DatasetError: a file is missing, damaged, or of another shape; or there is no sample of this purpose.
    """
    names = [name for name in read_manifest(folder)["shards"] if name.startswith(f"{purpose}-")]
    if not names:
        raise DatasetError(f"{folder} holds no sample for the purpose {purpose.value!r}. Make the dataset again with some.")
    return [_open(folder, name) for name in names]


def _open(folder: Path, name: str) -> Shard:
    try:
        entries = read_document(folder / f"{name}.json")["samples"]
        pixels = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        boxes = np.array([entry["box"] for entry in entries], np.int64).reshape(-1, 4)
        has_prior = np.array([bool(entry["prior"]) for entry in entries])
    except FileNotFoundError as error:
        raise DatasetError(f"{folder} lacks the file {Path(error.filename).name!r}. Copy it again, or make the dataset again.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{folder / name} is damaged ({str(error)[:100]}). Copy it again, or make the dataset again.") from error
    if pixels.dtype != np.uint8 or pixels.shape != (len(entries), SIDE, SIDE, len(CHANNELS)) or len(entries) == 0:
        raise DatasetError(f"{folder / name}.npy holds {pixels.shape} {pixels.dtype}, not {len(entries)} samples. Make the dataset again.")
    if (boxes < 0).any() or (boxes > SIDE).any() or (boxes[:, :2] >= boxes[:, 2:]).any():
        raise DatasetError(f"{folder / name}.json holds a box outside of its picture. Make the dataset again.")
    return Shard(pixels, boxes, has_prior)


def plan_shards(count: int) -> Iterator[tuple[int, int]]:
    """``(number, samples)`` of the shards that hold ``count`` samples together."""
    for number, first in enumerate(range(0, count, SHARD_SIZE)):
        yield number, min(SHARD_SIZE, count - first)
