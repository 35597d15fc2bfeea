"""Debian packages as a source of pictures: downloaded into a cache folder and unpacked there, never installed.

`apt-get download` needs no rights and changes nothing on the system. A .deb is an `ar` archive that holds a tar of the files;
only pictures are unpacked, as plain files, and none outside of the folder.
"""

import io
import os
import shutil
import subprocess
import tarfile
import tempfile
from importlib.util import find_spec
from pathlib import Path

from liwi.errors import LiwiError

PICTURES = (".png", ".jpg", ".jpeg", ".webp")
"""Suffixes of the files that are unpacked."""


class PackageError(LiwiError):
    """A package with pictures cannot be had or read."""


def default_cache() -> Path:
    """The folder packages are kept in: ``liwi-studio/packages`` in the user's cache directory."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "liwi-studio" / "packages"


def package_root(name: str, folder: Path) -> Path:
    """The folder that holds the unpacked pictures of a package; downloads and unpacks what is missing.

    Args:
        name: a Debian package, or ``"scikit-image"``, whose pictures come with the Python package.
        folder: where the .deb files lie or are downloaded to; unpacked beside them, in ``unpacked/``.

    Raises:
        PackageError: apt is not there, the package is gone, or the file is damaged.
    """
    if name == "scikit-image":
        return _installed_root()
    archive = _find(name, folder) or _download(name, folder)
    target = folder / "unpacked" / archive.stem
    if not target.is_dir():
        _unpack_into_place(archive, target)
    return target


def _installed_root() -> Path:
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise PackageError("scikit-image is not installed; its photographs are backgrounds. Run: pip install scikit-image")
    return Path(spec.origin).parent


def _find(name: str, folder: Path) -> Path | None:
    found = sorted(folder.glob(f"{name}_*.deb"))
    return found[-1] if found else None


def _download(name: str, folder: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise PackageError(
            f"The package {name} is not in {folder} and this system has no apt-get to download it. "
            "Download the .deb from packages.debian.org, put it into a folder, and name that folder with --packages."
        )
    folder.mkdir(parents=True, exist_ok=True)
    outcome = subprocess.run(["apt-get", "download", name], cwd=folder, capture_output=True, text=True, check=False)
    archive = _find(name, folder)
    if outcome.returncode != 0 or archive is None:
        reason = (outcome.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PackageError(
            f"apt-get could not download {name}: {reason}. If its lists are old, run: sudo apt-get update. "
            "If the package is gone from this release, put its .deb into a folder and name that folder with --packages."
        )
    return archive


def _unpack_into_place(archive: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        unpack(archive, Path(scratch) / "root")
        try:
            (Path(scratch) / "root").rename(target)
        except OSError:
            if not target.is_dir():  # otherwise another process was faster
                raise


def unpack(archive: Path, target: Path) -> None:
    """Unpack the pictures of a .deb into the new folder ``target``.

    Raises:
        PackageError: not a Debian package, or one compressed in a way that Python cannot read.
    """
    target.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(_data_member(archive)), mode="r:*") as files:
            for member in files:
                if member.isfile() and member.name.lower().endswith(PICTURES):
                    _write_member(files, member, target)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise PackageError(f"The package {archive.name} cannot be unpacked ({error}). Delete it: it is then downloaded again.") from error


def _write_member(files: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write one file. By hand, since Python 3.11.2, which Debian 12 has, does not know `tarfile`'s filters yet."""
    place = (target / member.name).resolve()
    if not place.is_relative_to(target.resolve()):
        raise tarfile.TarError(f"{member.name!r} lies outside of it")
    content = files.extractfile(member)
    assert content is not None  # it is a file
    place.parent.mkdir(parents=True, exist_ok=True)
    with content, place.open("wb") as copy:
        shutil.copyfileobj(content, copy)


def _data_member(archive: Path) -> bytes:
    """The bytes of ``data.tar.*`` in an ar archive (60-byte headers, members padded to even length)."""
    with archive.open("rb") as file:
        if file.read(8) != b"!<arch>\n":
            raise PackageError(f"{archive.name} is not a Debian package. Delete it: it is then downloaded again.")
        while len(header := file.read(60)) == 60:
            name, size = header[:16].decode("ascii", "replace").strip().rstrip("/"), int(header[48:58])
            if name.startswith("data.tar"):
                return file.read(size)
            file.seek(size + size % 2, io.SEEK_CUR)
    raise PackageError(f"{archive.name} holds no files. Delete it: it is then downloaded again.")
