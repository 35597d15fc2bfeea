"""The layers as other programs want them: cut to their extent, masked, and named for a layer list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from liwi.export.names import titles as unique_titles
from liwi.export.residual import Residual, integer_residual
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
    names = unique_titles(layer.name for layer in decomposition.stack)
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


def shadow_layers(
    decomposition: Decomposition,
    split: Callable[[Residual], tuple[UInt8, UInt8]],
    titles: tuple[str, str],
    blends: tuple[BlendMode, BlendMode] = (BlendMode.NORMAL, BlendMode.NORMAL),
) -> Iterator[CroppedLayer]:
    """S as layers to stand on top: what darkens, then what lightens; those that change nothing are left out.

    Args:
        decomposition: whose S.
        split: the method of `Residual` that makes the two pictures.
        titles: their names.
        blends: how they are meant to be blended.

    Of a character whose S is switched off nothing is left: its layers alone are wanted, and S holds what a person has moved.
    """
    if not decomposition.shadow_visible and any(layer.part is not None for layer in decomposition.stack):
        return
    residual = integer_residual(decomposition)
    if residual is None:
        return
    for picture, title, blend in zip(split(residual), titles, blends, strict=True):
        inner = BoundingBox.around(picture[..., 3])
        if inner is not None:
            place = inner.translate(residual.box.left, residual.box.top)
            yield CroppedLayer(picture[inner.slices], place, title, decomposition.shadow_visible, 1.0, blend, False, False)
