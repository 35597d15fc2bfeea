"""What is served now, loaded: swapped without a restart, while requests under way finish on what they began with."""

import contextlib
import math
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from liwi.checkpoint_kinds import resolve
from liwi.checkpoints import CheckpointRecord
from liwi.errors import EngineUnavailable, LiwiError
from liwi.registry_errors import CheckpointDamaged, RegistryError
from liwi.registry_reading import RegistryReader
from liwi.settings import Settings

T = TypeVar("T")

RETRY_SECONDS = 60.0
"""After a failure the same checkpoint is tried again this much later: memory may have become free."""


@dataclass(frozen=True, slots=True)
class Holding(Generic[T]):
    """A checkpoint and what its loader made of it. A request takes one and keeps to it."""

    record: CheckpointRecord
    model: T


@dataclass(frozen=True, slots=True)
class ServedStatus:
    """What a person sees of it.

    Attributes:
        loaded: id of what answers now; None for nothing.
        loading: whether another one is being loaded.
        problem: why the last one that was tried does not answer; empty where all is well.
    """

    loaded: str | None
    loading: bool
    problem: str


class Served(Generic[T]):
    """The served checkpoint of one kind, loaded at its first use. Safe for several threads.

    A promotion or rollback, by any process, is noticed at the next `get`, which still answers with the old one at once; the new one is
    loaded in the background and takes its place when it is there. One that cannot be loaded leaves the old one serving; where there is no
    old one, what came with the program answers, unless it was retired by hand.

    Args:
        registry: where it is served.
        kind: a key of the registry's table; its loader gives ``T``.
        clock: seconds that never run backwards; tests pass their own.
    """

    def __init__(self, registry: RegistryReader, kind: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry, self._kind, self._clock = registry, kind, clock
        self._holding: Holding[T] | None = None
        self._problem = ""
        self._stamp: object = self  # equals no stamp
        self._retry_at = math.inf
        self._loading = threading.Lock()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def get(self) -> Holding[T] | None:
        """What answers now; None where nothing is served. Only the first call waits for a loader.

        Raises:
            CheckpointDamaged: something is served, it cannot be loaded, and nothing else is there to answer.
        """
        if self._is_stale():
            if self._holding is None:
                self._refresh()
            else:
                self._start_refreshing()
        holding = self._holding
        if holding is None and self._problem:
            raise CheckpointDamaged(self._problem)
        return holding

    @property
    def available(self) -> bool:
        """Whether something is served, which may still turn out damaged; loads nothing."""
        try:
            return self._registry.serving(self._kind) is not None
        except RegistryError:
            return self._shipped() is not None

    @property
    def status(self) -> ServedStatus:
        """What a person sees of it; loads nothing."""
        holding, thread = self._holding, self._thread
        return ServedStatus(holding.record.id if holding else None, thread is not None and thread.is_alive(), self._problem)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a loading in the background; whether none is under way any more."""
        if (thread := self._thread) is not None:
            thread.join(seconds)
            return not thread.is_alive()
        return True

    def _is_stale(self) -> bool:
        return self._registry.stamp() != self._stamp or self._clock() >= self._retry_at

    def _start_refreshing(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._refresh, name=f"load-{self._kind}", daemon=True)
                self._thread.start()

    def _refresh(self) -> None:
        with self._loading:
            if not self._is_stale():
                return  # another thread did it while this one waited
            stamp = self._registry.stamp()  # before reading, so that what comes after is noticed
            problem, retry_at = "", math.inf
            try:
                record = self._registry.serving(self._kind)
                if record is None:
                    self._holding = None
                elif self._holding is None or self._holding.record.id != record.id:
                    self._holding = self._load(self._registry, record)
            except Exception as error:
                why = str(error) if isinstance(error, LiwiError) else f"{type(error).__name__}: {str(error)[:300]}"
                problem, retry_at = f"What is served as {self._kind!r} cannot be loaded: {why}", self._clock() + RETRY_SECONDS
                if self._holding is None and self._registry.shipped and (record := self._shipped()):
                    with contextlib.suppress(Exception):  # the first problem is the one to be told
                        self._holding = self._load(self._registry.shipped, record)
            self._problem, self._retry_at, self._stamp = problem, retry_at, stamp

    def _shipped(self) -> CheckpointRecord | None:
        """What came with the program and was not retired, whatever else is wrong with the registry."""
        withdrawn: set[str] = set()
        with contextlib.suppress(RegistryError):
            withdrawn = self._registry.state().withdrawn
        with contextlib.suppress(RegistryError):
            record = self._registry.shipped.serving(self._kind) if self._registry.shipped else None
            return None if record is None or record.id in withdrawn else record
        return None

    def _load(self, registry: RegistryReader, record: CheckpointRecord) -> Holding[T]:
        """Every byte is compared with the record before the kind's loader sees any."""
        registry.check(record.id)
        model: T = resolve(registry.kinds[self._kind].loader)(registry.folder(record.id))
        return Holding(record, model)


class LoadedOnce(Generic[T]):
    """Something large that is loaded when somebody asks for the first time, and kept. Safe for several threads.

    Args:
        load: makes it; is told where to say what it does. Where it raises, nothing is kept.
    """

    def __init__(self, load: Callable[[Callable[[str], None]], T]) -> None:
        self._load = load
        self._loaded: T | None = None
        self._lock = threading.Lock()

    def get(self, say: Callable[[str], None] = lambda _: None) -> T:
        """It; ``say`` is told what is about to happen."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load(say)
            return self._loaded


def answering(served: Served[T], missing: str) -> Holding[T]:
    """What answers now, for an engine.

    Args:
        served: of one kind.
        missing: what a person is told where nothing is served.

    Raises:
        EngineUnavailable: nothing is served, or it cannot be loaded; says why.
    """
    try:
        holding = served.get()
    except RegistryError as error:
        raise EngineUnavailable(str(error)) from error
    if holding is None:
        raise EngineUnavailable(missing)
    return holding


_served: dict[tuple[Path, str], Served[Any]] = {}
_serving = threading.Lock()


def served_in(root: Path, kind: str) -> Served[Any]:
    """What a registry's folder serves for a kind, loaded once per process however many engines use it."""
    key = root.expanduser().resolve(), kind
    with _serving:
        if key not in _served:
            _served[key] = Served(RegistryReader(root), kind)
        return _served[key]


def served_here(kind: str) -> Served[Any]:
    """The same of the registry that the environment names."""
    return served_in(Settings.from_environment(os.environ).checkpoint_registry, kind)
