"""Surfaces drawn by code: what stands behind objects, and what procedural objects are covered with.

Photographs whose licence lets weights trained on them be shipped are few. Overlapping shapes of all sizes ("dead leaves") and clouded noise
have the statistics of natural pictures, and cost milliseconds.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Generator = np.random.Generator


def draw_texture(side: int, rng: Generator, palette: Float32 | None = None) -> UInt8:
    """Draw a surface.

    Args:
        side: of the square picture, in pixels.
        rng: decides everything.
        palette: (n, 3) float32 in [0, 1] to paint with; drawn if not given.

    Returns:
        (side, side, 3) uint8.
    """
    colors = draw_palette(rng) if palette is None else palette
    kind = _KINDS[int(rng.choice(len(_KINDS), p=_SHARES))]
    surface = kind(side, rng, colors)
    if rng.random() < 0.5:  # a second, finer layer: no real surface is of one kind
        surface = surface * (0.75 + 0.5 * clouds(side, rng, float(rng.uniform(0.6, 1.6))))[..., None]
    if rng.random() < 0.4:
        surface = surface * _light(side, rng)[..., None]
    return np.asarray(np.clip(surface * 255, 0, 255), np.uint8)


def draw_palette(rng: Generator, count: int = 6) -> Float32:
    """Colours that go together: one or two hues, all brightnesses: (count, 3) float32 in [0, 1]."""
    hue, spread = rng.uniform(0, 360), rng.choice([8.0, 25.0, 90.0], p=[0.45, 0.35, 0.2])
    hues = (hue + rng.normal(0, spread, count)) % 360
    saturation = np.clip(rng.beta(1.5, 2.5) + rng.normal(0, 0.12, count), 0, 1)
    value = np.clip(rng.uniform(0.1, 0.9) + rng.normal(0, rng.uniform(0.05, 0.3), count), 0.02, 1)
    hsv = np.stack([hues, saturation, value], axis=1).astype(np.float32)[None]
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0], np.float32)


def palette_of(rgba: UInt8, rng: Generator, count: int = 6) -> Float32:
    """Colours of an object's own opaque pixels, a little varied: (count, 3) float32 in [0, 1]."""
    opaque = rgba[rgba[..., 3] > 200][:, :3]
    if len(opaque) == 0:
        return draw_palette(rng, count)
    chosen = opaque[rng.integers(0, len(opaque), count)].astype(np.float32) / 255
    return np.asarray(np.clip(chosen + rng.normal(0, 0.04, chosen.shape), 0, 1), np.float32)


def clouds(side: int, rng: Generator, roughness: float) -> Float32:
    """Noise whose octaves fall off with ``roughness`` (0: all alike; 2: smooth): (side, side) float32 in [0, 1]."""
    total = np.zeros((side, side), np.float32)
    cells, weight = 3, 1.0
    while cells < side:
        grid = rng.random((cells, cells), np.float32)
        total += np.float32(weight) * cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
        cells, weight = cells * 2, weight * 2**-roughness
    low, high = float(total.min()), float(total.max())
    return (total - np.float32(low)) / np.float32(max(high - low, 1e-6))


def _clouded(side: int, rng: Generator, palette: Float32) -> Float32:
    return _through(clouds(side, rng, float(rng.uniform(0.4, 1.6))), palette[: int(rng.integers(2, len(palette) + 1))])


def _leaves(side: int, rng: Generator, palette: Float32) -> Float32:
    """Dead leaves: shapes of all sizes, each hiding what lies below it."""
    picture = np.empty((side, side, 3), np.float32)
    picture[:] = palette[0]
    largest = side * float(rng.uniform(0.08, 0.4))
    form = int(rng.integers(3))
    for _ in range(int(rng.integers(60, 260))):
        radius = max(1.0, largest * float(rng.random()) ** 2.2)
        color = np.clip(palette[int(rng.integers(len(palette)))] + rng.normal(0, 0.06), 0, 1)
        center = rng.integers(-side // 10, side + side // 10, 2)
        value = tuple(float(c) for c in color)
        if form == 0:
            axes = (round(radius), max(1, round(radius * float(rng.uniform(0.3, 1)))))
            cv2.ellipse(picture, (int(center[0]), int(center[1])), axes, float(rng.uniform(0, 180)), 0, 360, value, -1, cv2.LINE_AA)
        elif form == 1:
            corners = center + rng.normal(0, radius, (int(rng.integers(3, 7)), 2))
            cv2.fillConvexPoly(picture, cv2.convexHull(corners.astype(np.int32)), value, cv2.LINE_AA)
        else:
            reach = radius * np.array([1.0, float(rng.uniform(0.3, 1.5))])
            first, last = (center - reach).astype(int), (center + reach).astype(int)
            cv2.rectangle(picture, (int(first[0]), int(first[1])), (int(last[0]), int(last[1])), value, -1)
    return picture


def _striped(side: int, rng: Generator, palette: Float32) -> Float32:
    """Stripes, checks and weaves, bent a little: cloth, planks, blinds, tiles."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    angle = float(rng.uniform(0, np.pi))
    bend = clouds(side, rng, 1.8) * float(rng.uniform(0, 0.15))
    along = x * np.cos(angle) + y * np.sin(angle) + bend
    across = -x * np.sin(angle) + y * np.cos(angle) + bend
    count = float(rng.uniform(3, 30))
    wave = np.sin(along * count * 2 * np.pi)
    if rng.random() < 0.5:
        wave = wave * np.sin(across * count * float(rng.uniform(0.5, 2)) * 2 * np.pi)
    sharpness = float(rng.choice([1.0, 4.0, 20.0]))
    return _through(np.asarray(1 / (1 + np.exp(-sharpness * wave)), np.float32), palette[: int(rng.integers(2, 5))])


def _grained(side: int, rng: Generator, palette: Float32) -> Float32:
    """Noise drawn out in one direction: wood, grass, fur, brushed metal, hair."""
    noise = rng.random((side, side), np.float32)
    length = int(rng.integers(7, 30)) | 1
    kernel = np.zeros((length, length), np.float32)
    angle, middle = float(rng.uniform(0, np.pi)), length // 2
    reach = (round(middle * np.cos(angle)), round(middle * np.sin(angle)))
    cv2.line(kernel, (middle - reach[0], middle - reach[1]), (middle + reach[0], middle + reach[1]), 1.0, 1)
    drawn = cv2.filter2D(noise, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT)
    drawn = (drawn - drawn.min()) / max(float(drawn.max() - drawn.min()), 1e-6)
    return _through(0.6 * drawn + 0.4 * clouds(side, rng, 1.5), palette[: int(rng.integers(2, 5))])


def _graded(side: int, rng: Generator, palette: Float32) -> Float32:
    """Sky, walls, studio backdrops: one slow change of colour."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    angle = float(rng.uniform(0, 2 * np.pi))
    ramp = x * np.cos(angle) + y * np.sin(angle)
    ramp = (ramp - ramp.min()) / (ramp.max() - ramp.min())
    return _through(ramp.astype(np.float32), palette[:2]) + rng.normal(0, 0.006, (side, side, 1)).astype(np.float32)


def _spotted(side: int, rng: Generator, palette: Float32) -> Float32:
    """Lights out of focus, crowds, blossom: many like spots over clouds."""
    picture = _clouded(side, rng, palette) * np.float32(rng.uniform(0.3, 0.9))
    radius = max(1.0, side * float(rng.uniform(0.008, 0.06)))
    for _ in range(int(rng.integers(30, 300))):
        x, y = (int(value) for value in rng.integers(0, side, 2))
        color = tuple(float(c) for c in np.clip(palette[int(rng.integers(len(palette)))] * rng.uniform(0.6, 1.6), 0, 1))
        cv2.circle(picture, (x, y), max(1, round(radius * float(rng.uniform(0.5, 1.3)))), color, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 2.0))), np.float32)


def _through(values: Float32, palette: Float32) -> Float32:
    """Numbers in [0, 1] as colours between those of the palette."""
    place = np.clip(values, 0, 1) * (len(palette) - 1)
    first = np.minimum(place.astype(np.int64), len(palette) - 2)
    share = (place - first)[..., None]
    return np.asarray(palette[first] * (1 - share) + palette[first + 1] * share, np.float32)


def _light(side: int, rng: Generator) -> Float32:
    """Uneven light: (side, side) float32 around 1."""
    return np.float32(0.6) + np.float32(0.8) * cv2.resize(rng.random((3, 3), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)


_KINDS: tuple[Callable[[int, Generator, Float32], Float32], ...] = (_clouded, _leaves, _striped, _grained, _graded, _spotted)
_SHARES = (0.2, 0.32, 0.13, 0.13, 0.1, 0.12)
