"""The learning rate over the steps, and the exponential moving average of the weights."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from training.job import ScheduleSettings


def rate_at(step: int, settings: ScheduleSettings) -> float:
    """Share of the highest learning rate that step ``step`` (from 0) is made with: linear warm-up, then a cosine."""
    if step < settings.warm_up:
        return (step + 1) / (settings.warm_up + 1)
    progress = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.final + (1 - settings.final) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


class WeightAverage:
    """An exponential moving average of a model's floating-point weights and buffers.

    The decay rises with the steps, (1 + step) / (10 + step) at most, so that early weights are soon forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: value.detach().clone() for name, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take the weights after step ``step`` (from 0) in."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - decay)
            else:
                self.values[name].copy_(value)

    def load(self, values: dict[str, Tensor]) -> None:
        """Go on with saved values."""
        for name, value in values.items():
            self.values[name].copy_(value)


def parameter_groups(parameters: Iterable[tuple[str, nn.Parameter]], weight_decay: float) -> list[dict[str, object]]:
    """Matrices and kernels decay; biases and norms do not."""
    named = [parameter for parameter in parameters if parameter[1].requires_grad]
    return [
        {"params": [value for _, value in named if value.ndim >= 2], "weight_decay": weight_decay},
        {"params": [value for _, value in named if value.ndim < 2], "weight_decay": 0.0},
    ]
