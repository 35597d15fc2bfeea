"""Packages are unpacked as pictures inside their folder, or refused with a message that says what to do."""

import subprocess
from pathlib import Path

import pytest

from data_tools.packages import PackageError, package_root, unpack
from tests.unit.data_tools.conftest import OPEN_PHOTO, make_deb, photo


def test_a_package_in_the_folder_is_unpacked_once(packages: Path) -> None:
    root = package_root("plasma-workspace-wallpapers", packages)
    assert (root / OPEN_PHOTO).read_bytes() == photo(101)
    stamp = (root / OPEN_PHOTO).stat().st_mtime_ns
    assert package_root("plasma-workspace-wallpapers", packages) == root
    assert (root / OPEN_PHOTO).stat().st_mtime_ns == stamp


def test_only_pictures_are_unpacked(tmp_path: Path) -> None:
    archive = make_deb(tmp_path / "a_1_all.deb", {"usr/a.png": b"x", "usr/bin/a": b"#!/bin/sh", "etc/a.conf": b""})
    unpack(archive, tmp_path / "root")
    assert [path.name for path in (tmp_path / "root").rglob("*") if path.is_file()] == ["a.png"]


def test_a_file_outside_the_folder_is_refused(tmp_path: Path) -> None:
    archive = make_deb(tmp_path / "a_1_all.deb", {"../../escaped.png": b"x"})
    with pytest.raises(PackageError, match="a_1_all"):
        unpack(archive, tmp_path / "deep" / "root")
    assert not list(tmp_path.glob("**/escaped.png"))


@pytest.mark.parametrize("content", [b"", b"not an archive", b"!<arch>\n"])
def test_what_is_no_package_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a_1_all.deb").write_bytes(content)
    with pytest.raises(PackageError, match="Delete it"):
        package_root("a", tmp_path)


def test_without_apt_the_message_names_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PackageError, match=r"no apt-get.*--packages"):
        package_root("mate-backgrounds", tmp_path)


def test_a_package_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = tmp_path / "bin" / "apt-get"
    apt.parent.mkdir()
    apt.write_text('#!/bin/sh\necho "E: Unable to locate package $2" >&2\nexit 100\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", f"{apt.parent}:/usr/bin:/bin")
    assert subprocess.run(["apt-get"], capture_output=True, check=False).returncode == 100
    with pytest.raises(PackageError, match="Unable to locate package no-such-art"):
        package_root("no-such-art", tmp_path / "cache")
