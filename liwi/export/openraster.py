"""A decomposition as OpenRaster: the open layer format of Krita, GIMP, MyPaint and others (https://www.openraster.org).

Layers are cut to their extent. The format has no subtract, so S lies on top as a multiply layer for what is darker and a
plus layer for what is lighter.
"""

import io
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

from PIL import Image

from liwi.export import png
from liwi.export.atomic import new_file
from liwi.export.panel_composite import render_panel
from liwi.export.pictures import crop, cropped_layers
from liwi.export.residual import integer_residual
from liwi.imaging.compositing import resize_rgba
from liwi.types import BlendMode, BoundingBox, Decomposition, UInt8

THUMBNAIL_SIDE = 256
"""Longest side of the thumbnail, in pixels: the specification's limit."""

SHADOW_TITLE, LIGHT_TITLE = "Shadow (multiply)", "Light (plus)"

_COMPOSITE_OPS = {mode: f"svg:{mode.value}" for mode in BlendMode} | {
    BlendMode.NORMAL: "svg:src-over",
    BlendMode.LINEAR_DODGE: "svg:plus",
    BlendMode.EXCLUSION: "krita:exclusion",  # not in the specification, so a reader that does not know it shows Normal
}


def write_ora(decomposition: Decomposition, path: str | Path) -> Path:
    """Write names, order, offsets, visibility, opacity, blend modes and locks of the panel; the mask is multiplied into every layer.

    The same decomposition gives the same bytes.

    Returns:
        The path.

    Raises:
        ExportError: it cannot be written there.
    """
    width, height = decomposition.size
    image = ET.Element("image", version="0.0.5", w=str(width), h=str(height))
    stack = ET.SubElement(image, "stack", name="root")
    with new_file(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        _store(archive, "mimetype", b"image/openraster")  # first and stored: readers know the format by its place
        for layer in cropped_layers(decomposition):
            element = _add_layer(archive, stack, layer.rgba, layer.box, layer.title)
            _set_state(element, layer.visible, layer.opacity, _COMPOSITE_OPS[layer.blend])
            if layer.locked:
                element.set("edit-locked", "true")
        _add_shadow(archive, stack, decomposition)
        shown = render_panel(decomposition)
        _store(archive, "mergedimage.png", png.encode(shown))
        _store(archive, "Thumbnails/thumbnail.png", _thumbnail(shown))
        ET.indent(image)
        _store(archive, "stack.xml", ET.tostring(image, encoding="UTF-8", xml_declaration=True))
    return Path(path).expanduser()


def _add_shadow(archive: zipfile.ZipFile, stack: ET.Element, decomposition: Decomposition) -> None:
    residual = integer_residual(decomposition)
    if residual is None:
        return
    named = ((SHADOW_TITLE, BlendMode.MULTIPLY), (LIGHT_TITLE, BlendMode.LINEAR_DODGE))
    for (title, blend), picture in zip(named, residual.multiply_and_add(), strict=True):
        cropped = crop(picture, residual.box)
        if cropped is not None:
            element = _add_layer(archive, stack, *cropped, title)
            _set_state(element, decomposition.shadow_visible, 1.0, _COMPOSITE_OPS[blend])


def _add_layer(archive: zipfile.ZipFile, stack: ET.Element, rgba: UInt8, box: BoundingBox, title: str) -> ET.Element:
    """Add a layer on top: the first in the file, since OpenRaster lists front to back."""
    source = f"data/layer{len(stack):03d}.png"
    _store(archive, source, png.encode(rgba))
    element = ET.Element("layer", name=title, src=source, x=str(box.left), y=str(box.top))
    stack.insert(0, element)
    return element


def _set_state(element: ET.Element, visible: bool, opacity: float, composite_op: str) -> None:
    element.set("visibility", "visible" if visible else "hidden")
    element.set("opacity", f"{opacity:.6g}")
    element.set("composite-op", composite_op)


def _thumbnail(shown: UInt8) -> bytes:
    height, width = shown.shape[:2]
    scale = min(1.0, THUMBNAIL_SIDE / max(width, height))
    small = resize_rgba(shown, (max(1, round(width * scale)), max(1, round(height * scale)))) if scale < 1 else shown
    file = io.BytesIO()
    Image.fromarray(small).save(file, "PNG")
    return file.getvalue()


def _store(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """Add a member, dated 1980 so that equal content is an equal file."""
    deflate = name.endswith(".xml")
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED)
