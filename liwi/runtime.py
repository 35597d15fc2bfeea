"""What this computer has to do before it is fast: compiling pymatting, loading PatchMatch.

pymatting compiles for about a minute at its first import ever on a computer, and loads in seconds afterwards. `start_warm_up` does that in
the background while the first person looks at the page: compiling in a process of its own, so that the page stays quick, then loading here.
"""

import subprocess
import sys
import threading
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from liwi.progress import CancelToken

COMPILE_SECONDS = 600
"""Patience with the compiling process before this process tries by itself."""


class WarmUp(StrEnum):
    """How far the warm-up is."""

    COLD = "cold"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


_state = WarmUp.COLD
_lock = threading.Lock()
_finished = threading.Event()


def warm_up_state() -> WarmUp:
    """How far the warm-up is. Never blocks."""
    return _state


def start_warm_up() -> threading.Thread:
    """Run `warm_up` in the background. A failure shows in `warm_up_state`, and again, with its reason, at the first decomposition."""
    thread = threading.Thread(target=warm_up, name="warm-up", daemon=True)
    thread.start()
    return thread


def warm_up() -> None:
    """Compile and load everything the embedded engine needs, by cutting a small picture once. Blocks; safe to call twice."""
    global _state
    with _lock:
        if _state is WarmUp.READY:
            return
        _state = WarmUp.RUNNING
        _finished.clear()
        try:
            _compile_in_another_process()
            _cut_a_small_picture()
            _state = WarmUp.READY
        except BaseException:
            _state = WarmUp.FAILED
            raise
        finally:
            _finished.set()


def wait_until_warm(cancel: CancelToken) -> None:
    """Wait for a warm-up under way; return at once where none is. Two would only take twice as long.

    Raises:
        Cancelled: ``cancel`` was set while waiting.
    """
    while _state is WarmUp.RUNNING and not _finished.wait(0.2):
        cancel.check()


def _compile_in_another_process() -> None:
    """Fill numba's cache on disk. Where that fails (no place to write), this process compiles for itself."""
    if _is_compiled():
        return
    try:
        subprocess.run([sys.executable, "-c", "import pymatting"], capture_output=True, timeout=COMPILE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return


def _is_compiled() -> bool:
    """Whether numba's cache beside pymatting is filled, told without importing either. What is stale in it costs a wait, nothing more."""
    found = find_spec("pymatting")
    if found is None or not found.submodule_search_locations:
        return False
    package = Path(found.submodule_search_locations[0])
    return all(any((package / part / "__pycache__").glob("*.nbc")) for part in ("foreground", "laplacian", "preconditioner", "util"))


def _cut_a_small_picture() -> None:
    import numpy as np

    from liwi.engines import create_engine
    from liwi.types import BoundingBox, DecompositionRequest

    rows, columns = np.mgrid[:96, :96]
    image = np.random.default_rng(0).integers(60, 120, (96, 96, 3), dtype=np.uint8)
    image[(rows - 48) ** 2 + (columns - 48) ** 2 < 24**2] += np.array([110, 60, 10], np.uint8)
    create_engine("embedded").decompose(DecompositionRequest(image, boxes=(BoundingBox(24, 24, 73, 73),)))
