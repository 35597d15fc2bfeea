"""What fewer steps and caches save, and what they cost: against the full schedule of the same model, the same seeds and pictures."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from liwi.layering.loading import LayeredModel
from liwi.layering.pictures import Picture
from liwi.layering.request import LayeredPicture, LayeringRequest
from liwi.layering.sampling import Cache, Sampling

HEADER = "| schedule | seconds | of the full | colour differs by (L1) | alpha agrees (soft IoU) |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A schedule beside the full one.

    Attributes:
        name: in words.
        seconds: per picture.
        share: of the full schedule's time.
        rgb_l1: mean difference of colour where the full schedule's layers have alpha, in [0, 1].
        alpha_iou: soft intersection over union of the foregrounds' alpha, 1 the same.
    """

    name: str
    seconds: float
    share: float
    rgb_l1: float
    alpha_iou: float


def variants(full: Sampling) -> list[tuple[str, Sampling]]:
    """The schedules that are compared, the full one first."""
    steps = full.steps
    fewer = [(f"{count} steps", replace(full, steps=count)) for count in (steps // 2, 8, 4) if 0 < count < steps]
    caches = [
        (f"{steps} steps, {cache.value.replace('_', ' ')} cache", replace(full, cache=cache)) for cache in Cache if cache is not Cache.NONE
    ]
    unguided = [(f"{steps} steps without guidance", replace(full, guidance=1.0))] if full.guidance > 1 else []
    return [(f"{steps} steps", full), *fewer, *caches, *unguided]


def compare(
    model: LayeredModel, pictures: Sequence[Picture], *, steps: int = 50, num_layers: int = 2, seed: int = 0
) -> Iterator[Comparison]:
    """Take every picture apart by every schedule.

    Args:
        model: sampled with its own guidance and resolution.
        pictures: one after another.
        steps: of the full schedule.
        num_layers: the background included.
        seed: of all.
    """
    reference: list[LayeredPicture] = []
    whole = 0.0
    for name, sampling in variants(model.card.sampling.with_steps(steps)):
        started = time.perf_counter()
        found = [
            model.pipeline(LayeringRequest([picture], num_layers, captions="", seeds=seed, sampling=sampling))[0] for picture in pictures
        ]
        seconds = (time.perf_counter() - started) / len(pictures)
        reference, whole = reference or found, whole or seconds
        pairs = list(zip(found, reference, strict=True))
        differences = [_rgb_l1(each.layers, truth.layers) for each, truth in pairs]
        agreements = [_alpha_iou(each.layers[1:, 3], truth.layers[1:, 3]) for each, truth in pairs]
        yield Comparison(name, seconds, seconds / whole, sum(differences) / len(pairs), sum(agreements) / len(pairs))


def as_markdown(line: Comparison) -> str:
    """A line of the table."""
    return f"| {line.name} | {line.seconds:.2f} | {line.share:.0%} | {line.rgb_l1:.4f} | {line.alpha_iou:.4f} |"


def _rgb_l1(layers: torch.Tensor, truth: torch.Tensor) -> float:
    shown = truth[:, 3:]
    return float(((layers[:, :3] - truth[:, :3]).abs() * shown).sum() / (3 * shown.sum()).clamp(min=1e-6))


def _alpha_iou(alpha: torch.Tensor, truth: torch.Tensor) -> float:
    return float(torch.minimum(alpha, truth).sum() / torch.maximum(alpha, truth).sum().clamp(min=1e-6))
