"""Body parts as the part diffusion makes them: complete, also where something hides them, each with its pseudo-depth.

What `liwi.seethrough.stratification` and its neighbours know of a figure that was segmented are regions that do not overlap; here parts
overlap, and what hides what is still to be found. Cropped, since a part is seldom a tenth of its picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import AnyBodyPart, Side
from liwi.seethrough.stratification import part_name

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

FAINT = 15
"""Alpha, of 255, below which a pixel decides nothing: neither depth nor sides."""


@dataclass(frozen=True, eq=False)
class CompletePart:
    """One part, cropped.

    Attributes:
        part, side: what it is.
        box: where it lies on the canvas.
        rgba: (h, w, 4) uint8, straight alpha.
        depth: (h, w) float32 in [0, 1], 1 = nearest; None where nobody estimated it.
        stratum: 0 the nearest of its class and side, 1 the one behind it, and so on.
        scale: pixels of the canvas per pixel of the view that it was made in.
    """

    part: AnyBodyPart
    side: Side | None
    box: BoundingBox
    rgba: UInt8
    depth: Float32 | None = None
    stratum: int = 0
    scale: float = 1.0

    def __post_init__(self) -> None:
        shape = (self.box.height, self.box.width)
        if self.rgba.shape != (*shape, 4) or (self.depth is not None and self.depth.shape != shape):
            raise ValueError(f"A part in a box of {shape} cannot have {self.rgba.shape} and depth {getattr(self.depth, 'shape', None)}")

    @classmethod
    def of(
        cls, part: AnyBodyPart, rgba: UInt8, depth: Float32 | None = None, *, side: Side | None = None, scale: float = 1.0
    ) -> "CompletePart | None":
        """Cut a part from its canvas; None where it is empty.

        Args:
            part, side: what it is.
            rgba: (H, W, 4) uint8, straight alpha.
            depth: (H, W) float32 in [0, 1], 1 = nearest, or None.
            scale: see the attribute.

        Raises:
            InputError: sizes or types do not fit.
        """
        if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4 or (depth is not None and depth.shape != rgba.shape[:2]):
            raise InputError(f"A part is (H, W, 4) uint8 with a depth of (H, W), got {rgba.shape} and {getattr(depth, 'shape', None)}.")
        box = BoundingBox.around(rgba[..., 3])
        if box is None:
            return None
        near = None if depth is None else np.ascontiguousarray(depth[box.slices], np.float32)
        return cls(part, side, box, np.ascontiguousarray(rgba[box.slices]), near, scale=scale)

    @property
    def name(self) -> str:
        """The tag, the side, and a number for what lies behind: ``handwear-l``, ``handwear-l-1``."""
        name = part_name(self.part, self.side)
        return f"{name}-{self.stratum}" if self.stratum else name

    @property
    def firm(self) -> Mask:
        """(h, w) bool: where it is more than faint; where it has any alpha, if it is nothing but faint."""
        alpha = self.rgba[..., 3]
        firm = alpha >= FAINT
        return firm if firm.any() else alpha > 0

    @property
    def median_depth(self) -> float | None:
        """See `alpha_median`; None where it has no depth, or no pixel."""
        return None if self.depth is None else alpha_median(self.depth, self.rgba[..., 3])

    def with_alpha(self, alpha: UInt8) -> "CompletePart | None":
        """The same part with another alpha, cropped anew; None where nothing is left."""
        tight = BoundingBox.around(alpha)
        if tight is None:
            return None
        rgba = np.dstack([self.rgba[..., :3], alpha])[tight.slices]
        depth = None if self.depth is None else np.ascontiguousarray(self.depth[tight.slices])
        return replace(self, box=tight.translate(self.box.left, self.box.top), rgba=np.ascontiguousarray(rgba), depth=depth)


def alpha_median(depth: Float32, alpha: UInt8) -> float | None:
    """The depth of which half of the part, by alpha, is nearer and half is farther.

    Args:
        depth: (h, w) float32.
        alpha: (h, w) uint8; what is fainter than `FAINT` counts only where nothing else is there.

    Returns:
        None where alpha is 0 everywhere.
    """
    counted = alpha >= FAINT
    if not counted.any():
        counted = alpha > 0
    if not counted.any():
        return None
    values, weights = depth[counted], alpha[counted].astype(np.float64)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def union_box(parts: Sequence[CompletePart]) -> BoundingBox:
    """The box around several parts."""
    box = parts[0].box
    for part in parts[1:]:
        box = box.union(part.box)
    return box


def on_canvas(part: CompletePart, box: BoundingBox) -> UInt8:
    """(box.height, box.width, 4) uint8: the part on a canvas of its own that holds it."""
    canvas = np.zeros((box.height, box.width, 4), np.uint8)
    canvas[part.box.translate(-box.left, -box.top).slices] = part.rgba
    return canvas
