"""The RGBA VAE objective: a small autoencoder for layered pictures, where the published one is not at hand or too large.

It gets to see whatever the layered model encodes: sources, backgrounds, foregrounds sound and degraded, shadows S and prompts. Loss:
absolute error of colour, which counts less where there is no alpha, and of alpha; and a weak pull towards the normal distribution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch
from diffusers import AutoencoderKLQwenImage
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from numpy.typing import NDArray
from torch import Tensor, nn

from data_tools.dataset import read_sample
from liwi.layering.components import build_vae
from liwi.layering.latents import LatentCodec
from liwi.layering.shadow_target import composite, shadow_of, shadow_picture
from liwi.layering.single_frame import quicken
from liwi.limits import Range
from training.batches import bucket_numbers
from training.errors import JobError
from training.job import Job, read_table
from training.objectives.layering_data import LayeredData
from training.objectives.layering_samples import Plan, Variant, make_variant, plan_variants, to_pixels
from training.objectives.settling import even_out, settle

_ALPHA_WEIGHT = 1.0
_UNSEEN_WEIGHT = 0.1
"""How much colour counts where alpha is 0."""

_KEPT = 1024
"""Variants kept in memory."""

_EVALUATION_BATCH = 16
_STATISTICS_PICTURES = 512


@dataclass(frozen=True, slots=True)
class VaeModel:
    """The job's table ``[model]``.

    Attributes:
        base_dim: channels at full size.
        dim_mult: multiples of it, one per size; each after the first halves the sides.
        z_dim: channels of a latent.
        num_res_blocks: residual blocks per size.
        kl: weight of the pull towards the normal distribution.
    """

    base_dim: Annotated[int, Range(4, 256)] = 16
    dim_mult: Annotated[tuple[int, ...], Range(1, 16)] = (1, 2, 4)
    z_dim: Annotated[int, Range(1, 64)] = 16
    num_res_blocks: Annotated[int, Range(1, 4)] = 1
    kl: Annotated[float, Range(0, 1)] = 1e-6

    def __post_init__(self) -> None:
        if not 2 <= len(self.dim_mult) <= 5:
            raise JobError("The key 'model.dim_mult' is a list of two to five numbers from 1 to 16.")

    @property
    def settings(self) -> dict[str, Any]:
        """For `build_vae`."""
        halvings = len(self.dim_mult) - 1
        return {
            "base_dim": self.base_dim,
            "z_dim": self.z_dim,
            "dim_mult": list(self.dim_mult),
            "num_res_blocks": self.num_res_blocks,
            "temperal_downsample": [False] * halvings,
            "input_channels": 4,
            "latents_mean": [0.0] * self.z_dim,
            "latents_std": [1.0] * self.z_dim,
        }


class RgbaVaeObjective:
    """`training.objectives.Objective` for the VAE. Its export, a folder ``vae``, is part of a layered checkpoint and never served alone."""

    kind = "layering"
    needed_by = "layering"
    metric = "alpha_iou"
    lower_is_better = frozenset({"rgb_l1", "shadow_l1"})

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:  # noqa: ARG004 (the same for all)
        """See `training.objectives.tables_of`."""
        return {"model": (VaeModel,), "data": (LayeredData,)}

    def __init__(self, job: Job) -> None:
        self._settings = read_table(VaeModel, job.model, "model")
        self._data = read_table(LayeredData, job.data, "data")
        self._dataset = Path(job.dataset)
        variants = self._data.variant_settings
        self._plans = plan_variants(self._dataset, variants, held_out=self._data.held_out, purpose="train")
        measured = plan_variants(self._dataset, variants, held_out=self._data.held_out, purpose="measure")
        self._measured = measured[: self._data.evaluation_samples]
        self._read = lru_cache(maxsize=_KEPT)(self._make)

    @property
    def num_samples(self) -> int:
        """Variants to train with."""
        return len(self._plans)

    @property
    def buckets(self) -> NDArray[np.int64]:
        """By size and number of frames."""
        return bucket_numbers([plan.shape for plan in self._plans])

    def build(self) -> nn.Module:
        """A fresh VAE; see `training.objectives.settling`."""
        vae, pictures = quicken(build_vae(self._settings.settings)), self._read(self._plans[0])
        even_out(vae)
        settle(vae, lambda: vae.encode(pictures[:, :, None]).latent_dist.mode(), channels=self._settings.z_dim)
        return _Reconstruction(vae)

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """One frame of each variant, by chance, mirrored by chance."""
        chosen = []
        for index in indices:
            frames = self._read(self._plans[int(index)])
            frame = frames[int(rng.integers(len(frames)))]
            chosen.append(frame.flip(-1) if rng.random() < 0.5 else frame)
        return {"pixels": torch.stack(chosen)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See the module's text."""
        pixels = batch["pixels"]
        answer, mean, log_variance = model(pixels)
        difference = (answer.float() - pixels).abs()
        seen = _UNSEEN_WEIGHT + (1 - _UNSEEN_WEIGHT) * (pixels[:, 3:] + 1) / 2
        color, alpha = (difference[:, :3] * seen).mean(), difference[:, 3].mean()
        kl = 0.5 * (mean.float().square() + log_variance.float().exp() - 1 - log_variance.float()).mean()
        return {"loss": color + _ALPHA_WEIGHT * alpha + self._settings.kl * kl, "color": color, "alpha": alpha, "kl": kl}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """What encoding and decoding cost held-out layers: RGB L1 where there is alpha, alpha soft IoU, and the error of S."""
        codec = LatentCodec(cast(_Reconstruction, model).vae)
        device = next(model.parameters()).device
        color, iou, shadow = [], [], []
        for plan in self._measured:
            frames = self._make(plan)
            answer = codec.decode(codec.encode(frames.to(device))).float().cpu()
            difference = (answer - frames).abs()[:, :3].mean(dim=1) / 2
            alpha, found = ((each[:, 3] + 1) / 2 for each in (frames, answer))
            places = range(1, len(plan.chosen) + 2)  # background and foregrounds
            color += [float(difference[place][alpha[place] > 0].mean()) for place in places]
            least, most = torch.minimum(alpha, found).sum(dim=(1, 2)), torch.maximum(alpha, found).sum(dim=(1, 2))
            iou += [float(least[place] / most[place]) for place in places[1:]]
            shadow.append(float(difference[-1].mean()) * 2)
        return {"alpha_iou": float(np.mean(iou)), "rgb_l1": float(np.mean(color)), "shadow_l1": float(np.mean(shadow))}

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """The frames of one held-out variant above, what became of them below; colours alone."""
        frames = self._make(self._measured[0])
        codec = LatentCodec(cast(_Reconstruction, model).vae)
        answer = codec.decode(codec.encode(frames.to(next(model.parameters()).device))).float().cpu()
        rows = [torch.cat(list(each), dim=2) for each in (frames[:, :3], answer[:, :3], frames[:, 3:].expand(-1, 3, -1, -1))]
        rows.append(torch.cat(list(answer[:, 3:].expand(-1, 3, -1, -1)), dim=2))
        return {"held_out": ((torch.cat(rows, dim=1).permute(1, 2, 0) + 1) * 127.5).round().to(torch.uint8).numpy()}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:  # noqa: ARG002 (part of the protocol)
        """The VAE in diffusers' format, with mean and deviation of its latents over the training pictures."""
        vae = cast(_Reconstruction, model).vae
        mean, deviation = self._statistics(vae)
        vae.register_to_config(latents_mean=mean, latents_std=deviation)
        vae.save_pretrained(folder / "vae")

    @torch.no_grad()
    def _statistics(self, vae: AutoencoderKLQwenImage) -> tuple[list[float], list[float]]:
        """Mean and deviation of every channel of the latents."""
        some = self._plans[:: max(1, len(self._plans) * 4 // _STATISTICS_PICTURES)]
        encoded = [vae.encode(self._read(plan)[:, :, None].to(vae.device)).latent_dist.mode()[:, :, 0] for plan in some]
        latents = torch.cat([each.transpose(0, 1).flatten(1) for each in encoded], dim=1).double()
        return latents.mean(dim=1).tolist(), latents.std(dim=1).clamp(min=1e-3).tolist()

    def _make(self, plan: Plan) -> Tensor:
        """(N, 4, H, W) float32 in [-1, 1]: all frames of a variant, see `frames_of`."""
        return frames_of(make_variant(read_sample(self._dataset, plan.sample), plan, self._data.variant_settings))


def frames_of(variant: Variant) -> Tensor:
    """Source, background, foregrounds, degraded foregrounds, the prompt where there is one, S last: (N, 4, H, W) float32 in [-1, 1]."""
    layers = torch.stack([to_pixels(each) for each in (variant.background, *variant.foregrounds)])
    source = to_pixels(variant.source)
    shadow = shadow_picture(shadow_of(source[None], composite(layers[None])))
    rest = [to_pixels(each) for each in (*variant.degraded, *(() if variant.prompt is None else (variant.prompt,)))]
    return torch.cat([source[None], layers, torch.stack(rest), shadow])


class _Reconstruction(nn.Module):
    """A VAE whose call is encoding, drawing and decoding, as the loop and its processes need it.

    Args:
        vae: of 4 channels.
    """

    def __init__(self, vae: AutoencoderKLQwenImage) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 4, H, W) -> the same reconstructed, mean and log-variance of the latents."""
        posterior = DiagonalGaussianDistribution(self.vae.quant_conv(self.vae.encoder(pixels[:, :, None])))
        answer = self.vae.decoder(self.vae.post_quant_conv(posterior.sample()))[
            :, :, 0
        ]  # `decode` cuts off, and what is cut off learns nothing
        return answer, posterior.mean, posterior.logvar
