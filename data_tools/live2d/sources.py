"""Where a model's files come from: a folder or a ZIP archive, read with every name and size taken as hostile.

Nothing is unpacked: a file of an archive is read into memory when the model names it. An archive that holds a name with ``..``, an
absolute name, a link or an encrypted file is refused as a whole, and sizes are checked both as declared and as they come out.
"""

import os
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from liwi.errors import InputError

MODEL_ENDING = ".model3.json"
MAX_ENTRIES = 10_000
MAX_TOTAL_BYTES = 1024 * 2**20
MAX_FILE_BYTES = 256 * 2**20
_UTF8_FLAG = 0x800


class FileSource(Protocol):
    """Files by name; names have ``/`` between folders and no ``..``."""

    @property
    def title(self) -> str:
        """What a person calls it: the file or folder name."""
        ...

    def names(self) -> list[str]:
        """Every file, sorted."""
        ...

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """The bytes of a file of `names`; `InputError` if there are more than ``limit``."""
        ...

    def close(self) -> None:
        """Give back open files; nothing can be read any more."""
        ...


def open_source(path: Path) -> tuple[FileSource, str]:
    """A model's files and the name of its model3.json among them.

    Args:
        path: a ``.model3.json``, a folder that holds one model, or a ZIP of such a folder.

    Raises:
        InputError: there is no such file, no model or more than one in it, or the archive is unsafe or damaged.
    """
    if path.is_dir():
        folder = FolderSource(path)
        return folder, _single_model(folder)
    if not path.is_file():
        raise InputError(f"There is no file or folder {path.name!r}.")
    if path.name.lower().endswith(MODEL_ENDING):
        return FolderSource(path.parent), path.name
    if zipfile.is_zipfile(path):
        archive = ArchiveSource(path)
        try:
            return archive, _single_model(archive)
        except InputError:
            archive.close()
            raise
    raise InputError(f"{path.name!r} is no Live2D model. Give its .model3.json, the folder with that file, or a ZIP of the folder.")


def resolve(source: FileSource, folder: str, reference: object) -> str | None:
    """The file of ``source`` that a model in ``folder`` means by ``reference``; None if there is none.

    Forgives what file systems forgive: upper and lower case, composed and decomposed Unicode, backslashes.

    Raises:
        InputError: the reference is no text, is absolute, or leaves the model's folder.
    """
    if not isinstance(reference, str) or not reference:
        raise InputError(f"The model3.json names a file by {str(reference)[:80]!r}; a relative path is expected.")
    parts = _safe_parts(reference.replace("\\", "/"), "The model3.json")
    wanted = "/".join((*PurePosixPath(folder).parts, *parts))
    names = source.names()
    if wanted in names:
        return wanted
    folded = _folded(wanted)
    return next((name for name in names if _folded(name) == folded), None)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _safe_parts(name: str, whose: str) -> tuple[str, ...]:
    if "\0" in name or name.startswith("/") or name[1:2] == ":" or ".." in name.split("/"):
        raise InputError(f"{whose} names the file {name[:80]!r}, which lies outside the model's folder. That is not read.")
    return tuple(part for part in name.split("/") if part not in ("", "."))


def _single_model(source: FileSource) -> str:
    found = [name for name in source.names() if name.lower().endswith(MODEL_ENDING)]
    if not found:
        hint = " It holds a Cubism 2 model (.moc); only moc3 is read." if any(name.endswith(".moc") for name in source.names()) else ""
        raise InputError(f"There is no {MODEL_ENDING} file in {source.title!r}.{hint}")
    if len(found) > 1:
        shown = ", ".join(repr(name) for name in found[:4]) + (" and more" if len(found) > 4 else "")
        raise InputError(f"{source.title!r} holds {len(found)} models: {shown}. Give one of them.")
    return found[0]


class FolderSource:
    """The files under a folder. Links that lead out of it do not exist for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._names: list[str] | None = None

    @property
    def title(self) -> str:
        """The folder's name."""
        return self._folder.name

    def names(self) -> list[str]:
        """Every file below the folder; `InputError` if there are more than 10,000."""
        if self._names is None:
            self._names = sorted(self._walk())
        return self._names

    def _walk(self) -> Iterator[str]:
        count = 0
        for directory, _, files in os.walk(self._folder):
            for file in files:
                count += 1
                if count > MAX_ENTRIES:
                    raise InputError(f"The folder {self.title!r} holds more than {MAX_ENTRIES} files. Give the folder of one model.")
                path = Path(directory) / file
                if path.is_file() and path.resolve().is_relative_to(self._folder):
                    yield path.relative_to(self._folder).as_posix()

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """The bytes of a file of `names`."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                content = file.read(limit + 1)
        except OSError as error:
            raise InputError(f"{name!r} cannot be read ({error.strerror}).") from error
        _check_size(len(content), name, limit)
        return content

    def close(self) -> None:
        """Nothing is open between reads."""


def _check_size(size: int, name: str, limit: int) -> None:
    if size > limit:
        raise InputError(f"{name!r} has more than {limit / 2**20:g} MB; that is more than a model needs.")


class ArchiveSource:
    """The files of a ZIP archive, read into memory one at a time.

    Raises:
        InputError: the archive is damaged, unsafe, encrypted, or says that it holds more than is read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise InputError(f"The archive {path.name!r} is damaged ({error}). Pack it again.") from error
        try:
            self._entries = self._check(self._archive.infolist())
        except InputError:
            self._archive.close()
            raise

    @property
    def title(self) -> str:
        """The archive's file name."""
        return self._path.name

    def names(self) -> list[str]:
        """Every file in the archive."""
        return sorted(self._entries)

    def read(self, name: str, limit: int = MAX_FILE_BYTES) -> bytes:
        """The bytes of a file of `names`, however many the archive says there are."""
        entry = self._entries[name]
        _check_size(entry.file_size, name, limit)
        try:
            with self._archive.open(entry) as file:
                content = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
            raise InputError(f"{name!r} cannot be unpacked ({error}). Pack the archive again.") from error
        _check_size(len(content), name, limit)
        return content

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()

    def _check(self, infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(infos) > MAX_ENTRIES:
            raise InputError(f"The archive {self.title!r} holds more than {MAX_ENTRIES} files. Pack the folder of one model.")
        if sum(info.file_size for info in infos) > MAX_TOTAL_BYTES:
            raise InputError(f"The archive {self.title!r} would unpack to more than {MAX_TOTAL_BYTES // 2**20} MB. That is not read.")
        entries = {}
        for info in infos:
            name = "/".join(_safe_parts(_decoded_name(info).replace("\\", "/"), f"The archive {self.title!r}"))
            if stat.S_ISLNK(info.external_attr >> 16):
                raise InputError(f"The archive {self.title!r} holds the link {name[:80]!r}. Pack the files themselves.")
            if info.flag_bits & 1:
                raise InputError(f"The archive {self.title!r} is encrypted. Pack it without a password.")
            if not info.is_dir() and not name.startswith("__MACOSX/"):
                entries[name] = info
        return entries


def _decoded_name(info: zipfile.ZipInfo) -> str:
    """Archives packed in Japan or China often carry names in the system's own encoding, which the format cannot say."""
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    try:
        raw = info.filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "cp932", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.filename
