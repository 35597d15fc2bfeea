"""Noise and targets of the character model's diffusion: of published schedules, per sample one time for all parts (paper 2, section 4.1.2).

Letters at the end of names: B samples, F parts of each, C channels, h and w sides of latents.
"""

from collections.abc import Mapping
from typing import Any

import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from torch import Tensor

_KEYS = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "rescale_betas_zero_snr")


class NoiseSchedule:
    """How much of a sample is left at each time.

    Args:
        settings: of a sampler, see `liwi.seethrough.published_settings`.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        scheduler = DDPMScheduler(**{key: settings[key] for key in _KEYS if key in settings})
        self._left: Tensor = scheduler.alphas_cumprod
        self._velocity = settings.get("prediction_type") == "v_prediction"

    @property
    def num_times(self) -> int:
        """Times are 0, nearly no noise, to this - 1."""
        return len(self._left)

    def draw_times(self, count: int, device: torch.device, *, last: float = 0.0) -> Tensor:
        """(B,) int64: a share ``last`` is the last time, where there is the most noise; the rest all times alike."""
        times = torch.randint(0, self.num_times, (count,), device=device)
        return times.masked_fill_(torch.rand(count, device=device) < last, self.num_times - 1) if last else times

    def noised(self, clean_BFChw: Tensor, noise_BFChw: Tensor, times_B: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
        """Samples at their times."""
        signal, rest = self._shares(times_B)
        return signal * clean_BFChw + rest * noise_BFChw

    def velocity(self, clean_BFChw: Tensor, noise_BFChw: Tensor, times_B: Tensor) -> Tensor:  # noqa: N803
        """What v-prediction is trained towards."""
        signal, rest = self._shares(times_B)
        return signal * noise_BFChw - rest * clean_BFChw

    def target(self, clean_BFChw: Tensor, noise_BFChw: Tensor, times_B: Tensor) -> Tensor:  # noqa: N803
        """What a network of this schedule is trained towards: noise or velocity."""
        return self.velocity(clean_BFChw, noise_BFChw, times_B) if self._velocity else noise_BFChw

    def min_snr_weights(self, times_B: Tensor, gamma: float, least: float = 0.0) -> Tensor:  # noqa: N803
        """(B,), what an error of the network's answer counts: min-SNR, or all 1 where gamma is 0.

        An error of the sample itself then counts SNR between ``least`` and gamma. Of nearly pure noise that is next to nothing, though the
        sampler begins there: large networks have seen enough of it, a small one from scratch needs ``least`` above 0.
        """
        left = self._left.to(times_B.device)[times_B]
        ratio = left / (1 - left)
        if not gamma:
            return torch.ones_like(ratio)
        return ratio.clamp(least, gamma) / (ratio + 1 if self._velocity else ratio)

    def _shares(self, times_B: Tensor) -> tuple[Tensor, Tensor]:  # noqa: N803
        left = self._left.to(times_B.device)[times_B].view(-1, 1, 1, 1, 1)
        return left.sqrt(), (1 - left).sqrt()
