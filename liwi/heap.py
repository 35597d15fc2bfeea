"""Memory that is used again while something large is computed on the CPU, and given back afterwards.

The C library of Linux hands large blocks back to the system as soon as they are freed, and asks for them anew: the system then clears every
page again. Up to half of the time of a convolution network's largest layers goes there in single precision. Other systems, other
C libraries, and a person who has set its variables (``MALLOC_...``, ``GLIBC_TUNABLES``), are left alone.
"""

import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Numbers of its settings, from ``malloc.h``."""

_KEEP = 2**31 - 1
"""Bytes below which nothing goes back to the system: the largest number that can be said."""

_USUAL_MMAP, _USUAL_TRIM = 32 * 2**20, 64 * 2**20
"""What the library comes to by itself in a process that frees large blocks."""

_lock = threading.Lock()
_inside = 0


def share_one_heap() -> None:
    """Let threads that begin from now on share one heap: one of their own keeps no block above 64 MiB. For the start of a program."""
    if library := _library():
        library.mallopt(_ARENA_MAX, 1)


@contextmanager
def kept_heap() -> Iterator[None]:
    """While this is entered, freed memory stays with the process; when the last one leaves, what is free goes back.

    From any thread, also nested, and as a decorator.
    """
    library = _library()
    if library is None:
        yield
        return
    _enter(library)
    try:
        yield
    finally:
        _leave(library)


def _enter(library: ctypes.CDLL) -> None:
    global _inside
    with _lock:
        _inside += 1
        if _inside == 1:
            library.mallopt(_MMAP_THRESHOLD, _KEEP)
            library.mallopt(_TRIM_THRESHOLD, _KEEP)


def _leave(library: ctypes.CDLL) -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside == 0:
            library.mallopt(_MMAP_THRESHOLD, _USUAL_MMAP)
            library.mallopt(_TRIM_THRESHOLD, _USUAL_TRIM)
            library.malloc_trim(0)


@cache
def _library() -> ctypes.CDLL | None:
    """glibc, where it is what this process allocates with and nobody has set it."""
    if sys.platform != "linux" or any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
