"""The straight paths between noise and data: owner of sigma and of every sign (paper 1, section 4.2, equations 1 to 3).

Diffusers counts sigma from 0 (data) to 1 (noise), the paper t from 0 (noise) to 1 (data): ``sigma = 1 - t``. The network's output is
dz/dsigma, the negative of the paper's velocity:

    main       z = sigma eps + (1 - sigma) x0             output -> eps - x0          (paper: v     = x0 - eps)
    auxiliary  z = sigma (x_d + eps) + (1 - sigma) x0     output -> x_d + eps - x0    (paper: v_aux = x0 - x_d - eps)

Both are one path from a *start* to x0, so one pair of functions serves both; with ``x_d = 0`` the auxiliary path is the main path.
Legend: B batch, N tokens, C channels of a packed token; sigma has shape (B,) or is a number. Everything is float.
"""

from typing import Literal

import torch
from torch import Tensor

BASE_TOKENS = 256
"""Tokens of one frame at which time is not shifted."""

SigmaDistribution = Literal["uniform", "logit_normal"]


def noised(clean: Tensor, start: Tensor, sigma: Tensor | float) -> Tensor:
    """The point at ``sigma`` on the path from ``start`` (sigma 1) to ``clean`` (sigma 0): equations 1 and 2.

    Args:
        clean: x0, (B, ...).
        start: eps on the main path, x_d + eps on the auxiliary path; same shape.
        sigma: (B,) or a number, in [0, 1].
    """
    level = _spread(sigma, clean)
    return level * start + (1 - level) * clean


def target(clean: Tensor, start: Tensor) -> Tensor:
    """What the network is to answer anywhere on the path: ``start - clean``, the negative of the paper's velocity."""
    return start - clean


def clean_estimate(point: Tensor, output: Tensor, sigma: Tensor | float) -> Tensor:
    """The x0 that the network's ``output`` at ``point`` leads to."""
    return point - _spread(sigma, point) * output


def shift(num_condition_tokens: int) -> float:
    """The scheduler's ``mu``: how much later large pictures lose their noise. 2.5 at 640 x 640, 4.0 at 1024 x 1024.

    Args:
        num_condition_tokens: tokens of the source frame.
    """
    return float((num_condition_tokens / BASE_TOKENS) ** 0.5)


def shifted(sigma: Tensor, num_condition_tokens: int) -> Tensor:
    """Sigma after the time shift, as the scheduler's linear kind does it: ``mu / (mu + 1/sigma - 1)``. For training.

    Args:
        sigma: any shape, in [0, 1].
        num_condition_tokens: tokens of the source frame.
    """
    mu = shift(num_condition_tokens)
    return mu * sigma / (mu * sigma + 1 - sigma)


def sample_sigmas(
    batch_size: int,
    num_condition_tokens: int,
    *,
    generator: torch.Generator | None = None,
    distribution: SigmaDistribution = "uniform",
    device: torch.device | str = "cpu",
) -> Tensor:
    """Draw the sigmas of a training batch, shifted as inference shifts them.

    Args:
        batch_size: how many.
        num_condition_tokens: tokens of the source frame.
        generator: on the CPU; makes it repeatable.
        distribution: before the shift: uniform in [0, 1), or the logistic function of a normal variable.
        device: where they are wanted.

    Returns:
        (B,) float32 in [0, 1].
    """
    if distribution == "uniform":
        plain = torch.rand(batch_size, generator=generator)
    else:
        plain = torch.randn(batch_size, generator=generator).sigmoid()
    return shifted(plain, num_condition_tokens).to(device)


def loss(main: Tensor, main_target: Tensor, auxiliary: Tensor | None, auxiliary_target: Tensor | None, weight: float) -> Tensor:
    """Equation 3: mean squared error on the main path plus ``weight`` (lambda) times that on the auxiliary path.

    Args:
        main, main_target: (B, N, C).
        auxiliary, auxiliary_target: (B, N', C), or None where nothing is degraded.
        weight: lambda.
    """
    total = torch.nn.functional.mse_loss(main.float(), main_target.float())
    if auxiliary is not None and auxiliary_target is not None and auxiliary.numel():
        total = total + weight * torch.nn.functional.mse_loss(auxiliary.float(), auxiliary_target.float())
    return total


def _spread(sigma: Tensor | float, like: Tensor) -> Tensor | float:
    """Sigma so that it multiplies per sample."""
    if not isinstance(sigma, Tensor) or sigma.ndim == 0:
        return sigma
    return sigma.to(like.dtype).view(-1, *[1] * (like.ndim - 1))
