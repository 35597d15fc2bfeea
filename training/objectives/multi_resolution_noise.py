"""Noise with large structures in it, as Marigold trains with: depth is smooth, and white noise would give it away (paper 2, appendix C.3).

Letters at the end of names: B samples, F parts of each, C channels, h and w sides of latents.
"""

import torch
from torch import Tensor
from torch.nn import functional

_LEVELS = 10


def multi_resolution_noise(like_BFChw: Tensor, strength_B: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
    """White noise, and coarser and coarser noise over it, each level weaker by the strength; deviation 1 in each sample.

    Args:
        like_BFChw: its shape and device are taken.
        strength_B: (B,) in [0, 1]; 0 is white noise. Annealed: Marigold's 0.9 at the most noise, falling to 0 with it.

    Returns:
        As ``like_BFChw``.
    """
    batch, num_parts, channels, height, width = like_BFChw.shape
    noise = torch.randn_like(like_BFChw)
    strength = strength_B.view(-1, 1, 1, 1, 1)
    size, weight = (float(height), float(width)), torch.ones_like(strength)
    for _ in range(_LEVELS):
        step = float(torch.rand(())) * 2 + 2
        size, weight = (size[0] / step, size[1] / step), weight * strength
        rows, columns = max(1, int(size[0])), max(1, int(size[1]))
        coarse = torch.randn(batch * num_parts, channels, rows, columns, device=noise.device, dtype=noise.dtype)
        enlarged = functional.interpolate(coarse, (height, width), mode="bilinear", align_corners=False)
        noise = noise + weight * enlarged.view(like_BFChw.shape)
        if rows == 1 or columns == 1:
            break
    return noise / noise.flatten(1).std(dim=1).view(-1, 1, 1, 1, 1)
