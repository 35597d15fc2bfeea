"""A folder of characters gives back what was written, shares what is the same, and notices what was changed."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from data_tools import character_dataset as dataset
from data_tools.character_dataset import Split, read_character, read_character_manifest, split_of, verify_characters
from data_tools.character_records import sample_from
from data_tools.manifests import DatasetError
from data_tools.samples import CharacterSample
from data_tools.shards import write_shards
from tests.unit.data_tools.character_models import draw_sample, file_bytes

PLAN = {"format": dataset.FORMAT, "seed": 0}
NAMES = [("one", Split.TRAIN), ("two", Split.TRAIN), ("three", Split.TRAIN), ("four", Split.TEST)]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> CharacterSample:
    return draw_sample(tmp_path_factory.mktemp("sample"))


def write_all(folder: Path, sample: CharacterSample) -> None:
    for number, (name, _) in enumerate(NAMES):
        dataset.write_sample(folder, replace(sample, name=name, source=sample.source - np.uint8(number)))


def write(folder: Path, sample: CharacterSample) -> Path:
    dataset.begin(folder, PLAN)
    write_all(folder, sample)
    dataset.finish(folder, NAMES, write_shards(folder, NAMES, per_shard=2), {"models": []})
    return folder


@pytest.fixture
def folder(tmp_path: Path, sample: CharacterSample) -> Path:
    return write(tmp_path / "set", sample)


def same(one: CharacterSample, other: CharacterSample) -> bool:
    arrays = zip(one.layers, other.layers, strict=True)
    return (
        np.array_equal(one.source, other.source)
        and np.array_equal(one.figure, other.figure)
        and (one.name, one.art_meshes, one.facts) == (other.name, other.art_meshes, other.facts)
        and all((a.tag, a.box) == (b.tag, b.box) for a, b in zip(one.layers, other.layers, strict=True))
        and all(np.array_equal(getattr(a, name), getattr(b, name)) for a, b in arrays for name in ("rgba", "visible", "fragments"))
    )


def test_a_sample_comes_back_exactly(folder: Path, sample: CharacterSample) -> None:
    assert same(read_character(folder, "one"), replace(sample, name="one"))
    assert read_character(folder, "two").layers[0].fragments.dtype == np.uint16


def test_what_samples_share_is_stored_once(folder: Path, sample: CharacterSample) -> None:
    pictures = list((folder / "blobs").rglob("*.png"))
    unshared = 4 * (2 + 3 * len(sample.layers))
    assert len(pictures) < unshared / 2
    files = json.loads((folder / "samples/one.json").read_text())["files"]
    assert files["eyes.rgba.png"] == files["irides.rgba.png"], "one class of version 3 alone is the class of version 2"


def test_the_same_samples_give_the_same_bytes(folder: Path, sample: CharacterSample, tmp_path: Path) -> None:
    assert file_bytes(write(tmp_path / "again", sample)) == file_bytes(folder)


def test_the_manifest_says_what_is_there(folder: Path) -> None:
    manifest = read_character_manifest(folder)
    assert [(entry["name"], entry["split"]) for entry in manifest["samples"]] == [(name, split.value) for name, split in NAMES]
    assert (len(manifest["taxonomies"]["v2"]), len(manifest["taxonomies"]["v3"])) == (19, 23)
    assert [(shard["name"], shard["samples"]) for shard in manifest["shards"]] == [
        ("train-000000.tar", 2), ("train-000001.tar", 1), ("test-000000.tar", 1),
    ]  # fmt: skip


def test_changed_missing_and_added_files_are_named(folder: Path) -> None:
    assert verify_characters(folder) == []
    changed, missing = sorted((folder / "blobs").rglob("*.png"))[:2]
    changed.write_bytes(changed.read_bytes() + b"x")
    missing.unlink()
    (folder / "samples/two.json").write_text("{")
    (folder / "shards/extra.tar").write_bytes(b"")
    complaints = verify_characters(folder)
    assert {f"blobs/{changed.parent.name}/{changed.name} was changed", f"blobs/{missing.parent.name}/{missing.name} is missing"} <= {
        *complaints
    }
    assert "samples/two.json was changed" in complaints
    assert complaints[-1] == "shards/extra.tar is not in the manifest"


def test_a_set_that_is_unfinished_says_how_to_go_on(tmp_path: Path, sample: CharacterSample) -> None:
    dataset.begin(tmp_path, PLAN)
    dataset.write_sample(tmp_path, sample)
    with pytest.raises(DatasetError, match="goes on where it stopped"):
        verify_characters(tmp_path)


def test_a_sample_counts_as_there_only_with_all_its_pictures(folder: Path) -> None:
    assert dataset.has_sample(folder, "one")
    assert not dataset.has_sample(folder, "five")
    next((folder / "blobs").rglob("*.png")).unlink()
    assert not all(dataset.has_sample(folder, name) for name, _ in NAMES)


def test_a_picture_that_was_cut_short_is_written_again(folder: Path, sample: CharacterSample) -> None:
    for path in (folder / "blobs").rglob("*.png"):
        path.write_bytes(path.read_bytes()[:20])
    write_all(folder, sample)
    assert verify_characters(folder) == []


def test_a_folder_of_other_things_or_another_plan_is_left_alone(folder: Path, tmp_path: Path) -> None:
    before = file_bytes(folder)
    with pytest.raises(DatasetError, match="'seed' differ"):
        dataset.begin(folder, {**PLAN, "seed": 1})
    assert file_bytes(folder) == before
    (tmp_path / "other").mkdir()
    (tmp_path / "other/notes.txt").write_text("mine")
    with pytest.raises(DatasetError, match="holds other things"):
        dataset.begin(tmp_path / "other", PLAN)


def test_leftovers_of_a_killed_run_are_cleared(folder: Path) -> None:
    (folder / "blobs/.ab.png.0123.partial").write_bytes(b"half")
    dataset.begin(folder, PLAN)
    assert verify_characters(folder) == []


@pytest.mark.parametrize("name", ["../one", "a.b", "", "x" * 101, "a/b"])
def test_names_that_are_no_file_names_are_refused(folder: Path, sample: CharacterSample, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        dataset.write_sample(folder, replace(sample, name=name))
    with pytest.raises(DatasetError, match="no sample"):
        read_character(folder, name)


@pytest.mark.parametrize("file", ["source.png", "front_hair.rgba.png", "front_hair.visible.png", "front_hair.fragments.png"])
@pytest.mark.parametrize("harm", ["short", "other", "empty"])
def test_a_damaged_picture_is_a_clear_error(folder: Path, file: str, harm: str) -> None:
    files = json.loads((folder / "samples/one.json").read_text())["files"]
    path = folder / dataset.blob_path(files[file])
    content = path.read_bytes()
    other = (folder / dataset.blob_path(files["figure.png"])).read_bytes()
    path.write_bytes({"short": content[: len(content) * 2 // 3], "other": other, "empty": b""}[harm])
    with pytest.raises(DatasetError, match=r"'one' is damaged"):
        read_character(folder, "one")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("size",), [10, 10]),
        (("size",), [10**9, 10**9]),
        (("size",), None),
        (("layers", 0, "box"), [0, 0, 10**6, 10**6]),
        (("layers", 0, "box"), [5, 5, 5, 5]),
        (("layers", 0, "tag"), "head"),
        (("layers", 0, "tag"), ["face"]),
        (("art_meshes", 0, "index"), 2**16),
        (("art_meshes", 0, "part"), "hair"),
        (("art_meshes", 0), None),
        (("files", "source.png"), "../../../etc/passwd"),
        (("files",), []),
        (("facts",), 3),
    ],
)
def test_a_hostile_sample_is_a_clear_error(folder: Path, place: tuple[str | int, ...], value: object) -> None:
    path = folder / "samples/one.json"
    document = json.loads(path.read_text())
    inner = document
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(document))
    with pytest.raises(DatasetError):
        read_character(folder, "one")


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "{",
        json.dumps({"format": dataset.FORMAT, "version": 1, "samples": [], "shards": [{"name": "../x.tar"}]}),
        json.dumps({"format": dataset.FORMAT, "version": 1, "samples": [{"name": "../x"}]}),
    ],
)
def test_a_manifest_of_another_kind_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(DatasetError, match=r"manifest\.json"):
        read_character_manifest(tmp_path)


def test_a_shard_holds_whole_samples_without_time_or_owner(folder: Path, sample: CharacterSample) -> None:
    with tarfile.open(folder / "shards/test-000000.tar") as archive:
        members = archive.getmembers()
        files = {member.name.partition(".")[2]: archive.extractfile(member).read() for member in members}  # type: ignore[union-attr]
    assert {member.name.partition(".")[0] for member in members} == {"four"}
    assert all((member.mtime, member.uid, member.uname) == (0, 0, "") for member in members)
    read = sample_from(json.loads(files["json"]), files.__getitem__)
    assert same(read, replace(sample, name="four", source=sample.source - np.uint8(3)))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")  # webdataset leaves files open
def test_webdataset_streams_the_shards(folder: Path) -> None:
    import webdataset

    shards = sorted(str(path) for path in (folder / "shards").glob("train-*.tar"))
    streamed = list(webdataset.WebDataset(shards, shardshuffle=False))
    assert sorted(one["__key__"] for one in streamed) == ["one", "three", "two"]
    for one in streamed:
        assert same(sample_from(json.loads(one["json"]), one.__getitem__), read_character(folder, one["__key__"]))


def test_models_fall_into_splits_by_their_own_hash_alone() -> None:
    counts = {split: sum(split_of(str(number)) is split for number in range(4000)) for split in Split}
    assert counts[Split.TRAIN] == pytest.approx(3200, abs=100)
    assert counts[Split.VALIDATION] == pytest.approx(400, abs=70)
    assert "".join(split_of(letter).value[:2] for letter in "abcdefghijklmnopq") == "tetrtrtrtrtrtrtrtetrtrtrtrtrtrtrtr", "never to change"
