"""The networks that the transparency objective trains: VAE, transparency decoder, offset encoder, and a PatchGAN that judges them."""

import math
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from torch import Tensor, nn
from torch.func import functional_call

from liwi.errors import LiwiError
from liwi.limits import Range
from liwi.seethrough.published_folders import load_vae
from liwi.seethrough.published_settings import DEPTH_LATENT_SCALE
from liwi.seethrough.transparency import OFFSET_SCALE, TransparencySettings, TransparencyUNet, TransparentVAE
from training.errors import JobError
from training.objectives.settling import even_out, settle

_GROUPS = 4
"""Of a fresh VAE's normalisation: few, since a channel that is normalised by itself forgets how bright it was."""

SPREAD = 1 / DEPTH_LATENT_SCALE
"""Deviation of a fresh VAE's latents, as those of the published ones: the pseudo-depth divides by it."""


@dataclass(frozen=True, slots=True)
class TransparencyModel:
    """The job's table ``[model]`` of the transparency objective.

    Attributes:
        vae: folder of a VAE in diffusers' format (AutoencoderKL), which stays as it is; empty for a small one that is trained as well.
        start_from: folder of transparency networks to begin with (published, or an earlier export's trans_vae); empty for fresh ones.
        vae_widths: channels of a fresh VAE at full size, half, a quarter, ...
        vae_layers: its residual blocks per size.
        latent_channels: of a fresh VAE; published ones have 4, small pictures, of which every pixel counts, need more.
        widths, layers, attention_from, head_width, groups, offset_widths: of fresh transparency networks, see `TransparencySettings`.
        discriminator: channels of the PatchGAN at half size, a quarter, ...
        adversarial: how much it counts that the PatchGAN takes what is made for real; 0 leaves it out.
        offset: share of the pictures that are put into the latent space by the offset encoder.
        kl: pull of a fresh VAE's latents towards the normal distribution.
        unseen: how much colours count where alpha is 0, beside those that are seen; 1 as in the paper.
    """

    vae: str = ""
    start_from: str = ""
    vae_widths: Annotated[tuple[int, ...], Range(8, 1024, multiple=8)] = (16, 32, 64)
    vae_layers: Annotated[int, Range(1, 4)] = 1
    latent_channels: Annotated[int, Range(4, 32)] = 4
    widths: Annotated[tuple[int, ...], Range(4, 1024, multiple=4)] = (32, 32, 64, 128, 256, 512, 512)
    layers: Annotated[int, Range(1, 4)] = 2
    attention_from: Annotated[int, Range(0, 12)] = 4
    head_width: Annotated[int, Range(1, 256)] = 8
    groups: Annotated[int, Range(1, 64)] = 4
    offset_widths: Annotated[tuple[int, ...], Range(1, 1024)] = (32, 64, 128, 256)
    discriminator: Annotated[tuple[int, ...], Range(4, 1024, multiple=4)] = (64, 128, 256)
    adversarial: Annotated[float, Range(0, 10)] = 0.01
    offset: Annotated[float, Range(0, 1)] = 0.25
    kl: Annotated[float, Range(0, 1)] = 1e-6
    unseen: Annotated[float, Range(0, 1, above=True)] = 1.0

    def __post_init__(self) -> None:
        if not self.vae and len(self.vae_widths) != len(self.offset_widths):
            raise JobError(
                f"The keys 'model.vae_widths' and 'model.offset_widths' must have as many numbers, got {len(self.vae_widths)} and "
                f"{len(self.offset_widths)}: both end at the latent's size."
            )
        _ = self.settings  # says what cannot be

    @property
    def settings(self) -> TransparencySettings:
        """Of fresh transparency networks."""
        sizes = (self.widths, self.layers, self.attention_from, self.head_width, self.groups, self.offset_widths)
        return TransparencySettings(*sizes, latent_channels=4 if self.vae else self.latent_channels)


class PatchCritic(nn.Module):
    """A PatchGAN: for each patch of a picture, how real it looks.

    Args:
        widths: channels at half size, a quarter, ...
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(4, widths[0], 4, 2, 1), nn.LeakyReLU(0.2)]
        for fine, coarse in pairwise(widths):
            layers += [nn.Conv2d(fine, coarse, 4, 2, 1), nn.GroupNorm(4, coarse), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, argb_B4HW: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
        """(B, 4, H, W) in [0, 1], alpha first, to (B, 1, h, w): above 0 for real. Colours are seen as far as alpha shows them."""
        alpha = argb_B4HW[:, :1]
        answer: Tensor = self.layers(torch.cat([alpha, argb_B4HW[:, 1:] * alpha], 1) * 2 - 1)
        return answer


class TransparencyTraining(nn.Module):
    """All networks, so that the loop has one to call.

    Args:
        vae: learns where ``learn_vae`` is set: its latents from all losses, what it draws from its own colours alone.
        transparency: learns.
        critic: learns what is real; None where nobody judges.
    """

    def __init__(self, vae: AutoencoderKL, transparency: TransparentVAE, critic: PatchCritic | None, *, learn_vae: bool) -> None:
        super().__init__()
        self.vae, self.transparency, self.critic = vae, transparency, critic
        vae.requires_grad_(learn_vae)

    @torch.no_grad()
    def loudness(self, deviation: float) -> None:
        """Give latents of some ``deviation`` that of `SPREAD`, without changing a picture: what makes and what reads them is scaled."""
        channels, factor = int(self.vae.config["latent_channels"]), SPREAD / deviation
        self.vae.quant_conv.weight[:channels] *= factor
        self.vae.quant_conv.bias[:channels] *= factor
        self.vae.quant_conv.bias[channels:] += 2 * math.log(factor)
        self.vae.post_quant_conv.weight /= factor
        cast(TransparencyUNet, self.transparency.decoder.model).latent_conv_in.weight /= factor
        self.vae.register_to_config(scaling_factor=1 / SPREAD)

    def forward(self, argb_B4HW: Tensor, offset_B: Tensor) -> dict[str, Tensor]:  # noqa: N803
        """Into the latent space and back.

        Args:
            argb_B4HW: (B, 4, H, W) in [0, 1], alpha first, colours padded.
            offset_B: (B,), 1 where the offset encoder puts the latent into its place, 0 where it is drawn.

        Returns:
            ``seen``, ``pixels``: what the VAE is given and gives, in [-1, 1]; ``mean``, ``log_variance`` of the latents; ``argb``: what
            the decoder makes; and where there is a critic its answers: ``fooled``, through which only the decoder learns, ``real`` and
            ``made``, through which only the critic does.
        """
        seen = (argb_B4HW[:, 1:] * 2 - 1) * argb_B4HW[:, :1]
        posterior = DiagonalGaussianDistribution(self.vae.quant_conv(self.vae.encoder(seen)))
        placed = posterior.mean + posterior.std * self.transparency.encoder.model(argb_B4HW) * OFFSET_SCALE
        latent = torch.where(offset_B.view(-1, 1, 1, 1) > 0, placed, posterior.sample())
        pixels = self.vae.decoder(self.vae.post_quant_conv(latent))
        argb = self.transparency.decoder.model(pixels.detach() * 0.5 + 0.5, latent)  # what the VAE draws stays colours alone
        answer = {"seen": seen, "pixels": pixels, "mean": posterior.mean, "log_variance": posterior.logvar, "argb": argb}
        if self.critic is not None:
            unmoved = {name: value.detach() for name, value in self.critic.named_parameters()}
            answer["fooled"] = functional_call(self.critic, unmoved, (argb,))
            answer["real"], answer["made"] = self.critic(argb_B4HW), self.critic(argb.detach())
        return answer


def build_networks(settings: TransparencyModel, argb_B4HW: Tensor) -> TransparencyTraining:  # noqa: N803
    """Fresh networks, or those that the job names.

    Args:
        settings: of the job.
        argb_B4HW: (B, 4, H, W), some pictures, on which a fresh VAE is settled.

    Raises:
        JobError: there are no such networks, or they do not fit each other.
    """
    vae = read_vae(settings.vae) if settings.vae else fresh_vae(settings, argb_B4HW)
    transparency = _transparency(settings)
    if len(vae.config["block_out_channels"]) != len(transparency.settings.offset_widths):
        raise JobError(
            f"The VAE halves the sides {len(vae.config['block_out_channels']) - 1} times, the offset encoder "
            f"{len(transparency.settings.offset_widths) - 1} times (key 'model.offset_widths'): they must reach one size."
        )
    critic = PatchCritic(settings.discriminator) if settings.adversarial else None
    return TransparencyTraining(vae, transparency, critic, learn_vae=not settings.vae)


def fresh_vae(settings: TransparencyModel, argb_B4HW: Tensor) -> AutoencoderKL:  # noqa: N803
    """A small VAE of SDXL's kind, settled on some pictures."""
    count = len(settings.vae_widths)
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * count,
        up_block_types=("UpDecoderBlock2D",) * count,
        block_out_channels=settings.vae_widths,
        layers_per_block=settings.vae_layers,
        norm_num_groups=_GROUPS,
        latent_channels=settings.latent_channels,
        scaling_factor=1 / SPREAD,
    )
    seen = (argb_B4HW[:, 1:] * 2 - 1) * argb_B4HW[:, :1]
    even_out(vae)
    settle(vae, lambda: vae.encode(seen).latent_dist.mode(), channels=settings.latent_channels, spread=SPREAD)
    return vae


def read_vae(folder: str) -> AutoencoderKL:
    """A VAE from a folder.

    Raises:
        JobError: there is none.
    """
    try:
        return load_vae(Path(folder))
    except LiwiError as error:
        raise JobError(
            f"The key 'model.vae' names {folder!r}, where there is no VAE ({error}) Train a small one with "
            "training/jobs/transparency_tiny.toml, or get the folder vae of a published checkpoint."
        ) from error


def _transparency(settings: TransparencyModel) -> TransparentVAE:
    if settings.start_from:
        try:
            return TransparentVAE.from_pretrained(settings.start_from, dtype=torch.float32)
        except LiwiError as error:
            raise JobError(f"The key 'model.start_from' names {settings.start_from!r}: {error}") from error
    fresh = TransparentVAE(settings.settings)
    last = cast(nn.Conv2d, cast(nn.Sequential, fresh.encoder.model.blocks)[-1])
    nn.init.zeros_(last.weight)  # begins with no offset: what it says is multiplied by 300
    if last.bias is not None:
        nn.init.zeros_(last.bias)
    return fresh
