"""A decomposition as OpenRaster: the open layer format of Krita, GIMP, MyPaint and others (https://www.openraster.org).

Layers are cut to their extent. The format has no subtract, so S lies on top as a multiply layer for what is darker and a
plus layer for what is lighter.
"""

import io
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from PIL import Image

from liwi.export import png
from liwi.export.atomic import new_file
from liwi.export.panel_composite import render_panel
from liwi.export.pictures import cropped_layers, shadow_layers
from liwi.export.residual import Residual
from liwi.imaging.compositing import resize_rgba
from liwi.types import BlendMode, Decomposition, UInt8

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
        for source, data in png.encode_all(_layers(decomposition, stack)):
            _store(archive, source, data)
        shown = render_panel(decomposition)
        _store(archive, "mergedimage.png", png.encode(shown))
        _store(archive, "Thumbnails/thumbnail.png", _thumbnail(shown))
        ET.indent(image)
        _store(archive, "stack.xml", ET.tostring(image, encoding="UTF-8", xml_declaration=True))
    return Path(path).expanduser()


def _layers(decomposition: Decomposition, stack: ET.Element) -> Iterator[tuple[str, UInt8]]:
    """Describe every layer in ``stack``, front to back as OpenRaster lists them, and give its file and pixels, back to front."""
    blends = (BlendMode.MULTIPLY, BlendMode.LINEAR_DODGE)
    shadow = shadow_layers(decomposition, Residual.multiply_and_add, (SHADOW_TITLE, LIGHT_TITLE), blends)
    for number, layer in enumerate(chain(cropped_layers(decomposition), shadow)):
        attributes = {
            "name": layer.title,
            "src": f"data/layer{number:03d}.png",
            "x": str(layer.box.left),
            "y": str(layer.box.top),
            "visibility": "visible" if layer.visible else "hidden",
            "opacity": f"{layer.opacity:.6g}",
            "composite-op": _COMPOSITE_OPS[layer.blend],
        }
        stack.insert(0, ET.Element("layer", attributes | ({"edit-locked": "true"} if layer.locked else {})))
        yield attributes["src"], layer.rgba


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
