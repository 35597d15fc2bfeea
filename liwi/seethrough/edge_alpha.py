"""How much of a pixel at a part's edge is the part's, when both colours are known: the part's own, and what was generated behind it.

Alpha of an enlarged outline is a guess within a pixel or two of the network's view. The picture knows better: where the part and what lies
behind it have different colours, the picture's colour lies between them, and says how far (known foreground and background, Smith and
Blinn 1996). So line art ends up in the layer that it belongs to, not as a thin ghost on the one behind.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.inpainting import pull_push

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

_APART = 40.0
"""Distance of the two colours, of 255, from which on they say anything."""

_OFF = 30.0
"""Distance of the picture's colour from the line between them up to which it is a mixture of them."""


def edge_alpha(alpha: Float32, colors: UInt8, below: UInt8, known: NDArray[np.bool_], seen: UInt8, scale: float) -> Float32:
    """Solve for alpha along an edge.

    Args:
        alpha: (h, w) float32 in [0, 1], the guess.
        colors: (h, w, 3) uint8, the part's.
        below: (h, w, 3) uint8, what is behind it.
        known: (h, w) bool, where something opaque is behind it and nothing in front of it.
        seen: (h, w, 3) uint8, the picture.
        scale: the picture's pixels per pixel that the part was made with.

    Returns:
        (h, w) float32 in [0, 1]; the guess where the colours do not tell.
    """
    reach = 2 * max(1, round(scale)) + 1
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    inner = cv2.erode(alpha, around, borderType=cv2.BORDER_REPLICATE)
    band = (cv2.dilate(alpha, around) > 0.02) & (inner < 0.98) & known
    if not band.any():
        return alpha
    own = pull_push(colors.astype(np.float32), np.clip(2 * alpha, 0, 1))
    step = own - below
    length = (step * step).sum(axis=-1)
    offset = seen.astype(np.float32) - below
    share = np.divide((offset * step).sum(axis=-1), length, out=np.zeros_like(length), where=length > 0)
    share = np.clip(share, 0, 1)
    off = np.linalg.norm(offset - share[..., None] * step, axis=-1)
    trust = np.clip(np.sqrt(length) / _APART - 1, 0, 1) * np.clip(2 - 2 * off / _OFF, 0, 1) * band
    return (alpha + trust * (share - alpha)).astype(np.float32)
