"""Photoshop documents: layers, groups, profile and preview, as far as exports need them.

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
from liwi.export.pictures import CroppedLayer
from liwi.types import UInt8

MAX_BYTES = 2**31 - 1
"""Largest file that Photoshop opens as PSD."""


def new_document(size: tuple[int, int], mode: str = "RGB") -> Any:
    """An empty 8-bit document.

    Args:
        size: ``(width, height)``.
        mode: ``"RGB"`` or ``"L"``.
    """
    from psd_tools import PSDImage

    return PSDImage.new(mode, size, color=255)


def add_group(parent: Any, name: str) -> Any:
    """Put an empty group on top; layers go into it."""
    from psd_tools.api.layers import Group

    return Group.new(parent, name)


def add_layer(parent: Any, layer: CroppedLayer, blend: Any, *, clipped: bool = False, gray: bool = False) -> None:
    """Put a pixel layer on top.

    Args:
        parent: document or group.
        layer: what.
        blend: psd-tools' blend mode.
        clipped: whether it shows only where the layer below it does.
        gray: whether its first channel is all of its colour, as in a document of mode ``"L"``.
    """
    from psd_tools.api.layers import PixelLayer
    from psd_tools.constants import Compression, ProtectedFlags, Tag

    box = layer.box
    colors = [0] if gray else [0, 1, 2]
    planes = [np.ascontiguousarray(layer.rgba[..., channel]).tobytes() for channel in (*colors, 3)]
    record, channels = PixelLayer._assemble(
        planes[-1], iter(planes[:-1]), "Layer", box.left, box.top, box.width, box.height, Compression.RLE, 1, 8
    )
    added = PixelLayer(parent, record, channels)
    parent.append(added)
    added.name = layer.title  # set afterwards, it is stored as Unicode too
    added.visible, added.opacity, added.blend_mode = layer.visible, round(layer.opacity * 255), blend
    if clipped:
        added.clipping = True
    if layer.locked:
        added.tagged_blocks.set_data(Tag.PROTECTED_SETTING, ProtectedFlags.COMPLETE.value)  # added.lock() does nothing on a new layer


def set_profile(document: Any) -> None:
    """Mark the document as sRGB."""
    from PIL import ImageCms
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource

    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes.fromhex("07d0 0001 0001 0000 0000 0000")  # its date of making; the same file every time
    document.image_resources[Resource.ICC_PROFILE] = ImageResource(key=Resource.ICC_PROFILE.value, data=bytes(profile))


def set_preview(document: Any, shown: UInt8, *, with_alpha: bool = False) -> None:
    """Store the merged picture; the colours stand over white, as Photoshop's do.

    Args:
        document: of mode ``"RGB"`` or ``"L"``; of the latter the first channel is taken.
        shown: (H, W, 4) uint8, straight alpha.
        with_alpha: whether there is a transparency channel also where nothing is transparent.
    """
    from psd_tools.constants import ColorMode, Compression

    alpha = shown[..., 3]
    colors = 1 if document.color_mode is ColorMode.GRAYSCALE else 3
    planes = [np.ascontiguousarray(shown[..., channel]) for channel in range(colors)]
    if with_alpha or int(alpha.min()) < 255:
        part = alpha.astype(np.float32) / 255
        planes = [np.rint(plane * part + 255 * (1 - part)).astype(np.uint8) for plane in planes]
        planes.append(alpha)
        document._record.header.channels = colors + 1
        layers = document._record.layer_and_mask_information.layer_info
        layers.layer_count = -abs(layers.layer_count)  # "the first alpha channel is the merged picture's transparency"
    image_data = document._record.image_data
    image_data.compression = Compression.RLE
    image_data.set_data([plane.tobytes() for plane in planes], document._record.header)
    document._update_preview = lambda: None


def save_document(document: Any, path: str | Path) -> Path:
    """Write the document.

    Raises:
        ExportError: it cannot be written there, or is larger than 2 GB.
    """
    with new_file(path) as partial:
        try:
            document.save(partial)
            too_large = partial.stat().st_size > MAX_BYTES
        except struct.error:  # a length that the format's 32 bits do not hold
            too_large = True
        if too_large:
            raise ExportError("The PSD would be larger than 2 GB, which Photoshop does not open. Export as .zip or .ora instead.")
    return Path(path).expanduser()
