"""The U-Net that the compact networks share: patches instead of pixels, attention at coarse strides, the picture's own details at the end.

    inputs ─► patches of 4 px ─► encoder, attention at strides 8 and more ─► decoder ─► full size, merged with the inputs ─► features

Attention lets distant places be compared. Everything is convolution or attention without positions, so that any size will do; a network
that needs positions gets them as inputs.

Letters at the end of names: B batch, C channels, H height, W width, N tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from liwi.errors import InputError
from liwi.limits import Range, check_limits

PATCH = 4
"""Pixels of a patch, the resolution that the encoder works at."""


@dataclass(frozen=True, slots=True)
class UNetSettings:
    """The network's size.

    Attributes:
        widths: channels at strides 4, 8, 16, ...
        blocks: residual blocks of the encoder at each stride.
        attentions: attention blocks at each stride.
        details: channels at full size.
    """

    widths: Annotated[tuple[int, ...], Range(32, 4096, multiple=32)] = (64, 128, 256)
    blocks: Annotated[tuple[int, ...], Range(0, 12)] = (1, 2, 3)
    attentions: Annotated[tuple[int, ...], Range(0, 12)] = (0, 2, 2)
    details: Annotated[int, Range(1, 64)] = 16

    def __post_init__(self) -> None:
        check_limits(self)
        if not len(self.widths) == len(self.blocks) == len(self.attentions) > 0:
            raise InputError(
                f"widths, blocks and attentions need one number per stride, got {self.widths}, {self.blocks} and {self.attentions}."
            )

    @property
    def multiple(self) -> int:
        """Sides of the input must be multiples of this."""
        return PATCH * int(2 ** (len(self.widths) - 1))


class UNet(nn.Module):
    """See the module's text.

    Args:
        settings: the size.
        num_inputs: channels of the inputs.
    """

    def __init__(self, settings: UNetSettings, num_inputs: int) -> None:
        super().__init__()
        self.settings = settings
        widths = settings.widths
        self.patches = nn.Conv2d(num_inputs * PATCH**2, widths[0], 3, padding=1)
        self.encoder = nn.ModuleList(
            _stage(width, blocks, attentions)
            for width, blocks, attentions in zip(widths, settings.blocks, settings.attentions, strict=True)
        )
        steps = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(fine, coarse, 2, stride=2) for fine, coarse in steps)
        self.up = nn.ModuleList(nn.Conv2d(coarse, fine, 1) for fine, coarse in steps)
        self.decoder = nn.ModuleList(_Residual(fine) for fine, _ in steps)
        self.enlarge = nn.Conv2d(widths[0], settings.details * PATCH**2, 1)
        self.details = nn.Conv2d(num_inputs, settings.details, 3, padding=1)
        self.merge = nn.Conv2d(2 * settings.details, settings.details, 3, padding=1)

    def features(self, inputs_BCHW: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
        """What a head of the network decides by.

        Args:
            inputs_BCHW: (B, num_inputs, H, W); H and W multiples of ``settings.multiple``.

        Returns:
            (B, details, H, W), activated.
        """
        # 1. Patches become channels: the encoder never works at full size, which would cost most of the time.
        features = self.patches(functional.pixel_unshuffle(inputs_BCHW, PATCH))
        # 2. Down, keeping each stage's result.
        skips = []
        for number, stage in enumerate(self.encoder):
            features = stage(features)
            if number < len(self.down):
                skips.append(features)
                features = self.down[number](features)
        # 3. Up again, adding them.
        for number in reversed(range(len(self.up))):
            larger = functional.interpolate(self.up[number](features), scale_factor=2.0, mode="nearest")
            features = self.decoder[number](larger + skips[number])
        # 4. To full size, where the picture itself has a say in where the edge runs.
        full = functional.pixel_shuffle(self.enlarge(features), PATCH)
        merged = self.merge(functional.silu(torch.cat([full, self.details(inputs_BCHW)], dim=1)))
        return functional.silu(merged)


def pad_to_multiple(picture: Tensor, multiple: int) -> Tensor:
    """(B, C, H, W) with zeros added right and below, so that both sides are multiples of ``multiple``."""
    height, width = picture.shape[-2:]
    return functional.pad(picture, (0, -width % multiple, 0, -height % multiple))


def _stage(width: int, blocks: int, attentions: int) -> nn.Sequential:
    layers: Sequence[nn.Module] = [*(_Residual(width) for _ in range(blocks)), *(_Attention(width) for _ in range(attentions))]
    return nn.Sequential(*layers)


class _Residual(nn.Module):
    """Two 3 x 3 convolutions, each after normalisation and activation, added to the input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        result: Tensor = features + self.layers(features)
        return result


class _Attention(nn.Module):
    """Every place looks at all others, in heads of 32 channels; then each place by itself."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // 32
        self.norm = nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.each = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, features: Tensor) -> Tensor:
        batch, width, height, across = features.shape
        tokens = features.flatten(2).transpose(1, 2)  # (B, N, C)
        split = self.queries_keys_values(self.norm(tokens)).view(batch, height * across, 3, self.heads, 32).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(split[0], split[1], split[2])
        tokens = tokens + self.join(seen.transpose(1, 2).reshape(batch, height * across, width))
        tokens = tokens + self.each(tokens)
        return tokens.transpose(1, 2).reshape(batch, width, height, across)
