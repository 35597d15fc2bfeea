"""How well a pseudo-depth network orders the parts of characters, through the inference pipeline (paper 2, section 5.1.3)."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from data_tools.samples import CharacterSample
from liwi.seethrough.depth_pipeline import DepthOptions, DepthPipeline
from training.objectives.depth_views import layers_of, near_maps, page_of

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_FLOOR = 0.1
"""Errors are relative to the true depth, and to this where it is less: a pseudo-depth begins at 0, unlike one in metres."""

_RATIO = 1.25
_APART = 1e-3


def measure_depth(
    pipeline: DepthPipeline, samples: Sequence[CharacterSample], variant: str, *, resolution: int, steps: int
) -> tuple[dict[str, float], list[dict[str, Float32]]]:
    """Estimate the depth of the true parts of some characters and compare.

    Args:
        pipeline: of the networks.
        samples: the characters.
        variant: of the true pseudo-depth.
        resolution, steps: see `DepthOptions`.

    Returns:
        Metrics and, for each sample, what was found: tag to (H, W) float32, 1 near. ``abs_rel``: mean of the error relative to the true
        depth (0 near), or to 0.1 where that is less; ``delta_1``: share of pixels whose depth is within a factor of 1.25, both at least
        0.1; ``order``: share of the pairs of parts whose medians are in the true order. Over pixels of parts, hidden or not; means over
        characters.
    """
    found, scores = [], []
    for number, sample in enumerate(samples):
        near = pipeline.estimate(layers_of(sample), page_of(sample), DepthOptions(seed=number, steps=steps, resolution=resolution))
        found.append(near)
        scores.append(compare_depth(near, near_maps(sample, variant)))
    return {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}, found


def compare_depth(found: Mapping[str, Float32], truth: Mapping[str, Float32]) -> dict[str, float]:
    """See `measure_depth`; both 1 near, ``truth`` NaN beside the part."""
    known = {tag: ~np.isnan(near) for tag, near in truth.items() if (~np.isnan(near)).any()}
    if not known:
        return {"abs_rel": 0.0, "delta_1": 1.0, "order": 1.0}
    got = np.concatenate([1 - found[tag][mask] for tag, mask in known.items()])
    wanted = np.concatenate([1 - truth[tag][mask] for tag, mask in known.items()])
    first, second = np.maximum(got, _FLOOR), np.maximum(wanted, _FLOOR)
    ratio = np.maximum(first / second, second / first)
    medians = [(float(np.median(found[tag][mask])), float(np.median(truth[tag][mask]))) for tag, mask in known.items()]
    pairs = [(a, b) for a, b in combinations(medians, 2) if abs(a[1] - b[1]) > _APART]
    right = [(a[0] - b[0]) * (a[1] - b[1]) > 0 for a, b in pairs]
    return {
        "abs_rel": float((np.abs(got - wanted) / second).mean()),
        "delta_1": float((ratio < _RATIO).mean()),
        "order": float(np.mean(right)) if right else 1.0,
    }
