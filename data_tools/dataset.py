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

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.manifests import (
    MANIFEST,
    DatasetError,
    check_format,
    compare_files,
    digest_file,
    encode_document,
    missing_file,
    read_document,
)
from data_tools.samples import LayeredSample
from liwi.evaluation.benchmarks import FORMAT, VERSION
from liwi.imaging.io import decode_png, encode_png
from liwi.types import BoundingBox


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
    (folder / MANIFEST).write_bytes(encode_document(manifest))
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
    facts = {
        "name": sample.name,
        "kind": sample.kind,
        "size": list(sample.size),
        "foregrounds": names,
        "boxes": [list(box.as_tuple()) for box in sample.boxes],
        **sample.facts,
    }
    (folder / "sample.json").write_bytes(encode_document(facts))
    return {"name": sample.name, "kind": sample.kind, "sha256": {path.name: digest_file(path) for path in sorted(folder.iterdir())}}


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read and check the manifest of a dataset folder.

    Raises:
        DatasetError: there is none, or it is of another format or version.
    """
    try:
        manifest = read_document(folder / MANIFEST)
    except FileNotFoundError:
        raise DatasetError(f"{folder} is not a dataset: it has no {MANIFEST}. Make one with: python -m data_tools composites OUT") from None
    check_format(folder / MANIFEST, manifest, FORMAT, VERSION)
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
        raise missing_file(name, error) from error
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
    entries = read_manifest(folder)["samples"]
    return compare_files(folder, {f"{entry['name']}/{name}": sha for entry in entries for name, sha in entry["sha256"].items()})
