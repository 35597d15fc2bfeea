"""Batches made ahead: threads prepare those of the coming passes while the present one is computed.

A batch follows from its number alone, so it does not matter who makes it and when; the loop gets them in their order, and a kill loses
nothing. Threads, not processes: arrays are cut, turned and recoloured outside of Python's lock, and a thread holds no file, lock or memory
of a killed run. On a GPU they also put a batch into pinned memory, from which it is copied without anybody waiting.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from torch import Tensor

Batch = dict[str, Tensor]


class BatchLoader:
    """Gives the batches ``first`` to ``last`` (exclusive), one at a time and in order; a context manager, which ends the threads.

    Args:
        make: number -> batch; called by several threads at once where there are several.
        first, last: numbers.
        threads: how many make batches; 0 makes each when it is asked for.
        pinned: whether batches are put into pinned memory.
    """

    def __init__(self, make: Callable[[int], Batch], first: int, last: int, *, threads: int, pinned: bool = False) -> None:
        self._make, self._next, self._last, self._pinned = make, first, last, pinned
        self._pool = ThreadPoolExecutor(threads, "batches") if threads else None
        self._ahead = 2 * threads
        self._waiting: deque[Future[Batch]] = deque()

    def __enter__(self) -> "BatchLoader":
        self._order()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def take(self) -> Batch:
        """The next batch; what making it raised is raised here."""
        if self._pool is None:
            self._next += 1
            return self._prepare(self._next - 1)
        batch = self._waiting.popleft().result()
        self._order()
        return batch

    def _order(self) -> None:
        """Have as many made as may be ahead."""
        while self._pool is not None and len(self._waiting) < self._ahead and self._next < self._last:
            self._waiting.append(self._pool.submit(self._prepare, self._next))
            self._next += 1

    def _prepare(self, number: int) -> Batch:
        batch = self._make(number)
        return {name: value.pin_memory() for name, value in batch.items()} if self._pinned else batch
