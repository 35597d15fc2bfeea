"""Textures as the rasteriser samples them: premultiplied, with a chain of mip maps, decoded once."""

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from liwi.errors import InputError

MAX_TEXTURE_SIDE = 8192
"""Largest side of a texture, in pixels; Cubism Editor writes up to 16384, real models up to 8192."""

MAX_TEXTURE_PIXELS = 2 * 8192**2
"""All textures of a model together: 0.5 GB decoded, 0.7 GB with mip maps."""

_FORMATS = ("PNG", "WEBP", "JPEG", "BMP", "TIFF")


@dataclass(frozen=True, eq=False)
class TexturePyramid:
    """All textures of a model with their mip maps, end to end.

    Attributes:
        texels: (N,) uint32, each four bytes RGBA in memory order, premultiplied.
        levels: (num_textures, max_levels, 3) int64: where a level begins in ``texels``, its width and height; width 0: no such level.
        sizes: ``(width, height)`` of each texture.
    """

    texels: NDArray[np.uint32]
    levels: NDArray[np.int64]
    sizes: tuple[tuple[int, int], ...]


def read_size(content: bytes, name: str) -> tuple[int, int]:
    """``(width, height)`` of a texture, from its header: nothing is decoded.

    Raises:
        InputError: not a picture, or larger than 8192 px a side.
    """
    with _open(content, name) as image:
        width, height = image.size
    if max(width, height) > MAX_TEXTURE_SIDE:
        raise InputError(f"The texture {name!r} is {width} x {height} pixels; at most {MAX_TEXTURE_SIDE} a side are read.")
    return width, height


def decode(content: bytes, name: str) -> NDArray[np.uint8]:
    """Decode a texture: (H, W, 4) uint8, straight alpha.

    Raises:
        InputError: as `read_size`, or damaged.
    """
    read_size(content, name)
    try:
        with _open(content, name) as image:
            return np.asarray(image.convert("RGBA"))
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, OverflowError, Image.DecompressionBombError) as error:
        raise InputError(f"The texture {name!r} is damaged ({str(error)[:100]}).") from error


def build_pyramid(textures: Iterable[NDArray[np.uint8]]) -> TexturePyramid:
    """Premultiply textures and add their mip maps, each half the size of the last (box filter), down to one pixel.

    Args:
        textures: each (H, W, 4) uint8, straight alpha; taken one at a time.
    """
    chains = [_mip_chain(_premultiply(texture)) for texture in textures]
    levels = np.zeros((len(chains), max((len(chain) for chain in chains), default=1), 3), np.int64)
    start = 0
    for index, chain in enumerate(chains):
        for level, picture in enumerate(chain):
            height, width = picture.shape[:2]
            levels[index, level] = start, width, height
            start += width * height
    flat = [np.ascontiguousarray(picture).reshape(-1, 4).view(np.uint32)[:, 0] for chain in chains for picture in chain]
    sizes = tuple((chain[0].shape[1], chain[0].shape[0]) for chain in chains)
    return TexturePyramid(np.concatenate(flat) if flat else np.zeros(1, np.uint32), levels, sizes)


def _open(content: bytes, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked before decoding
            warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
            return Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise InputError(f"The texture {name!r} is too large: at most {MAX_TEXTURE_SIDE} pixels a side are read.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(f"The texture {name!r} is not a picture that can be read. Use PNG.") from error


def _premultiply(texture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    alpha = texture[..., 3].astype(np.uint16)
    result = np.empty_like(texture)
    for channel in range(3):
        result[..., channel] = (texture[..., channel] * alpha + 127) // 255
    result[..., 3] = texture[..., 3]
    return result


def _mip_chain(level: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    chain = [level]
    while max(level.shape[:2]) > 1:
        size = max(1, level.shape[1] // 2), max(1, level.shape[0] // 2)
        level = cv2.resize(level, size, interpolation=cv2.INTER_AREA)
        chain.append(level)
    return chain
