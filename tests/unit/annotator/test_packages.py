"""All pictures of a model in one answer."""

import json
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from annotator.database import Database
from annotator.errors import AccessDenied, NotFound
from annotator.pictures import PictureStore
from annotator.schema import ModelArtMesh
from annotator.ui.packages import picture_package
from tests.unit.annotator.workbench import add_models, add_people, meshes_of


def unpacked(package: bytes) -> dict[str, bytes]:
    """The files of a package by hash, read as the page reads them."""
    start = 4 + int.from_bytes(package[:4], "little")
    files = {}
    for sha256, length in json.loads(package[4:start]):
        files[sha256] = package[start : start + length]
        start += length
    assert start == len(package)
    return files


def give_pictures(database: Database, pass_id: int, names: list[str]) -> None:
    """Give the fragments of a pass these pictures, one after the other."""
    with database.write() as session:
        for mesh, name in zip(meshes_of(database, pass_id), names, strict=True):
            session.execute(update(ModelArtMesh).where(ModelArtMesh.id == mesh).values(picture=name))


@pytest.fixture
def pictures(tmp_path: Path) -> PictureStore:
    """An empty store."""
    return PictureStore(tmp_path / "pictures")


def test_a_package_holds_each_picture_of_a_model_once_and_whole(database: Database, pictures: PictureStore) -> None:
    add_people(database)
    mine, other = add_models(database, 2)
    red, blue, green = (pictures.save(np.full((4, 5, 4), shade, np.uint8)) for shade in (10, 90, 200))
    give_pictures(database, mine, [red, blue, red])
    give_pictures(database, other, [green, green, green])
    files = unpacked(picture_package(database, pictures, "vera", mine))
    assert files == {name: pictures.path(name).read_bytes() for name in (red, blue)}


def test_a_lost_picture_is_left_out_and_the_rest_comes(database: Database, pictures: PictureStore) -> None:
    add_people(database)
    (mine,) = add_models(database)
    kept = pictures.save(np.full((4, 5, 4), 10, np.uint8))
    give_pictures(database, mine, ["a" * 64, kept, "../../etc/passwd"])
    assert list(unpacked(picture_package(database, pictures, "ann", mine))) == [kept]


def test_a_model_without_pictures_makes_an_empty_package(database: Database, pictures: PictureStore) -> None:
    add_people(database)
    (mine,) = add_models(database)
    assert unpacked(picture_package(database, pictures, "ann", mine)) == {}


def test_strangers_and_unknown_passes_get_nothing(database: Database, pictures: PictureStore) -> None:
    add_people(database)
    (mine,) = add_models(database)
    with pytest.raises(AccessDenied):
        picture_package(database, pictures, "mallory", mine)
    with pytest.raises(NotFound):
        picture_package(database, pictures, "vera", mine + 99)
