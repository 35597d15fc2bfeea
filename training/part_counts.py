"""How well body parts are told apart: intersection over union per class, counted over all pixels of figures.

The mean is over the classes that the pictures show. A pixel shows the class that is the likeliest there, as users of a segmenter decide.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from liwi.seethrough.body_parts import CoarseBodyPart

NUM_CLASSES = len(CoarseBodyPart)


class PartCounts:
    """Which class pixels show and which was guessed, counted per frame: "figure", "bust", "head"."""

    def __init__(self) -> None:
        self._pairs: dict[str, NDArray[np.int64]] = defaultdict(lambda: np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64))

    def add(self, frame: str, shown: NDArray[np.integer], guessed: NDArray[np.integer]) -> None:
        """Count one picture: labels (H, W), of which those that are no class are passed over, and classes (H, W)."""
        known = shown < NUM_CLASSES
        pairs = shown[known].astype(np.int64) * NUM_CLASSES + guessed[known]
        self._pairs[frame] += np.bincount(pairs, minlength=NUM_CLASSES**2).reshape(NUM_CLASSES, NUM_CLASSES)

    def metrics(self) -> dict[str, float]:
        """``mean_iou``, the same per frame (``head_iou``), and per class (``iou_hair``)."""
        classes = _ious(sum(self._pairs.values(), np.zeros((NUM_CLASSES, NUM_CLASSES), np.int64)))
        frames = {f"{frame}_iou": _mean(_ious(pairs)) for frame, pairs in sorted(self._pairs.items())}
        return {"mean_iou": _mean(classes), **frames, **{f"iou_{name}": value for name, value in classes.items()}}


def _ious(pairs: NDArray[np.int64]) -> dict[str, float]:
    """By class name, of those that are there; ``pairs[shown, guessed]`` counts pixels."""
    both = np.diag(pairs)
    either = pairs.sum(axis=0) + pairs.sum(axis=1) - both
    return {part.value: float(both[i] / either[i]) for i, part in enumerate(CoarseBodyPart) if pairs[i].sum() > 0}


def _mean(values: dict[str, float]) -> float:
    return float(np.mean(list(values.values()))) if values else 0.0
