"""What was found or generated at a working size, brought to the picture's own: alpha along the picture's edges, colours smoothly."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.matting import guided_upsample

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

HAZE = 0.02
"""Alpha nearer than this to 0 or 1 is 0 or 1: an eye sees no difference, and every layer would reach over the whole picture."""

COVERED = 0.02
"""Alpha above a background or foreground from which on it counts as hidden."""


def without_haze(alpha: Float32) -> Float32:
    """(...) float32 in [0, 1]: alpha nearer than `HAZE` to 0 or 1 is 0 or 1."""
    alpha = alpha.astype(np.float32, copy=True)
    alpha[alpha < HAZE] = 0
    alpha[alpha > 1 - HAZE] = 1
    return alpha


def enlarge_alphas(alphas: Sequence[Float32], guide: UInt8, source: UInt8, mask: UInt8 | None) -> list[Float32]:
    """Outlines of layers that lie over each other, back to front: (H, W) each.

    Made front to back: where a layer in front hides it, an outline cannot follow the picture's edges, which are not its own. Arguments are
    those of `enlarge_alpha`; ``mask`` is the picture's own alpha or None, and where it is 0 there is no layer.
    """
    found: list[Float32] = []
    for alpha in reversed(alphas):
        full = enlarge_alpha(alpha, guide, source)
        hidden = np.minimum(hidden_by(found, source.shape) / COVERED, 1)
        full = (1 - hidden) * full + hidden * enlarge(alpha, source.shape)
        if mask is not None:
            full[mask == 0] = 0
        found.insert(0, without_haze(full))
    return found


def enlarge_alpha(alpha: Float32, guide: UInt8, source: UInt8) -> Float32:
    """One outline along the picture's edges.

    Args:
        alpha: (h, w) float32 in [0, 1].
        guide: (h, w, 3) uint8, the picture at that size.
        source: (H, W, 3) uint8, the picture.

    Returns:
        (H, W) float32 in [0, 1].
    """
    if alpha.shape == source.shape[:2]:
        return alpha
    full = guided_upsample(alpha, guide, source)
    # Where alpha is 0 or 1 all around, it is so in between: the picture's edges only decide near the outline.
    around = np.ones((3, 3), np.uint8)
    for value, bound in ((0, cv2.dilate(alpha, around)), (1, cv2.erode(alpha, around))):
        sure = cv2.resize((bound == value).astype(np.uint8), source.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        full[sure > 0] = value
    return full


def hidden_by(alphas: Sequence[Float32], shape: tuple[int, ...]) -> Float32:
    """(H, W): how much of what lies behind these layers is hidden."""
    left = np.ones(shape[:2], np.float32)
    for alpha in alphas:
        left = left * (1 - alpha)
    return 1 - left


def enlarge(picture: Float32, shape: tuple[int, ...]) -> Float32:
    """A picture in [0, 1], (h, w) or (h, w, c), at another ``(H, W)``."""
    if picture.shape[:2] == shape[:2]:
        return picture
    shrinking = shape[0] * shape[1] < picture.shape[0] * picture.shape[1]
    resized = cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return np.clip(resized, 0, 1)
