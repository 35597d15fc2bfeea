"""What the layer panel shows, as a picture: visibility, opacity, blend modes, the shadow switch and the outermost mask.

Formulas of the W3C's Compositing and Blending Level 1, sections 5 to 10, on sRGB values as browsers and Photoshop use them;
``linear-dodge``, which it lacks, is ``min(1, Cb + Cs)``. Works in bands of rows, so that memory hardly grows with the picture.
"""

from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import to_float, to_uint8
from liwi.types import BlendMode, BoundingBox, Decomposition, Float32, Layer, UInt8

_BAND_ROWS = 128


def render_panel(decomposition: Decomposition, background: tuple[int, int, int] | None = None) -> UInt8:
    """Composite the layers as the panel's state asks, then add S, then apply the mask.

    With every layer visible, opaque and Normal and the shadow on, the colours are the source's, bit for bit.

    Args:
        decomposition: what the panel holds.
        background: (red, green, blue) in [0, 255] to lay it over; None keeps the transparency.

    Returns:
        (H, W, 4) uint8, straight alpha; alpha is 255 everywhere with a background.
    """
    width, height = decomposition.size
    result = np.empty((height, width, 4), np.uint8)
    untouched = shows_source(decomposition)
    for top in range(0, height, _BAND_ROWS):
        band = BoundingBox(0, top, width, min(top + _BAND_ROWS, height))
        colour, alpha = _panel_band(decomposition, band, alpha_only=untouched)
        if untouched:
            colour = to_float(decomposition.source[band.slices])
        if decomposition.mask is not None:
            alpha = alpha * to_float(decomposition.mask[band.slices])[..., None]
        if background is not None:
            colour = colour * alpha + np.asarray(background, np.float32) / np.float32(255) * (1 - alpha)
            alpha = np.ones_like(alpha)
        result[band.slices] = to_uint8(np.concatenate([colour, alpha], axis=-1))
    return result


def shows_source(decomposition: Decomposition) -> bool:
    """Whether the panel's state leaves the law alone, so that what is shown is the source."""
    return decomposition.shadow_visible and all(
        layer.visible and layer.opacity == 1 and layer.blend is BlendMode.NORMAL for layer in decomposition.stack
    )


def _panel_band(decomposition: Decomposition, band: BoundingBox, *, alpha_only: bool) -> tuple[Float32, Float32]:
    """(colour (h, w, 3), alpha (h, w, 1)) of one band before the mask, float32 in [0, 1], straight; colour is 0 with ``alpha_only``."""
    colour = np.zeros((band.height, band.width, 3), np.float32)  # premultiplied until the end
    alpha = np.zeros((band.height, band.width, 1), np.float32)
    for layer in decomposition.stack:
        place = layer.extent.intersect(band) if layer.extent and layer.visible and layer.opacity > 0 else None
        if place is None:
            continue
        there = place.translate(-band.left, -band.top).slices
        if alpha_only:
            alpha[there] += (1 - alpha[there]) * to_float(layer.rgba[place.slices][..., 3:])
        else:
            _lay(colour[there], alpha[there], layer, place)
    if alpha_only:
        return colour, alpha
    np.divide(colour, alpha, out=colour, where=alpha > 0)
    changed = decomposition.changed.intersect(band) if decomposition.changed and decomposition.shadow_visible else None
    if changed is not None:
        colour[changed.translate(-band.left, -band.top).slices] += decomposition.shadow_in(changed)
    return np.clip(colour, 0, 1, out=colour), alpha


def _lay(colour: Float32, alpha: Float32, layer: Layer, place: BoundingBox) -> None:
    """Lay a layer on premultiplied ``colour`` and ``alpha``, which are changed in place."""
    pixels = to_float(layer.rgba[place.slices])
    source, source_alpha = pixels[..., :3], pixels[..., 3:] * np.float32(layer.opacity)
    if layer.blend is not BlendMode.NORMAL:
        backdrop = np.clip(np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0), 0, 1)
        source = (1 - alpha) * source + alpha * blend(layer.blend, backdrop, source)
    colour *= 1 - source_alpha
    colour += source * source_alpha
    alpha *= 1 - source_alpha
    alpha += source_alpha


def blend(mode: BlendMode, backdrop: Float32, source: Float32) -> Float32:
    """The blend function B(Cb, Cs) of section 10.1, channel by channel.

    Args:
        mode: which.
        backdrop, source: any one shape, float32 in [0, 1], not premultiplied.

    Returns:
        The same shape, float32 in [0, 1].
    """
    match mode:
        case BlendMode.NORMAL:
            return source
        case BlendMode.MULTIPLY:
            return backdrop * source
        case BlendMode.SCREEN:
            return backdrop + source - backdrop * source
        case BlendMode.OVERLAY:
            return _hard_light(source, backdrop)
        case BlendMode.DARKEN:
            return np.minimum(backdrop, source)
        case BlendMode.LIGHTEN:
            return np.maximum(backdrop, source)
        case BlendMode.COLOR_DODGE:
            return _ratio(backdrop, 1 - source)
        case BlendMode.COLOR_BURN:
            return 1 - _ratio(1 - backdrop, source)
        case BlendMode.HARD_LIGHT:
            return _hard_light(backdrop, source)
        case BlendMode.SOFT_LIGHT:
            return _soft_light(backdrop, source)
        case BlendMode.DIFFERENCE:
            return np.abs(backdrop - source)
        case BlendMode.EXCLUSION:
            return backdrop + source - 2 * backdrop * source
        case BlendMode.LINEAR_DODGE:
            return np.minimum(backdrop + source, 1)
        case _:
            assert_never(mode)


def _ratio(part: Float32, whole: Float32) -> Float32:
    """min(1, part / whole); 0 where ``part`` is 0, else 1 where ``whole`` is 0."""
    limit = (part > 0).astype(np.float32)
    return np.divide(part, whole, out=limit, where=part < whole)


def _hard_light(backdrop: Float32, source: Float32) -> Float32:
    doubled = 2 * source
    return np.where(source <= 0.5, backdrop * doubled, backdrop + (doubled - 1) - backdrop * (doubled - 1))


def _soft_light(backdrop: Float32, source: Float32) -> Float32:
    lifted = np.where(backdrop <= 0.25, ((16 * backdrop - 12) * backdrop + 4) * backdrop, np.sqrt(backdrop))
    slope: NDArray[np.float32] = np.where(source <= 0.5, backdrop * (1 - backdrop), lifted - backdrop)
    return backdrop + (2 * source - 1) * slope
