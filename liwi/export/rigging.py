"""A character as PSD files for those who make it move: Live2D Cubism, automatic riggers, Photoshop and Clip Studio; and its depth.

What Cubism asks of a PSD: RGB in 8 bits, sRGB, layers without masks, names of their own, and no other blend modes than Normal, Multiply and
Add (Linear Dodge). Automatic riggers such as StretchyStudio go by names: ``irides-l`` on ``eyewhite-l``, ``handwear-r``, ``front hair``, in
one flat list. The picture itself is the lowest layer, hidden.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from liwi.errors import ExportError
from liwi.export.names import unique
from liwi.export.panel_composite import render_panel
from liwi.export.pictures import CroppedLayer, shadow_layers
from liwi.export.psd_document import add_group, add_layer, new_document, save_document, set_preview, set_profile
from liwi.export.residual import Residual
from liwi.export.rig_layout import RigLayer, grouped, rig_layers, with_clipped_irides
from liwi.imaging.compositing import over_bytes
from liwi.types import BlendMode, BoundingBox, Decomposition, Float32, Layer, UInt8

ORIGINAL = "Original"
"""The picture, as the lowest layer; hidden."""

_ALLOWED = (BlendMode.NORMAL, BlendMode.MULTIPLY, BlendMode.LINEAR_DODGE)
_SHADOWS = ("Shadow (multiply)", "Light (add)")


def write_cubism_psd(decomposition: Decomposition, path: str | Path) -> Path:
    """Write the PSD that Live2D Cubism imports: groups become its parts. Nothing is clipped, which its import does not know.

    Raises:
        ExportError: no body parts, a blend mode that Cubism lacks, or it cannot be written there.
    """
    return _write(decomposition, grouped(rig_layers(decomposition)), path)


def write_flat_psd(decomposition: Decomposition, path: str | Path) -> Path:
    """Write the same without groups, in drawing order, for automatic riggers.

    Raises:
        ExportError: see `write_cubism_psd`.
    """
    return _write(decomposition, rig_layers(decomposition), path)


def write_grouped_psd(decomposition: Decomposition, path: str | Path) -> Path:
    """Write the groups with each iris clipped to the white of its eye, for Photoshop and Clip Studio.

    Raises:
        ExportError: see `write_cubism_psd`.
    """
    return _write(decomposition, with_clipped_irides(grouped(rig_layers(decomposition))), path)


def write_depth_psd(decomposition: Decomposition, path: str | Path) -> Path:
    """Write the pseudo-depth of every part: gray, 8 bit, names, boxes and order of `write_flat_psd`; 0 is nearest, as See-through has it.

    Raises:
        ExportError: see `write_cubism_psd`.
    """
    from psd_tools.constants import BlendMode as PsdBlend

    document = new_document(decomposition.size, "L")
    shown = np.full((decomposition.size[1], decomposition.size[0], 3), 255, np.uint8)
    alpha = np.zeros(shown.shape[:2], np.uint8)
    for each in rig_layers(decomposition):
        pixels = depth_picture(each)
        add_layer(document, pixels, PsdBlend.NORMAL, gray=True)
        if each.cropped.visible and not each.cropped.empty:
            shown[pixels.box.slices] = over_bytes(shown[pixels.box.slices], pixels.rgba)
            alpha[pixels.box.slices] = np.maximum(alpha[pixels.box.slices], pixels.rgba[..., 3])
    set_preview(document, np.dstack([shown, alpha]), with_alpha=True)
    return save_document(document, path)


def depth_picture(each: RigLayer) -> CroppedLayer:
    """A layer's depth as a picture: (h, w, 4) uint8, three equal channels, 0 = nearest, and the layer's own alpha."""
    far = np.rint((1 - depth_map(each)) * 255).astype(np.uint8)
    there = each.cropped.rgba[..., 3]
    rgba = np.dstack([far, far, far, there]) * (there > 0)[..., None]
    return replace(each.cropped, rgba=rgba, opacity=1.0, blend=BlendMode.NORMAL)


def depth_map(each: RigLayer) -> Float32:
    """(h, w) float32 in [0, 1], 1 = nearest: in the layer's box, its one depth where there is none for each pixel."""
    layer, box = each.layer, each.cropped.box
    depth = np.full((box.height, box.width), 0.0 if layer.pseudo_depth is None else layer.pseudo_depth, np.float32)
    common = None if layer.depth is None else layer.depth.box.intersect(box)
    if layer.depth is not None and common is not None:
        values = layer.depth.values[common.translate(-layer.depth.box.left, -layer.depth.box.top).slices]
        depth[common.translate(-box.left, -box.top).slices] = values
    return np.clip(depth, 0, 1)


def _write(decomposition: Decomposition, layers: Sequence[RigLayer], path: str | Path) -> Path:
    """The document of these layers, over the hidden picture and background."""
    from psd_tools.constants import BlendMode as PsdBlend

    _check_blends([each.layer for each in layers])
    document = new_document(decomposition.size)
    groups: dict[tuple[str, ...], Any] = {(): document}
    taken = [name for each in layers for name in (each.cropped.title, *each.path)]
    for base in _bases(decomposition, taken):
        add_layer(document, base, PsdBlend.NORMAL)
    for each in layers:
        for depth in range(1, len(each.path) + 1):
            if each.path[:depth] not in groups:
                groups[each.path[:depth]] = add_group(groups[each.path[: depth - 1]], each.path[depth - 1])
        add_layer(groups[each.path], each.cropped, PsdBlend[each.cropped.blend.name], clipped=each.clipped)
    blends = (BlendMode.MULTIPLY, BlendMode.LINEAR_DODGE)
    for shadow in shadow_layers(decomposition, Residual.multiply_and_add, _SHADOWS, blends):
        add_layer(document, shadow, PsdBlend[shadow.blend.name])
    set_profile(document)
    set_preview(document, render_panel(decomposition), with_alpha=True)
    return save_document(document, path)


def _bases(decomposition: Decomposition, taken: Sequence[str]) -> Iterator[CroppedLayer]:
    """The picture and, where there is one, the background, both hidden."""
    alpha = decomposition.mask
    if alpha is None:
        alpha = np.full(decomposition.source.shape[:2], 255, np.uint8)
    yield _hidden(np.dstack([decomposition.source, alpha]), unique([*taken, ORIGINAL])[-1])
    background = decomposition.stack.background
    if background is not None:
        yield _hidden(background.rgba, unique([*taken, ORIGINAL, "background"])[-1])


def _hidden(rgba: UInt8, title: str) -> CroppedLayer:
    box = BoundingBox.around(rgba[..., 3])
    place = box or BoundingBox(0, 0, 1, 1)
    pixels = rgba[place.slices] * (rgba[place.slices][..., 3:] > 0)
    return CroppedLayer(pixels, place, title, False, 1.0, BlendMode.NORMAL, False, box is None)


def _check_blends(layers: Sequence[Layer]) -> None:
    wrong = next((layer for layer in layers if layer.blend not in _ALLOWED), None)
    if wrong is not None:
        raise ExportError(
            f"The layer {wrong.name!r} is blended as {wrong.blend.value!r}; Live2D knows Normal, Multiply and Add (linear-dodge) alone. "
            "Give it one of these, or export as a plain Photoshop file."
        )
