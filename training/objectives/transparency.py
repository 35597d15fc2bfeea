"""The transparency objective (paper 2, section 4.1.1): layers with alpha out of a latent space that knows only colours.

Loss: equation 1, the squared errors of padded colours and of alpha and 0.01 times what a PatchGAN says; and, so that latents that the
offset encoder has put in place still are what the VAE can draw, the squared error of the VAE's own colours. A published VAE stays
untouched; where none is at hand, a small one learns along: what it draws by the last of these alone, its latents by all of them and a
weak pull towards the normal distribution.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from data_tools.character_dataset import Split
from liwi.evaluation.pictures import on_checkerboard
from liwi.imaging.compositing import to_uint8
from liwi.limits import OneOf, Range
from training.errors import JobError
from training.job import Job, read_table
from training.objectives.part_pictures import argb_of, opaque, padded
from training.objectives.part_scores import PartScores
from training.objectives.part_views import PartViews, View
from training.objectives.transparency_networks import TransparencyModel, TransparencyTraining, build_networks

UInt8 = NDArray[np.uint8]

_CRITIC_SHARE = 0.01
"""Of the PatchGAN's own loss in the sum. Adam does not mind, but its gradients would have all others clipped away."""

_STATISTICS_PICTURES = 256
_DECODED = 16


@dataclass(frozen=True, slots=True)
class TransparencyData:
    """The job's table ``[data]`` of the transparency objective.

    Attributes:
        version: classes of the parts: "v2", 19 on one view; or "v3", 13 of the body and 11 of the head.
        resolution: side of the views in pixels.
        mirror: whether each view comes mirrored, too.
        pictures: how many pictures are taken of each view: parts, and now and then the page.
        whole: share of them that are the page, or the figure before black.
        opaque: share that are padded colours without alpha, as the pseudo-depth's VAE sees parts.
        measure: which samples are measured: "validation", or "train", to see what can be learnt by heart.
        evaluation_samples: at most so many views are measured.
    """

    version: Annotated[str, OneOf("v2", "v3")] = "v2"
    resolution: Annotated[int, Range(16, 2048, multiple=8)] = 1024
    mirror: bool = False
    pictures: Annotated[int, Range(1, 64)] = 4
    whole: Annotated[float, Range(0, 1)] = 0.15
    opaque: Annotated[float, Range(0, 1)] = 0.0
    measure: Annotated[str, OneOf("validation", "train")] = "validation"
    evaluation_samples: Annotated[int, Range(1)] = 16


class TransparencyObjective:
    """`training.objectives.Objective`. Its export, ``vae`` and ``trans_vae``, is part of a part diffusion and never served alone."""

    kind = "part_diffusion"
    needed_by = "part_diffusion"
    metric = "dice_loss"
    lower_is_better = frozenset({"dice_loss", "dice_loss_all", "extra"})

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:  # noqa: ARG004 (the same for all)
        """See `training.objectives.tables_of`."""
        return {"model": (TransparencyModel,), "data": (TransparencyData,)}

    def __init__(self, job: Job) -> None:
        self._settings = read_table(TransparencyModel, job.model, "model")
        self._data = read_table(TransparencyData, job.data, "data")
        multiple = self._settings.settings.multiple
        if self._data.resolution % multiple:
            raise JobError(
                f"The key 'data.resolution' must be a multiple of {multiple} for these 'model.widths', got {self._data.resolution}."
            )
        self._views = PartViews(Path(job.dataset), self._data.version, self._data.resolution)
        self._plans = self._views.plan(Split.TRAIN, mirrored=self._data.mirror)
        measured = self._plans if self._data.measure == "train" else self._views.plan(Split.VALIDATION)
        self._measured = [plan for plan in measured if not plan.mirrored][: self._data.evaluation_samples]

    @property
    def num_samples(self) -> int:
        """Views to train with."""
        return len(self._plans)

    def build(self) -> nn.Module:
        """See `build_networks`."""
        return build_networks(self._settings, padded(torch.stack(_pictures(self._views.read(self._plans[0])))))

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """``argb`` (B, 4, S, S) uint8, alpha first; ``opaque`` (B,), where alpha is left out; ``offset`` (B,)."""
        views = [self._views.read(self._plans[int(index)]) for index in indices]
        chosen = [self._choose(view, rng) for view in views for _ in range(self._data.pictures)]
        chance = rng.random((2, len(chosen)))
        opaque, offset = chance[0] < self._data.opaque, chance[1] < self._settings.offset
        return {"argb": torch.stack(chosen), "opaque": torch.from_numpy(opaque), "offset": torch.from_numpy(offset)}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See the module's text; ``critic`` is what the PatchGAN learns by, and part of the sum."""
        argb = padded(batch["argb"])
        argb = torch.cat([torch.where(batch["opaque"].view(-1, 1, 1, 1), torch.ones_like(argb[:, :1]), argb[:, :1]), argb[:, 1:]], 1)
        found = {name: value.float() for name, value in model(argb, batch["offset"].float()).items()}
        seen = self._settings.unseen + (1 - self._settings.unseen) * argb[:, :1]
        seen = seen / seen.mean()
        losses = {
            "color": ((found["argb"][:, 1:] - argb[:, 1:]).square() * seen).mean(),
            "alpha": functional.mse_loss(found["argb"][:, :1], argb[:, :1]),
            "vae": ((found["pixels"] - found["seen"]).square() * seen).mean(),
        }
        total = losses["color"] + losses["alpha"] + losses["vae"]
        if not self._settings.vae:
            log_variance = found["log_variance"]
            losses["kl"] = 0.5 * (found["mean"].square() + log_variance.exp() - 1 - log_variance).mean()
            total = total + self._settings.kl * losses["kl"]
        if "fooled" in found:
            losses["adversarial"] = -found["fooled"].mean()
            losses["critic"] = (functional.relu(1 - found["real"]) + functional.relu(1 + found["made"])).mean()
            total = total + self._settings.adversarial * losses["adversarial"] + _CRITIC_SHARE * losses["critic"]
        return {"loss": total, **losses}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """`PartScores.metrics` of the parts of measured views after encoding, without the offset, and decoding as in the pipeline."""
        scores = PartScores()
        for plan in self._measured:
            layers = self._views.read(plan).layers
            scores.add(self._there_and_back(model, layers), layers)
        return scores.metrics()

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, NDArray[np.uint8]]:
        """The parts of one measured view above, what became of them below."""
        layers = self._views.read(self._measured[0]).layers
        found = self._there_and_back(model, layers)
        rows = [np.concatenate([on_checkerboard(each[tag]) for tag in layers], axis=1) for each in (layers, found)]
        return {"measured": np.concatenate(rows)}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:  # noqa: ARG002 (part of the protocol)
        """``vae`` in diffusers' format and ``trans_vae`` in the published one; latents of a fresh VAE made as loud as published ones."""
        networks = cast(TransparencyTraining, model)
        if not self._settings.vae:
            networks.loudness(self._deviation(networks))
        networks.vae.save_pretrained(folder / "vae")
        networks.transparency.save_pretrained(folder / "trans_vae")

    def _choose(self, view: View, rng: np.random.Generator) -> Tensor:
        whole = rng.random() < self._data.whole
        pictures = [view.page, opaque(view.figure)] if whole or not view.layers else list(view.layers.values())
        return argb_of(pictures[int(rng.integers(len(pictures)))])

    def _there_and_back(self, model: nn.Module, layers: Mapping[str, UInt8]) -> dict[str, UInt8]:
        networks, pictures = cast(TransparencyTraining, model), [argb_of(rgba) for rgba in layers.values()]
        device, found = next(model.parameters()).device, []
        generator = torch.Generator(device).manual_seed(0)
        for start in range(0, len(pictures), _DECODED):
            argb = padded(torch.stack(pictures[start : start + _DECODED]).to(device))
            latent = networks.transparency.encode(networks.vae, argb, use_offset=False, generator=generator)
            found += list(networks.transparency.decode(networks.vae, latent).float().cpu().permute(0, 2, 3, 1).numpy())
        return {tag: to_uint8(np.roll(argb, -1, -1)) for tag, argb in zip(layers, found, strict=True)}

    @torch.no_grad()
    def _deviation(self, networks: TransparencyTraining) -> float:
        """Of the latents of some training pictures."""
        some = self._plans[:: max(1, len(self._plans) * 16 // _STATISTICS_PICTURES)]
        latents = []
        for plan in some:
            argb = padded(torch.stack(_pictures(self._views.read(plan))))
            latents.append(networks.transparency.encode(networks.vae, argb.to(networks.vae.device), use_offset=False).flatten().double())
        return float(torch.cat(latents).std().clamp(min=1e-3))


def _pictures(view: View) -> list[Tensor]:
    return [argb_of(each) for each in (view.page, opaque(view.figure), *view.layers.values())]
