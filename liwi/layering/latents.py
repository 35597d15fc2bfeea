"""Pixels to latents to packed tokens, and back: what a frame is to the transformer.

Legend: B batch, F frames, C latent channels, H x W pixels, h x w latent pixels; a token packs 2 x 2 latent pixels, so (F, C, h, w) become
(F h/2 w/2, 4 C). Pixels are RGBA in [-1, 1], alpha included: transparent is -1. Latents are normalised by the VAE's own mean and deviation.
"""

from typing import cast

import torch
from diffusers import AutoencoderKLQwenImage
from torch import Tensor

from liwi.errors import InputError


class LatentCodec:
    """The VAE of 4 channels, one picture at a time.

    Args:
        vae: an `AutoencoderKLQwenImage` with ``input_channels=4``.
    """

    def __init__(self, vae: AutoencoderKLQwenImage) -> None:
        self.vae = vae

    @property
    def factor(self) -> int:
        """Pixels per latent pixel, along one side."""
        return int(2 ** len(self.vae.config.temperal_downsample))

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return int(self.vae.config.z_dim)

    def encode(self, pixels: Tensor) -> Tensor:
        """(N, 4, H, W) in [-1, 1] -> (N, C, h, w), normalised. The mode of the posterior: no randomness.

        Raises:
            InputError: the sides are no multiples of 2 `factor`.
        """
        if pixels.shape[-1] % (2 * self.factor) or pixels.shape[-2] % (2 * self.factor):
            raise InputError(f"Sides must be multiples of {2 * self.factor}, got {pixels.shape[-1]} x {pixels.shape[-2]}.")
        latents = self.vae.encode(pixels.to(self.vae.dtype)[:, :, None]).latent_dist.mode()
        mean, deviation = self._statistics(latents)
        return cast(Tensor, ((latents - mean) / deviation)[:, :, 0])

    def decode(self, latents: Tensor) -> Tensor:
        """(N, C, h, w), normalised -> (N, 4, H, W) in [-1, 1]."""
        latents = latents.to(self.vae.dtype)[:, :, None]
        mean, inverse = self._statistics(latents, inverse=True)
        pixels = self.vae.decode(latents / inverse + mean, return_dict=False)[0]
        return cast(Tensor, pixels[:, :, 0].clamp(-1, 1))  # tiled decoding does not clamp by itself

    def _statistics(self, like: Tensor, *, inverse: bool = False) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the latents; the inverse of the deviation as upstream rounds it, where asked."""
        mean = torch.tensor(self.vae.config.latents_mean).view(1, -1, 1, 1, 1).to(like)
        deviation = torch.tensor(self.vae.config.latents_std).view(1, -1, 1, 1, 1).to(like)
        return mean, 1.0 / deviation if inverse else deviation


def pack(frames: Tensor) -> Tensor:
    """(B, F, C, h, w) -> (B, F h/2 w/2, 4 C)."""
    batch, count, channels, height, width = frames.shape
    tokens = frames.reshape(batch, count, channels, height // 2, 2, width // 2, 2).permute(0, 1, 3, 5, 2, 4, 6)
    return tokens.reshape(batch, count * (height // 2) * (width // 2), 4 * channels)


def unpack(tokens: Tensor, rows: int, columns: int) -> Tensor:
    """(B, F rows columns, 4 C) -> (B, F, C, 2 rows, 2 columns)."""
    batch, channels = tokens.shape[0], tokens.shape[2] // 4
    frames = tokens.reshape(batch, -1, rows, columns, channels, 2, 2).permute(0, 1, 4, 2, 5, 3, 6)
    return frames.reshape(batch, frames.shape[1], channels, 2 * rows, 2 * columns)
