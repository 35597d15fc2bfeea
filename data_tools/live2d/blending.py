"""Compiled: how a pixel meets what lies below it, in Cubism's numbers for it.

Up to Cubism 5.2 there are normal, add and multiply, the latter two leaving the alpha below as it is. Cubism 5.3 names a way to mix the
colours and one to join the alphas; the colours are those of the W3C's compositing specification and of drawing programs, the alphas
Porter and Duff's "over", "atop" and "out", and "conjoint" and "disjoint over" for coverage that is correlated.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.compiling import compiled

Array = NDArray[Any]

NORMAL, ADD, MULTIPLY = 0, 1, 2
"""Blend numbers up to Cubism 5.2; everything else is a colour number + 256 times an alpha number."""

_ONE, _HALF, _ZERO, _TWO = np.float32(1), np.float32(0.5), np.float32(0), np.float32(2)
_QUARTER = np.float32(0.25)
_TINY = np.float32(1e-6)
_RED, _GREEN, _BLUE = np.float32(0.30), np.float32(0.59), np.float32(0.11)


@compiled
def _mix_channel(mode: int, above: Any, below: Any) -> Any:
    """One channel of the modes that treat channels alike, straight colours."""
    result = above
    if mode == 3:  # add
        result = min(_ONE, above + below)
    elif mode == 4:  # add (glow): may exceed 1
        result = above + below
    elif mode == 5:  # darken
        result = min(above, below)
    elif mode == 6:  # multiply
        result = above * below
    elif mode == 7:  # colour burn
        result = _burn(above, below)
    elif mode == 8:  # linear burn
        result = max(_ZERO, above + below - _ONE)
    elif mode == 9:  # lighten
        result = max(above, below)
    elif mode == 10:  # screen
        result = above + below - above * below
    elif mode == 11:  # colour dodge
        result = _dodge(above, below)
    elif mode == 12:  # overlay
        result = _hard(below, above)
    elif mode == 13:
        result = _soft(above, below)
    elif mode == 14:  # hard light
        result = _hard(above, below)
    elif mode == 15:  # linear light: burn below one half, dodge above
        result = min(_ONE, max(_ZERO, _TWO * above + below - _ONE))
    return result


@compiled
def _burn(above: Any, below: Any) -> Any:
    if below >= _ONE - _TINY:
        return _ONE
    return _ZERO if above < _TINY else max(_ZERO, _ONE - (_ONE - below) / above)


@compiled
def _dodge(above: Any, below: Any) -> Any:
    if below <= _ZERO:
        return _ZERO
    return _ONE if above >= _ONE else min(_ONE, below / (_ONE - above))


@compiled
def _hard(switch: Any, other: Any) -> Any:
    """Multiply where ``switch`` is dark, screen where it is light."""
    if switch < _HALF:
        return _TWO * switch * other
    return _ONE - _TWO * (_ONE - switch) * (_ONE - other)


@compiled
def _soft(above: Any, below: Any) -> Any:
    if above <= _HALF:
        return below - (_ONE - _TWO * above) * below * (_ONE - below)
    curve = np.sqrt(below)
    if below <= _QUARTER:
        curve = ((np.float32(16) * below - np.float32(12)) * below + np.float32(4)) * below
    return below + (_TWO * above - _ONE) * (curve - below)


@compiled
def _with_luma(red: Any, green: Any, blue: Any, luma: Any) -> tuple[Any, Any, Any]:
    """The colour moved to a luma, drawn towards grey where it leaves [0, 1]."""
    shift = luma - (_RED * red + _GREEN * green + _BLUE * blue)
    red, green, blue = red + shift, green + shift, blue + shift
    low, high = min(red, green, blue), max(red, green, blue)
    if low < _ZERO:
        scale = luma / max(luma - low, _TINY)
        red, green, blue = luma + (red - luma) * scale, luma + (green - luma) * scale, luma + (blue - luma) * scale
    if high > _ONE:
        scale = (_ONE - luma) / max(high - luma, _TINY)
        red, green, blue = luma + (red - luma) * scale, luma + (green - luma) * scale, luma + (blue - luma) * scale
    return red, green, blue


@compiled
def _mix(mode: int, red: Any, green: Any, blue: Any, below_red: Any, below_green: Any, below_blue: Any) -> tuple[Any, Any, Any]:
    """Both colours where both are, straight."""
    if mode in (16, 17):  # hue, colour: the luma below stays
        if mode == 16:  # and the saturation
            low, high = min(red, green, blue), max(red, green, blue)
            spread = max(below_red, below_green, below_blue) - min(below_red, below_green, below_blue)
            scale = spread / (high - low) if high > low else _ZERO
            red, green, blue = (red - low) * scale, (green - low) * scale, (blue - low) * scale
        return _with_luma(red, green, blue, _RED * below_red + _GREEN * below_green + _BLUE * below_blue)
    return _mix_channel(mode, red, below_red), _mix_channel(mode, green, below_green), _mix_channel(mode, blue, below_blue)


@compiled
def _shares(mode: int, above: Any, below: Any) -> tuple[Any, Any, Any]:
    """How much of a pixel shows both, the upper alone and the lower alone, from both alphas."""
    if mode == 1:  # atop
        return above * below, _ZERO, below * (_ONE - above)
    if mode == 2:  # out
        return _ZERO, _ZERO, below * (_ONE - above)
    if mode == 3:  # conjoint over
        return min(above, below), max(above - below, _ZERO), max(below - above, _ZERO)
    if mode == 4:  # disjoint over
        return max(above + below - _ONE, _ZERO), min(above, _ONE - below), min(below, _ONE - above)
    return above * below, above * (_ONE - below), below * (_ONE - above)


@compiled
def blend(blend_number: int, pixel: Array, below: Array) -> tuple[Any, Any]:
    """Lay a premultiplied pixel over ``below``, which changes in place.

    Returns:
        Two float32 in [0, 1]: how much of the result is the upper pixel's alpha, and which share of the lower one's is left.
    """
    alpha = pixel[3]
    rest = _ONE - alpha
    if blend_number == NORMAL:
        for channel in range(4):
            below[channel] = pixel[channel] + below[channel] * rest
        return alpha, rest
    if blend_number == ADD:
        for channel in range(3):
            below[channel] = min(_ONE, below[channel] + pixel[channel])
        return alpha, _ONE
    if blend_number == MULTIPLY:
        for channel in range(3):
            below[channel] *= pixel[channel] + rest
        return alpha, _ONE
    ground = below[3]
    color_mode, alpha_mode = blend_number & 255, blend_number >> 8
    both, upper, lower = _shares(alpha_mode, alpha, ground)
    up, down = _ONE / max(alpha, _TINY), _ONE / max(ground, _TINY)
    red, green, blue = pixel[0] * up, pixel[1] * up, pixel[2] * up
    below_red, below_green, below_blue = below[0] * down, below[1] * down, below[2] * down
    mixed = _mix(color_mode, red, green, blue, below_red, below_green, below_blue)
    below[0] = min(_ONE, mixed[0] * both + red * upper + below_red * lower)
    below[1] = min(_ONE, mixed[1] * both + green * upper + below_green * lower)
    below[2] = min(_ONE, mixed[2] * both + blue * upper + below_blue * lower)
    below[3] = min(_ONE, both + upper + lower)
    left = lower * down if color_mode == NORMAL else _ONE
    return both + upper, min(_ONE, left)
