"""Layered scenes drawn by code: objects with soft edges before a surface, each with a cast shadow, of any size and number of layers.

What the layered model is tried and compared with where there is no photograph with known layers: everything about a scene is known,
also what each object's own shadow is. One generator per scene, seeded with (seed, number): the same numbers give the same scenes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.matting.shapes import draw_object
from data_tools.matting.textures import draw_texture
from data_tools.samples import LayeredSample
from data_tools.shadows import ShadowKind, ShadowParameters, cast_shadow, draw_parameters
from liwi.imaging.compositing import resize_rgba, to_float
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
Float32 = NDArray[np.float32]
Generator = np.random.Generator

KIND = "scene"
NO_SHADOW = 65535

LEAST_AREA = 0.04
"""Smallest area of an object, as a share of the picture."""

_TRIES = 40
_DRAWN_LARGER = 2
"""Objects are drawn this much larger than they will be, and reduced."""


@dataclass(frozen=True, slots=True)
class SceneSettings:
    """What scenes look like.

    Attributes:
        sizes: (width, height) in pixels; each scene takes one by chance.
        foregrounds: how often a scene has 1, 2, 3, ... objects, in proportion; 89 % of LiWi-100k have one.
        heights: least and greatest height of an object as a share of the picture's.
        shadowed: share of the objects that cast a shadow.
        least_seen: smallest share of an object that others in front must leave.
        flat: share of the backgrounds without texture, as walls and skies are.
        jitter: every side of a box moves outward by up to this share of the object's size.
    """

    sizes: tuple[tuple[int, int], ...] = ((64, 64),)
    foregrounds: tuple[float, ...] = (0.89, 0.08, 0.02, 0.01)
    heights: tuple[float, float] = (0.4, 0.75)
    shadowed: float = 0.9
    least_seen: float = 0.5
    flat: float = 0.3
    jitter: float = 0.03


def draw_scenes(count: int, settings: SceneSettings, *, seed: int = 0, prefix: str = "scene") -> Iterator[LayeredSample]:
    """Draw scenes one by one.

    Args:
        count: how many.
        settings: what they look like.
        seed: another seed gives other scenes.
        prefix: of their names.
    """
    for number in range(count):
        yield draw_scene(f"{prefix}_{number:05d}", settings, np.random.default_rng([seed, number]))


def draw_scene(name: str, settings: SceneSettings, rng: Generator) -> LayeredSample:
    """Draw one scene; ``rng`` decides everything."""
    width, height = settings.sizes[int(rng.integers(len(settings.sizes)))]
    shares = np.array(settings.foregrounds)
    wanted = 1 + int(rng.choice(len(shares), p=shares / shares.sum()))
    background = _background((width, height), settings.flat, rng)
    placed: list[UInt8] = []
    shadows: list[ShadowParameters] = []
    for _ in range(_TRIES * wanted):
        if len(placed) == wanted:
            break
        shadow = _shadow(rng, settings.shadowed)
        canvas = _object((width, height), settings.heights, shadow, rng)
        if canvas is not None and _all_seen([*placed, canvas], settings.least_seen):
            placed.append(canvas)
            shadows.append(shadow)
    if not placed:
        raise ValueError(f"No object fits into {width} x {height} pixels")
    factor = _factor(placed, shadows)
    boxes = tuple(_box(canvas, settings.jitter, rng) for canvas in placed)
    facts: dict[str, Any] = {"shadows": [each.as_facts() for each in shadows]}
    return LayeredSample(name, background, tuple(placed), boxes, _quantised(factor), KIND, facts)


def own_shadows(sample: LayeredSample, which: Sequence[int]) -> UInt16 | None:
    """The shadow that some of a sample's objects cast: what a decomposition of these alone would find.

    Args:
        sample: with what `draw_scene` writes into its facts.
        which: their places, back to front.

    Returns:
        (H, W, 3) uint16, 65535 = no shadow; None where the sample does not say whose its shadows are.
    """
    if len(which) == len(sample.foregrounds):
        return sample.shadow_factor
    stated = sample.facts.get("shadows")
    if not isinstance(stated, list) or len(stated) != len(sample.foregrounds):
        return None
    return _quantised(_factor([sample.foregrounds[place] for place in which], [_parameters(stated[place]) for place in which]))


def _parameters(facts: Mapping[str, Any]) -> ShadowParameters:
    pairs = {key: tuple(facts[key]) for key in ("offset", "tint")}
    return ShadowParameters(**{**facts, **pairs, "kind": ShadowKind(facts["kind"])})


def _factor(objects: Sequence[UInt8], shadows: Sequence[ShadowParameters]) -> Float32:
    """The product of all shadows: (H, W, 3) float32 in (0, 1]."""
    factor = np.ones((*objects[0].shape[:2], 3), np.float32)
    for rgba, shadow in zip(objects, shadows, strict=True):
        factor *= cast_shadow(to_float(np.ascontiguousarray(rgba[..., 3])), shadow)
    return factor


def _quantised(factor: Float32) -> UInt16:
    return np.clip(np.rint(factor * NO_SHADOW), 0, NO_SHADOW).astype(np.uint16)


def _shadow(rng: Generator, shadowed: float) -> ShadowParameters:
    if rng.random() >= shadowed:
        return ShadowParameters(ShadowKind.NONE)
    drawn = draw_parameters(rng, stands=True)
    while drawn.kind is ShadowKind.NONE:
        drawn = draw_parameters(rng, stands=True)
    return drawn


def _background(size: tuple[int, int], flat: float, rng: Generator) -> UInt8:
    """A surface, or an even colour that changes a little: (H, W, 3) uint8."""
    width, height = size
    side = max(size)
    if rng.random() < flat:
        corners = np.clip(rng.uniform(40, 230, 3) + rng.normal(0, 14, (2, 2, 3)), 0, 255).astype(np.float32)
        return np.asarray(np.rint(cv2.resize(corners, size, interpolation=cv2.INTER_LINEAR)), np.uint8)
    picture = draw_texture(2 * side, rng)
    reduced = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:  # out of focus, as behind an object
        reduced = cv2.GaussianBlur(reduced, (0, 0), float(rng.uniform(0.6, 2.0)))
    brightened = np.clip(reduced.astype(np.float32) * 0.85 + 35, 0, 255)  # a shadow on black cannot be seen
    return np.ascontiguousarray(np.rint(brightened[:height, :width]).astype(np.uint8))


def _object(size: tuple[int, int], heights: tuple[float, float], shadow: ShadowParameters, rng: Generator) -> UInt8 | None:
    """An object on an empty canvas: (H, W, 4) uint8; None where it became too small."""
    width, height = size
    drawn = draw_object(_DRAWN_LARGER * max(size), rng)
    extent = BoundingBox.around(drawn[..., 3] > 5)
    if extent is None:
        return None
    rgba = np.ascontiguousarray(drawn[extent.slices])
    scale = min(float(rng.uniform(*heights)) * height / extent.height, 0.9 * width / extent.width)
    scaled = resize_rgba(rgba, (max(1, round(extent.width * scale)), max(1, round(extent.height * scale))))
    if min(scaled.shape[:2]) < 6 or to_float(np.ascontiguousarray(scaled[..., 3])).sum() < LEAST_AREA * width * height:
        return None
    left = int(rng.integers(0, width - scaled.shape[1] + 1))
    lowest = height - scaled.shape[0]
    stands = shadow.kind in (ShadowKind.GROUND, ShadowKind.CONTACT)
    top = int(rng.integers(min(lowest, max(0, round(0.5 * height) - scaled.shape[0] // 2)) if stands else 0, lowest + 1))
    canvas = np.zeros((height, width, 4), np.uint8)
    canvas[top : top + scaled.shape[0], left : left + scaled.shape[1]] = scaled
    return canvas


def _all_seen(objects: Sequence[UInt8], least: float) -> bool:
    """Whether those in front leave enough of each object."""
    uncovered = np.ones(objects[0].shape[:2], np.float32)
    for rgba in reversed(objects):
        alpha = to_float(np.ascontiguousarray(rgba[..., 3]))
        if float((alpha * uncovered).sum()) < least * float(alpha.sum()):
            return False
        uncovered = uncovered * (1 - alpha)
    return True


def _box(rgba: UInt8, jitter: float, rng: Generator) -> BoundingBox:
    extent = BoundingBox.around(rgba[..., 3])
    assert extent is not None  # an object has pixels
    moved = rng.uniform(0, jitter, 4) * np.array([extent.width, extent.height, extent.width, extent.height])
    left, top, right, bottom = (round(float(value)) for value in moved)
    box = BoundingBox(extent.left - left, extent.top - top, extent.right + right, extent.bottom + bottom)
    return box.intersect(BoundingBox.of_size((rgba.shape[1], rgba.shape[0]))) or extent
