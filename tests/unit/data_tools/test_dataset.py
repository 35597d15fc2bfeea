"""A dataset folder gives back what was written, and notices what was changed."""

import json
from pathlib import Path

import numpy as np
import pytest

from data_tools.dataset import DatasetError, read_manifest, read_sample, verify_dataset, write_dataset
from data_tools.samples import LayeredSample
from liwi.types import BoundingBox


def make_sample(name: str = "one", seed: int = 0) -> LayeredSample:
    rng = np.random.default_rng(seed)
    front = rng.integers(0, 256, (2, 30, 40, 4), dtype=np.uint8)
    return LayeredSample(
        name=name,
        background=rng.integers(0, 256, (30, 40, 3), dtype=np.uint8),
        foregrounds=(front[0], front[1]),
        boxes=(BoundingBox(0, 0, 40, 30), BoundingBox(3, 4, 20, 21)),
        shadow_factor=rng.integers(0, 65536, (30, 40, 3), dtype=np.uint16),
        kind="photo",
        facts={"shadow": {"kind": "drop"}, "cutouts": [{"package": "p", "path": "ein Hündchen.png", "licence": "GPL-2"}]},
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_dataset(tmp_path / "set", [make_sample("one"), make_sample("two", 1)], {"split": "test", "seed": 0})
    return tmp_path / "set"


def test_a_sample_comes_back_exactly(folder: Path) -> None:
    written, read = make_sample("two", 1), read_sample(folder, "two")
    assert np.array_equal(read.background, written.background) and np.array_equal(read.shadow_factor, written.shadow_factor)
    assert all(np.array_equal(one, two) for one, two in zip(read.foregrounds, written.foregrounds, strict=True))
    assert np.array_equal(read.source, written.source)
    assert (read.boxes, read.kind, read.facts) == (written.boxes, written.kind, written.facts)


def test_the_same_samples_give_the_same_hashes(folder: Path, tmp_path: Path) -> None:
    again = write_dataset(tmp_path / "again", [make_sample("one"), make_sample("two", 1)], {"split": "test", "seed": 0})
    assert again == read_manifest(folder)


def test_an_untouched_folder_verifies(folder: Path) -> None:
    assert verify_dataset(folder) == []


def test_changed_missing_and_added_files_are_named(folder: Path) -> None:
    path = folder / "one" / "foreground_01.png"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (folder / "two" / "source.png").unlink()
    (folder / "two" / "extra.png").write_bytes(b"")
    assert verify_dataset(folder) == [
        "one/foreground_01.png was changed",
        "two/source.png is missing",
        "two/extra.png is not in the manifest",
    ]


def test_a_folder_that_holds_something_is_not_written_into(folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(DatasetError, match="not empty"):
        write_dataset(folder, [make_sample()], {})
    assert (folder / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"format": "liwi-benchmark", "version": 99, "samples": []})])
def test_a_manifest_of_another_kind_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        read_manifest(tmp_path)


def test_a_missing_file_of_a_sample_is_named(folder: Path) -> None:
    (folder / "one" / "shadow_factor.png").unlink()
    with pytest.raises(DatasetError, match=r"shadow_factor\.png"):
        read_sample(folder, "one")


def test_arrays_of_the_wrong_shape_are_refused() -> None:
    good = make_sample()
    with pytest.raises(ValueError, match="one box per foreground"):
        LayeredSample("x", good.background, good.foregrounds, good.boxes[:1], good.shadow_factor, "photo")
    with pytest.raises(ValueError, match="shadow_factor"):
        LayeredSample("x", good.background, good.foregrounds, good.boxes, good.shadow_factor[:1], "photo")
