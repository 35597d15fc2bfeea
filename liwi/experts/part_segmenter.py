"""`liwi.protocols.PartSegmenter` with a learned network: the figure as a whole, then its head once more, enlarged.

    figure ─► square on grey ─► network ─► face? ─► square around the head ─► network ─► both answers, blended ─► clipped to alpha

At the network's size a whole figure's eyes are a few pixels; the second look gives the head what the first gave the body.
"""

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from liwi.errors import InputError
from liwi.experts.precision import quick_inference
from liwi.imaging.compositing import resize_rgba
from liwi.seethrough.body_parts import CoarseBodyPart
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

GREY = 0.5
"""What stands behind the figure, as in training."""

_MARGIN = 1.08
"""Side of the square over the longer side of the figure."""

_HEAD = 2.0
"""Side of the square around the head over the longer side of the face; training saw 1.5 to 2.5."""

_WORTHWHILE = 0.7
"""The head is looked at again where its square is smaller than this share of the figure's."""

_LIMIT = 30.0
"""Log-odds beyond it are as good as certain, and would overflow."""

_FACE = tuple(
    part.class_index
    for part in (CoarseBodyPart.FACE, CoarseBodyPart.EYES, CoarseBodyPart.NOSE, CoarseBodyPart.MOUTH, CoarseBodyPart.EYEWEAR)
)


class LearnedPartSegmenter:
    """See the module's text.

    Args:
        network: in evaluation mode; has ``settings.side``.
        heads: whether the head is looked at again.
    """

    def __init__(self, network: nn.Module, *, heads: bool = True) -> None:
        self._network, self._heads = network, heads
        self._side: int = network.settings.side  # type: ignore[union-attr, assignment]

    def segment_parts(self, rgba: UInt8) -> Float32:
        """Say what every pixel of a figure shows. See `liwi.protocols.PartSegmenter.segment_parts`."""
        if rgba.ndim != 3 or rgba.shape[2] != 4 or rgba.dtype != np.uint8 or min(rgba.shape[:2]) < 1:
            raise InputError(f"A figure is (H, W, 4) uint8 with straight alpha, got {rgba.shape} {rgba.dtype}.")
        answer = np.zeros((len(CoarseBodyPart), *rgba.shape[:2]), np.float32)
        box = BoundingBox.around(rgba[..., 3])
        if box is None:
            return answer
        square = _square(box, _MARGIN)
        self._look(rgba, square, answer)
        head = self._find_head(answer, rgba[..., 3])
        if head is not None and self._heads and head[2] < _WORTHWHILE * square[2]:
            self._look(rgba, head, answer, blend=True)
        answer *= rgba[..., 3] > 0
        return answer

    def _look(self, rgba: UInt8, square: tuple[int, int, int], answer: Float32, *, blend: bool = False) -> None:
        """Write the network's probabilities of a square (left, top, side) into ``answer``; ``blend`` fades them out at its rim."""
        left, top, side = square
        height, width = rgba.shape[:2]
        inside = BoundingBox(left, top, left + side, top + side).intersect(BoundingBox.of_size((width, height)))
        if inside is None:
            return
        cut = np.zeros((side, side, 4), np.uint8)
        here = (slice(inside.top - top, inside.bottom - top), slice(inside.left - left, inside.right - left))
        cut[here] = rgba[inside.slices]
        small = torch.from_numpy(resize_rgba(cut, (self._side, self._side)).astype(np.float32) / 255).permute(2, 0, 1)[None]
        alpha = small[:, 3:]
        with quick_inference():
            device = next(self._network.parameters()).device
            seen = self._network((small[:, :3] * alpha + GREY * (1 - alpha)).to(device), alpha.to(device))
            logits = seen[0].float().cpu().numpy()
        weight = _fade(side)[here] if blend else None
        for number, plane in enumerate(logits):
            large = cv2.resize(plane, (side, side), interpolation=cv2.INTER_LINEAR if side > self._side else cv2.INTER_AREA)[here]
            found = 1 / (1 + np.exp(-np.clip(large, -_LIMIT, _LIMIT)))
            answer[number][inside.slices] = found if weight is None else weight * found + (1 - weight) * answer[number][inside.slices]

    def _find_head(self, answer: Float32, alpha: UInt8) -> tuple[int, int, int] | None:
        """The square around the largest piece of what seems to be a face; None where there is none."""
        face = answer[list(_FACE)].max(axis=0) > np.maximum(0.5, np.delete(answer, _FACE, axis=0).max(axis=0))
        face &= alpha > 0
        count, _, stats, _ = cv2.connectedComponentsWithStats(face.astype(np.uint8), connectivity=8)
        if count < 2:
            return None
        left, top, width, height, area = (int(value) for value in stats[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())])
        if area < 16:
            return None
        x, y, side = _square(BoundingBox(left, top, left + width, top + height), _HEAD)
        return x, y - round(0.04 * side), side


def _square(box: BoundingBox, margin: float) -> tuple[int, int, int]:
    """Left, top and side of the square around a box, larger by ``margin``."""
    side = max(1, round(max(box.width, box.height) * margin))
    return (box.left + box.right - side) // 2, (box.top + box.bottom - side) // 2, side


def _fade(side: int) -> Float32:
    """1 inside a square, falling to 0 over the outermost tenth: (side, side)."""
    edge = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / max(1.0, side / 10), 0, 1).astype(np.float32)
    return np.minimum(edge[:, None], edge[None, :])
