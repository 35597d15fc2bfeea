"""Reading a run's log as it grows: only what was appended since the last time, however long the log is."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Protocol, Self, TypeVar

from training.run_folder import LOG

MAX_BYTES = 256 * 2**20
"""Most that is read at once; what a log has beyond it is read the next time."""


class TakesLines(Protocol):
    """What is made of a log, line by line."""

    def take(self, line: dict[str, Any]) -> None:
        """One more line: an object with an ``"event"``."""
        ...


M = TypeVar("M", bound=TakesLines)


class LogTails(Generic[M]):
    """What was made of the logs of some runs. Safe for several threads.

    Args:
        make: an empty thing that takes lines; called again where a log was rewound.
        most: so many logs are remembered, those used last.
    """

    def __init__(self, make: Callable[[], M], most: int) -> None:
        self._make, self._most = make, most
        self._lock = threading.Lock()
        self._read: OrderedDict[Path, _Read[M]] = OrderedDict()

    def up_to_date(self, folder: Path) -> M:
        """What is made of the log of a run folder as it is now. It changes with the log: take from it at once what is needed."""
        with self._lock:
            found = self._read.pop(folder, None)
            found = _Read(self._make(), 0, 0) if found is None else found
            self._read[folder] = found = found.read_on(folder / LOG, self._make)
            while len(self._read) > self._most:
                self._read.popitem(last=False)
            return found.made


class _Read(Generic[M]):
    """What was made of a log, and up to where it was read."""

    def __init__(self, made: M, inode: int, place: int) -> None:
        self.made, self._inode, self._place = made, inode, place

    def read_on(self, path: Path, make: Callable[[], M]) -> "Self | _Read[M]":
        """Read what is new; from the start where the log is another one or shorter than before."""
        try:
            status = path.stat()
            if (status.st_ino, status.st_size) == (self._inode, self._place):
                return self
            with path.open("rb") as file:
                again = status.st_ino != self._inode or status.st_size < self._place
                read = _Read(make(), status.st_ino, 0) if again else self
                file.seek(read._place)
                text = file.read(MAX_BYTES)
        except OSError:
            return self if self._place == 0 else _Read(make(), 0, 0)
        whole = text[: text.rfind(b"\n") + 1]
        read._place += len(whole)
        for each in whole.splitlines():
            read._take(each)
        return read

    def _take(self, text: bytes) -> None:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            return
        if isinstance(line, dict) and isinstance(line.get("event"), str):
            self.made.take(line)
