"""A dataset folder of layered samples: PNG files, a JSON file per sample, and a manifest with the hash of every file.

::

    manifest.json                 format, version, split, seed, and per sample: name, kind, sha256 of each file
    test_000/sample.json          size, boxes, kind, sources with licences, the shadow's parameters
    test_000/source.png           8-bit RGB: the picture that an engine gets
    test_000/background.png       8-bit RGB: without object and shadow
    test_000/foreground_00.png    8-bit RGBA, straight alpha, canvas-sized; back to front
    test_000/shadow_factor.png    16-bit RGB, 65535 = no shadow: source = foregrounds over background * factor / 65535

`liwi.evaluation.benchmarks` reads the same layout.
"""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.samples import LayeredSample
from liwi.errors import InputError
from liwi.evaluation.benchmarks import FORMAT, VERSION
from liwi.imaging.io import decode_png, encode_png
from liwi.types import BoundingBox

MANIFEST = "manifest.json"


class DatasetError(InputError):
    """A dataset folder is missing, incomplete or changed."""


def write_dataset(folder: Path, samples: Iterable[LayeredSample], facts: dict[str, Any]) -> dict[str, Any]:
    """Write samples into a new or empty folder.

    Args:
        folder: where to; made if it is not there.
        samples: written one by one, so that they may be generated on the way.
        facts: what the manifest says of the whole, e.g. split and seed.

    Returns:
        The manifest.

    Raises:
        DatasetError: the folder holds something already.
    """
    if folder.exists() and any(folder.iterdir()):
        raise DatasetError(f"The folder {folder} is not empty. Name a new one, or delete it first.")
    folder.mkdir(parents=True, exist_ok=True)
    entries = [_write_sample(folder / sample.name, sample) for sample in samples]
    manifest = {"format": FORMAT, "version": VERSION, **facts, "samples": entries}
    _write_json(folder / MANIFEST, manifest)
    return manifest


def _write_sample(folder: Path, sample: LayeredSample) -> dict[str, Any]:
    folder.mkdir()
    names = [f"foreground_{number:02d}.png" for number in range(len(sample.foregrounds))]
    pixels: dict[str, NDArray[np.generic]] = {
        "source.png": sample.source,
        "background.png": sample.background,
        "shadow_factor.png": sample.shadow_factor,
    }
    pixels |= dict(zip(names, sample.foregrounds, strict=True))
    for name, array in pixels.items():
        (folder / name).write_bytes(encode_png(array, compress_level=3))
    _write_json(
        folder / "sample.json",
        {
            "name": sample.name,
            "kind": sample.kind,
            "size": list(sample.size),
            "foregrounds": names,
            "boxes": [list(box.as_tuple()) for box in sample.boxes],
            **sample.facts,
        },
    )
    return {"name": sample.name, "kind": sample.kind, "sha256": {path.name: _digest(path) for path in sorted(folder.iterdir())}}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a dataset folder.

    Raises:
        DatasetError: there is none, or it is of another format or version.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    except FileNotFoundError:
        raise DatasetError(f"{folder} is not a dataset: it has no {MANIFEST}. Make one with: python -m data_tools composites OUT") from None
    except ValueError as error:
        raise DatasetError(f"{folder / MANIFEST} is damaged ({error}). Make the dataset again.") from error
    if not isinstance(manifest, dict) or (manifest.get("format"), manifest.get("version")) != (FORMAT, VERSION):
        raise DatasetError(f"{folder / MANIFEST} is not of format {FORMAT!r}, version {VERSION}. Make the dataset again.")
    return manifest


def read_sample(folder: Path, name: str) -> LayeredSample:
    """Read one sample back, equal to what was written.

    Raises:
        DatasetError: a file of the sample is missing.
    """
    place = folder / name
    try:
        facts = json.loads((place / "sample.json").read_text("utf-8"))
        arrays = {path: decode_png((place / path).read_bytes()) for path in ("background.png", "shadow_factor.png", *facts["foregrounds"])}
    except FileNotFoundError as error:
        raise DatasetError(f"The sample {name!r} lacks the file {Path(error.filename).name!r}. Make the dataset again.") from error
    own = ("name", "kind", "size", "foregrounds", "boxes")
    return LayeredSample(
        name=facts["name"],
        background=arrays["background.png"].astype(np.uint8, copy=False),
        foregrounds=tuple(arrays[path].astype(np.uint8, copy=False) for path in facts["foregrounds"]),
        boxes=tuple(BoundingBox(*box) for box in facts["boxes"]),
        shadow_factor=arrays["shadow_factor.png"].astype(np.uint16, copy=False),
        kind=facts["kind"],
        facts={key: value for key, value in facts.items() if key not in own},
    )


def verify_dataset(folder: Path) -> list[str]:
    """Compare every file with its hash in the manifest.

    Returns:
        One line per file that is missing, changed or not listed; empty where all is well.
    """
    complaints = []
    listed = {Path(MANIFEST)}
    for entry in read_manifest(folder)["samples"]:
        for name, digest in entry["sha256"].items():
            path = Path(entry["name"]) / name
            listed.add(path)
            if not (folder / path).is_file():
                complaints.append(f"{path.as_posix()} is missing")
            elif _digest(folder / path) != digest:
                complaints.append(f"{path.as_posix()} was changed")
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return complaints + [f"{path.as_posix()} is not in the manifest" for path in sorted(found - listed)]


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
