"""How a fresh VAE begins so that it learns colours at once: nearly linear, at an even loudness."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

FIRST_LOG_VARIANCE = -6.0
"""Of the latents, where their deviation is 1: the noise added to them is a twentieth of it."""

_LAST_LAYERS = ("conv2.weight", "proj.weight", "to_out.0.weight")


@torch.no_grad()
def even_out(network: nn.Module) -> None:
    """Let a fresh network of residual blocks begin nearly linear, at an even loudness.

    As PyTorch makes it, pictures fade layer by layer, and where kernels are three-dimensional two thirds of each see no frame at all;
    after a few steps biases drown what is left of them in the normalisation, and what comes after learns for a long time to ignore them.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d):
            frames = module.kernel_size[0] if isinstance(module, nn.Conv3d) else 1
            module.weight *= (3 * frames) ** 0.5
            if module.bias is not None:
                module.bias.zero_()
    for name, parameter in network.named_parameters():
        if name.endswith(_LAST_LAYERS):  # of residual blocks and attention
            parameter.zero_()


@torch.no_grad()
def settle(vae: Any, encode: Callable[[], Tensor], *, channels: int, spread: float = 1.0) -> None:
    """Let latents of a fresh VAE differ more than the noise added to them, and what it decodes begin with grey.

    Args:
        vae: of diffusers, with `quant_conv` and `decoder.conv_out`; changed in place, after `even_out`.
        encode: gives the mean latents (B, channels, ...) of some of the pictures that it will see.
        channels: of a latent.
        spread: the deviation that latents begin with.
    """
    vae.decoder.conv_out.weight *= 0.1
    vae.quant_conv.weight[channels:] *= 0.1
    vae.quant_conv.bias[channels:] = FIRST_LOG_VARIANCE + 2 * math.log(spread)
    vae.quant_conv.weight[:channels] *= spread / encode().std().clamp(min=1e-3)
    vae.post_quant_conv.weight /= spread
