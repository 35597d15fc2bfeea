"""What the dataset folders of this program share: a manifest with hashes, and comparing a folder with it."""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from liwi.errors import InputError

MANIFEST = "manifest.json"
EXPORT_RECORD = "export.jsonl"
"""What the workbench's exports hold: its first line says which labels they are."""
LABELS = "labels_sha256"
"""The field, there and in manifests, that holds the hash of the labels as the workbench gives it."""
MAX_DOCUMENT_BYTES = 512 * 2**20
"""Largest JSON file that is read."""
MAX_LINE_BYTES = 2**20


class DatasetError(InputError):
    """A dataset folder is missing, incomplete or changed."""


def read_document(path: Path) -> dict[str, Any]:
    """Read a JSON file of a dataset.

    Raises:
        FileNotFoundError: there is none; the caller knows what to say.
        DatasetError: it is damaged, too large, or no JSON object.
    """
    try:
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            raise DatasetError(f"{path} is larger than {MAX_DOCUMENT_BYTES // 2**20} MB; this program writes no such file.")
        document = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, RecursionError) as error:
        raise DatasetError(f"{path} is damaged ({str(error)[:100]}). Make the dataset again.") from error
    if not isinstance(document, dict):
        raise DatasetError(f"{path} is damaged: it holds no JSON object. Make the dataset again.")
    return document


def check_format(path: Path, document: Mapping[str, Any], kind: str, version: int) -> None:
    """Raise `DatasetError` where a manifest is not of this format and version."""
    if (document.get("format"), document.get("version")) != (kind, version):
        raise DatasetError(f"{path} is not of format {kind!r}, version {version}. Make the dataset again.")


def missing_file(sample: str, error: FileNotFoundError, remedy: str = "Make the dataset again.") -> DatasetError:
    """What to say of a sample of which a file is not there."""
    return DatasetError(f"The sample {sample!r} lacks the file {Path(error.filename).name!r}. {remedy}")


def encode_document(value: Mapping[str, Any]) -> bytes:
    """JSON as the datasets hold it: the same value gives the same bytes."""
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def digest_file(path: Path) -> str:
    """SHA-256 of a file in hexadecimal, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def labels_of_export(folder: Path) -> str:
    """The hash of the labels of an export of the workbench, whose folder or inner ``labels`` is given; empty for labels from elsewhere."""
    for place in (folder, folder.parent):
        with contextlib.suppress(OSError, ValueError, RecursionError), (place / EXPORT_RECORD).open("rb") as file:
            head = json.loads(file.readline(MAX_LINE_BYTES))
            return _hash_in(head) if isinstance(head, dict) else ""
    return ""


def labels_of_dataset(folder: Path) -> str:
    """The hash of the labels that a dataset was made with, as its manifest says; empty where it says nothing."""
    try:
        return _hash_in(read_document(folder / MANIFEST))
    except (OSError, DatasetError):
        return ""


def labels_of_all(folders: Iterable[Path], exports: Iterable[Path] = ()) -> dict[str, str]:
    """What the manifest of a dataset that is made of others, and of exports, says of labels: theirs, or a hash of all; nothing for none."""
    found = sorted({*map(labels_of_dataset, folders), *map(labels_of_export, exports)} - {""})
    return {LABELS: found[0] if len(found) == 1 else digest("\n".join(found).encode())} if found else {}


def _hash_in(document: Mapping[str, Any]) -> str:
    value = document.get(LABELS)
    return value if isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) else ""


def number_of(text: str) -> int:
    """A number of 64 bits that follows from a text, to seed chance with."""
    return int(digest(text.encode())[:16], 16)


def compare_files(folder: Path, listed: Mapping[str, str]) -> list[str]:
    """Compare every file below a folder with its hash.

    Args:
        folder: of the dataset.
        listed: relative path, ``/`` between folders, to SHA-256; the manifest itself is not among them.

    Returns:
        One line per file that is missing, changed or not listed; empty where all is well.
    """
    complaints = []
    for name, expected in listed.items():
        if not (folder / name).is_file():
            complaints.append(f"{name} is missing")
        elif digest_file(folder / name) != expected:
            complaints.append(f"{name} was changed")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return complaints + [f"{name} is not in the manifest" for name in sorted(found - listed.keys() - {MANIFEST})]
