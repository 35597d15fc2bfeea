"""How well a layered model takes samples apart, through the inference pipeline: pairs of layers in their order, as many as there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from liwi.evaluation.metrics import alpha_soft_iou
from liwi.evaluation.pictures import on_checkerboard
from liwi.layering.pipeline import LayeredDiffusionPipeline
from liwi.layering.request import LayeredPicture, LayeringRequest
from liwi.layering.sampling import Sampling
from liwi.layering.shadow_target import Frame0Target, composite, shadow_of
from training.objectives.layering_latents import Encoders, LatentStore
from training.objectives.layering_samples import Plan, Variant, to_pixels

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_BATCH = 8


@dataclass(frozen=True, eq=False)
class Result:
    """One sample taken apart.

    Attributes:
        plan, variant: what was asked.
        picture: what came out.
        metrics: of this sample; see `measure_layers`.
    """

    plan: Plan
    variant: Variant
    picture: LayeredPicture
    metrics: dict[str, float]


@dataclass(frozen=True, eq=False)
class Measured:
    """Results, and the mean of their metrics."""

    results: tuple[Result, ...]
    metrics: dict[str, float]


def measure_layers(
    model: nn.Module, encoders: Encoders, target: Frame0Target, store: LatentStore, plans: Sequence[Plan], *, steps: int
) -> Measured:
    """Take samples apart and compare.

    Args:
        model: the transformer.
        encoders: its VAE and text.
        target: what its frame 0 holds.
        store: gives the pictures of a plan.
        plans: what to measure with.
        steps: of sampling, without guidance.

    Returns:
        ``alpha_iou``: soft IoU of the foregrounds; ``foreground_l1`` and ``rgb_l1``: straight colour against the true one where the true
        alpha is above 0, over foregrounds and over all layers; ``shadow_l1``: S, where it is predicted. Means over samples without a prompt
        and, as ``prompted_...``, with one.
    """
    device = next(model.parameters()).device
    network: Any = model
    pipeline = LayeredDiffusionPipeline(network, encoders.vae, encoders.text, frame0=target, device=device)
    results: list[Result] = []
    for _, alike in groupby(sorted(plans, key=_layout_key), key=_layout_key):
        group = list(alike)
        for first in range(0, len(group), _BATCH):
            results += _take_apart(pipeline, store, group[first : first + _BATCH], steps)
    means: dict[str, float] = {}
    for prefix, chosen in (("", False), ("prompted_", True)):
        some = [result.metrics for result in results if result.plan.prompted == chosen]
        means |= {f"{prefix}{name}": float(np.mean([each[name] for each in some])) for name in (some[0] if some else ())}
    if "alpha_iou" not in means:  # all of them have prompts
        means |= {name.removeprefix("prompted_"): value for name, value in means.items()}
    return Measured(tuple(results), means)


def draw_results(results: Sequence[Result]) -> UInt8:
    """One row per sample of one layout: source, prompt or nothing, S as found, then truth and answer of each layer: (H, W, 3) uint8."""
    rows = []
    for result in results:
        variant, picture = result.variant, result.picture
        blank = np.full_like(variant.source[..., :3], 255)
        shadow = blank if picture.shadow is None else _bytes((picture.shadow + 1) / 2)
        cells = [variant.source[..., :3], blank if variant.prompt is None else variant.prompt[..., :3], shadow]
        for truth, answer in zip((variant.background, *variant.foregrounds), picture.layers, strict=True):
            cells += [on_checkerboard(truth), on_checkerboard(_bytes(answer))]
        rows.append(np.concatenate(cells, axis=1))
    return np.concatenate(rows)


def _layout_key(plan: Plan) -> tuple[int, int, int, bool]:
    return plan.shape.width, plan.shape.height, plan.shape.num_layers, plan.prompted


def _take_apart(pipeline: LayeredDiffusionPipeline, store: LatentStore, plans: Sequence[Plan], steps: int) -> list[Result]:
    """Some samples of one layout at once."""
    variants = [store.variant(plan) for plan in plans]
    shape = plans[0].shape
    request = LayeringRequest(
        pictures=[variant.source for variant in variants],
        num_layers=shape.num_layers,
        captions=[variant.caption for variant in variants],
        contexts=[variant.prompt for variant in variants if variant.prompt is not None],
        seeds=list(range(len(plans))),
        sampling=Sampling(steps=steps, guidance=1.0, resolution=round((shape.width * shape.height) ** 0.5)),
    )
    pictures = pipeline(request)
    pairs = zip(plans, variants, pictures, strict=True)
    return [Result(plan, variant, picture, _compare(variant, picture)) for plan, variant, picture in pairs]


def _compare(variant: Variant, picture: LayeredPicture) -> dict[str, float]:
    """See `measure_layers`."""
    truth = torch.stack([to_pixels(each) for each in (variant.background, *variant.foregrounds)])
    layers = (truth + 1) / 2
    found = picture.layers
    errors = [float((found[place, :3] - layers[place, :3]).abs().mean(0)[layers[place, 3] > 0].mean()) for place in range(len(layers))]
    alphas = [alpha_soft_iou(_array(found[place, 3]), _array(layers[place, 3])) for place in range(1, len(layers))]
    metrics = {"alpha_iou": float(np.mean(alphas)), "rgb_l1": float(np.mean(errors)), "foreground_l1": float(np.mean(errors[1:]))}
    if picture.shadow is not None:
        shadow = shadow_of(to_pixels(variant.source)[None], composite(truth[None]))[0]
        metrics["shadow_l1"] = float((picture.shadow - shadow).abs().mean())
    return metrics


def _array(values: Tensor) -> Float32:
    return values.numpy().astype(np.float32)


def _bytes(values: Tensor) -> UInt8:
    """(C, H, W) in [0, 1] -> (H, W, C) uint8."""
    return np.ascontiguousarray((values.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())
