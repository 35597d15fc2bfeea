"""A decomposition as a PowerPoint slide: every layer a picture in its place, to be moved, scaled and animated there.

PowerPoint blends pictures in the Normal way only: other modes become Normal. S lies on top as two pictures with alpha, one
that darkens and one that lightens.
"""

import io
from itertools import chain
from pathlib import Path
from typing import Any

from liwi.export import png
from liwi.export.atomic import new_file
from liwi.export.pictures import CroppedLayer, cropped_layers, shadow_layers
from liwi.export.residual import Residual
from liwi.types import Decomposition

EMU_PER_PIXEL = 9525
"""English metric units in one pixel at 96 per inch."""

_MIN_SIDE, _MAX_SIDE = 914_400, 51_206_400  # PowerPoint's slides have 1 to 56 inches a side
_BLANK_LAYOUT = 6

SHADOW_TITLE, LIGHT_TITLE = "Shadow (darken)", "Light (lighten)"


def write_pptx(decomposition: Decomposition, path: str | Path) -> Path:
    """Write one slide of the picture's proportions; hidden layers are there and hidden (Selection pane), empty ones are left out.

    Returns:
        The path.

    Raises:
        ExportError: it cannot be written there.
    """
    from pptx import Presentation

    width, height = decomposition.size
    scale = _scale(width, height)
    presentation: Any = Presentation()
    presentation.slide_width = max(_MIN_SIDE, round(width * scale))
    presentation.slide_height = max(_MIN_SIDE, round(height * scale))
    presentation.core_properties.author = ""
    presentation.core_properties.title = ""
    slide = presentation.slides.add_slide(presentation.slide_layouts[_BLANK_LAYOUT])
    shadow = shadow_layers(decomposition, Residual.cover, (SHADOW_TITLE, LIGHT_TITLE))
    shown = (layer for layer in chain(cropped_layers(decomposition), shadow) if not layer.empty)
    for layer, data in png.encode_all((layer, layer.rgba) for layer in shown):
        _add_picture(slide, layer, data, scale)
    with new_file(path) as partial:
        presentation.save(str(partial))
    return Path(path).expanduser()


def _scale(width: int, height: int) -> float:
    """EMU per pixel: that of 96 pixels an inch where the slide may be that large or small, else the nearest that fits."""
    scale = max(float(EMU_PER_PIXEL), _MIN_SIDE / min(width, height))
    return min(scale, _MAX_SIDE / max(width, height))


def _add_picture(slide: Any, layer: CroppedLayer, data: bytes, scale: float) -> None:
    left, top, right, bottom = (round(side * scale) for side in layer.box.as_tuple())
    shape = slide.shapes.add_picture(io.BytesIO(data), left, top, max(1, right - left), max(1, bottom - top))
    shape.name = layer.title
    properties = shape._element.nvPicPr.cNvPr
    properties.set("descr", layer.title)
    if not layer.visible:
        properties.set("hidden", "1")
    if layer.opacity < 1:
        from pptx.oxml.xmlchemy import OxmlElement

        faded = OxmlElement("a:alphaModFix")
        faded.set("amt", str(round(layer.opacity * 100_000)))  # thousandths of a per cent
        shape._element.blipFill.blip.append(faded)
