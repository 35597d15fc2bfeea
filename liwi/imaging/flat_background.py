"""Plain surroundings: white, black, one colour, or a smooth gradient.

There a colour mixture errs on skin, white hair and white shirts, though the answer is simple: background is what can be reached from the
surroundings without leaving their colour. What the object encloses stays with it, because line art is rarely meant to have holes.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

_FLAT_RESIDUAL = 6.0  # 8-bit steps that 97 % of the ring may stray from its gradient, and still be called flat
_MIN_RING = 24  # pixels


def flat_ring_color(image: UInt8, ring: Mask) -> Float32 | None:
    """The colour behind the object, where the surroundings are flat.

    Args:
        image: (h, w, 3) uint8.
        ring: (h, w) bool, pixels known to be background.

    Returns:
        (h, w, 3) float32 in 0..255: the ring's colour, or linear gradient, continued everywhere; None where the ring is not flat. With
        it ``alpha * F = I - (1 - alpha) * colour`` un-mixes soft edges exactly.
    """
    if int(ring.sum()) < _MIN_RING:
        return None
    height, width = ring.shape
    y, x = np.nonzero(ring)
    design = np.column_stack([np.ones(len(x)), x / max(1, width - 1), y / max(1, height - 1)])
    colors = image[ring].astype(np.float64)
    kept = np.ones(len(x), bool)
    for _ in range(2):  # once with all, once without the strays (specks, a corner of something else)
        if int(kept.sum()) < _MIN_RING:
            return None
        plane = np.linalg.lstsq(design[kept], colors[kept], rcond=None)[0]
        residual = np.abs(design @ plane - colors).max(axis=1)
        kept = residual <= max(2.0, float(np.quantile(residual, 0.95)))
    if float(np.quantile(residual, 0.97)) > _FLAT_RESIDUAL:
        return None
    gradient_y, gradient_x = np.mgrid[:height, :width]
    everywhere = np.dstack([np.ones((height, width)), gradient_x / max(1, width - 1), gradient_y / max(1, height - 1)]) @ plane
    return np.clip(everywhere, 0, 255).astype(np.float32)


def segment_flat(image: UInt8, box: BoundingBox, ring: Mask, color: Float32) -> Mask:
    """The object before a flat background.

    Args:
        image: (h, w, 3) uint8.
        box: the prompt, in the image's pixels.
        ring: (h, w) bool, pixels known to be background; the flood starts there.
        color: (h, w, 3) float32, see `flat_ring_color`.

    Returns:
        (h, w) bool: what the flood does not reach, inside the box.
    """
    distance = np.abs(image.astype(np.float32) - color).max(axis=2)
    noise = float(np.quantile(distance[ring], 0.97))
    similar = (distance <= 4 + 1.5 * noise) | ring
    count, areas = cv2.connectedComponents(similar.astype(np.uint8), connectivity=4)
    reached = np.zeros(count, bool)
    reached[np.unique(areas[ring])] = True
    reached[0] = False
    mask = np.zeros(ring.shape, bool)
    mask[box.slices] = ~reached[areas][box.slices]
    return mask
