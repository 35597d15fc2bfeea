"""Pictures as the networks of the character model take them: alpha first, colours padded where nothing is seen."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from liwi.seethrough.color_padding import pad_colors

UInt8 = NDArray[np.uint8]


def argb_of(rgba: UInt8) -> Tensor:
    """(H, W, 4) uint8 to (4, H, W) uint8, alpha first."""
    return torch.from_numpy(np.ascontiguousarray(np.roll(rgba, 1, -1).transpose(2, 0, 1)))


def padded(argb_B4HW: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
    """(B, 4, H, W) uint8 to float in [0, 1]; transparent pixels take on the colours around them."""
    values = argb_B4HW.float() / 255
    return torch.cat([values[:, :1], pad_colors(values)], 1)


def opaque(rgba: UInt8) -> UInt8:
    """A page as the networks are shown it: its colours alone."""
    return np.dstack([rgba[..., :3], np.full(rgba.shape[:2], 255, np.uint8)])
