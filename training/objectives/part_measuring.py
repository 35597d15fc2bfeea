"""How well a part diffusion takes characters apart, through the inference pipeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.evaluation.pictures import on_checkerboard
from liwi.seethrough.part_pipeline import PartOptions, PartPipeline
from training.objectives.part_pictures import opaque
from training.objectives.part_scores import PartScores
from training.objectives.part_views import PartViews

UInt8 = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Result:
    """A character taken apart.

    Attributes:
        page: (H, W, 4) uint8, what was asked about.
        truth, found: tag to (H, W, 4) uint8.
    """

    page: UInt8
    truth: Mapping[str, UInt8]
    found: Mapping[str, UInt8]


@dataclass(frozen=True, eq=False)
class Measured:
    """Results and their scores."""

    results: tuple[Result, ...]
    scores: PartScores


def measure_parts(
    pipeline: PartPipeline,
    views: PartViews,
    names: Sequence[str],
    *,
    alone: bool,
    resolution: int,
    steps: int,
    shared_noise: bool,
) -> Measured:
    """Take samples apart and compare.

    Args:
        pipeline: of the networks.
        views: of the dataset.
        names: of the samples.
        alone: whether the network is shown the figure alone instead of the picture with its background.
        resolution, steps, shared_noise: see `PartOptions`.
    """
    scores, results = PartScores(), []
    for number, name in enumerate(names):
        sample = views.character(name)
        source = np.dstack([sample.source, np.full(sample.source.shape[:2], 255, np.uint8)])
        page = sample.figure if alone else source
        parts = pipeline.separate(page, PartOptions(seed=number, steps=steps, resolution=resolution, shared_noise=shared_noise))
        result = Result(page, views.truth(sample), parts.layers)
        scores.add(result.found, result.truth, scale=resolution / max(sample.size))
        results.append(result)
    return Measured(tuple(results), scores)


def draw_parts(measured: Measured) -> UInt8:
    """Two rows per character: the page and the true parts, the page and what was found of them: (H, W, 3) uint8."""
    most = max(len(result.truth) for result in measured.results)
    rows = []
    for result in measured.results:
        blank = np.full_like(result.page[..., :3], 255)
        for layers in (result.truth, result.found):
            cells = [on_checkerboard(layers.get(tag, np.zeros_like(result.page))) for tag in result.truth]
            rows.append(np.concatenate([opaque(result.page)[..., :3], *cells, *[blank] * (most - len(cells))], axis=1))
    return np.concatenate(rows)
