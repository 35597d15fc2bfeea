"""Files and folders that are there whole or not at all: written beside their place, then renamed into it."""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liwi.errors import ExportError


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; it takes the place of ``path`` when the block ends well, and vanishes when it does not.

    Missing parent folders are made.

    Raises:
        ExportError: ``path`` is a folder, or the system refuses to write there.
    """
    target = Path(path).expanduser()
    if target.is_dir():
        raise ExportError(f"{target.name!r} is a folder; give the name of a file.")
    partial = _partial(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(target.resolve())
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Like `new_file` for a folder: an existing ``path`` is replaced as a whole, so the caller checks first that it may go.

    Raises:
        ExportError: ``path`` is a file, or the system refuses to write there.
    """
    target = Path(path).expanduser().resolve()
    if target.exists() and not target.is_dir():
        raise ExportError(f"{target.name!r} is a file; give the name of a folder, or a name that ends in .zip, .psd, .ora or .pptx.")
    partial = _partial(target)
    try:
        partial.mkdir(parents=True)
        yield partial
        _swap(partial, target)
    except OSError as error:
        raise _refused(target, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _partial(target: Path) -> Path:
    return target.with_name(f".{target.name[:40]}.{secrets.token_hex(6)}.partial")


def _swap(partial: Path, target: Path) -> None:
    """Put ``partial`` in the place of ``target``; whatever fails, one of the two stands there complete."""
    if not target.exists():
        partial.rename(target)
        return
    old = _partial(target)
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _refused(target: Path, error: OSError) -> ExportError:
    reason = error.strerror or str(error)
    return ExportError(f"{target.name!r} could not be written ({reason}). Choose another place or free some space, then retry.")
