"""Sigma, signs and shift."""

import numpy as np
import pytest
import torch

from liwi.layering import flow
from liwi.layering.components import build_scheduler


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    clean, noise, degraded = torch.randn(3, 2, 5, 4, generator=generator)
    return clean, noise, degraded


def test_the_paths_are_equations_1_and_2_of_the_paper(pictures: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    clean, noise, degraded = pictures
    sigma = torch.tensor([0.25, 0.75])
    t = (1 - sigma).view(2, 1, 1)
    torch.testing.assert_close(flow.noised(clean, noise, sigma), (1 - t) * noise + t * clean)
    torch.testing.assert_close(flow.noised(clean, degraded + noise, sigma), (1 - t) * (degraded + noise) + t * clean)
    torch.testing.assert_close(flow.target(clean, degraded + noise), -(clean - degraded - noise))


def test_without_degradation_the_auxiliary_path_is_the_main_path(pictures: tuple[torch.Tensor, torch.Tensor, torch.Tensor]) -> None:
    clean, noise, _ = pictures
    start = torch.zeros_like(clean) + noise
    assert torch.equal(flow.noised(clean, start, 0.3), flow.noised(clean, noise, 0.3))
    assert torch.equal(flow.target(clean, start), flow.target(clean, noise))


@pytest.mark.parametrize("auxiliary", [False, True])
def test_euler_with_the_true_output_arrives_at_the_picture(
    pictures: tuple[torch.Tensor, torch.Tensor, torch.Tensor], auxiliary: bool
) -> None:
    clean, noise, degraded = pictures
    start = noise + degraded if auxiliary else noise
    scheduler = build_scheduler()
    scheduler.set_timesteps(sigmas=np.linspace(1, 0, 8)[:-1], mu=2.0)
    point = start
    for timestep in scheduler.timesteps:
        point = scheduler.step(flow.target(clean, start), timestep, point, return_dict=False)[0]
    torch.testing.assert_close(point, clean)
    torch.testing.assert_close(flow.clean_estimate(flow.noised(clean, start, 0.4), flow.target(clean, start), 0.4), clean)


@pytest.mark.parametrize(("tokens", "mu", "halfway"), [(1600, 2.5, 0.714), (4096, 4.0, 0.8)])
def test_training_and_inference_shift_time_alike(tokens: int, mu: float, halfway: float) -> None:
    plain = np.linspace(1, 0, 51)[:-1]
    scheduler = build_scheduler()
    scheduler.set_timesteps(sigmas=plain, mu=flow.shift(tokens))
    assert flow.shift(tokens) == mu
    torch.testing.assert_close(flow.shifted(torch.tensor(plain), tokens).float(), scheduler.sigmas[:-1], rtol=1e-6, atol=1e-6)
    assert float(scheduler.sigmas[25]) == pytest.approx(halfway, abs=5e-4)


@pytest.mark.parametrize("distribution", ["uniform", "logit_normal"])
def test_sigmas_are_repeatable_and_in_range(distribution: flow.SigmaDistribution) -> None:
    def draw() -> torch.Tensor:
        return flow.sample_sigmas(2000, 1600, generator=torch.Generator().manual_seed(1), distribution=distribution)

    assert torch.equal(draw(), draw())
    assert draw().min() >= 0 and draw().max() <= 1
    assert float(draw().median()) == pytest.approx(0.714, abs=0.02)  # half of the time is spent above


def test_the_loss_is_equation_3() -> None:
    generator = torch.Generator().manual_seed(2)
    main, wanted, auxiliary, wanted_auxiliary = torch.randn(4, 2, 3, 4, generator=generator)
    expected = ((main - wanted) ** 2).mean() + 0.3 * ((auxiliary - wanted_auxiliary) ** 2).mean()
    torch.testing.assert_close(flow.loss(main, wanted, auxiliary, wanted_auxiliary, 0.3), expected)
    torch.testing.assert_close(flow.loss(main, wanted, None, None, 0.3), ((main - wanted) ** 2).mean())
