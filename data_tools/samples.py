"""`LayeredSample`: a picture of which every layer is known exactly."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import composite, over, to_float, to_uint8
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
UInt16 = NDArray[np.uint16]
Float32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LayeredSample:
    """A composite and its truth. The source is derived from the layers, so it fits them exactly.

    Attributes:
        name: file-safe, unique in its dataset.
        background: (H, W, 3) uint8, sRGB, clean: without objects and without their shadows.
        foregrounds: each (H, W, 4) uint8, straight alpha, canvas-sized, **back to front**.
        boxes: the box prompt of each foreground, outside its extent by some jitter.
        shadow_factor: (H, W, 3) uint16, 65535 = no shadow; the background is multiplied by ``shadow_factor / 65535``.
        kind: what sort of picture the foregrounds are.
        facts: what a person may want to know: sources with licences, the shadow's kind and parameters, jitter, scale.
    """

    name: str
    background: UInt8
    foregrounds: tuple[UInt8, ...]
    boxes: tuple[BoundingBox, ...]
    shadow_factor: UInt16
    kind: str
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.background.shape[:2]
        if self.background.dtype != np.uint8 or self.background.shape != (*shape, 3):
            raise ValueError(f"background must be (H, W, 3) uint8, got {self.background.shape} {self.background.dtype}")
        if self.shadow_factor.dtype != np.uint16 or self.shadow_factor.shape != (*shape, 3):
            raise ValueError(f"shadow_factor must be {(*shape, 3)} uint16, got {self.shadow_factor.shape} {self.shadow_factor.dtype}")
        for rgba in self.foregrounds:
            if rgba.dtype != np.uint8 or rgba.shape != (*shape, 4):
                raise ValueError(f"every foreground must be {(*shape, 4)} uint8, got {rgba.shape} {rgba.dtype}")
        if len(self.boxes) != len(self.foregrounds):
            raise ValueError(f"one box per foreground: got {len(self.boxes)} boxes for {len(self.foregrounds)} foregrounds")

    @property
    def size(self) -> tuple[int, int]:
        """``(width, height)``."""
        return self.background.shape[1], self.background.shape[0]

    @cached_property
    def source(self) -> UInt8:
        """(H, W, 3) uint8: the foregrounds over the shadowed background, rounded once."""
        shadowed = to_float(self.background) * (self.shadow_factor.astype(np.float32) / np.float32(65535))
        result = _opaque(shadowed)
        for rgba in self.foregrounds:
            result = over(to_float(rgba), result)
        return to_uint8(result[..., :3])

    @cached_property
    def shadow(self) -> Float32:
        """S = source - composite of the layers: (H, W, 3) float32 in [-1, 1], derived, never stored in 8 bits."""
        layers = [_opaque(to_float(self.background)), *(to_float(rgba) for rgba in self.foregrounds)]
        return to_float(self.source) - composite(layers)[..., :3]


def _opaque(rgb: Float32) -> Float32:
    return np.concatenate([rgb, np.ones((*rgb.shape[:2], 1), np.float32)], axis=-1)
