"""The hash of labels travels from the workbench's export to every dataset that is made of it."""

import json
from pathlib import Path

import pytest

from data_tools.manifests import EXPORT_RECORD, LABELS, MANIFEST, labels_of_all, labels_of_dataset, labels_of_export

ONE, OTHER = "1" * 64, "2" * 64


def dataset(folder: Path, content: object) -> Path:
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps(content))
    return folder


def test_an_export_is_known_from_its_folder_and_from_its_labels(tmp_path: Path) -> None:
    (tmp_path / EXPORT_RECORD).write_text(json.dumps({LABELS: ONE}) + "\n" + json.dumps({"stem": "a"}) + "\n")
    (tmp_path / "labels").mkdir()
    assert labels_of_export(tmp_path) == labels_of_export(tmp_path / "labels") == ONE
    assert labels_of_export(tmp_path / "labels" / "deeper") == ""


@pytest.mark.parametrize("content", ["", "{", "[]", '{"labels_sha256": 3}', '{"labels_sha256": "../x"}', "[" * 10**5])
def test_a_damaged_record_is_no_export(content: str, tmp_path: Path) -> None:
    (tmp_path / EXPORT_RECORD).write_text(content)
    assert labels_of_export(tmp_path) == ""
    (tmp_path / MANIFEST).write_text(content)
    assert labels_of_dataset(tmp_path) == ""


def test_a_dataset_of_others_carries_their_labels_on(tmp_path: Path) -> None:
    one, other = dataset(tmp_path / "one", {LABELS: ONE}), dataset(tmp_path / "other", {LABELS: OTHER})
    drawn = dataset(tmp_path / "drawn", {})
    assert labels_of_all([drawn]) == {}
    assert labels_of_all([one, drawn, one]) == {LABELS: ONE}
    assert labels_of_all([one, other]) == labels_of_all([other, one])
    assert set(labels_of_all([one, other])[LABELS]) - set("0123456789abcdef") == set()
    assert labels_of_all([one, other])[LABELS] not in (ONE, OTHER)
