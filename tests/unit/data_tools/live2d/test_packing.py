"""Packing a model: what comes out opens as the same model, and holds nothing that it does not need."""

import zipfile
from pathlib import Path

import pytest

from data_tools.live2d.labels import identify
from data_tools.live2d.packing import pack_model
from data_tools.live2d.reader import open_model
from data_tools.live2d.synthetic.export import synthesize, write_model
from liwi.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small character, with files beside it that are none of its own."""
    place = tmp_path_factory.mktemp("model") / "girl"
    write_model(synthesize(11, texture_size=512), place)
    (place / "diary.json").write_text('{"secret": true}')
    (place / "voice.wav").write_bytes(b"RIFF")
    return place


def test_a_packed_model_is_the_same_model(folder: Path, tmp_path: Path) -> None:
    pack_model(folder, tmp_path / "girl.zip")
    before, after = identify(folder), identify(tmp_path / "girl.zip")
    assert (before.sha256, before.moc_sha256, before.name) == (after.sha256, after.moc_sha256, after.name)
    with open_model(folder) as one, open_model(tmp_path / "girl.zip") as other:
        assert [part.name for part in one.model.parts] == [part.name for part in other.model.parts]
        assert [mesh.id for mesh in one.model.art_meshes] == [mesh.id for mesh in other.model.art_meshes]


def test_only_what_the_model_names_is_packed_and_always_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    for name in ("one.zip", "two.zip"):
        pack_model(folder, tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    names = zipfile.ZipFile(tmp_path / "one.zip").namelist()
    assert not {"diary.json", "voice.wav"} & set(names)
    assert any(name.endswith(".moc3") for name in names)


def test_a_model_with_a_missing_texture_is_not_packed(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in folder.rglob("*"):
        if file.is_file() and file.suffix != ".png":
            target = broken / file.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="texture"):
        pack_model(broken, tmp_path / "broken.zip")
