"""Packed part pictures: what is written comes back, and what is damaged is said."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from data_tools.__main__ import app
from data_tools.character_dataset import Split
from data_tools.manifests import DatasetError
from data_tools.parts.dataset import NOTHING, UNKNOWN, PartPicture, finish, read_characters, read_manifest, read_pictures, write_shard
from tests.unit.data_tools.parts.figures import SIDE, draw_figure, write_figures


@pytest.mark.parametrize("decoded", [True, False])
def test_pictures_come_back_with_their_labels_exactly(tmp_path: Path, decoded: bool) -> None:
    folder = write_figures(tmp_path / "set")
    found = read_pictures(folder, Split.TRAIN, decoded=decoded)
    assert len(found) == 12
    rgba, labels = found.read(np.array([11, 0, 3]))
    for place, seed in enumerate((11, 0, 3)):
        wanted = draw_figure(seed)
        assert np.array_equal(labels[place], wanted.labels)
        assert np.array_equal(rgba[place, ..., 3], wanted.rgba[..., 3])
        inside = wanted.rgba[..., 3] > 0
        assert np.abs(rgba[place][inside].astype(int) - wanted.rgba[inside]).mean() < 12  # WebP loses some colour
        assert found.frames[seed] == wanted.frame


def test_each_split_has_its_own_characters_and_the_manifest_counts_them(tmp_path: Path) -> None:
    folder = write_figures(tmp_path / "set")
    manifest = read_manifest(folder)
    assert manifest["pictures"] == {"train": 12, "validation": 4, "test": 2} == manifest["characters"]
    assert (manifest["side"], manifest["licence"]) == (SIDE, "free")
    assert [len(read_pictures(folder, split)) for split in Split] == [12, 4, 2]
    assert len(read_pictures(folder, Split.TRAIN, most=5)) == 5


def test_the_same_pictures_give_the_same_manifest(tmp_path: Path) -> None:
    first, again = write_figures(tmp_path / "a"), write_figures(tmp_path / "b")
    assert read_manifest(first)["sha256"]["part-0001.json"] == read_manifest(again)["sha256"]["part-0001.json"]
    with np.load(first / "part-0000.npz") as one, np.load(again / "part-0000.npz") as two:
        assert all(np.array_equal(one[key], two[key]) for key in one.files)


def test_a_split_without_pictures_is_said(tmp_path: Path) -> None:
    finish(tmp_path, [write_shard(tmp_path, 0, [draw_figure(0)])], SIDE, {})
    with pytest.raises(DatasetError, match="no picture for 'validation'"):
        read_pictures(tmp_path, Split.VALIDATION)


def test_an_unfinished_set_says_how_to_finish_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="python -m data_tools parts"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("name", ["part-0001.npz", "part-0001.json"])
@pytest.mark.parametrize("damage", ["missing", "cut", "rubbish", "compressed"])
def test_damage_is_said_with_the_files_name(tmp_path: Path, name: str, damage: str) -> None:
    folder = write_figures(tmp_path / "set")
    path = folder / name
    match damage:
        case "missing":
            path.unlink()
        case "cut":
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "rubbish":
            path.write_bytes(b"{}")
        case "compressed":  # a small file could stand for more than fits into memory
            np.savez_compressed(path.with_suffix(".npz"), rgba=np.zeros(10**6, np.uint8))
            path.unlink() if path.suffix == ".json" else None
    with pytest.raises(DatasetError, match="part-0001"):
        read_pictures(folder, Split.TRAIN)


@pytest.mark.parametrize(
    ("key", "value"),
    [("side", 10**9), ("side", "64"), ("classes", ["hair"]), ("shards", ["../../secret"]), ("shards", 3), ("version", 2), ("sha256", 1)],
)
def test_a_manifest_that_cannot_be_is_refused(tmp_path: Path, key: str, value: object) -> None:
    folder = write_figures(tmp_path / "set")
    document = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**document, key: value}))
    with pytest.raises(DatasetError):
        read_pictures(folder, Split.TRAIN)


def test_labels_that_are_no_class_and_pictures_of_another_size_are_refused(tmp_path: Path) -> None:
    figure = draw_figure(0)
    odd = PartPicture(figure.rgba, np.where(figure.labels == NOTHING, NOTHING, np.uint8(100)), "odd", Split.TRAIN, "figure")
    finish(tmp_path, [write_shard(tmp_path, 0, [odd])], SIDE, {})
    with pytest.raises(DatasetError, match="no class"):
        read_pictures(tmp_path, Split.TRAIN)
    finish(tmp_path, [write_shard(tmp_path, 0, [figure])], SIDE * 2, {})
    with pytest.raises(DatasetError, match="64 x 64 instead of 128"):
        read_pictures(tmp_path, Split.TRAIN)
    unknown = np.where(figure.labels == NOTHING, NOTHING, np.uint8(UNKNOWN))
    finish(tmp_path, [write_shard(tmp_path, 0, [PartPicture(figure.rgba, unknown, "u", Split.TRAIN, "figure")])], SIDE, {})
    assert (read_pictures(tmp_path, Split.TRAIN).read([0])[1] == unknown).all()


def test_verifying_names_what_was_changed(tmp_path: Path) -> None:
    folder = write_figures(tmp_path / "set")
    assert CliRunner().invoke(app, ["verify", str(folder)]).exit_code == 0
    (folder / "part-0000.npz").write_bytes(b"other")
    (folder / "plan.json").unlink()
    (folder / "more.txt").write_text("")
    told = CliRunner().invoke(app, ["verify", str(folder)])
    assert told.exit_code == 1
    assert set(told.output.splitlines()) == {"part-0000.npz was changed", "plan.json is missing", "more.txt is not in the manifest"}


def test_characters_can_be_left_out(tmp_path: Path) -> None:
    folder = write_figures(tmp_path / "set")
    seen = read_characters(folder, (Split.TRAIN, Split.VALIDATION))
    assert len(seen) == 16
    assert len(read_pictures(folder, None)) == 18
    assert len(read_pictures(folder, None, without=seen)) == 2
