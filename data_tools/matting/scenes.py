"""One scene: an object before a background, among others, with a shadow, through a camera; and the crop that a box around it gives.

Scenes are made hard on purpose: backgrounds in the object's own colours, the same object again beside the box, others in front, shadows,
objects that the picture's edge cuts off, boxes as large as the picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from data_tools.matting.objects import SceneObject
from data_tools.matting.surfaces import draw_surface
from data_tools.matting.textures import draw_texture, palette_of
from data_tools.shadows import cast_shadow, draw_parameters
from liwi.engines.embedded import OBJECT_MARGIN
from liwi.imaging.compositing import resize_rgba, to_float
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Generator = np.random.Generator

LEAST_VISIBLE = 60
"""Pixels that must be seen of an object."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A crop and its truth.

    Attributes:
        rgb: (s, s, 3) uint8; black where ``support`` is 0.
        alpha: (s, s) uint8, what is seen of the object.
        support: (s, s) uint8, 255 inside ``region``.
        region: the part of the square that is picture.
        box: the prompt, inside ``region``.
    """

    rgb: UInt8
    alpha: UInt8
    support: UInt8
    region: BoundingBox
    box: BoundingBox


def compose_scene(target: SceneObject, others: Sequence[SceneObject], surfaces: Sequence[UInt8], side: int, rng: Generator) -> Scene | None:
    """Compose one scene.

    Args:
        target: the object that the box is for.
        others: objects to stand behind, beside and in front of it.
        surfaces: photographed ones, see `data_tools.matting.surfaces.draw_surface`; may be empty.
        side: of the square that holds the crop, in pixels.
        rng: decides everything.

    Returns:
        None where too little of the object is seen.
    """
    long = side / (1 + 2 * OBJECT_MARGIN) if rng.random() < 0.85 else side * float(rng.uniform(0.7, 1.0))
    object_rgba = _vary(target.rgba, long * float(rng.uniform(0.85, 1.0)), surfaces, rng)
    alike = rng.random() < 0.4
    palette = palette_of(object_rgba if rng.random() < 0.5 else _part(object_rgba, rng), rng) if alike else None
    canvas = _background(side, surfaces, palette, rng)
    placed = _paste(object_rgba, side, rng.integers(0, np.maximum(1, side - np.array(object_rgba.shape[1::-1]) + 1), 2))
    if others and rng.random() < 0.12:
        canvas = _crowd(others, canvas, surfaces, rng)
    for other in others[: int(rng.integers(0, len(others) + 1))]:
        canvas = _over(_anywhere(other.rgba, side, surfaces, rng), canvas)
    if rng.random() < 0.12:  # the same again, beside
        canvas = _over(_anywhere(target.rgba, side, surfaces, rng), canvas)
    if rng.random() < 0.4:
        canvas = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.5, 4)))
    alpha = to_float(np.ascontiguousarray(placed[..., 3]))
    canvas = np.asarray(canvas * cast_shadow(alpha, draw_parameters(rng, stands=rng.random() < 0.8)), np.float32)
    canvas = _over(placed, canvas)
    if others and rng.random() < 0.15:  # something in front
        front = _anywhere(others[0].rgba, side, surfaces, rng, largest=0.4)
        canvas, alpha = _over(front, canvas), alpha * (1 - to_float(np.ascontiguousarray(front[..., 3])))
    return _crop(_camera(canvas, rng), np.rint(alpha * 255).astype(np.uint8), rng)


def _background(side: int, surfaces: Sequence[UInt8], palette: Float32 | None, rng: Generator) -> Float32:
    """(side, side, 3) float32 in [0, 255]."""
    picture = draw_surface(side, surfaces, rng, palette)
    if rng.random() < 0.4:  # ground and wall, near and far
        other = draw_surface(side, surfaces, rng, palette if rng.random() < 0.5 else None)
        y, x = np.mgrid[:side, :side].astype(np.float32) / side
        edge = rng.uniform(0.3, 0.8) + float(rng.normal(0, 0.25)) * (x - 0.5)
        share = np.clip((y - edge) * side * float(rng.choice([0.05, 1.0])) + 0.5, 0, 1)[..., None]
        picture = picture * (1 - share) + other * share
    return np.asarray(picture, np.float32)


def _crowd(others: Sequence[SceneObject], canvas: Float32, surfaces: Sequence[UInt8], rng: Generator) -> Float32:
    """Many objects one before another, mostly darker than what stands before them: spectators, foliage, shelves."""
    side = canvas.shape[0]
    for number in range(int(rng.integers(6, 14))):
        canvas = _over(_anywhere(others[number % len(others)].rgba, side, surfaces, rng, largest=0.45), canvas)
    return np.asarray(canvas * rng.uniform(0.3, 1.1), np.float32)


def _part(rgba: UInt8, rng: Generator) -> UInt8:
    """The upper, middle or lower half of an object: hair, or boots, may be in the colours of what is behind them."""
    height = rgba.shape[0]
    top = int(rng.choice([0, height // 4, height // 2]))
    return rgba[top : top + max(1, height // 2)]


def _vary(rgba: UInt8, long: float, surfaces: Sequence[UInt8], rng: Generator) -> UInt8:
    """Turn, mirror, recolour and scale an object so that its longer side is ``long`` pixels; sometimes cover it with a surface."""
    if rng.random() < 0.5:
        rgba = rgba[:, ::-1]
    if rng.random() < 0.4:
        rgba = _turn(rgba, float(rng.normal(0, 18)))
    height, width = rgba.shape[:2]
    scale = long / max(height, width)
    rgba = resize_rgba(np.ascontiguousarray(rgba), (max(2, round(width * scale)), max(2, round(height * scale))))
    rgb: NDArray[np.floating] = rgba[..., :3].astype(np.float32)
    if rng.random() < 0.3:  # the shape and shading stay, the surface is another
        surface = draw_surface(max(rgba.shape[:2]), surfaces, rng)[: rgba.shape[0], : rgba.shape[1]]
        gray = rgb.mean(axis=2, keepdims=True) / 255
        rgb = np.clip(surface * (0.5 + gray) * float(rng.uniform(0.6, 1)) + rgb * float(rng.uniform(0, 0.5)), 0, 255)
    if rng.random() < 0.3:
        rgb = rgb[..., rng.permutation(3)]
    if rng.random() < 0.5:  # grain and patches: drawings are too clean
        rgb = rgb * (0.7 + 0.6 * draw_texture(max(rgba.shape[:2]), rng)[: rgba.shape[0], : rgba.shape[1], :1].astype(np.float32) / 255)
    rgb = 255 * (np.clip(rgb, 0, 255) / 255) ** float(rng.uniform(0.6, 1.7))
    return np.dstack([np.clip(rgb, 0, 255).astype(np.uint8), rgba[..., 3]])


def _turn(rgba: UInt8, degrees: float) -> UInt8:
    height, width = rgba.shape[:2]
    side = int(np.hypot(height, width)) + 2
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    matrix[:, 2] += [(side - width) / 2, (side - height) / 2]
    weighted = rgba.astype(np.float32)
    weighted[..., :3] *= weighted[..., 3:] / 255
    turned = cv2.warpAffine(weighted, matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=(0, 0, 0, 0))
    turned[..., :3] /= np.maximum(turned[..., 3:] / 255, 1 / 255)
    result = np.clip(turned, 0, 255).astype(np.uint8)
    extent = BoundingBox.around(result[..., 3] > 5)
    return rgba if extent is None else np.ascontiguousarray(result[extent.slices])


def _anywhere(rgba: UInt8, side: int, surfaces: Sequence[UInt8], rng: Generator, largest: float = 0.8) -> UInt8:
    long = side * float(rng.uniform(0.15, largest))
    varied = _vary(rgba, long, surfaces, rng)
    return _paste(varied, side, rng.integers(-side // 4, side, 2))


def _paste(rgba: UInt8, side: int, corner: NDArray[np.int64]) -> UInt8:
    """An object on an empty square, its top left corner at ``corner`` (x, y); what lies outside is cut off."""
    canvas = np.zeros((side, side, 4), np.uint8)
    left, top = int(corner[0]), int(corner[1])
    box = BoundingBox(left, top, left + rgba.shape[1], top + rgba.shape[0]).intersect(BoundingBox(0, 0, side, side))
    if box is not None:
        canvas[box.slices] = rgba[box.translate(-left, -top).slices]
    return canvas


def _over(rgba: UInt8, canvas: Float32) -> Float32:
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return np.asarray(rgba[..., :3] * alpha + canvas * (1 - alpha), np.float32)


def _camera(canvas: Float32, rng: Generator) -> UInt8:
    """Light, colour cast, softness, noise and JPEG."""
    if rng.random() < 0.5:
        canvas = canvas * rng.uniform(0.75, 1.25, 3).astype(np.float32)
    if rng.random() < 0.3:
        light = cv2.resize(rng.random((3, 3), np.float32), canvas.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        canvas = canvas * (0.6 + 0.8 * light)[..., None]
    if rng.random() < 0.3:
        canvas = cv2.GaussianBlur(canvas, (0, 0), float(rng.uniform(0.3, 0.9)))
    if rng.random() < 0.5:
        canvas = canvas + rng.normal(0, float(rng.uniform(1, 9)), canvas.shape).astype(np.float32)
    picture = np.clip(canvas, 0, 255).astype(np.uint8)
    if rng.random() < 0.4:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 95))])
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return picture


def _crop(rgb: UInt8, alpha: UInt8, rng: Generator) -> Scene | None:
    """Draw the box, jittered, and the crop around it; sometimes the picture ends inside of that."""
    side = alpha.shape[0]
    picture = BoundingBox(0, 0, side, side)
    if rng.random() < 0.25:
        cuts = [int(cut) for cut in rng.integers(0, side // 5, 4) * (rng.random(4) < 0.5)]
        picture = BoundingBox(cuts[0], cuts[1], side - cuts[2], side - cuts[3])
    seen = np.zeros_like(alpha)
    seen[picture.slices] = alpha[picture.slices]
    extent = BoundingBox.around(seen > 25)
    if extent is None or int((seen > 127).sum()) < LEAST_VISIBLE:
        return None
    jitter = rng.uniform(0, 0.03, 4) if rng.random() < 0.75 else rng.uniform(-0.03, 0.06, 4)
    box = BoundingBox(
        round(extent.left - jitter[0] * extent.width),
        round(extent.top - jitter[1] * extent.height),
        max(round(extent.right + jitter[2] * extent.width), round(extent.left - jitter[0] * extent.width) + 1),
        max(round(extent.bottom + jitter[3] * extent.height), round(extent.top - jitter[1] * extent.height) + 1),
    ).intersect(picture)
    if box is None or min(box.width, box.height) < 6:
        return None
    region = box.expand(max(4, round(OBJECT_MARGIN * max(box.width, box.height)))).intersect(picture)
    assert region is not None  # the box lies inside the picture
    support = np.zeros_like(alpha)
    support[region.slices] = 255
    return Scene(rgb * (support[..., None] > 0), seen * (support > 0), support, region, box)


def mean_brightness(scene: Scene) -> float:
    """Mean of the picture, in [0, 1]; scenes that are nearly black or white teach nothing."""
    return float(to_float(np.ascontiguousarray(scene.rgb[scene.region.slices])).mean())
