"""A decomposition as a Photoshop document.

Real transparency, no layer masks: each layer is cut to its extent and keeps its own alpha. S lies on top as a Subtract and a
Linear Dodge layer, so that the file looks like the source. The merged preview is what the panel shows.
psd-tools writes the format; three of its private parts are used, which is why its version is pinned:
``PixelLayer._assemble`` (the public way goes through float copies four times the size), ``_record`` and ``_update_preview``
(its own preview ignores soft alpha over nothing, and takes seconds).
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from liwi.errors import ExportError
from liwi.export.atomic import new_file
from liwi.export.panel_composite import render_panel
from liwi.export.pictures import CroppedLayer, cropped_layers, shadow_layers
from liwi.export.residual import Residual
from liwi.types import Decomposition, UInt8

MAX_BYTES = 2**31 - 1
"""Largest file that Photoshop opens as PSD."""

SHADOW_TITLE, LIGHT_TITLE = "Shadow (subtract)", "Light (add)"


def write_psd(decomposition: Decomposition, path: str | Path) -> Path:
    """Write an 8-bit RGB PSD with an sRGB profile and RLE compression.

    Names, order, visibility, opacity, blend modes and locks are the panel's. The outermost mask is multiplied into every layer.

    Returns:
        The path.

    Raises:
        ExportError: it cannot be written there, or is larger than 2 GB.
    """
    from psd_tools import PSDImage
    from psd_tools.constants import BlendMode as PsdBlend

    document: Any = PSDImage.new("RGB", decomposition.size, color=255)
    for layer in cropped_layers(decomposition):
        _add(document, layer, PsdBlend[layer.blend.name])
    shadow = shadow_layers(decomposition, Residual.subtract_and_add, (SHADOW_TITLE, LIGHT_TITLE))
    for layer in shadow:
        _add(document, layer, PsdBlend.SUBTRACT if layer.title == SHADOW_TITLE else PsdBlend.LINEAR_DODGE)
    _set_profile(document)
    _set_preview(document, render_panel(decomposition))
    with new_file(path) as partial:
        try:
            document.save(partial)
            too_large = partial.stat().st_size > MAX_BYTES
        except struct.error:  # a length that the format's 32 bits do not hold
            too_large = True
        if too_large:
            raise ExportError("The PSD would be larger than 2 GB, which Photoshop does not open. Export as .zip or .ora instead.")
    return Path(path).expanduser()


def _add(document: Any, layer: CroppedLayer, blend: Any) -> None:
    """Put a pixel layer on top."""
    from psd_tools.api.layers import PixelLayer
    from psd_tools.constants import Compression, ProtectedFlags, Tag

    box = layer.box
    planes = [np.ascontiguousarray(layer.rgba[..., channel]).tobytes() for channel in range(4)]
    record, channels = PixelLayer._assemble(
        planes[3], iter(planes[:3]), "Layer", box.left, box.top, box.width, box.height, Compression.RLE, 1, 8
    )
    added = PixelLayer(document, record, channels)
    document.append(added)
    added.name = layer.title  # set afterwards, it is stored as Unicode too
    added.visible, added.opacity, added.blend_mode = layer.visible, round(layer.opacity * 255), blend
    if layer.locked:
        added.tagged_blocks.set_data(Tag.PROTECTED_SETTING, ProtectedFlags.COMPLETE.value)  # added.lock() does nothing on a new layer


def _set_profile(document: Any) -> None:
    from PIL import ImageCms
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d0 0001 0001 0000 0000 0000")  # its date of making; the same file every time
    document.image_resources[Resource.ICC_PROFILE] = ImageResource(key=Resource.ICC_PROFILE.value, data=bytes(profile))


def _set_preview(document: Any, shown: UInt8) -> None:
    """Store the merged picture, with a transparency channel where there is any; the colours stand over white, as Photoshop's do."""
    from psd_tools.constants import Compression

    alpha = shown[..., 3]
    planes = [np.ascontiguousarray(shown[..., channel]) for channel in range(3)]
    if int(alpha.min()) < 255:
        part = alpha.astype(np.float32) / 255
        planes = [np.rint(plane * part + 255 * (1 - part)).astype(np.uint8) for plane in planes]
        planes.append(alpha)
        document._record.header.channels = 4
        layers = document._record.layer_and_mask_information.layer_info
        layers.layer_count = -abs(layers.layer_count)  # "the first alpha channel is the merged picture's transparency"
    image_data = document._record.image_data
    image_data.compression = Compression.RLE
    image_data.set_data([plane.tobytes() for plane in planes], document._record.header)
    document._update_preview = lambda: None
