"""Alpha compositing: `over` (and in 8 bits `over_bytes`), `composite`, `unblend`, and premultiplied resizing.

Straight alpha in and out; premultiplied only inside a function. Porter and Duff 1984, section 4.3.
Functions accept any leading shape ending in 4 channels unless they say otherwise, and never change their input.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]


def to_float(pixels: UInt8) -> Float32:
    """(...) uint8 in [0, 255] -> (...) float32 in [0, 1]."""
    return pixels.astype(np.float32) * np.float32(1 / 255)


def to_uint8(values: NDArray[np.floating]) -> UInt8:
    """(...) float in [0, 1] -> (...) uint8, clipped and rounded to nearest."""
    return np.clip(np.rint(values * 255), 0, 255).astype(np.uint8)


def over(front: Float32, back: Float32) -> Float32:
    """Place ``front`` over ``back``.

    Args:
        front, back: (..., 4) float32 in [0, 1], straight alpha.

    Returns:
        (..., 4) float32, straight alpha; colour is 0 where the result is fully transparent.
        ``over`` is associative: ``over(a, over(b, c)) == over(over(a, b), c)`` up to rounding.
    """
    front_alpha, back_alpha = front[..., 3:], back[..., 3:]
    shown_back = back_alpha * (1 - front_alpha)
    alpha = front_alpha + shown_back
    premultiplied = front[..., :3] * front_alpha + back[..., :3] * shown_back
    colour = np.divide(premultiplied, alpha, out=np.zeros_like(premultiplied), where=alpha > 0)
    return np.concatenate([colour, alpha], axis=-1)


def over_bytes(backdrop: UInt8, rgba: UInt8) -> UInt8:
    """Place ``rgba`` over an opaque backdrop in 8 bits, as other programs do.

    Args:
        backdrop: (..., 3) uint8.
        rgba: (..., 4) uint8, straight alpha.

    Returns:
        (..., 3) uint8, rounded to nearest.
    """
    alpha = rgba[..., 3:].astype(np.uint16)
    return divide_by_255(rgba[..., :3] * alpha + backdrop * (255 - alpha))


def divide_by_255(products: NDArray[np.uint16]) -> UInt8:
    """round(x / 255) for (...) uint16 x <= 255 * 255, without leaving 16 bits."""
    biased = products + np.uint16(128)
    return ((biased + (biased >> np.uint16(8))) >> np.uint16(8)).astype(np.uint8)


def composite(layers: Sequence[Float32]) -> Float32:
    """Composite ``layers`` (each (H, W, 4) float32, straight alpha), **back to front**.

    Raises:
        ValueError: no layer was given.
    """
    if not layers:
        raise ValueError("composite needs at least one layer, got none")
    result = layers[0]
    for layer in layers[1:]:
        result = over(layer, result)
    return result


def unblend(observed: Float32, alpha: Float32, background: Float32) -> Float32:
    """Solve ``observed = alpha * F + (1 - alpha) * background`` for F.

    Args:
        observed, background: (..., 3) float32 in [0, 1].
        alpha: (..., 1) float32 in [0, 1].

    Returns:
        F: (..., 3) float32 in [0, 1]; ``observed`` where alpha is 0 (nothing is known of F there).
    """
    foreground = np.divide(
        observed - (1 - alpha) * background, alpha, out=observed.copy(), where=np.broadcast_to(alpha > 0, observed.shape)
    )
    return np.clip(foreground, 0, 1)


def resize_rgba(rgba: UInt8, size: tuple[int, int]) -> UInt8:
    """Resize straight-alpha RGBA without colour fringes, by way of premultiplied colour.

    Args:
        rgba: (H, W, 4) uint8, straight alpha.
        size: ``(width, height)`` of the result, each at least 1.

    Returns:
        (height, width, 4) uint8, straight alpha.
    """
    values = to_float(rgba)
    values[..., :3] *= values[..., 3:]
    shrinking = size[0] * size[1] < rgba.shape[0] * rgba.shape[1]
    resized = cv2.resize(values, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    resized = np.clip(resized, 0, 1)
    alpha = resized[..., 3:]
    colour = np.divide(resized[..., :3], alpha, out=np.zeros_like(resized[..., :3]), where=alpha > 0)
    return to_uint8(np.concatenate([colour, alpha], axis=-1))
