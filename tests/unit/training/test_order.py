"""The order of the data follows from seed and step alone."""

import numpy as np
import pytest

from training.order import DataOrder, generator_for, torch_seed


def test_every_epoch_holds_every_sample_once_and_in_another_order() -> None:
    order = DataOrder(17, seed=1)
    first, second = order.take(0, 17), order.take(17, 17)
    assert sorted(first) == sorted(second) == list(range(17))
    assert list(first) != list(second)


def test_where_one_begins_does_not_matter() -> None:
    order = DataOrder(7, seed=2)
    whole = order.take(0, 40)
    for begin in (0, 3, 6, 7, 13, 35):
        assert list(DataOrder(7, seed=2).take(begin, 5)) == list(whole[begin : begin + 5])


def test_seeds_give_other_orders() -> None:
    assert list(DataOrder(50, seed=1).take(0, 50)) != list(DataOrder(50, seed=2).take(0, 50))


def test_chance_differs_between_steps_and_parts_and_repeats_for_the_same() -> None:
    draws = {generator_for(0, step, part).random() for step in range(10) for part in range(4)}
    seeds = {torch_seed(0, step, part) for step in range(10) for part in range(4)}
    assert len(draws) == len(seeds) == 40
    assert np.array_equal(generator_for(5, 6, 1).random(3), generator_for(5, 6, 1).random(3))


def test_no_sample_is_no_dataset() -> None:
    with pytest.raises(ValueError, match="at least one"):
        DataOrder(0, seed=0)
