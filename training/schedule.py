"""The learning rate over the steps, and the exponential moving average of the weights."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from training.job import ScheduleSettings
from training.sharding import local, scatter


def rate_at(step: int, settings: ScheduleSettings) -> float:
    """Share of the highest learning rate that step ``step`` (from 0) is made with: linear warm-up, then as ``settings.rate`` says."""
    if step < settings.warm_up:
        return (step + 1) / (settings.warm_up + 1)
    progress = min(1.0, (step - settings.warm_up) / max(1, settings.steps - settings.warm_up))
    match settings.rate:
        case "constant":
            left = 1.0
        case "linear":
            left = 1 - progress
        case _:
            left = 0.5 * (1 + math.cos(math.pi * progress))
    return settings.final + (1 - settings.final) * left


class WeightAverage:
    """An exponential moving average of a model's floating-point weights and buffers, as far as they learn.

    The decay rises with the steps, (1 + step) / (10 + step) at most, so that early weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        live = learning(model)  # the model's own memory, so it is asked for once
        self.values = {name: value.detach().clone() for name, value in live.items()}
        pairs = [(local(self.values[name]), local(value)) for name, value in live.items()]
        self._floating = [pair for pair in pairs if pair[0].is_floating_point()]
        self._counting = [pair for pair in pairs if not pair[0].is_floating_point()]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the model's weights after step ``step`` (from 0) in."""
        decay = min(self.decay, (1 + step) / (10 + step))
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average([mean for mean, _ in self._floating], [value for _, value in self._floating], None)
        for mean, value in self._counting:
            mean.copy_(value)

    def load(self, values: dict[str, Tensor]) -> None:
        """Go on with saved values."""
        for name, mean in self.values.items():
            mean.copy_(scatter(values[name], mean))


def learning(model: nn.Module) -> dict[str, Tensor]:
    """The state of a model without the weights that do not learn; its own memory."""
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    return {name: value for name, value in model.state_dict().items() if name not in frozen}


def parameter_groups(parameters: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, object]]:
    """Matrices and kernels decay; biases and norms do not."""
    named = [parameter for parameter in parameters if parameter[1].requires_grad]
    return [
        {"params": [value for _, value in named if value.ndim >= 2], "weight_decay": weight_decay},
        {"params": [value for _, value in named if value.ndim < 2], "weight_decay": 0.0},
    ]
