"""Noise and targets: the library's schedules, min-SNR as published, and noise with large structures."""

import pytest
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

from liwi.seethrough.published_settings import DEPTH_SCHEDULER, PART_SCHEDULER
from training.objectives.diffusion_noise import NoiseSchedule
from training.objectives.multi_resolution_noise import multi_resolution_noise

SHAPE = (3, 2, 4, 8, 8)
TIMES = torch.tensor([0, 300, 999])


@pytest.mark.parametrize("settings", [PART_SCHEDULER, DEPTH_SCHEDULER], ids=["parts", "depth"])
def test_it_noises_as_the_library_does(settings: dict[str, object]) -> None:
    torch.manual_seed(0)
    clean, noise, schedule = torch.randn(SHAPE), torch.randn(SHAPE), NoiseSchedule(settings)
    keys = ("beta_start", "beta_end", "beta_schedule", "rescale_betas_zero_snr")
    library = DDPMScheduler(**{key: settings[key] for key in keys if key in settings})
    torch.testing.assert_close(schedule.noised(clean, noise, TIMES), library.add_noise(clean, noise, TIMES))
    torch.testing.assert_close(schedule.velocity(clean, noise, TIMES), library.get_velocity(clean, noise, TIMES))
    assert schedule.num_times == 1000
    drawn = schedule.draw_times(500, torch.device("cpu"))
    assert int(drawn.min()) >= 0
    assert 900 < int(drawn.max()) < 1000


def test_times_with_little_noise_count_less() -> None:
    schedule = NoiseSchedule(PART_SCHEDULER)
    weights = schedule.min_snr_weights(TIMES, 5.0)
    left = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear").alphas_cumprod[TIMES]
    ratio = left / (1 - left)
    torch.testing.assert_close(weights, torch.minimum(ratio, torch.full_like(ratio, 5)) / ratio)
    assert weights[0] < 0.01 and weights[2] == 1
    assert schedule.min_snr_weights(TIMES, 0.0).tolist() == [1, 1, 1]


def test_noise_has_large_structures_only_where_it_is_strong() -> None:
    torch.manual_seed(0)
    like = torch.zeros(3, 2, 4, 32, 32)
    noise = multi_resolution_noise(like, torch.tensor([0.0, 0.5, 0.9]))
    torch.testing.assert_close(noise.flatten(1).std(dim=1), torch.ones(3))
    alike = (noise[..., 1:] * noise[..., :-1]).flatten(1).mean(dim=1)
    assert abs(float(alike[0])) < 0.05 < float(alike[1]) < float(alike[2])
