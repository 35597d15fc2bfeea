"""How long work says where it is, and how it is told to stop."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from liwi.errors import Cancelled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Preview:
    """Something that is finished while the rest is being worked on.

    Attributes:
        name: what it is.
        rgba: (h, w, 4) uint8, straight alpha, small.
    """

    name: str
    rgba: "NDArray[np.uint8]"


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of long work.

    Attributes:
        stage: what is being done, in words for a person, e.g. ``"Filling the background"``.
        done: steps finished, ``0 <= done <= total``.
        total: steps in all, at least 1.
        preview: what was finished just now, for a person to see; None for nothing.
    """

    stage: str
    done: int
    total: int
    preview: Preview | None = None


ReportProgress = Callable[[Progress], None]


class Plan:
    """Stages that each count from nothing, reported as one: what is done never falls, and the total stays.

    Args:
        stages: ``(words, share)`` in the order in which they come; words may come twice.
        report: told of all of it as one, in thousandths.
    """

    def __init__(self, stages: Sequence[tuple[str, float]], report: ReportProgress) -> None:
        self._stages, self._report = tuple(stages), report
        self._whole = sum(share for _, share in stages) or 1.0
        self._at = self._reached = self._done = 0

    def __call__(self, progress: Progress) -> None:
        """Report a step of a stage; of one that is not planned, only its words."""
        goes_on = self._stages[self._at][0] == progress.stage and progress.done >= self._reached
        ahead = range(self._at if goes_on else self._at + 1, len(self._stages))
        found = next((place for place in ahead if self._stages[place][0] == progress.stage), None)
        if found is not None:
            self._at, self._reached = found, progress.done
            before = sum(share for _, share in self._stages[:found])
            share = before + self._stages[found][1] * progress.done / progress.total
            self._done = max(self._done, round(1000 * share / self._whole))
        self._report(replace(progress, done=self._done, total=1000))


class CancelToken:
    """Set by whoever waits, read by whoever works. Safe across threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next check."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked to stop."""
        if self.cancelled:
            raise Cancelled("Stopped, as you asked. Nothing was changed.")


def ignore_progress(_: Progress) -> None:
    """The `ReportProgress` of a caller that does not want to know."""
