"""How long work says where it is, and how it is told to stop."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from liwi.errors import Cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """One report of long work.

    Attributes:
        stage: what is being done, in words for a person, e.g. ``"Filling the background"``.
        done: steps finished, ``0 <= done <= total``.
        total: steps in all, at least 1.
    """

    stage: str
    done: int
    total: int


ReportProgress = Callable[[Progress], None]


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
