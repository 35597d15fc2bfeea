"""What stands behind objects and covers them: photographed surfaces where there are some, and surfaces drawn by code.

Photographs have what drawings lack: light, depth, and detail at every size. Few may be used for weights that are shipped, so each is
cropped at random sizes and recoloured.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.manifests import DatasetError
from data_tools.matting.textures import draw_palette, draw_texture

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Generator = np.random.Generator

TEXTURES = ("data/grass.png", "data/gravel.png", "data/brick.png")
"""The CC0 surfaces inside the Python package scikit-image, without colour."""

PHOTOGRAPHS_PACKAGE = "lomiri-wallpapers-16.04"
PHOTOGRAPHS = {
    "aitzgorri_by_Aitzol_Berasategi.jpg": "Aitzol Berasategi, CC BY 4.0",
    "friends_by_Aitzol_Berasategi.jpg": "Aitzol Berasategi, CC BY 4.0",
    "life_by_Aitzol_Berasategi.jpg": "Aitzol Berasategi, CC BY 4.0",
    "picosdeeuropa_by_Aitzol_Berasategi.jpg": "Aitzol Berasategi, CC BY 4.0",
    "sunset_by_Aitzol_Berasategi.jpg": "Aitzol Berasategi, CC BY 4.0",
    "Picture_0B_by_freespace.jpg": 'Trevor "Freespace", CC BY 4.0',
    "Picture_1A_by_freespace.jpg": 'Trevor "Freespace", CC BY 4.0',
    "Wine_by_Jakkub_Mede.jpg": "Jakkub Mede, CC BY 4.0",
    "seeding_by_Clements_Engelhardt.jpg": "Clemens Engelhardt, CC0",
}
"""Photographs of the Debian package `PHOTOGRAPHS_PACKAGE`, each with its author and licence as the package states them."""

KEPT_SIDE = 1024
"""Photographs are kept at most this long, in pixels."""

_PHOTOGRAPHED_SHARE = 0.55


def read_textures(root: Path) -> list[UInt8]:
    """`TEXTURES`: (h, w) uint8 each. ``root``: folder of the installed package scikit-image."""
    found = [cv2.imread(str(root / name), cv2.IMREAD_GRAYSCALE) for name in TEXTURES]
    return [np.asarray(picture, np.uint8) for picture in found if picture is not None]


def read_photographs(root: Path) -> list[UInt8]:
    """`PHOTOGRAPHS`, reduced: (h, w, 3) uint8 RGB each.

    Args:
        root: folder of the unpacked package.

    Raises:
        DatasetError: one is missing.
    """
    pictures = []
    for name in PHOTOGRAPHS:
        picture = cv2.imread(str(root / "usr/share/backgrounds" / name), cv2.IMREAD_COLOR)
        if picture is None:
            raise DatasetError(f"The package {PHOTOGRAPHS_PACKAGE} has no picture {name}; another version of it may lack some.")
        scale = KEPT_SIDE / max(picture.shape[:2])
        reduced = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
        pictures.append(np.asarray(cv2.cvtColor(reduced, cv2.COLOR_BGR2RGB), np.uint8))
    return pictures


def draw_surface(side: int, photographed: Sequence[UInt8], rng: Generator, palette: Float32 | None = None) -> Float32:
    """A surface, photographed or drawn.

    Args:
        side: of the square picture, in pixels.
        photographed: (h, w) or (h, w, 3) uint8 each; may be empty.
        rng: decides everything.
        palette: (n, 3) float32 in [0, 1]: the colours to have; any if not given.

    Returns:
        (side, side, 3) float32 in [0, 255].
    """
    if not photographed or rng.random() >= _PHOTOGRAPHED_SHARE:
        return draw_texture(side, rng, palette).astype(np.float32)
    part = _crop(photographed[int(rng.integers(len(photographed)))], side, rng).astype(np.float32)
    if part.ndim == 2:
        dark, light = (draw_palette(rng, 2) if palette is None else palette[:2]) * 255
        share = part[..., None] / 255
        return np.asarray(dark * (1 - share) + light * share, np.float32)
    if palette is not None:
        part = _in_the_colors_of(part, palette)
    elif rng.random() < 0.3:
        part = part[..., rng.permutation(3)]
    return np.asarray(np.clip(part * rng.uniform(0.7, 1.4), 0, 255), np.float32)


def _crop(picture: UInt8, side: int, rng: Generator) -> UInt8:
    """A square of it, mirrored or not, from its own pixels up to its whole height."""
    shortest = min(picture.shape[:2])
    least = min(side, shortest)
    zoom = round(least * (shortest / least) ** float(rng.random()))
    top, left = (int(rng.integers(0, length - zoom + 1)) for length in picture.shape[:2])
    part = picture[top : top + zoom, left : left + zoom]
    if rng.random() < 0.5:
        part = part[:, ::-1]
    return np.asarray(cv2.resize(np.ascontiguousarray(part), (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _in_the_colors_of(surface: Float32, palette: Float32) -> Float32:
    """The surface with mean and spread of each channel as the palette has them."""
    wanted = palette * 255
    mean, spread = surface.mean(axis=(0, 1)), surface.std(axis=(0, 1))
    ratio = np.clip(np.maximum(wanted.std(axis=0), 12) / np.maximum(spread, 1), 0.3, 2)
    return np.asarray((surface - mean) * ratio + wanted.mean(axis=0), np.float32)
