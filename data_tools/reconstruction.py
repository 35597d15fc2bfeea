"""Does the truth add up? Puts a character back together from its part layers by pseudo-depth, and measures what is lost.

One depth per part is what a layered file can hold (paper 2, section 4.2.2: the parts are sorted). It cannot express a part that lies
both before and behind another; sorting each pixel's layers by their own depth there can, up to soft edges.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data_tools.samples import CharacterSample, PartLayer
from liwi.imaging.compositing import to_float, to_uint8
from liwi.seethrough.body_parts import TaxonomyVersion

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]


class StackOrder(StrEnum):
    """How the layers of a character are sorted."""

    PART = "part"
    PIXEL = "pixel"


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """PSNR in dB of the composite against the character, both on white, over the whole picture; `math.inf` where they are equal."""

    part: float
    pixel: float


def measure(sample: CharacterSample, taxonomy: TaxonomyVersion = TaxonomyVersion.V2, *, variant: str = "order") -> Reconstruction:
    """Put a character back together in both ways and compare.

    Args:
        sample: the character.
        taxonomy: which of its layers.
        variant: of pseudo-depth, see `data_tools.samples.DEPTH_VARIANTS`.
    """
    truth = on_white(sample.figure)
    results = {order: reconstruct(sample, taxonomy, order, variant=variant) for order in StackOrder}
    return Reconstruction(*(psnr(results[order], truth) for order in (StackOrder.PART, StackOrder.PIXEL)))


def reconstruct(
    sample: CharacterSample, taxonomy: TaxonomyVersion = TaxonomyVersion.V2, order: StackOrder = StackOrder.PART, *, variant: str = "order"
) -> UInt8:
    """Composite the amodal layers of a character on white, far ones first.

    Args:
        sample: the character.
        taxonomy: which of its layers.
        order: one depth per part (its median), or one per pixel of each part.
        variant: of pseudo-depth.

    Returns:
        (H, W, 3) uint8.
    """
    layers = sample.layers_of(taxonomy)
    picture = np.ones((*sample.source.shape[:2], 3), np.float32)
    match order:
        case StackOrder.PART:
            for layer in by_depth(sample, layers, variant=variant):
                _lay(picture[layer.box.slices], to_float(layer.rgba))
        case StackOrder.PIXEL:
            _lay_by_pixel(picture, sample, layers, variant)
    return to_uint8(picture)


def by_depth(sample: CharacterSample, layers: tuple[PartLayer, ...], *, variant: str = "order") -> list[PartLayer]:
    """Layers back to front by the median pseudo-depth of their parts, then the mean; then by the plain draw order."""

    def key(layer: PartLayer) -> tuple[float, ...]:
        return tuple(np.nan_to_num((*sample.part_depth(layer.tag, variant), *sample.part_depth(layer.tag))).tolist())

    return sorted(layers, key=key)


def on_white(rgba: UInt8) -> UInt8:
    """(H, W, 3) uint8: straight-alpha (H, W, 4) uint8 over white."""
    picture = np.ones((*rgba.shape[:2], 3), np.float32)
    _lay(picture, to_float(rgba))
    return to_uint8(picture)


def psnr(one: UInt8, other: UInt8) -> float:
    """Peak signal-to-noise ratio of two uint8 arrays of one shape in dB; infinite where they are equal."""
    error = float(np.mean((one.astype(np.float32) - other) ** 2))
    return float(10 * np.log10(255**2 / error)) if error > 0 else float("inf")


def _lay(picture: Float32, rgba: Float32) -> None:
    alpha = rgba[..., 3:]
    picture *= 1 - alpha
    picture += rgba[..., :3] * alpha


def _lay_by_pixel(picture: Float32, sample: CharacterSample, layers: tuple[PartLayer, ...], variant: str) -> None:
    """Sort each pixel's layers by the depth that they have there. Of equal ones the part that lies farther back as a whole goes first."""
    if not layers:
        return
    ordered = by_depth(sample, layers, variant=variant)
    depths = np.full((len(ordered), *picture.shape[:2]), -1, np.float32)
    pixels = np.zeros((len(ordered), *picture.shape[:2], 4), np.float32)
    for depth, rgba, layer in zip(depths, pixels, ordered, strict=True):
        depth[layer.box.slices] = np.nan_to_num(sample.depth_map(layer, variant), nan=-1)
        rgba[layer.box.slices] = to_float(layer.rgba)
    places = np.argsort(depths, axis=0, kind="stable")
    for place in places:
        _lay(picture, np.take_along_axis(pixels, place[None, ..., None], axis=0)[0])
