"""Records of checkpoints: what is written comes back, and what a stranger wrote is checked."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liwi.checkpoints import MAX_JSON_BYTES, CheckpointRecord, CheckpointStatus, is_file_name, is_id
from liwi.registry_errors import CheckpointDamaged
from tests.unit.registry_kinds import DATASET, JOB

RECORD = CheckpointRecord(
    "", "matting", None, JOB, DATASET, {"alpha_soft_iou": 0.91}, {"model.safetensors": "4" * 64}, "2026-11-22T08:00:00+00:00", "CC0-1.0"
).identified()


def changed(**fields: Any) -> bytes:
    return json.dumps(json.loads(RECORD.to_json()) | fields).encode()


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=100).filter(str.isprintable), st.floats(allow_nan=False, allow_infinity=False), max_size=5
    ),
    st.text(min_size=1, max_size=50).filter(str.isprintable),
)
def test_a_record_comes_back_as_it_was_written(metrics: dict[str, float], name: str) -> None:
    record = replace(RECORD, metrics=metrics, job=replace(JOB, name=name)).identified()
    record.check()
    assert CheckpointRecord.from_json(record.to_json()) == record
    assert is_id(record.id)


def test_the_id_depends_on_all_but_the_time() -> None:
    assert replace(RECORD, created="2027-01-01T00:00:00+00:00").identified().id == RECORD.id
    others = [
        replace(RECORD, metrics={"alpha_soft_iou": 0.92}),
        replace(RECORD, files={"model.safetensors": "5" * 64}),
        replace(RECORD, parent=RECORD.id),
        replace(RECORD, dataset=replace(DATASET, labels_sha256="")),
        replace(RECORD, kind="layering"),
    ]
    assert len({RECORD.id, *(other.identified().id for other in others)}) == len(others) + 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"[" * 100_000,
        b"[]",
        b'{"version": NaN}',
        b" " * (MAX_JSON_BYTES + 1),
        changed(version=None),
        changed(version=True),
        changed(id="../../../etc"),
        changed(id="layering-0123456789ab"),
        changed(id=7),
        changed(kind=["matting"]),
        changed(parent="matting-.."),
        changed(parent=5),
        changed(status="served"),
        changed(files={}),
        changed(files={"../model.safetensors": "4" * 64}),
        changed(files={"record.json": "4" * 64}),
        changed(files={"model.pt": "4" * 64}),
        changed(files={"model.safetensors": "4" * 63}),
        changed(files={f"{number}.json": "4" * 64 for number in range(65)}),
        changed(files=[["model.safetensors", "4" * 64]]),
        changed(metrics={"iou": "0.9"}),
        changed(metrics={"iou": True}),
        changed(metrics={"iou": None}),
        changed(metrics={str(number): 0.5 for number in range(201)}),
        changed(job="matting_tiny"),
        changed(job={"name": "x"}),
        changed(job={"name": "x", "sha256": "1" * 64, "command": "rm"}),
        changed(dataset={"name": "x", "sha256": "1" * 64, "labels_sha256": 3}),
        changed(created=0),
        changed(created="\x1b[2J"),
        changed(licence="\ud800"),
        changed(metrics={"io\nu": 0.5}),
        changed(surprise=1),
        changed(licence="x" * 1001),
        json.dumps({"version": 1, "id": RECORD.id}).encode(),
    ],
)
def test_a_record_that_says_something_impossible_is_refused(content: bytes) -> None:
    with pytest.raises(CheckpointDamaged):
        CheckpointRecord.from_json(content)


def test_a_record_of_a_newer_version_says_so() -> None:
    with pytest.raises(CheckpointDamaged, match="version 2, written by a newer LiWi Studio"):
        CheckpointRecord.from_json(changed(version=2, new_field="x"))


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b.json", "a\\b.json", ".a.json", "a.json\n", "a.JSON", "a.pt", "a" * 200 + ".json", 3, None]
)
def test_only_plain_names_of_plain_formats_are_file_names(name: object) -> None:
    assert not is_file_name(name)
    assert is_file_name("model-00001.v2.safetensors")


def test_a_status_is_never_written() -> None:
    assert b"served" not in replace(RECORD, status=CheckpointStatus.SERVED).to_json()
