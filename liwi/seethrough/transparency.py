"""The transparency decoder and the offset encoder: RGBA in and out of a latent space that knows only RGB (paper 2, section 4.1.1).

    latent ─► SDXL's VAE ─► colours ─┐
      └──────────────────────────────┴─► decoder ─► padded colours and alpha
    alpha and padded colours ─► offset encoder ─► where in the VAE's distribution the latent is put

The VAE itself is not touched. Tensors and files are those of the published checkpoint; a small configuration differs by settings alone.

Letters at the end of names: B batch, H height, W width, h and w those of latents.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, Self, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_blocks import UNetMidBlock2D, get_down_block, get_up_block
from torch import Tensor, nn
from torch.nn import functional

from liwi.checkpoint_folders import fill_network, read_config, write_network
from liwi.errors import InputError

PUBLISHED_NAME = "TransparentVAE"
"""What the published files call this class."""

OFFSET_SCALE = 300.0
"""What the offset encoder's answer is multiplied by, so that it can begin near zero and still say something."""

_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class TransparencySettings:
    """The networks' sizes; as they stand those of the published checkpoint, 105 million parameters.

    Attributes:
        widths: channels of the decoder at full size, half, a quarter, ...
        layers: residual blocks of each on the way down; one more on the way up.
        attention_from: index of the first of ``widths`` at which pixels look at each other.
        head_width: channels of an attention head.
        groups: of the normalisation.
        offset_widths: channels of the offset encoder at full size, half, ...; their number says where the latent's size is reached.
        latent_channels: of the VAE.
    """

    widths: tuple[int, ...] = (32, 32, 64, 128, 256, 512, 512)
    layers: int = 2
    attention_from: int = 4
    head_width: int = 8
    groups: int = 4
    offset_widths: tuple[int, ...] = (32, 64, 128, 256)
    latent_channels: int = 4

    def __post_init__(self) -> None:
        sizes = (*self.widths, *self.offset_widths, self.layers, self.head_width, self.groups, self.latent_channels)
        if not sizes or not all(isinstance(size, int) and 0 < size <= 8192 for size in sizes):
            raise InputError(f"The sizes of the transparency networks must be above 0 and such as a network has, got {sizes}.")
        if self.layers > 16:
            raise InputError(f"The transparency decoder has at most 16 layers per level, got {self.layers}.")
        if not 1 < len(self.offset_widths) <= len(self.widths) <= 12 or any(width % self.groups for width in self.widths):
            raise InputError(
                "widths must be multiples of groups and no fewer than offset_widths, "
                f"got {self.widths}, {self.groups}, {self.offset_widths}."
            )

    @property
    def multiple(self) -> int:
        """Sides of the pictures must be multiples of this, in pixels."""
        return int(2 ** (len(self.widths) - 1))


class TransparencyUNet(nn.Module):
    """Colours and latent in, alpha and padded colours out. `diffusers` builds its blocks.

    Args:
        settings: the size.
    """

    def __init__(self, settings: TransparencySettings) -> None:
        super().__init__()
        widths, last = settings.widths, len(settings.widths) - 1
        self.latent_level = len(settings.offset_widths) - 1
        self.conv_in = nn.Conv2d(3, widths[0], 3, padding=1)
        self.latent_conv_in = nn.Conv2d(settings.latent_channels, widths[self.latent_level - 1], 1)
        shared: dict[str, Any] = {
            "temb_channels": None,
            "resnet_eps": _EPSILON,
            "resnet_act_fn": "silu",
            "resnet_groups": settings.groups,
            "attention_head_dim": settings.head_width,
        }
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        for level, width in enumerate(widths):
            looks = level >= settings.attention_from
            down = get_down_block(
                "AttnDownBlock2D" if looks else "DownBlock2D",
                num_layers=settings.layers,
                in_channels=widths[max(level - 1, 0)],
                out_channels=width,
                add_downsample=level < last,
                downsample_padding=1,
                downsample_type="conv",
                **shared,
            )
            up = get_up_block(
                "AttnUpBlock2D" if looks else "UpBlock2D",
                num_layers=settings.layers + 1,
                in_channels=widths[max(level - 1, 0)],
                out_channels=width,
                prev_output_channel=widths[min(level + 1, last)],
                add_upsample=level > 0,
                upsample_type="conv",
                **shared,
            )
            self.down_blocks.append(down)
            self.up_blocks.insert(0, up)
        self.mid_block = UNetMidBlock2D(in_channels=widths[-1], attn_groups=None, add_attention=True, **shared)
        self.conv_norm_out = nn.GroupNorm(settings.groups, widths[0], eps=_EPSILON)
        self.conv_out = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(self, rgb_B3HW: Tensor, latent_B4hw: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
        """Alpha first, then colours, unclipped.

        Args:
            rgb_B3HW: (B, 3, H, W), what the VAE makes of the latent, 0 to 1.
            latent_B4hw: (B, 4, h, w), not scaled.

        Returns:
            (B, 4, H, W).
        """
        features = self.conv_in(rgb_B3HW)
        skips = [features]
        for level, block in enumerate(self.down_blocks):
            if level == self.latent_level:
                features = features + self.latent_conv_in(latent_B4hw)
            features, passed = block(hidden_states=features, temb=None)
            skips += passed
        features = self.mid_block(features, None)
        for block in self.up_blocks:
            count = len(cast(nn.ModuleList, block.resnets))
            features = block(features, tuple(skips[-count:]), None)
            del skips[-count:]
        answer: Tensor = self.conv_out(functional.silu(self.conv_norm_out(features)))
        return answer


class OffsetNetwork(nn.Module):
    """Alpha and padded colours to an offset per latent pixel: 3 x 3 convolutions, halving the size between widths.

    Args:
        settings: the size.
    """

    def __init__(self, settings: TransparencySettings) -> None:
        super().__init__()
        widths = settings.offset_widths
        layers: list[nn.Module] = [
            nn.Conv2d(4, widths[0], 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(widths[0], widths[0], 3, padding=1),
            nn.SiLU(),
        ]
        for fine, coarse in pairwise(widths):
            layers += [nn.Conv2d(fine, coarse, 3, padding=1, stride=2), nn.SiLU(), nn.Conv2d(coarse, coarse, 3, padding=1), nn.SiLU()]
        self.blocks = nn.Sequential(*layers, nn.Conv2d(widths[-1], settings.latent_channels, 3, padding=1))

    def forward(self, argb_B4HW: Tensor) -> Tensor:  # noqa: N803
        """(B, 4, H, W) in [0, 1], alpha first, to (B, 4, h, w)."""
        offset: Tensor = self.blocks(argb_B4HW)
        return offset


class _Holder(nn.Module):
    """The level "model" in the names of the published tensors."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model


class TransparentVAE(nn.Module):
    """Both networks, as they are published.

    Args:
        settings: the size.
    """

    def __init__(self, settings: TransparencySettings | None = None) -> None:
        super().__init__()
        self.settings = settings or TransparencySettings()
        self.decoder = _Holder(TransparencyUNet(self.settings))
        self.encoder = _Holder(OffsetNetwork(self.settings))

    def decode(self, vae: AutoencoderKL, latent_B4hw: Tensor) -> Tensor:  # noqa: N803
        """Pictures with transparency of latents.

        Args:
            vae: of the latents' space.
            latent_B4hw: (B, 4, h, w), divided by the VAE's scaling factor.

        Returns:
            (B, 4, H, W) in [0, 1]: alpha, then straight colours, which mean something also where alpha is 0.

        Raises:
            InputError: the pictures' sides are no multiples of ``settings.multiple``.
        """
        if len(latent_B4hw) > 1 and latent_B4hw.device.type == "cpu":  # no slower, less memory, and rounded as the published code rounds
            return torch.cat([self.decode(vae, latent_B4hw[index : index + 1]) for index in range(len(latent_B4hw))])
        pixels = vae.decode(latent_B4hw.to(vae.dtype), return_dict=False)[0]
        if any(side % self.settings.multiple for side in pixels.shape[-2:]):
            size = "{1} x {0}".format(*pixels.shape[-2:])
            raise InputError(f"Layers are made in sides that are multiples of {self.settings.multiple} pixels, got {size}.")
        dtype = self.encoder.model.blocks[0].weight.dtype  # type: ignore[union-attr, index]
        # Channels last is a sixth quicker on a CPU, but rounds otherwise: single precision stays what the published code computes.
        layout = torch.contiguous_format if dtype == torch.float32 else torch.channels_last
        colours = (pixels * 0.5 + 0.5).to(dtype, memory_format=layout)
        answer: Tensor = self.decoder.model(colours, latent_B4hw.to(dtype, memory_format=layout))
        return answer.clip(0, 1)

    def encode(
        self,
        vae: AutoencoderKL,
        argb_B4HW: Tensor,  # noqa: N803
        *,
        use_offset: bool = True,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Latents of pictures.

        Args:
            vae: of the latents' space.
            argb_B4HW: (B, 4, H, W) in [0, 1], alpha first; colours padded (`liwi.seethrough.color_padding`) where the offset is used.
            use_offset: put the latent where the offset encoder says, which is no chance; else draw it from the VAE's distribution.
            generator: for the draw.

        Returns:
            (B, 4, h, w), not scaled.
        """
        alpha, colours = argb_B4HW[:, :1], argb_B4HW[:, 1:]
        distribution = vae.encode(((colours * 2 - 1) * alpha).to(vae.dtype), return_dict=False)[0]
        if not use_offset:
            drawn: Tensor = distribution.sample(generator)
            return drawn
        offset = self.encoder.model(argb_B4HW.to(vae.dtype)) * OFFSET_SCALE
        latent: Tensor = distribution.mean + distribution.std * offset.to(distribution.std)
        return latent

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the networks in the published layout into ``folder``; sizes only where they are not the published ones."""
        published = asdict(TransparencySettings())
        settings = {key: value for key, value in asdict(self.settings).items() if value != published[key]}
        write_network(self, Path(folder), settings, PUBLISHED_NAME)

    @classmethod
    def from_pretrained(cls, folder: str | Path, *, subfolder: str = "", dtype: torch.dtype | None = None, device: str = "cpu") -> Self:
        """Read the networks in the published layout; nothing is downloaded.

        Args:
            folder: holds ``config.json`` and the weights, or ``subfolder`` does.
            subfolder: e.g. "trans_vae".
            dtype: of the weights afterwards; as in the file where None.
            device: where they are put.

        Raises:
            CheckpointDamaged: a file is missing or unreadable, or a tensor is missing, unexpected or of another shape; names it.
            InputError: the settings make no such networks.
        """
        path = Path(folder) / subfolder
        with torch.device("meta"):
            networks = cls(_settings(read_config(path)))
        fill_network(networks, path, dtype=dtype, device=device)
        return networks.eval()


def _settings(values: Mapping[str, Any]) -> TransparencySettings:
    known = {each.name for each in fields(TransparencySettings)}
    sizes: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items() if key in known}
    try:
        return TransparencySettings(**sizes)
    except TypeError as error:
        raise InputError(f"These settings make no transparency networks ({str(error)[:200]}).") from error
