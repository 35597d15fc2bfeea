"""A run's log as curves, thinned for the eye."""

import contextlib
import math
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from training.log_tail import LogTails

Curve = list[tuple[int, float]]

EVENTS = ("step", "evaluation")
MAX_SERIES = 200
_REMEMBERED = 12


def curves(folder: Path, points: int = 400) -> dict[str, dict[str, Curve]]:
    """``{"step": {"loss": [(step, value), ...], ...}, "evaluation": {...}}``, thinned to about so many points each.

    Where there are more, each stretch keeps its lowest and highest value, so that no spike is lost.
    """
    return _logs.up_to_date(folder).thinned(points)


def numbers(line: dict[str, Any]) -> Iterable[tuple[str, float]]:
    """What a line of a log measured: finite numbers by name."""
    for name, value in line.items():
        if name not in ("step", "best_step") and isinstance(value, int | float) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError):
                if math.isfinite(value):
                    yield name, float(value)


class _Series:
    """All values of a log: by event and name, the steps and the values."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, tuple[array[int], array[float]]]] = {event: {} for event in EVENTS}

    def take(self, line: dict[str, Any]) -> None:
        """One more line."""
        step = line.get("step")
        if line["event"] not in EVENTS or not isinstance(step, int) or not 0 <= step < 2**53:
            return
        series = self._found[line["event"]]
        for name, value in numbers(line):
            if name not in series and len(series) < MAX_SERIES:
                series[name] = array("q"), array("d")
            if name in series:
                steps, values = series[name]
                steps.append(step)
                values.append(value)

    def thinned(self, points: int) -> dict[str, dict[str, Curve]]:
        """See `curves`."""
        return {
            event: {name: _thinned(steps, values, points) for name, (steps, values) in series.items()}
            for event, series in self._found.items()
        }


def _thinned(steps: "array[int]", values: "array[float]", points: int) -> Curve:
    count = len(steps)
    if count <= points:
        return list(zip(steps, values, strict=True))
    width = math.ceil(2 * count / points)
    kept: list[int] = []
    for first in range(0, count, width):
        stretch = range(first, min(count, first + width))
        kept += sorted({min(stretch, key=values.__getitem__), max(stretch, key=values.__getitem__)})
    kept += [] if kept[-1] == count - 1 else [count - 1]
    return [(steps[index], values[index]) for index in kept]


_logs: LogTails[_Series] = LogTails(_Series, _REMEMBERED)
