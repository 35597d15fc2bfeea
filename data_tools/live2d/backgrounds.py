"""What stands behind a character in a sample: plain colours, gradients, patterns and clouds drawn by code, or pictures of a folder.

Everything follows from a seed and a key, so that a set can be made again to the byte.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.manifests import digest_file, number_of
from liwi.errors import InputError, PictureError
from liwi.imaging.compositing import to_float, to_uint8
from liwi.imaging.io import load_picture

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Generator = np.random.Generator

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif")
_PICTURE_SHARE = 0.7
"""How many samples stand before a picture where there is a folder of them; the others keep what is drawn."""


@dataclass(frozen=True, eq=False)
class Background:
    """A background and how it came about.

    Attributes:
        rgb: (H, W, 3) uint8, sRGB.
        facts: its kind and, for a picture, the file's name and hash.
    """

    rgb: UInt8
    facts: dict[str, Any]


class Backgrounds:
    """Draws backgrounds.

    Args:
        folder: with pictures; every one is opened once to see that it can be used.

    Raises:
        InputError: there is no such folder, no picture in it, or one that cannot be read.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._pictures = _collect(folder) if folder else []

    @property
    def sha256(self) -> list[str]:
        """Hashes of the pictures, in the order of their names."""
        return [content for _, content in self._pictures]

    def draw(self, size: tuple[int, int], *, seed: int, key: str) -> Background:
        """One background.

        Args:
            size: ``(width, height)``.
            seed: of the set.
            key: what it is for; another key gives another background.
        """
        rng = np.random.default_rng([seed, number_of(key)])
        if self._pictures and rng.random() < _PICTURE_SHARE:
            path, content = self._pictures[rng.integers(len(self._pictures))]
            return Background(_cut(_load(path), size, rng), {"kind": "picture", "file": path.name, "sha256": content})
        kind = list(_KINDS)[rng.integers(len(_KINDS))]
        return Background(_KINDS[kind](size, rng), {"kind": kind})


def _collect(folder: Path) -> list[tuple[Path, str]]:
    if not folder.is_dir():
        raise InputError(f"There is no folder {str(folder)!r} with backgrounds.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_ENDINGS and path.is_file())
    if not paths:
        raise InputError(f"The folder {str(folder)!r} holds no picture ({', '.join(PICTURE_ENDINGS)}).")
    for path in paths:
        _load(path)
    return [(path, digest_file(path)) for path in paths]


def _load(path: Path) -> UInt8:
    try:
        picture = load_picture(path)
    except PictureError as error:
        raise InputError(f"The background {path.name!r} cannot be used. {error} Or take it out of the folder.") from error
    if picture.alpha is None:
        return picture.rgb
    alpha = to_float(picture.alpha)[..., None]
    return to_uint8(to_float(picture.rgb) * alpha + 1 - alpha)


def _cut(picture: UInt8, size: tuple[int, int], rng: Generator) -> UInt8:
    """A random place of the picture, enlarged by up to a half, sometimes mirrored."""
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height) * rng.uniform(1, 1.5)
    wide, high = max(size[0], round(width * scale)), max(size[1], round(height * scale))
    left, top = rng.integers(wide - size[0] + 1), rng.integers(high - size[1] + 1)
    # Only the wanted place is resized: a strip of 8192 x 2 pixels would grow to gigabytes.
    across, down = width / wide, height / high
    matrix = np.array([[across, 0, (left + 0.5) * across - 0.5], [0, down, (top + 0.5) * down - 0.5]])
    shrunk = 1 / max(across, down)
    if shrunk < 1:  # low-pass first, or fine detail would flicker into moiré
        blurred = cv2.GaussianBlur(picture, (0, 0), 0.5 / shrunk)
        picture = np.asarray(blurred, np.uint8)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cut = np.asarray(cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    return np.ascontiguousarray(cut[:, ::-1] if rng.random() < 0.5 else cut)


def _color(rng: Generator) -> Float32:
    """Any hue; pale and greyish ones are more common, as behind real drawings."""
    hue, saturation, value = rng.uniform(0, 360), rng.beta(1.2, 3), 1 - rng.beta(1.2, 3)
    hsv = np.array([[[hue, saturation, value]]], np.float32)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def _between(share: Float32, one: Float32, other: Float32) -> UInt8:
    return to_uint8(one + share[..., None] * (other - one))


def _grid(size: tuple[int, int], rng: Generator) -> Float32:
    """Coordinates along a random direction: (H, W) float32, 0 to about 1 across the picture."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32) / np.float32(max(size))
    return np.asarray((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + 0.5, np.float32)


def _plain(size: tuple[int, int], rng: Generator) -> UInt8:
    color = np.ones(3, np.float32) if rng.random() < 0.4 else _color(rng)
    return np.full((size[1], size[0], 3), to_uint8(color), np.uint8)


def _gradient(size: tuple[int, int], rng: Generator) -> UInt8:
    if rng.random() < 0.5:
        return _between(np.clip(_grid(size, rng), 0, 1), _color(rng), _color(rng))
    center = rng.uniform(0.2, 0.8, 2)
    y, x = np.mgrid[: size[1], : size[0]].astype(np.float32) / np.float32(max(size))
    distance = np.hypot(x - np.float32(center[0]), y - np.float32(center[1]))
    return _between(np.clip(distance * np.float32(rng.uniform(0.8, 1.6)), 0, 1), _color(rng), _color(rng))


def _stripes(size: tuple[int, int], rng: Generator) -> UInt8:
    bands = _grid(size, rng) * np.float32(rng.uniform(4, 40))
    if rng.random() < 0.5:  # checked cloth
        bands = np.minimum(np.abs(bands % 2 - 1), np.abs(_grid(size, rng) * np.float32(rng.uniform(4, 40)) % 2 - 1))
    else:
        bands = np.abs(bands % 2 - 1)
    return _between(np.clip((bands - 0.5) * size[0] / 60 + 0.5, 0, 1), _color(rng), _color(rng))


def _clouds(size: tuple[int, int], rng: Generator) -> UInt8:
    """Smooth noise in several sizes."""
    total = np.zeros((size[1], size[0]), np.float32)
    for octave in range(5):
        coarse = rng.random((3 * 2**octave, 3 * 2**octave), np.float32)
        total += cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC) / 2**octave
    share = (total - total.min()) / max(float(np.ptp(total)), 1e-6)
    return _between(share, _color(rng), _color(rng))


def _shapes(size: tuple[int, int], rng: Generator) -> UInt8:
    """Blobs and slabs of a few colours, out of focus, like a room behind somebody."""
    picture = np.full((size[1], size[0], 3), _color(rng), np.float32)
    palette = [_color(rng).tolist() for _ in range(4)]
    for _ in range(rng.integers(8, 30)):
        points = rng.uniform(-0.1, 1.1, 2) * size + rng.normal(0, 0.12, (rng.integers(3, 8), 2)) * max(size)
        cv2.fillConvexPoly(picture, cv2.convexHull(points.astype(np.int32)), palette[rng.integers(4)], cv2.LINE_8)
    return to_uint8(np.asarray(cv2.GaussianBlur(picture, (0, 0), 1 + rng.uniform(0, 0.012) * max(size)), np.float32))


_KINDS: dict[str, Callable[[tuple[int, int], Generator], UInt8]] = {
    "plain": _plain,
    "gradient": _gradient,
    "stripes": _stripes,
    "clouds": _clouds,
    "shapes": _shapes,
}
