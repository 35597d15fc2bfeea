"""S in whole numbers, for programs that composite in 8 bits and know no signed layer.

The residual is taken against what such a program gets from the layers (rounded after every layer), not against the exact composite,
so that the layers and these pictures together show the source. It is given only where the stack is opaque: on a see-through
backdrop a blend layer would add opacity, which S must not.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import divide_by_255, over_bytes
from liwi.types import BoundingBox, Decomposition, UInt8

_BAND_ROWS = 64


@dataclass(frozen=True, eq=False)
class Residual:
    """What an 8-bit compositor gets from the layers, beside the source, in the part of the canvas where S can be other than 0.

    Attributes:
        box: that part.
        stacked: (h, w, 3) uint8, all layers, Normal and opaque.
        source: (h, w, 3) uint8.
        opaque: (h, w) bool, where stack and mask are fully opaque. The methods give nothing elsewhere.
    """

    box: BoundingBox
    stacked: UInt8
    source: UInt8
    opaque: NDArray[np.bool_]

    def subtract_and_add(self) -> tuple[UInt8, UInt8]:
        """Two (h, w, 4) uint8 pictures D and L, so that ``stacked - D + L == source``; alpha is 0 where they change nothing."""
        return self._in_bands(_subtract_and_add)

    def multiply_and_add(self) -> tuple[UInt8, UInt8]:
        """Two (h, w, 4) uint8 pictures M and L, so that ``round(stacked * M / 255) + L == source``."""
        return self._in_bands(_multiply_and_add)

    def cover(self) -> tuple[UInt8, UInt8]:
        """Two (h, w, 4) uint8 pictures to lay over the stack with Normal blending, one that darkens, one that lightens.

        Each has the least alpha that reaches the source; together they do within 1 of 255.
        """
        return self._in_bands(_cover)

    def _in_bands(self, split: Callable[[UInt8, UInt8], tuple[UInt8, UInt8]]) -> tuple[UInt8, UInt8]:
        """Split (stacked, source) into two RGBA pictures, a band at a time to bound the memory of what is wider than 8 bits."""
        darker, lighter = (np.empty((*self.opaque.shape, 4), np.uint8) for _ in range(2))
        for top in range(0, self.box.height, _BAND_ROWS):
            rows = slice(top, top + _BAND_ROWS)
            for whole, part in zip((darker, lighter), split(self.stacked[rows], self.source[rows]), strict=True):
                np.multiply(part, self.opaque[rows, :, None], out=whole[rows])
        return darker, lighter


def integer_residual(decomposition: Decomposition) -> Residual | None:
    """The residual of the stack in its present order; None where S is 0 everywhere."""
    box = decomposition.changed
    if box is None:
        return None
    stacked = np.zeros((box.height, box.width, 3), np.uint8)
    opaque = np.zeros((box.height, box.width), bool)
    for top in range(box.top, box.bottom, _BAND_ROWS):
        band = BoundingBox(box.left, top, box.right, min(top + _BAND_ROWS, box.bottom))
        for layer in decomposition.stack:
            place = layer.extent.intersect(band) if layer.extent else None
            if place is not None:
                there = place.translate(-box.left, -box.top).slices
                rgba = layer.rgba[place.slices]
                stacked[there] = over_bytes(stacked[there], rgba)
                opaque[there] |= rgba[..., 3] == 255
    if decomposition.mask is not None:
        opaque &= decomposition.mask[box.slices] == 255
    return Residual(box, stacked, decomposition.source[box.slices], opaque)


def _subtract_and_add(stacked: UInt8, source: UInt8) -> tuple[UInt8, UInt8]:
    brighter_of_both = np.maximum(stacked, source)
    return _shown_where_not(brighter_of_both - source, 0), _shown_where_not(brighter_of_both - stacked, 0)


def _multiply_and_add(stacked: UInt8, source: UInt8) -> tuple[UInt8, UInt8]:
    wanted = np.minimum(stacked, source)
    # The largest factor that does not end above the source; the half is what rounding would add.
    limit = (wanted + np.float32(0.49)) * 255 / np.maximum(stacked, 1)
    factor = np.where(wanted == stacked, 255, np.minimum(limit, 255).astype(np.uint8)).astype(np.uint8)
    multiplied = divide_by_255(stacked.astype(np.uint16) * factor)
    return _shown_where_not(factor, 255), _shown_where_not(source - multiplied, 0)


def _cover(stacked: UInt8, source: UInt8) -> tuple[UInt8, UInt8]:
    darker = _lay_towards(stacked, np.minimum(stacked, source))
    shown = over_bytes(stacked, darker)
    return darker, _lay_towards(shown, np.maximum(shown, source))


def _lay_towards(backdrop: UInt8, wanted: UInt8) -> UInt8:
    """The faintest picture that turns ``backdrop`` into ``wanted``."""
    change = wanted.astype(np.float32) - backdrop
    room = np.where(change < 0, backdrop, 255 - backdrop).astype(np.float32)
    needed = np.divide(np.abs(change), room, out=np.zeros_like(room), where=change != 0).max(axis=2, keepdims=True)
    alpha = np.ceil(needed * 255)
    colour = np.divide(change * 255, alpha, out=np.zeros_like(change), where=alpha > 0) + backdrop * (alpha > 0)
    return np.concatenate([np.clip(np.rint(colour), 0, 255), alpha], axis=-1).astype(np.uint8)


def _shown_where_not(colour: UInt8, nothing: int) -> UInt8:
    """(h, w, 4): ``colour``, opaque where any channel is other than ``nothing``, 0 elsewhere."""
    changes = colour ^ np.uint8(nothing)
    shown = (changes[..., 0] | changes[..., 1] | changes[..., 2]) > 0
    return np.dstack([colour * shown[..., None], shown * np.uint8(255)])
