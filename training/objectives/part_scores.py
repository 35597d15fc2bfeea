"""How well the layers of body parts match the true ones, hidden areas included (paper 2, table 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from liwi.evaluation.metrics import alpha_soft_iou
from liwi.imaging.compositing import to_float

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SMALLEST = 16
"""Pixels of the network's view that a part must have to count on its own: a nose of a pixel is there or not by chance of the grid."""

_LEAST_ERROR = 1e-8


def dice_loss(alpha: Float32, truth: Float32) -> float:
    """1 - 2 sum(a a*) / (sum(a^2) + sum(a*^2)), in [0, 1]: 0 for what is equal, soft or not; 0 for two empty masks."""
    total = float((alpha**2).sum(dtype=np.float64) + (truth**2).sum(dtype=np.float64))
    return 1 - 2 * float((alpha * truth).sum(dtype=np.float64)) / total if total > 0 else 0.0


@dataclass(eq=False)
class PartScores:
    """Scores of characters, one after the other.

    Attributes:
        dice, small_dice: mask Dice loss of each part that is there; those smaller than `SMALLEST` by themselves.
        iou: soft IoU of the same parts as ``dice``.
        psnr: of each character, in dB.
        extra: mean alpha of each part that is not there.
        by_tag: ``dice`` and ``small_dice`` by tag.
    """

    dice: list[float] = field(default_factory=list)
    small_dice: list[float] = field(default_factory=list)
    iou: list[float] = field(default_factory=list)
    psnr: list[float] = field(default_factory=list)
    extra: list[float] = field(default_factory=list)
    by_tag: dict[str, list[float]] = field(default_factory=dict)

    def add(self, found: Mapping[str, UInt8], truth: Mapping[str, UInt8], *, scale: float = 1.0) -> None:
        """Compare a character.

        Args:
            found: tag to (H, W, 4) uint8, straight alpha; a part that is missing is empty.
            truth: the same; parts that the character lacks are missing.
            scale: pixels of the network's view along a pixel of these.
        """
        error = weight = 0.0
        for tag, rgba in truth.items():
            alpha = to_float(rgba[..., 3])
            got = found.get(tag, np.zeros_like(rgba))
            loss = dice_loss(to_float(got[..., 3]), alpha)
            self.by_tag.setdefault(tag, []).append(loss)
            if alpha.sum() * scale**2 < SMALLEST:
                self.small_dice.append(loss)
            else:
                self.dice.append(loss)
                self.iou.append(alpha_soft_iou(to_float(got[..., 3]), alpha))
            squares = ((to_float(got[..., :3]) - to_float(rgba[..., :3])) ** 2).mean(axis=-1)
            error += float((squares * alpha).sum(dtype=np.float64))
            weight += float(alpha.sum(dtype=np.float64))
        if weight > 0:
            self.psnr.append(-10 * float(np.log10(max(error / weight, _LEAST_ERROR))))
        self.extra += [float(to_float(rgba[..., 3]).mean()) for tag, rgba in found.items() if tag not in truth]

    def metrics(self) -> dict[str, float]:
        """``dice_loss`` and ``alpha_iou``: means over parts of at least `SMALLEST` pixels; ``dice_loss_all`` also over the smaller ones;
        ``psnr``: of the straight colours over all of the true parts' area, hidden or not, mean over characters, in dB; ``extra``: mean
        alpha of parts that are not there."""
        every = [*self.dice, *self.small_dice]
        return {
            "dice_loss": _mean(self.dice or every),
            "dice_loss_all": _mean(every),
            "alpha_iou": _mean(self.iou),
            "psnr": _mean(self.psnr),
            "extra": _mean(self.extra),
        }


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0
