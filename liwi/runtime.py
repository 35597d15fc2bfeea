"""What this computer has to do before it is fast: compiling pymatting, loading PatchMatch.

pymatting compiles for about a minute at its first import ever on a computer, and for seconds afterwards. `start_warm_up` does that
in the background while the first person looks at the page; `warm_up_state` tells the page what to say to somebody who is faster.
"""

import threading
from enum import StrEnum


class WarmUp(StrEnum):
    """How far the warm-up is."""

    COLD = "cold"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


_state = WarmUp.COLD
_lock = threading.Lock()


def warm_up_state() -> WarmUp:
    """How far the warm-up is. Never blocks."""
    return _state


def warm_up() -> None:
    """Import and compile everything the embedded engine needs, by cutting a small picture once. Blocks; safe to call twice."""
    global _state
    with _lock:
        if _state is WarmUp.READY:
            return
        _state = WarmUp.RUNNING
        try:
            _cut_a_small_picture()
        except BaseException:
            _state = WarmUp.FAILED
            raise
        _state = WarmUp.READY


def start_warm_up() -> threading.Thread:
    """Run `warm_up` in the background. A failure shows in `warm_up_state`, and again, with its reason, at the first decomposition."""
    thread = threading.Thread(target=warm_up, name="warm-up", daemon=True)
    thread.start()
    return thread


def _cut_a_small_picture() -> None:
    import numpy as np

    from liwi.engines import create_engine
    from liwi.types import BoundingBox, DecompositionRequest

    rows, columns = np.mgrid[:96, :96]
    image = np.random.default_rng(0).integers(60, 120, (96, 96, 3), dtype=np.uint8)
    image[(rows - 48) ** 2 + (columns - 48) ** 2 < 24**2] += np.array([110, 60, 10], np.uint8)
    create_engine("embedded").decompose(DecompositionRequest(image, boxes=(BoundingBox(24, 24, 73, 73),)))
