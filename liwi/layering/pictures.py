"""Whatever stands for a picture -> RGBA pixels at the working size, in [-1, 1]."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from liwi.errors import PictureError

Picture = NDArray[np.uint8] | Image.Image | Tensor
"""(H, W, 3 or 4) uint8, sRGB; a PIL picture; or (3 or 4, H, W) float in [0, 1]."""


def picture_size(picture: Picture) -> tuple[int, int]:
    """``(width, height)``.

    Raises:
        PictureError: it is no picture.
    """
    if isinstance(picture, Image.Image):
        return picture.size
    shape = tuple(picture.shape)
    if isinstance(picture, Tensor):
        if len(shape) == 3 and shape[0] in (3, 4) and picture.is_floating_point() and min(shape) > 0:
            return shape[2], shape[1]
        raise PictureError(f"A picture as a tensor is (3 or 4, H, W) float in [0, 1], got {shape} {picture.dtype}.")
    if len(shape) == 3 and shape[2] in (3, 4) and picture.dtype == np.uint8 and min(shape) > 0:
        return shape[1], shape[0]
    raise PictureError(f"A picture as an array is (H, W, 3 or 4) uint8, got {shape} {picture.dtype}.")


def read_picture(picture: Picture, size: tuple[int, int]) -> Tensor:
    """Pixels as the VAE takes them; alpha is 1 where the picture has none.

    Args:
        picture: see `Picture`.
        size: ``(width, height)`` wanted.

    Returns:
        (4, height, width) float32 in [-1, 1], on the CPU.

    Raises:
        PictureError: it is no picture, or a tensor out of range.
    """
    own = picture_size(picture)
    if isinstance(picture, Tensor):
        pixels = picture.detach().float().cpu()
        if not bool(((pixels >= 0) & (pixels <= 1)).all()):
            raise PictureError("A picture as a tensor lies in [0, 1]; this one does not, or holds NaN.")
        if own != size:
            resized = torch.nn.functional.interpolate(pixels[None], (size[1], size[0]), mode="bicubic", antialias=True)
            pixels = resized[0].clamp(0, 1)
    else:
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        image = image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
        pixels = torch.from_numpy(np.asarray(image).astype(np.float32) / 255.0).permute(2, 0, 1)
    if len(pixels) == 3:
        pixels = torch.cat([pixels, torch.ones_like(pixels[:1])])
    return 2.0 * pixels - 1.0
