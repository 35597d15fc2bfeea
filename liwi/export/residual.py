"""S in whole numbers, for programs that composite in 8 bits and know no signed layer.

The residual is taken against what such a program gets from the layers (rounded after every layer), not against the exact composite,
so that the layers and these pictures together show the source. It is given only where the stack is opaque: on a see-through
backdrop a blend layer would add opacity, which S must not.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liwi.types import BoundingBox, Decomposition, UInt8

_BAND_ROWS = 256


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
        darker = np.maximum(self.stacked, self.source) - self.source
        lighter = np.maximum(self.stacked, self.source) - self.stacked
        return self._picture(darker, darker.max(axis=2) > 0), self._picture(lighter, lighter.max(axis=2) > 0)

    def multiply_and_add(self) -> tuple[UInt8, UInt8]:
        """Two (h, w, 4) uint8 pictures M and L, so that ``round(stacked * M / 255) + L == source``."""
        stacked, wanted = self.stacked.astype(np.uint16), np.minimum(self.stacked, self.source)
        factor = np.full(stacked.shape, 255, np.uint16)
        # The largest factor that does not end above the source; the half is what rounding would add.
        limit = (wanted.astype(np.float32) + np.float32(0.49)) * 255 / np.maximum(stacked, 1)
        factor = np.minimum(factor, limit.astype(np.uint16))
        factor[wanted == self.stacked] = 255
        multiplied = _divide_by_255(stacked * factor)
        lighter = self.source - np.minimum(multiplied, self.source)
        return self._picture(factor.astype(np.uint8), factor.min(axis=2) < 255), self._picture(lighter, lighter.max(axis=2) > 0)

    def cover(self) -> tuple[UInt8, UInt8]:
        """Two (h, w, 4) uint8 pictures to lay over the stack with Normal blending, one that darkens, one that lightens.

        Each has the least alpha that reaches the source; together they do within 1 of 255.
        """
        wanted = np.minimum(self.stacked, self.source)
        darker = self._lay_towards(self.stacked, wanted)
        shown = _over(self.stacked, darker)
        return darker, self._lay_towards(shown, np.maximum(shown, self.source))

    def _lay_towards(self, backdrop: UInt8, wanted: UInt8) -> UInt8:
        """The faintest picture that turns ``backdrop`` into ``wanted``."""
        change = wanted.astype(np.float32) - backdrop
        room = np.where(change < 0, backdrop, 255 - backdrop).astype(np.float32)
        needed = np.divide(np.abs(change), room, out=np.zeros_like(room), where=change != 0).max(axis=2, keepdims=True)
        alpha = np.ceil(needed * 255)
        colour = backdrop + np.divide(change * 255, alpha, out=np.zeros_like(change), where=alpha > 0)
        pixels = np.concatenate([np.clip(np.rint(colour), 0, 255), alpha], axis=-1).astype(np.uint8)
        pixels[(alpha[..., 0] == 0) | ~self.opaque] = 0
        return pixels

    def _picture(self, colour: UInt8, changed: NDArray[np.bool_]) -> UInt8:
        shown = changed & self.opaque
        pixels = np.dstack([colour, np.full(shown.shape, 255, np.uint8)])
        pixels[~shown] = 0
        return pixels


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
                stacked[there] = _over(stacked[there], rgba)
                opaque[there] |= rgba[..., 3] == 255
    if decomposition.mask is not None:
        opaque &= decomposition.mask[box.slices] == 255
    return Residual(box, stacked, decomposition.source[box.slices], opaque)


def _over(backdrop: UInt8, rgba: UInt8) -> UInt8:
    """``rgba`` over an opaque (h, w, 3) backdrop, rounded to 8 bits."""
    alpha = rgba[..., 3:].astype(np.uint16)
    return _divide_by_255(rgba[..., :3] * alpha + backdrop * (255 - alpha))


def _divide_by_255(products: NDArray[np.uint16]) -> UInt8:
    """round(x / 255) for x <= 255 * 255, without leaving 16 bits."""
    biased = products + np.uint16(128)
    return ((biased + (biased >> np.uint16(8))) >> np.uint16(8)).astype(np.uint8)
