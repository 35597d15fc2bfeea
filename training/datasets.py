"""Dataset folders that a person can choose from: whatever below a folder has a manifest, and exports of the workbench that lie there."""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from data_tools.manifests import EXPORT_RECORD, LABELS, MANIFEST, labels_of_export

MAX_DEPTH = 4
MAX_FOLDERS = 2000
_READ_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class DatasetChoice:
    """A dataset folder.

    Attributes:
        path: of the folder.
        kind: the format that its manifest names, or "labels" for an export of the workbench.
        labels_sha256: of the labels in it; empty where nobody labelled anything or nothing is said.
        recorded: what the workbench knows of these labels; empty for nothing.
    """

    path: Path
    kind: str
    labels_sha256: str = ""
    recorded: str = ""


def find_datasets(root: Path, recorded: Mapping[str, str]) -> list[DatasetChoice]:
    """The dataset folders below a folder, by path.

    Args:
        root: looked through four folders deep; hidden folders and links are passed over.
        recorded: hash of exported labels to what the workbench says of that export.
    """
    found = []
    for seen, (path, folders, files) in enumerate(os.walk(root)):
        here = Path(path)
        deep = len(here.relative_to(root).parts) >= MAX_DEPTH or seen > MAX_FOLDERS
        folders[:] = [] if deep else sorted(name for name in folders if not name.startswith(".") and name.isprintable())
        choice = _choice(here, files, recorded)
        if choice is not None:
            found.append(choice)
            folders[:] = [] if choice.kind != "labels" else folders
    return sorted(found, key=lambda choice: choice.path)


def _choice(folder: Path, files: list[str], recorded: Mapping[str, str]) -> DatasetChoice | None:
    if MANIFEST in files:
        start = _start(folder / MANIFEST)
        kind = _field(start, "format") or "dataset"
        labels = _field(start, LABELS)
        return DatasetChoice(folder, kind, labels, recorded.get(labels, ""))
    if EXPORT_RECORD in files:
        labels = labels_of_export(folder)
        return DatasetChoice(folder, "labels", labels, recorded.get(labels, ""))
    return None


def _start(path: Path) -> str:
    """The start of a file: manifests may have hundreds of megabytes, and what is wanted stands first."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(_READ_BYTES).decode("utf-8", "replace")
    return ""


def _field(start: str, name: str) -> str:
    """The text that a field holds at the start of a JSON file; empty where it is not there."""
    _, found, rest = start.partition(f'"{name}":')
    if not found:
        return ""
    with contextlib.suppress(ValueError, RecursionError):
        value, _ = json.JSONDecoder().raw_decode(rest.lstrip())
        return value if isinstance(value, str) else ""
    return ""
