"""The files of a checkpoint: copied to the disk itself, hashed, and compared again before anything is loaded from them."""

import contextlib
import hashlib
import os
import stat
from pathlib import Path

from liwi.checkpoints import MAX_FILES, MAX_JSON_BYTES, RECORD, CheckpointRecord, is_file_name
from liwi.registry_errors import CheckpointDamaged, CheckpointRefused

_CHUNK = 2**20


def copy_files(source: Path, target: Path) -> dict[str, str]:
    """Copy the files of a checkpoint into an empty folder, to the disk itself.

    Returns:
        SHA-256 by file name, of the bytes that were written.

    Raises:
        CheckpointRefused: ``source`` is no folder of plain .safetensors and .json files.
        OSError: the disk refuses.
    """
    names = sorted(entry.name for entry in _entries(source))
    wrong = [name for name in names if not is_file_name(name)]
    if wrong or not any(name.endswith(".safetensors") for name in names) or len(names) > MAX_FILES:
        found = f"found {', '.join(map(repr, wrong[:5]))}" if wrong else f"found {len(names)} files"
        raise CheckpointRefused(
            f"{source.name!r} is no checkpoint: expected at most {MAX_FILES} files ending in .safetensors (at least one) or .json, and no "
            f"{RECORD}; {found}. Pickled formats (.pt, .pth, .bin, .ckpt) can run code and are never taken; save with safetensors."
        )
    hashes = {}
    for name in names:
        if name.endswith(".json") and (source / name).stat().st_size > MAX_JSON_BYTES:
            raise CheckpointRefused(f"{name!r} has more than {MAX_JSON_BYTES // 2**20} MB; put tensors into .safetensors.")
        try:
            opened = _open_plain(source / name)
        except OSError as error:
            raise CheckpointRefused(f"{name!r} cannot be read ({error.strerror}).") from error
        with os.fdopen(opened, "rb") as reader, (target / name).open("xb") as writer:
            digest = hashlib.sha256()
            while chunk := reader.read(_CHUNK):
                digest.update(chunk)
                writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
        (target / name).chmod(0o444)
        hashes[name] = digest.hexdigest()
    return hashes


def write_new(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet, to the disk itself; read-only from then on."""
    with path.open("xb") as writer:
        writer.write(content)
        writer.flush()
        os.fsync(writer.fileno())
    path.chmod(0o444)


def check_files(folder: Path, record: CheckpointRecord) -> None:
    """Compare every byte of a checkpoint with its record.

    Raises:
        CheckpointDamaged: a file is missing, changed, no plain file, or one too many; names it.
    """
    try:
        found = {entry.name for entry in _entries(folder)}
        for name in sorted(found ^ {*record.files, RECORD}):
            how = "has a file too many" if name in found else "lacks the file"
            raise CheckpointDamaged(f"The checkpoint {record.id!r} {how} {name[:100]!r}. Publish it again from its run.")
        for name, expected in record.files.items():
            if sha256_of(folder / name) != expected:
                raise CheckpointDamaged(
                    f"The checkpoint {record.id!r} is damaged: {name!r} is not the file that was published (its SHA-256 differs). "
                    "Publish it again from its run."
                )
    except CheckpointRefused as error:
        raise CheckpointDamaged(f"The checkpoint {record.id!r} is damaged: {error}") from error
    except OSError as error:
        raise CheckpointDamaged(
            f"The checkpoint {record.id!r} cannot be read ({error.strerror}). Publish it again from its run."
        ) from error


def sha256_of(path: Path) -> str:
    """SHA-256 of a plain file, in hexadecimal."""
    with os.fdopen(_open_plain(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_plain(path: Path, limit: int) -> bytes:
    """The content of a plain file of at most ``limit`` bytes, and one byte more where it is larger."""
    with os.fdopen(_open_plain(path), "rb") as file:
        return file.read(limit + 1)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with contextlib.suppress(OSError):  # some network file systems cannot, and do it on their own
        os.fsync(descriptor)
    os.close(descriptor)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    """What lies in a folder, all of it plain files."""
    if folder.is_symlink() or not folder.is_dir():
        raise CheckpointRefused(f"There is no folder {folder.name!r}.")
    with os.scandir(folder) as found:
        entries = list(found)
    for entry in entries:
        if not entry.is_file(follow_symlinks=False):
            raise CheckpointRefused(f"{entry.name[:100]!r} is no plain file; a checkpoint is a flat folder without links.")
    return entries


def _open_plain(path: Path) -> int:
    """A descriptor of a plain file: no link, no pipe that would make the reader wait."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise CheckpointRefused(f"{path.name[:100]!r} is no plain file.")
    return descriptor
