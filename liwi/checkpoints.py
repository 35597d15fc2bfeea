"""What a checkpoint is: the record that says where it comes from, and the files that it vouches for.

    <registry>/<id>/record.json         what stands here as `CheckpointRecord`, without the status
                    *.safetensors       tensors
                    *.json              whatever else the loader needs: the network's configuration, the resolved job

A folder never changes once it is there. Its status is no part of it: statuses follow from the acts in `liwi.registry_log`. Nothing here is
ever unpickled, and every name and number in a record is checked as if a stranger had written it.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from liwi.registry_errors import CheckpointDamaged

RECORD = "record.json"
VERSION = 1
MAX_FILES = 64
MAX_JSON_BYTES = 2**20
"""Largest JSON file of a checkpoint, its record included."""
MAX_METRICS = 200
MAX_TEXT = 1000
"""Longest name or reason, in characters."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}-[0-9a-f]{12}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}\.(safetensors|json)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class CheckpointStatus(StrEnum):
    """Where a checkpoint stands: candidate -> served -> retired."""

    CANDIDATE = "candidate"
    """Passed its smoke test; never served so far."""
    SERVED = "served"
    """What the demo uses now for its kind."""
    RETIRED = "retired"
    """Was served and is no longer, or was taken out by hand. What was taken out by hand is never served again."""


@dataclass(frozen=True, slots=True)
class JobReference:
    """The training job that made a checkpoint; ``sha256`` is of the resolved job, so that two runs of one name can be told apart."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class DatasetReference:
    """What a checkpoint was trained on.

    Attributes:
        name: of the dataset or the export.
        sha256: of the dataset export.
        labels_sha256: of the labels in it, as the workbench's export gives it; empty where nobody labelled anything.
    """

    name: str
    sha256: str
    labels_sha256: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """A checkpoint as the registry knows it.

    Attributes:
        id: the kind and twelve hexadecimal digits that depend on all the rest but `created` and `status`.
        kind: a key of `liwi.checkpoint_kinds.KINDS`.
        parent: the id of the checkpoint that training started from; None for one that started from nothing.
        job, dataset: the provenance.
        metrics: what was measured on held-out data; finite.
        files: SHA-256 by file name, without the record itself.
        created: when it was published, ISO 8601 in UTC.
        licence: under which the weights may be used.
        status: as of when the record was read.
    """

    id: str
    kind: str
    parent: str | None
    job: JobReference
    dataset: DatasetReference
    metrics: Mapping[str, float]
    files: Mapping[str, str]
    created: str
    licence: str = ""
    status: CheckpointStatus = CheckpointStatus.CANDIDATE

    @property
    def provenance(self) -> tuple[tuple[str, str], ...]:
        """The chain (what, which): checkpoint, job, hash of the dataset export, hash of the labels where somebody labelled."""
        labels = (("labels", self.dataset.labels_sha256),) if self.dataset.labels_sha256 else ()
        job, dataset = f"{self.job.name} {self.job.sha256}", f"{self.dataset.name} {self.dataset.sha256}"
        return ("checkpoint", self.id), ("job", job), ("dataset", dataset), *labels

    def identified(self) -> Self:
        """The same record under the id that follows from its content."""
        fields = {name: value for name, value in self._fields().items() if name not in {"id", "created"}}
        return replace(self, id=f"{self.kind}-{hashlib.sha256(dump(fields)).hexdigest()[:12]}")

    def to_json(self) -> bytes:
        """The content of `RECORD`."""
        return json.dumps({"version": VERSION, **self._fields()}, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Read the content of `RECORD`.

        Raises:
            CheckpointDamaged: it is none, says something impossible, or was written by a newer version.
        """
        document = load_json(content)
        version = document.pop("version", None)
        if type(version) is not int or version != VERSION:  # True is 1 too
            newer = isinstance(version, int) and version > VERSION
            how = f"version {version}, written by a newer LiWi Studio; update to read it" if newer else "without a version that is known"
            raise CheckpointDamaged(f"The record is {how}.")
        try:
            job, dataset = JobReference(**document.pop("job")), DatasetReference(**document.pop("dataset"))
            record = cls(**document, job=job, dataset=dataset)
            record.check()
        except (TypeError, AttributeError, KeyError, ValueError) as error:
            raise CheckpointDamaged(f"The record does not say what a record says ({str(error)[:200]}).") from error
        return record

    def check(self) -> None:
        """Raise `ValueError` where a field holds what it cannot hold; `status` cannot come from a file."""
        if not isinstance(self.id, str) or not is_id(self.id) or self.id.rpartition("-")[0] != self.kind:
            raise ValueError(f"id {str(self.id)[:60]!r}")
        if self.parent is not None and not (isinstance(self.parent, str) and is_id(self.parent)):
            raise ValueError(f"parent {str(self.parent)[:60]!r}")
        texts = {"created": self.created, "licence": self.licence, "job": self.job.name, "dataset": self.dataset.name}
        for name, text in texts.items():
            if not isinstance(text, str) or len(text) > MAX_TEXT or not text.isprintable() or not (text or name == "licence"):
                raise ValueError(f"{name} {str(text)[:60]!r}: expected 1 to {MAX_TEXT} printable characters")
        for name, value in {
            "job.sha256": self.job.sha256,
            "dataset.sha256": self.dataset.sha256,
            **_mapping(self.files, MAX_FILES),
        }.items():
            if not isinstance(value, str) or not _SHA256.fullmatch(value):
                raise ValueError(f"{name[:60]}: expected a SHA-256 in 64 hexadecimal digits, got {str(value)[:70]!r}")
        if self.dataset.labels_sha256 != "" and not _SHA256.fullmatch(self.dataset.labels_sha256):
            raise ValueError("dataset.labels_sha256: expected a SHA-256 in 64 hexadecimal digits, or nothing")
        if not self.files or not all(is_file_name(name) for name in self.files):
            raise ValueError(f"files: expected names ending in .safetensors or .json, got {sorted(self.files)[:5]}")
        for name, number in _mapping(self.metrics, MAX_METRICS).items():
            if not 1 <= len(name) <= 100 or not name.isprintable() or not _is_finite(number):
                raise ValueError(f"metric {name[:60]!r}: expected a printable name and a finite number, got {str(number)[:60]}")
        if self.status is not CheckpointStatus.CANDIDATE:
            raise ValueError("status: follows from the acts, not from the record")

    def _fields(self) -> dict[str, Any]:
        fields = asdict(replace(self, metrics=dict(self.metrics), files=dict(self.files)))
        del fields["status"]
        return fields


def is_id(text: str) -> bool:
    """Whether a text can be the id of a checkpoint, and so the name of its folder."""
    return _ID.fullmatch(text) is not None


def is_file_name(text: object) -> bool:
    """Whether a text can name a file of a checkpoint beside the record."""
    return isinstance(text, str) and _FILE.fullmatch(text) is not None and text != RECORD


def dump(value: object) -> bytes:
    """JSON that is the same for the same content: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def load_json(content: bytes) -> dict[str, Any]:
    """Read a JSON object that a stranger may have written.

    Raises:
        CheckpointDamaged: too large, malformed, nested too deeply, or no object.
    """
    if len(content) > MAX_JSON_BYTES:
        raise CheckpointDamaged(f"It has more than {MAX_JSON_BYTES // 2**20} MB, too much for a record.")
    try:
        document = json.loads(content, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise CheckpointDamaged(f"It is no JSON ({str(error)[:200]}).") from error
    if not isinstance(document, dict):
        raise CheckpointDamaged(f"It is no JSON object but a {type(document).__name__}.")
    return document


def _mapping(value: object, most: int) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > most or not all(isinstance(key, str) for key in value):
        raise ValueError(f"expected at most {most} named values, got {type(value).__name__}")
    return dict(value)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _is_finite(number: object) -> bool:
    """Whether this is a number that a float can hold."""
    try:
        return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
    except OverflowError:
        return False
