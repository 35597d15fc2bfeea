"""Small pictures of layers, for a person to see while the rest is being worked on."""

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import resize_rgba
from liwi.progress import Preview

UInt8 = NDArray[np.uint8]

PREVIEW_SIDE = 96
"""The longer side of a preview, in pixels."""


def preview_of(name: str, rgba: UInt8) -> Preview:
    """A layer's preview.

    Args:
        name: what it is; a later preview of the same name takes the place of this one.
        rgba: (H, W, 4) uint8, straight alpha.
    """
    height, width = rgba.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(height, width))
    return Preview(name, resize_rgba(rgba, (max(1, round(width * scale)), max(1, round(height * scale)))))
