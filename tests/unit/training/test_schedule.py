"""Learning rate and the average of the weights."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from training.job import ScheduleSettings
from training.schedule import WeightAverage, parameter_groups, rate_at


def test_the_rate_rises_in_the_warm_up_and_then_falls_to_its_last_value() -> None:
    settings = ScheduleSettings(steps=100, warm_up=10, final=0.1)
    rates = [rate_at(step, settings) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[0] > 0
    assert rates[10] == 1
    assert rates[-1] == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize(("rate", "middle", "last"), [("constant", 1.0, 1.0), ("linear", 0.6, 0.2), ("cosine", 0.6, 0.2)])
def test_every_way_down_begins_after_the_warm_up_and_ends_where_it_should(rate: str, middle: float, last: float) -> None:
    settings = ScheduleSettings(steps=110, warm_up=10, rate=rate, final=0.2)
    assert [rate_at(step, settings) for step in (0, 10, 60, 110)] == pytest.approx([1 / 11, 1.0, middle, last])
    assert all(later <= earlier for earlier, later in pairwise(rate_at(step, settings) for step in range(10, 111)))


def test_the_average_of_constant_weights_is_the_weights() -> None:
    model = nn.Linear(3, 2)
    average = WeightAverage(model, 0.9)
    for step in range(5):
        average.update(step)
    for name, value in model.state_dict().items():
        assert torch.allclose(average.values[name], value)


def test_the_average_lags_behind_and_catches_up() -> None:
    model = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(model.weight)
    average = WeightAverage(model, 0.5)
    nn.init.ones_(model.weight)
    distances = []
    for step in range(20):
        average.update(step)
        distances.append(1 - float(average.values["weight"]))
    assert 0 < distances[1] < 1
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-3


def test_only_matrices_decay() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GroupNorm(1, 2))
    decaying, free = parameter_groups(model.named_parameters(), 0.1)
    assert decaying["params"] == [model[0].weight]
    assert decaying["weight_decay"] == 0.1
    assert free["weight_decay"] == 0
    assert len(list(free["params"])) == 3  # type: ignore[call-overload]
