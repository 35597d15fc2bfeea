"""What the pseudo-depth network sees of a `CharacterSample`, and the depth that it is to find (paper 2, sections 3.2 and 4.2.1).

Frames are those of `liwi.seethrough.depth_pipeline`: the 19 classes of version 2 in their order, missing ones empty, and the page, whose
depth is that of what is seen. Here 0 is near and 1 far, as the network was trained; `CharacterSample` has 1 for near.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from data_tools.samples import CharacterSample
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import TAXONOMIES, TaxonomyVersion
from liwi.seethrough.color_padding import pad_colors
from liwi.seethrough.depth_pipeline import compose_frames
from liwi.seethrough.squares import Square, resize_square
from training.objectives.part_views import whole_layer

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
N = TypeVar("N", bound=np.generic)

FAR = np.float32(1)
"""The depth of what is not there."""


@dataclass(frozen=True, eq=False)
class DepthView:
    """The frames of a character.

    Attributes:
        frames: 20 of (S, S, 4) uint8; None where a class is missing.
        depths: 20 of (S, S) float32 in [0, 1], 0 near; beside a part its depth goes on, as its colours do. None where a class is missing.
    """

    frames: tuple[UInt8 | None, ...]
    depths: tuple[Float32 | None, ...]


def layers_of(sample: CharacterSample) -> dict[str, UInt8]:
    """The complete parts of 19 classes: tag to (H, W, 4) uint8."""
    return {layer.tag: whole_layer(sample, layer.tag) for layer in sample.layers_of(TaxonomyVersion.V2)}


def near_maps(sample: CharacterSample, variant: str) -> dict[str, Float32]:
    """The true depth of each part: tag to (H, W) float32, 1 near, NaN beside the part."""
    maps = {}
    for layer in sample.layers_of(TaxonomyVersion.V2):
        near = np.full(sample.source.shape[:2], np.nan, np.float32)
        near[layer.box.slices] = sample.depth_map(layer, variant)
        maps[layer.tag] = near
    return maps


def page_of(sample: CharacterSample) -> UInt8:
    """(H, W, 4) uint8: the picture, as the pipeline is asked about it."""
    return np.dstack([sample.source, np.full(sample.source.shape[:2], 255, np.uint8)])


def depth_view(sample: CharacterSample, side: int, variant: str, *, mirrored: bool) -> DepthView:
    """The frames of a sample.

    Args:
        sample: a character.
        side: of the view in pixels.
        variant: of pseudo-depth, see `data_tools.samples.DEPTH_VARIANTS`.
        mirrored: left and right exchanged.
    """
    layers, near = layers_of(sample), near_maps(sample, variant)
    square = Square(BoundingBox.of_size(sample.size), side)
    composed = compose_frames(layers, page_of(sample))
    tags = [*TAXONOMIES[TaxonomyVersion.V2], ""]
    front = _front(near, layers, sample.size)
    frames: list[UInt8 | None] = []
    depths: list[Float32 | None] = []
    for tag, frame in zip(tags, composed, strict=True):
        there = tag == "" or tag in layers
        seen = square.cut(frame, padded=True) if there else None
        deep = _continued(square, front if tag == "" else near[tag]) if there else None
        frames.append(_turn(seen, mirrored))
        depths.append(_turn(deep, mirrored))
    return DepthView(tuple(frames), tuple(depths))


def _front(near: Mapping[str, Float32], layers: Mapping[str, UInt8], size: tuple[int, int]) -> Float32:
    """The depth of what is seen: of all parts that cover a pixel, the nearest."""
    planes = [np.where(layers[tag][..., 3] > 127, near[tag], np.nan) for tag in near]
    stacked = np.stack([np.full((size[1], size[0]), np.nan, np.float32), *planes])
    found = np.where(np.isnan(stacked), -1, stacked).max(axis=0)
    return np.where(found < 0, np.nan, found).astype(np.float32)


def _continued(square: Square, near: Float32) -> Float32:
    """The view of a depth map, 0 near, that goes on where it is not known; all far where nothing is known."""
    left, top = square.padding
    canvas = np.zeros((2, square.side, square.side), np.float32)
    known = ~np.isnan(near)
    inside = (slice(top, top + square.box.height), slice(left, left + square.box.width))
    canvas[0][inside] = known
    canvas[1][inside] = np.where(known, 1 - near, 0)
    alpha, sums = (resize_square(plane, square.resolution) for plane in canvas)
    if not alpha.any():
        return np.full_like(alpha, FAR)
    depth = np.divide(sums, alpha, out=np.zeros_like(sums), where=alpha > 0)
    argb = torch.from_numpy(np.stack([alpha, depth, depth, depth]))[None]
    result: Float32 = pad_colors(argb)[0, 0].clamp(0, 1).numpy()
    return result


def _turn(pixels: NDArray[N] | None, mirrored: bool) -> NDArray[N] | None:
    return pixels if pixels is None or not mirrored else np.ascontiguousarray(pixels[:, ::-1])
