"""Batches made ahead are those that would have been made when needed, in the same order."""

import threading
import time

import pytest
import torch
from torch import Tensor

from training.loading import Batch, BatchLoader


def make(number: int) -> dict[str, Tensor]:
    time.sleep(0.002 * (number % 3))  # some take longer than those after them
    return {"number": torch.tensor(number)}


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_batches_come_in_their_order_whoever_makes_them(threads: int) -> None:
    with BatchLoader(make, 5, 17, threads=threads) as loader:
        assert [int(loader.take()["number"]) for _ in range(12)] == list(range(5, 17))


def test_no_more_is_made_than_is_needed_or_may_lie_ready() -> None:
    made: list[int] = []
    with BatchLoader(lambda number: made.append(number) or make(number), 0, 100, threads=2) as loader:
        for _ in range(3):
            loader.take()
    assert sorted(made) == list(range(len(made)))
    assert 3 <= len(made) <= 3 + 4
    made.clear()
    with BatchLoader(lambda number: made.append(number) or make(number), 0, 2, threads=2) as loader:
        loader.take(), loader.take()
    assert sorted(made) == [0, 1]


def test_what_goes_wrong_in_a_thread_is_raised_where_the_batch_is_taken() -> None:
    def fail(number: int) -> dict[str, Tensor]:
        if number == 2:
            raise OSError("gone")
        return make(number)

    with BatchLoader(fail, 0, 9, threads=2) as loader:
        loader.take(), loader.take()
        with pytest.raises(OSError, match="gone"):
            loader.take()


def test_its_threads_end_with_it() -> None:
    with BatchLoader(make, 0, 9, threads=3) as loader:
        loader.take()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("batches")]


def test_a_batch_is_made_while_the_step_before_it_goes_on() -> None:
    made = {number: threading.Event() for number in range(4)}

    def make_and_tell(number: int) -> Batch:
        batch = make(number)
        made[number].set()
        return batch

    with BatchLoader(make_and_tell, 0, 4, threads=1) as loader:
        loader.take()
        assert made[1].wait(60), "nobody has asked for it yet"
        assert not made[3].wait(0.1), "no farther ahead than two for a thread"
        loader.take()
        assert made[3].wait(60)
