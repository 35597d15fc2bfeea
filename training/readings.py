"""Numbers of a step read later: asking a GPU for a loss at once would let it stand still until Python has prepared the next step.

Letters at the end of names: N numbers.
"""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")

_BEHIND = 4
"""Steps that a GPU may be behind Python: enough that it always has work, and soon enough to see a loss that is no number."""


@dataclass(frozen=True, eq=False)
class _Reading(Generic[T]):
    host: Tensor
    ready: "torch.cuda.Event | None"
    note: T


class Readings(Generic[T]):
    """A queue of small vectors on their way from the device.

    A fixed number of steps behind, not "whatever has arrived": all processes of a run then read the same step at the same time.
    """

    def __init__(self, device: torch.device) -> None:
        self._behind = _BEHIND if device.type == "cuda" else 0
        self._waiting: deque[_Reading[T]] = deque()

    def put(self, values_N: Tensor, note: T) -> None:  # noqa: N803 (shape suffixes)
        """Send a vector of float32 on its way; ``note`` comes back with it."""
        if values_N.device.type != "cuda":
            self._waiting.append(_Reading(values_N, None, note))
            return
        host = torch.empty(values_N.shape, dtype=values_N.dtype, pin_memory=True)
        host.copy_(values_N, non_blocking=True)
        ready = torch.cuda.Event()  # type: ignore[no-untyped-call]
        ready.record(torch.cuda.current_stream(values_N.device))
        self._waiting.append(_Reading(host, ready, note))

    def take(self, *, everything: bool = False) -> list[tuple[list[float], T]]:
        """What is due, oldest first; ``everything`` waits for all that was sent."""
        found = []
        while len(self._waiting) > (0 if everything else self._behind):
            reading = self._waiting.popleft()
            if reading.ready is not None:
                reading.ready.synchronize()
            found.append((reading.host.tolist(), reading.note))
        return found
