"""A decomposition as a Photoshop document.

Real transparency, no layer masks: each layer is cut to its extent and keeps its own alpha. S lies on top as a Subtract and a
Linear Dodge layer, so that the file looks like the source. The merged preview is what the panel shows.
"""

from pathlib import Path

from liwi.export.panel_composite import render_panel
from liwi.export.pictures import cropped_layers, shadow_layers
from liwi.export.psd_document import add_layer, new_document, save_document, set_preview, set_profile
from liwi.export.residual import Residual
from liwi.types import Decomposition

SHADOW_TITLE, LIGHT_TITLE = "Shadow (subtract)", "Light (add)"


def write_psd(decomposition: Decomposition, path: str | Path) -> Path:
    """Write an 8-bit RGB PSD with an sRGB profile and RLE compression.

    Names, order, visibility, opacity, blend modes and locks are the panel's. The outermost mask is multiplied into every layer.

    Returns:
        The path.

    Raises:
        ExportError: it cannot be written there, or is larger than 2 GB.
    """
    from psd_tools.constants import BlendMode as PsdBlend

    document = new_document(decomposition.size)
    for layer in cropped_layers(decomposition):
        add_layer(document, layer, PsdBlend[layer.blend.name])
    shadow = shadow_layers(decomposition, Residual.subtract_and_add, (SHADOW_TITLE, LIGHT_TITLE))
    for layer in shadow:
        add_layer(document, layer, PsdBlend.SUBTRACT if layer.title == SHADOW_TITLE else PsdBlend.LINEAR_DODGE)
    set_profile(document)
    set_preview(document, render_panel(decomposition))
    return save_document(document, path)
