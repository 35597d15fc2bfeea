"""How much memory a piece of work takes at its peak, above what the process held before."""

import contextlib
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

_SELF = Path("/proc/self")


class PeakMemory:
    """Filled in by `measure_peak`: growth in MiB."""

    mebibytes: float = 0.0


@contextlib.contextmanager
def measure_peak() -> Iterator[PeakMemory]:
    """Measure the growth of the resident set at its highest, inside a ``with`` block.

    On Linux the high-water mark is reset before the block, so that every block is measured by itself. Elsewhere only growth beyond the
    highest mark of the whole process so far can be seen, and later blocks may read 0.
    """
    peak = PeakMemory()
    resettable = _reset_high_water_mark()
    before = _kibibytes("VmRSS") if resettable else _lifetime_peak()
    try:
        yield peak
    finally:
        after = _kibibytes("VmHWM") if resettable else _lifetime_peak()
        peak.mebibytes = max(0.0, (after - before) / 1024)


def _reset_high_water_mark() -> bool:
    try:
        (_SELF / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _kibibytes(name: str) -> float:
    for line in (_SELF / "status").read_text().splitlines():
        if line.startswith(name + ":"):
            return float(line.split()[1])
    raise OSError(f"/proc/self/status lacks {name}")


def _lifetime_peak() -> float:
    """Highest resident set so far in KiB; macOS counts bytes."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 1024 if sys.platform == "darwin" else float(used)
