"""Checkpoints of the kind ``matting``: how the registry loads one, and the smoke run that every one of them must pass.

The folder holds what `liwi.experts.weights.save_weights` writes: one .safetensors file and its description beside it.
"""

from pathlib import Path

import numpy as np

from liwi.experts.learned_segmenter import LearnedSegmenter
from liwi.experts.weights import WeightsError, load_weights, only_weights
from liwi.types import BoundingBox

_SMOKE_SIDE = 96
_SMOKE_BOX = BoundingBox(20, 20, 76, 76)


def load(folder: Path) -> LearnedSegmenter:
    """The segmenter that answers with the network in ``folder``.

    Raises:
        WeightsError: there is not exactly one network, or a tensor is missing, unexpected or of another shape; names it.
    """
    return LearnedSegmenter(load_weights(only_weights(folder)))


def smoke(segmenter: LearnedSegmenter) -> None:
    """Segment an angle before noise once: a shape that neither the whole box nor the ellipse in it comes near.

    Raises:
        WeightsError: the answer is no probability, or misses the angle altogether.
    """
    rng = np.random.default_rng(0)
    angle = np.zeros((_SMOKE_SIDE, _SMOKE_SIDE), bool)
    angle[22:74, 22:34] = angle[62:74, 22:74] = True
    crop = rng.integers(60, 140, (_SMOKE_SIDE, _SMOKE_SIDE, 3), np.uint8)
    crop[angle] = rng.integers(0, 40, (int(angle.sum()), 3)) + np.array([200, 40, 30])
    answer = segmenter.segment(crop, _SMOKE_BOX)
    if answer.shape != angle.shape or not np.isfinite(answer).all() or answer.min() < 0 or answer.max() > 1:
        raise WeightsError(f"The network's answer is no probability per pixel: shape {answer.shape}, {answer.min()} to {answer.max()}.")
    if (overlap := float((angle & (answer > 0.5)).sum() / (angle | (answer > 0.5)).sum())) < 0.5:
        raise WeightsError(
            f"The network misses a red angle before grey noise: intersection over union {overlap:.2f}, expected 0.5 at least."
        )
