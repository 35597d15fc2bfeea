"""The VAE of a video model, for pictures: its causal 3-D convolutions without the two frames of zeros that stand before a single one.

A picture is the first frame of a video. Each convolution puts two frames of zeros before it, and two thirds of its work is to multiply
them; what is left is a 2-D convolution with the last slice of the kernel. The weights, their names and what is saved stay as they are;
answers are the same up to rounding.
"""

from functools import partial

from diffusers import AutoencoderKLQwenImage
from diffusers.models.autoencoders.autoencoder_kl_qwenimage import QwenImageCausalConv3d
from torch import Tensor
from torch.nn import functional


def quicken(vae: AutoencoderKLQwenImage) -> AutoencoderKLQwenImage:
    """Let a VAE leave that work out wherever it sees single pictures, in place; videos go the way they went. Safe to call twice."""
    for module in vae.modules():
        if isinstance(module, QwenImageCausalConv3d):
            module.forward = partial(_forward, module)
    return vae


def _forward(module: QwenImageCausalConv3d, x: Tensor, cache_x: Tensor | None = None) -> Tensor:
    """A picture without a past as a picture; everything else as upstream."""
    left, right, top, bottom, before, _ = module._padding
    picture = x.shape[2] == 1 and cache_x is None and before == module.kernel_size[0] - 1
    if not picture or left != right or top != bottom:
        answer: Tensor = QwenImageCausalConv3d.forward(module, x, cache_x)
        return answer
    return functional.conv2d(x[:, :, 0], module.weight[:, :, -1], module.bias, module.stride[1:], (top, left))[:, :, None]
