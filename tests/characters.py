"""A doll drawn by code, of which every body part is known completely, and part segmenters that need no network."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import over, to_float, to_uint8
from liwi.seethrough.body_parts import CoarseBodyPart
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

SIZE = (150, 240)
_SKIN, _HAIR, _SHIRT, _SKIRT, _SHOE, _DARK = (250, 220, 200), (120, 70, 160), (70, 130, 200), (190, 60, 60), (60, 40, 30), (30, 30, 60)

DRAWN = (
    *("back hair", "legwear-r", "legwear-l", "footwear-r", "footwear-l", "neck", "topwear", "bottomwear", "handwear-r", "handwear-l"),
    *("face", "nose", "mouth", "eyes-r", "eyes-l", "front hair"),
)
"""The doll's layers back to front."""


@dataclass(frozen=True, eq=False)
class Doll:
    """A character and its truth.

    Attributes:
        rgba: (H, W, 4) uint8, straight alpha.
        layers: name -> (H, W, 4) uint8, the complete part; back to front.
        visible: (19, H, W) float32: the share of each pixel that shows each class.
    """

    rgba: UInt8
    layers: Mapping[str, UInt8]
    visible: Float32


def draw_doll(scale: float = 1.0) -> Doll:
    """The doll, ``scale`` times 150 x 240 pixels, with soft edges."""
    layers = {name: _draw(name, scale) for name in DRAWN}
    result = np.zeros((round(SIZE[1] * scale), round(SIZE[0] * scale), 4), np.float32)
    visible = np.zeros((len(CoarseBodyPart), *result.shape[:2]), np.float32)
    for name, rgba in layers.items():
        visible *= 1 - rgba[..., 3] / np.float32(255)
        visible[_coarse(name).class_index] += rgba[..., 3] / np.float32(255)
        result = over(to_float(rgba), result)
    return Doll(to_uint8(result), layers, visible)


def on_ground(doll: Doll, color: tuple[int, int, int] = (190, 215, 200)) -> UInt8:
    """(H, W, 3) uint8: the doll before a plain ground with some room around it."""
    rgba = np.pad(doll.rgba, ((20, 20), (30, 30), (0, 0)))
    alpha = rgba[..., 3:] / 255
    return np.rint(rgba[..., :3] * alpha + np.array(color) * (1 - alpha)).astype(np.uint8)


class DollSegmenter:
    """`liwi.protocols.PartSegmenter` that knows the doll: the truth inside its outline, brought to whatever size is asked for."""

    def __init__(self, doll: Doll) -> None:
        extent = BoundingBox.around(doll.rgba[..., 3])
        assert extent is not None
        self._visible = doll.visible[(slice(None), *extent.slices)]

    def segment_parts(self, rgba: UInt8) -> Float32:
        planes = [cv2.resize(plane, (rgba.shape[1], rgba.shape[0]), interpolation=cv2.INTER_AREA) for plane in self._visible]
        return np.stack(planes) * (rgba[..., 3] > 0)


class HeightSegmenter:
    """`liwi.protocols.PartSegmenter` that goes by height alone: hair, face, topwear, legwear, each a quarter of the figure."""

    def segment_parts(self, rgba: UInt8) -> Float32:
        answer = np.zeros((len(CoarseBodyPart), *rgba.shape[:2]), np.float32)
        quarters = np.array_split(np.arange(rgba.shape[0]), 4)
        parts = (CoarseBodyPart.HAIR, CoarseBodyPart.FACE, CoarseBodyPart.TOPWEAR, CoarseBodyPart.LEGWEAR)
        for part, rows in zip(parts, quarters, strict=True):
            answer[part.class_index][rows] = 1
        return answer * (rgba[..., 3] > 0)


def _coarse(name: str) -> CoarseBodyPart:
    tag = name.removesuffix("-l").removesuffix("-r")
    return CoarseBodyPart.HAIR if tag.endswith("hair") else CoarseBodyPart(tag)


def _draw(name: str, scale: float) -> UInt8:
    tag, _, side = name.partition("-")
    sign = {"r": -1, "l": 1}.get(side, 0)  # the character's right hand is on the left
    match tag:
        case "back hair":
            return _ellipse((75, 88), (46, 70), _HAIR, scale)
        case "legwear":
            return _box((75 + sign * 16 - 9, 150, 75 + sign * 16 + 9, 222), _SKIN, scale)
        case "footwear":
            return _box((75 + sign * 16 - 12, 214, 75 + sign * 16 + 12, 232), _SHOE, scale)
        case "neck":
            return _box((67, 80, 83, 112), (230, 190, 170), scale)
        case "topwear":
            return _box((52, 104, 98, 166), _SHIRT, scale)
        case "bottomwear":
            return _box((44, 158, 106, 186), _SKIRT, scale)
        case "handwear":
            return _box((75 + sign * 30 - 8, 106, 75 + sign * 30 + 8, 172), (110, 170, 230), scale)
        case "face":
            return _ellipse((75, 66), (30, 33), _SKIN, scale)
        case "nose":
            return _ellipse((75, 74), (2, 2), (200, 150, 140), scale)
        case "mouth":
            return _ellipse((75, 85), (7, 2), (200, 80, 80), scale)
        case "eyes":
            return _ellipse((75 + sign * 13, 66), (6, 7), _DARK, scale)
        case _:
            fringe = _ellipse((75, 58), (38, 40), _HAIR, scale)
            fringe[round(56 * scale) :] = 0
            return fringe


def _ellipse(centre: tuple[int, int], radii: tuple[int, int], color: tuple[int, int, int], scale: float) -> UInt8:
    y, x = np.mgrid[: round(SIZE[1] * scale), : round(SIZE[0] * scale)].astype(np.float32)
    across, down = ((x + 0.5) / scale - centre[0]) / radii[0], ((y + 0.5) / scale - centre[1]) / radii[1]
    inside = (1 - np.hypot(across, down)) * min(radii) * scale
    return _painted(inside, color)


def _box(box: tuple[int, int, int, int], color: tuple[int, int, int], scale: float) -> UInt8:
    y, x = np.mgrid[: round(SIZE[1] * scale), : round(SIZE[0] * scale)].astype(np.float32)
    x, y = (x + 0.5) / scale, (y + 0.5) / scale
    inside = np.minimum.reduce([x - box[0], y - box[1], box[2] - x, box[3] - y]) * scale
    return _painted(inside, color)


def _painted(inside: Float32, color: tuple[int, int, int]) -> UInt8:
    """Paint with a soft edge one pixel wide."""
    alpha = np.rint(np.clip(inside + 0.5, 0, 1) * 255).astype(np.uint8)
    rgba = np.zeros((*alpha.shape, 4), np.uint8)
    rgba[alpha > 0, :3] = color
    rgba[..., 3] = alpha
    return rgba
