"""The split: reserved files are for testing alone, and nothing else is."""

from pathlib import Path

from data_tools.sources import Kind, Split, gather, package_names, reserved_files
from tests.unit.data_tools.conftest import OPEN_STAMPS, RESERVED_STAMPS, STAMPS


def test_the_reserved_list_covers_every_kind_and_the_backgrounds() -> None:
    packages = {package for package, _ in reserved_files()}
    assert len(reserved_files()) == 431
    assert {"tuxpaint-stamps-default", "wesnoth-1.16-data", "renpy-thequestion", "openclipart-png", "mate-backgrounds"} <= packages


def test_test_files_are_reserved_and_development_files_are_not(roots: dict[str, Path]) -> None:
    test, development = gather(Split.TEST, roots), gather(Split.DEVELOPMENT, roots)
    assert test.files and development.files
    assert all(file.key in reserved_files() for file in test.files)
    assert not any(file.key in reserved_files() for file in development.files)
    assert {file.path for file in test.cutouts[Kind.PHOTO]} == {f"{STAMPS}/{name}" for name in RESERVED_STAMPS}


def test_a_reserved_picture_under_another_name_and_drawn_stamps_stay_out(roots: dict[str, Path]) -> None:
    development = gather(Split.DEVELOPMENT, roots)
    assert {file.path for file in development.cutouts[Kind.PHOTO]} == {f"{STAMPS}/{name}" for name in OPEN_STAMPS}


def test_lists_are_sorted_and_every_file_has_a_licence(roots: dict[str, Path]) -> None:
    for split in Split:
        pools = gather(split, roots)
        assert list(pools.photographs) == sorted(pools.photographs)
        assert all(file.licence and file.package in package_names() for file in pools.files)
        assert all(pools.locate(file).is_file() for file in pools.files)
