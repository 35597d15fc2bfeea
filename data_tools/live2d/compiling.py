"""Numba's compiler, with machine code kept on disk between runs.

Kernels of several files call each other, and numba notices a change of a function's own file only: so the folder of the machine code
carries a hash of all of them. It lies beside the package, or, where that cannot be written, in the user's cache, or nowhere: then
every process compiles for itself, some seconds.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba

_KERNELS = ("arrays.py", "blending.py", "rasterizer.py", "triangles.py")


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function at its first call. It holds no lock while it runs, so threads run it side by side."""
    folder = cache_folder()
    if folder is None:
        return numba.njit(nogil=True)(function)
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return numba.njit(nogil=True, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before


@cache
def cache_folder() -> Path | None:
    """Where machine code is kept; None where nothing can be written."""
    here = Path(__file__).parent
    digest = hashlib.sha256(b"".join((here / name).read_bytes() for name in _KERNELS)).hexdigest()[:16]
    for base in _bases(here):
        folder = base / f"kernels-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def is_compiled() -> bool:
    """Whether machine code of these kernels lies in the cache; if not, the first call takes some seconds."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("*.nbc"))


def _bases(here: Path) -> Iterator[Path]:
    if numba.config.CACHE_DIR:
        yield Path(numba.config.CACHE_DIR)
    yield here / "__pycache__"
    home = Path.home() if "HOME" in os.environ else None
    if home is not None:
        yield home / ".cache" / "liwi"
