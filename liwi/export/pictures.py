"""The layers as other programs want them: cut to their extent, masked, and named for a layer list."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from liwi.export.names import titles
from liwi.imaging.compositing import to_float, to_uint8
from liwi.types import BlendMode, BoundingBox, Decomposition, UInt8


@dataclass(frozen=True, eq=False)
class CroppedLayer:
    """A layer cut to the part that has any alpha.

    Attributes:
        rgba: (h, w, 4) uint8, straight alpha; 0 where transparent; one transparent pixel for an empty layer.
        box: where it lies on the canvas.
        title: one line, unique among the layers, safe in XML.
        empty: whether the layer has no pixels at all.
    """

    rgba: UInt8
    box: BoundingBox
    title: str
    visible: bool
    opacity: float
    blend: BlendMode
    locked: bool
    empty: bool


def cropped_layers(decomposition: Decomposition) -> Iterator[CroppedLayer]:
    """Every layer back to front, with the outermost mask multiplied into its alpha. One at a time, to bound the memory."""
    names = titles(layer.name for layer in decomposition.stack)
    for layer, title in zip(decomposition.stack, names, strict=True):
        rgba, box = layer.rgba, layer.extent
        if decomposition.mask is not None and box is not None:
            rgba = masked(rgba[box.slices], decomposition.mask[box.slices])
            inner = BoundingBox.around(rgba[..., 3])
            rgba, box = (rgba[inner.slices], inner.translate(box.left, box.top)) if inner else (rgba, None)
        elif box is not None:
            rgba = rgba[box.slices]
        if box is None:
            rgba, place = np.zeros((1, 1, 4), np.uint8), BoundingBox(0, 0, 1, 1)
        else:
            place = box
            rgba = rgba * (rgba[..., 3:] > 0)  # colour under alpha 0 is nobody's business and packs badly
        yield CroppedLayer(rgba, place, title, layer.visible, layer.opacity, layer.blend, layer.locked, box is None)


def masked(rgba: UInt8, mask: UInt8) -> UInt8:
    """(h, w, 4) uint8 with its alpha multiplied by an (h, w) uint8 mask."""
    return np.dstack([rgba[..., :3], to_uint8(to_float(rgba[..., 3]) * to_float(mask))])


def crop(rgba: UInt8, box: BoundingBox) -> tuple[UInt8, BoundingBox] | None:
    """A picture that lies at ``box`` cut to its extent, and where it lies then; None where it is empty."""
    inner = BoundingBox.around(rgba[..., 3])
    return (rgba[inner.slices], inner.translate(box.left, box.top)) if inner else None
