"""Asking a run to end gently: SIGTERM and SIGINT become a request that the loop honours after the step it is in."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class Stop:
    """Whether somebody asked to stop."""

    asked = False


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Turn SIGTERM and SIGINT into a request, as far as this thread may."""
    stop = Stop()

    def ask(number: int, frame: object) -> None:  # noqa: ARG001 (the signature of signal handlers)
        stop.asked = True

    before = {}
    for each in (signal.SIGTERM, signal.SIGINT):
        try:
            before[each] = signal.signal(each, ask)
        except ValueError:  # not the main thread: whoever runs this there stops it otherwise
            break
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
