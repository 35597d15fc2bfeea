"""Noise and targets: the library's schedules, min-SNR as published, and noise with large structures."""

import pytest
import torch
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler

from liwi.seethrough.published_settings import DEPTH_SCHEDULER, PART_SCHEDULER, ZERO_SNR_SCHEDULER
from training.objectives.diffusion_noise import NoiseSchedule
from training.objectives.multi_resolution_noise import multi_resolution_noise

SHAPE = (3, 2, 4, 8, 8)
TIMES = torch.tensor([0, 300, 999])


@pytest.mark.parametrize("settings", [PART_SCHEDULER, ZERO_SNR_SCHEDULER, DEPTH_SCHEDULER], ids=["parts", "zero SNR", "depth"])
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


def test_an_error_of_the_sample_counts_the_same_whatever_is_predicted() -> None:
    clean, noise = torch.randn(SHAPE), torch.randn(SHAPE)
    wrong = clean + 0.1  # and what follows for noise and velocity
    settings = [{**PART_SCHEDULER, "prediction_type": each} for each in ("epsilon", "v_prediction")]
    for schedule in map(NoiseSchedule, settings):
        signal, rest = schedule._shares(TIMES)
        noisy = schedule.noised(clean, noise, TIMES)
        errors = schedule.target(wrong, (noisy - signal * wrong) / rest, TIMES) - schedule.target(clean, noise, TIMES)
        counted = schedule.min_snr_weights(TIMES, 5.0, 0.5) * errors.square().flatten(1).mean(dim=1)
        ratio = (signal / rest).square().flatten()
        torch.testing.assert_close(counted, 0.01 * ratio.clamp(0.5, 5.0), rtol=2e-3, atol=1e-6)
        assert schedule.min_snr_weights(TIMES, 0.0).tolist() == [1, 1, 1]


def test_a_schedule_that_ends_in_noise_leaves_nothing_to_tell_a_sample_by() -> None:
    torch.manual_seed(0)
    clean, last = torch.full(SHAPE, 50.0), torch.full((3,), 999)
    for settings, share in ((PART_SCHEDULER, 0.068), (ZERO_SNR_SCHEDULER, 0.0)):
        left = NoiseSchedule(settings).noised(clean, torch.zeros(SHAPE), last)
        torch.testing.assert_close(left, share * clean, atol=0.05, rtol=0)
    weights = NoiseSchedule(ZERO_SNR_SCHEDULER).min_snr_weights(last, 5.0, 1.0)
    torch.testing.assert_close(weights, torch.ones(3))


def test_a_share_of_the_times_is_the_last_one() -> None:
    torch.manual_seed(0)
    schedule, device = NoiseSchedule(ZERO_SNR_SCHEDULER), torch.device("cpu")
    drawn = schedule.draw_times(2000, device, last=0.6)
    assert 0.55 < float((drawn == 999).float().mean()) < 0.65
    assert int(drawn.min()) < 20
    assert (schedule.draw_times(50, device, last=1.0) == 999).all()


def test_noise_has_large_structures_only_where_it_is_strong() -> None:
    torch.manual_seed(0)
    like = torch.zeros(3, 2, 4, 32, 32)
    noise = multi_resolution_noise(like, torch.tensor([0.0, 0.5, 0.9]))
    torch.testing.assert_close(noise.flatten(1).std(dim=1), torch.ones(3))
    alike = (noise[..., 1:] * noise[..., :-1]).flatten(1).mean(dim=1)
    assert abs(float(alike[0])) < 0.05 < float(alike[1]) < float(alike[2])
