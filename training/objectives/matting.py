"""The matting objective: teach `liwi.experts.matting_network` to correct the classical answer, and to do without it.

Of every sample with a prior the network sees, by chance, the first answer without marks, the corrected one with them, or none at all; of
the others none. Loss: cross-entropy, soft IoU, and alpha's slope along the edge; cross-entropy counts more where the prior is wrong, and at
marks.
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

from data_tools.matting.dataset import Shard, open_shards, read_manifest
from data_tools.matting.objects import Purpose
from liwi.experts.matting_network import MattingNetwork, prior_logits, stack_inputs
from liwi.experts.unet import UNetSettings
from liwi.experts.weights import save_weights
from liwi.limits import Range
from training.errors import JobError
from training.job import Job, read_table

UInt8 = NDArray[np.uint8]

_EVALUATION_BATCH = 16
_PICTURES = 8


@dataclass(frozen=True, slots=True)
class MattingData:
    """The job's table ``[data]``.

    Attributes:
        forget_prior: share of the samples with a prior of which the network sees none.
        repeat_prior: how often a sample with a prior comes for each time that one without does; priors are dear, so few have one.
        color: strength of brightness, contrast and colour changes; 0 changes nothing.
        wrong_weight: how much more a pixel counts where the prior is wrong.
        evaluation_samples: at most so many held-out samples are measured.
    """

    forget_prior: Annotated[float, Range(0, 1)] = 0.15
    repeat_prior: Annotated[int, Range(1, 100)] = 1
    color: Annotated[float, Range(0, 1)] = 0.2
    wrong_weight: Annotated[float, Range(0, 1000)] = 2.0
    evaluation_samples: Annotated[int, Range(1)] = 384


class MattingObjective:
    """`training.objectives.Objective` for the matting network."""

    kind = "matting"
    metric = "alpha_iou"
    lower_is_better = frozenset({"error"})

    @staticmethod
    def tables(model: Mapping[str, Any]) -> Mapping[str, tuple[type, ...]]:  # noqa: ARG004 (there is one network)
        """See `training.objectives.tables_of`."""
        return {"model": (UNetSettings,), "data": (MattingData,)}

    def __init__(self, job: Job) -> None:
        self._settings = read_table(UNetSettings, job.model, "model")
        self._data = read_table(MattingData, job.data, "data")
        self._dataset = Path(job.dataset)
        self._training = _Samples(open_shards(self._dataset, Purpose.TRAIN))
        self._held_out = _Samples(open_shards(self._dataset, Purpose.EVALUATION))
        self._places = self._training.places(self._data.repeat_prior)
        if self._settings.multiple > self._training.side or self._training.side % self._settings.multiple:
            raise JobError(
                f"The key 'model.widths' has {len(self._settings.widths)} entries: sides must then be multiples of "
                f"{self._settings.multiple}, and the samples have {self._training.side}."
            )

    @property
    def num_samples(self) -> int:
        """Training samples, those with a prior counted as often as they come."""
        return len(self._places)

    def build(self) -> nn.Module:
        """A fresh `MattingNetwork`."""
        return MattingNetwork(self._settings)

    def batch(self, indices: NDArray[np.int64], rng: np.random.Generator) -> dict[str, Tensor]:
        """Samples as they are stored, and how each is to be mirrored, turned and recoloured, and which of its priors it shows.

        The pictures themselves are changed by `loss`, where the network is: a GPU does in a millisecond what would keep it waiting here.
        """
        pixels, boxes, has_prior = self._training.read(self._places[indices])
        seen = has_prior & (rng.random(len(indices)) >= self._data.forget_prior)
        corrected = seen & (rng.random(len(indices)) < 0.5)
        tables = _color_tables(len(indices), self._data.color, rng)
        turns, mirrored = rng.integers(0, 4, len(indices)), rng.random(len(indices)) < 0.5
        turns[rng.random(len(indices)) < 0.7] = 0  # most things stand upright
        change = {"tables": torch.from_numpy(tables), "turns": torch.from_numpy(turns), "mirrored": torch.from_numpy(mirrored)}
        return {**_stored(pixels, boxes, seen, corrected), **change}

    def loss(self, model: nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Cross-entropy, soft IoU and slope; see the module's text."""
        fields = planes_of(batch)
        logits = _forward(model, fields).float()
        alpha, support = fields["alpha"], fields["support"]
        wrong = ((fields["prior"] > 0.5) != (alpha > 0.5)).float() * fields["has_prior"]
        weight = support * (1 + self._data.wrong_weight * wrong + 4 * (fields["marks"] > 0))
        entropy = (functional.binary_cross_entropy_with_logits(logits, alpha, reduction="none") * weight).sum() / weight.sum()
        probability = torch.sigmoid(logits) * support
        iou = 1 - _soft_iou(probability, alpha).mean()
        slope = (_slope(probability) - _slope(alpha)).abs().mean() * 4
        return {"loss": entropy + iou + slope, "entropy": entropy, "iou": iou, "slope": slope}

    @torch.no_grad()
    def evaluate(self, model: nn.Module) -> dict[str, float]:
        """Mean alpha soft IoU with the prior, after its correction by clicks, and without it; and of the priors themselves.

        The priors are measured as masks, since that is how they are used; ``mask_iou`` is the network's answer measured so.
        """
        count = min(len(self._held_out), self._data.evaluation_samples)
        device = next(model.parameters()).device
        sums: dict[str, list[Tensor]] = {}
        for first in range(0, count, _EVALUATION_BATCH):
            pixels, boxes, has_prior = self._held_out.read(np.arange(first, min(count, first + _EVALUATION_BATCH)))
            marked = has_prior & (pixels[..., 6].reshape(len(pixels), -1).max(axis=1) > 0)
            nothing = np.zeros_like(has_prior)
            for name, seen, corrected, chosen in (
                ("alpha_iou", has_prior, nothing, has_prior),
                ("clicked_iou", marked, marked, marked),
                ("blind_iou", nothing, nothing, ~nothing),
            ):
                if not chosen.any():
                    continue
                stored = _stored(pixels[chosen], boxes[chosen], seen[chosen], corrected[chosen])
                fields = planes_of({key: value.to(device) for key, value in stored.items()})
                answer = torch.sigmoid(_forward(model, fields).float()) * fields["support"]
                sums.setdefault(name, []).append(_soft_iou(answer, fields["alpha"]))
                if name == "alpha_iou":
                    sums.setdefault("mask_iou", []).append(_soft_iou((answer > 0.5).float(), fields["alpha"]))
                    sums.setdefault("error", []).append((answer - fields["alpha"]).abs().mean(dim=(1, 2, 3)))
                if name != "blind_iou":
                    prior = ((fields["prior"] > 0.5) * fields["support"]).float()
                    sums.setdefault(f"prior_{name}", []).append(_soft_iou(prior, fields["alpha"]))
        return {name: float(torch.cat(values).mean()) for name, values in sums.items()}

    @torch.no_grad()
    def pictures(self, model: nn.Module) -> dict[str, UInt8]:
        """Some held-out samples, one below the other: picture, prior, answer and truth from left to right."""
        pixels, boxes, has_prior = self._held_out.read(np.arange(min(len(self._held_out), _PICTURES)))
        device = next(model.parameters()).device
        stored = _stored(pixels, boxes, has_prior, np.zeros_like(has_prior))
        fields = planes_of({key: value.to(device) for key, value in stored.items()})
        answer = torch.sigmoid(_forward(model, fields).float()) * fields["support"]
        columns = [fields["rgb"], *(plane.expand(-1, 3, -1, -1) for plane in (fields["prior"], answer, fields["alpha"]))]
        rows = torch.cat(columns, dim=3).permute(0, 2, 3, 1).flatten(0, 1)
        return {"held_out": (rows * 255).round().to(torch.uint8).cpu().numpy()}

    def export(self, model: nn.Module, folder: Path, facts: Mapping[str, object]) -> None:
        """Half-precision weights and their description, as `liwi.experts.weights` loads them."""
        manifest = read_manifest(self._dataset)
        made_of = {"licences": manifest.get("licences", {}), "counts": manifest.get("counts", {})}
        save_weights(cast(MattingNetwork, model), folder / "matting_compact", {**facts, "dataset": made_of})


class _Samples:
    """The samples of several shards as one list."""

    def __init__(self, shards: list[Shard]) -> None:
        self._shards = shards
        self._ends = np.cumsum([len(shard.boxes) for shard in shards])
        self.side = shards[0].pixels.shape[1]

    def __len__(self) -> int:
        return int(self._ends[-1])

    def places(self, repeat_prior: int) -> NDArray[np.int64]:
        """Numbers of all samples, those with a prior ``repeat_prior`` times."""
        has_prior = np.concatenate([shard.has_prior for shard in self._shards])
        return np.repeat(np.arange(len(self)), np.where(has_prior, repeat_prior, 1))

    def read(self, indices: NDArray[np.int64]) -> tuple[UInt8, NDArray[np.int64], NDArray[np.bool_]]:
        """Pixels (n, S, S, 8), boxes (n, 4) and whether there is a prior (n,)."""
        places = np.searchsorted(self._ends, indices, side="right")
        starts = np.concatenate([[0], self._ends[:-1]])
        found = [(self._shards[place], int(index - starts[place])) for place, index in zip(places, indices, strict=True)]
        pixels = np.stack([shard.pixels[position] for shard, position in found])
        boxes = np.stack([shard.boxes[position] for shard, position in found])
        return pixels, boxes, np.array([shard.has_prior[position] for shard, position in found])


def _stored(pixels: UInt8, boxes: NDArray[np.int64], seen: NDArray[np.bool_], corrected: NDArray[np.bool_]) -> dict[str, Tensor]:
    """What `planes_of` takes, without any change to the pictures."""
    arrays = {"pixels": pixels, "boxes": boxes, "seen": seen, "corrected": corrected}
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def planes_of(batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Stored samples taken apart, as the network gets to see them; runs where the batch lies.

    Args:
        batch: ``pixels`` (B, S, S, 8) uint8 as `data_tools.matting.samples.CHANNELS`, ``boxes`` (B, 4) int64, and (B,) bool each: ``seen``,
            whether there is a prior to see, and ``corrected``, whether it is the one after the marks. Where they shall be changed,
            ``tables`` (B, 3, 256) uint8: new values of the colours, ``turns`` (B,) int64: quarters, ``mirrored`` (B,) bool.

    Returns:
        ``rgb`` (B, 3, S, S), ``alpha``, ``support``, ``box``, ``prior``, ``marks`` (B, 1, S, S), ``has_prior`` (B, 1, 1, 1): float32 in
        [0, 1], but marks 0, 1 or 2.
    """
    pixels, seen, corrected = batch["pixels"].permute(0, 3, 1, 2), _per_sample(batch["seen"]), _per_sample(batch["corrected"])
    prior = torch.where(corrected, pixels[:, 7:8], pixels[:, 5:6]) * seen
    rgb = _recolor(pixels[:, :3], batch["tables"]) if "tables" in batch else pixels[:, :3]
    planes = torch.cat([rgb, pixels[:, 3:5], _inside(batch["boxes"], pixels.shape[-1]), prior, pixels[:, 6:7] * corrected], dim=1)
    if "turns" in batch:
        planes = torch.where(_per_sample(batch["mirrored"]), planes.flip(3), planes)
        turns = _per_sample(batch["turns"])
        planes = torch.where(turns % 2 == 1, torch.rot90(planes, 1, (2, 3)), planes)
        planes = torch.where(turns >= 2, planes.flip(2, 3), planes)
    scaled = planes[:, :7].float() / 255
    parts = {"rgb": 3, "alpha": 1, "support": 1, "box": 1, "prior": 1}
    split = dict(zip(parts, torch.split(scaled, list(parts.values()), dim=1), strict=True))
    return {**split, "marks": planes[:, 7:].float(), "has_prior": seen.float()}


def _inside(boxes: Tensor, side: int) -> Tensor:
    """255 inside each box: (B, 1, side, side) uint8."""
    place = torch.arange(side, device=boxes.device)
    across = (place >= boxes[:, 0:1]) & (place < boxes[:, 2:3])
    down = (place >= boxes[:, 1:2]) & (place < boxes[:, 3:4])
    return ((down[:, :, None] & across[:, None, :]) * 255).to(torch.uint8)[:, None]


def _color_tables(count: int, strength: float, rng: np.random.Generator) -> UInt8:
    """Gain per channel, gamma and a shift, drawn per sample: what each value becomes, (count, 3, 256) uint8."""
    gain = 1 + strength * rng.uniform(-1, 1, (count, 3, 1)) * 0.5 + strength * rng.uniform(-1, 1, (count, 1, 1))
    gamma = np.exp(strength * rng.uniform(-1, 1, (count, 1, 1)))
    values = (np.arange(256) / 255) ** gamma * gain * 255 + strength * 60 * rng.uniform(-1, 1, (count, 1, 1))
    return np.clip(values, 0, 255).astype(np.uint8)


def _recolor(rgb: Tensor, tables: Tensor) -> Tensor:
    """``rgb`` (B, 3, H, W) uint8 through the tables of `_color_tables`."""
    return torch.gather(tables, 2, rgb.flatten(2).long()).view(rgb.shape)


def _per_sample(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def _forward(model: nn.Module, batch: Mapping[str, Tensor]) -> Tensor:
    inputs = stack_inputs(batch["rgb"], batch["support"], batch["box"], batch["prior"], batch["has_prior"], batch["marks"])
    logits: Tensor = model(inputs, prior_logits(batch["prior"], batch["has_prior"], batch["box"]))
    return logits


def _soft_iou(answer: Tensor, truth: Tensor) -> Tensor:
    """Sum of the lesser over sum of the greater, per sample: (B,)."""
    return torch.minimum(answer, truth).sum(dim=(1, 2, 3)) / torch.maximum(answer, truth).sum(dim=(1, 2, 3)).clamp(min=1.0)


def _slope(alpha: Tensor) -> Tensor:
    across = functional.pad(alpha[..., :, 1:] - alpha[..., :, :-1], (0, 1))
    down = functional.pad(alpha[..., 1:, :] - alpha[..., :-1, :], (0, 0, 0, 1))
    return torch.cat([across, down], dim=1)
