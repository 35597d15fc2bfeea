"""Colours for transparent pixels: what lies around them, blurred again and again (paper 2, section 4.1.1).

Colours mean nothing where alpha is 0, but a VAE sees them, and interpolation mixes them into rims. Blurring repeatedly and putting the
known colours back each time is, done at falling sizes, a pyramid: the coarsest level's mean colour is enlarged step by step, and at each
level its own colours are laid over that. Steps of 1.2, as the published networks were trained with.
"""

import torch
from torch import Tensor
from torch.nn import functional

STEP = 1.2
"""Ratio of the sizes of neighbouring levels."""


def pad_colors(argb: Tensor) -> Tensor:
    """Fill the colours of transparent pixels.

    Args:
        argb: (B, 4, H, W) in [0, 1], alpha first, straight colours; those of transparent pixels are not looked at.

    Returns:
        (B, 3, H, W): opaque pixels as they are, transparent ones as their surroundings, others between. Zero if nothing is visible.
    """
    alpha = argb[:, :1]
    level = torch.cat([argb[:, 1:] * alpha, alpha], 1)
    levels = [level]
    while min(height := level.shape[2], width := level.shape[3]) > 1:
        level = functional.interpolate(level, (int(height / STEP), int(width / STEP)), mode="bilinear", align_corners=False)
        levels.append(level)
    sums = levels[-1].sum((2, 3), keepdim=True)
    filled = sums[:, :3] / sums[:, 3:].clip(1e-8)
    for level in reversed(levels):
        enlarged = functional.interpolate(filled, level.shape[2:], mode="bilinear", align_corners=False)
        filled = level[:, :3] + enlarged * (1 - level[:, 3:])
    return filled
