"""What the model predicted at 640 or 1024, as layers of the person's own picture (no torch here).

    alpha        enlarged along the picture's own edges
    S            enlarged the same way; what is too faint to be seen counts as error, not as shadow
    background   the picture's own pixels less S where nothing covers it; generated ones where something did, tuned to what surrounds them
    foreground   the picture's own pixels, unblended at soft edges, wherever it is seen; generated ones where something hides it

So the model decides what is what, and generates only what cannot be seen. The layers add up to the picture exactly, as of every engine:
`liwi.types.Decomposition` derives S anew from them. The predicted S stays beside it, to tell shadow from error.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.imaging.compositing import composite, to_float, to_uint8, unblend
from liwi.imaging.inpainting import pull_push
from liwi.imaging.matting import guided_upsample

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

HAZE = 0.02
"""Alpha nearer than this to 0 or 1 is 0 or 1: an eye sees no difference, and every layer would reach over the whole picture."""

FAINT = 6 / 255
"""Shadow weaker than this is taken for error of the VAE."""

COVERED = 0.02
"""Alpha above a background or foreground from which on it counts as hidden."""

SURE = (0.35, 0.9)
"""Alpha between which the colour of a soft pixel goes from generated to unblended."""


@dataclass(frozen=True, eq=False)
class Predicted:
    """What the model says, at its working size.

    Attributes:
        layers: (L, h, w, 4) float32 in [0, 1], straight alpha; background first, back to front.
        source: (h, w, 3) float32 in [0, 1], the picture as the model saw it.
        shadow: (h, w, 3) float32 in [-1, 1], the predicted S; None where the model predicts none.
    """

    layers: Float32
    source: Float32
    shadow: Float32 | None


@dataclass(frozen=True, eq=False)
class FullSize:
    """The same, in the picture's own size.

    Attributes:
        layers: (H, W, 4) uint8 each, straight alpha; the opaque background first, back to front.
        shadow: (H, W, 3) float32 in [-1, 1]: the predicted S, without what is too faint; 0 where none is wanted.
    """

    layers: tuple[UInt8, ...]
    shadow: Float32


def to_full_size(predicted: Predicted, source: UInt8, *, extract_shadow: bool = True, mask: UInt8 | None = None) -> FullSize:
    """Bring a prediction to the picture's own size.

    Args:
        predicted: at the working size.
        source: (H, W, 3) uint8.
        extract_shadow: whether S leaves the background.
        mask: (H, W) uint8 or None, the picture's own alpha; foregrounds have none where it is 0.
    """
    small_guide = to_uint8(predicted.source)
    # 1. Alpha, and S, along the picture's own edges.
    small_alphas = [_without_haze(layer[..., 3]) for layer in predicted.layers[1:]]
    alphas = _enlarge_alphas(small_alphas, small_guide, source, mask)
    small_shadow = _clear_shadow(predicted) if extract_shadow else np.zeros_like(predicted.source)
    shadow = _enlarge_signed(small_shadow, small_guide, source)
    seen = np.clip(to_float(source) - shadow, 0, 1)  # the picture without the shadow: I_c, as far as it is seen
    # 2. The background.
    background = _background(predicted, small_shadow, small_alphas, seen, _cover(alphas, source.shape[:2]))
    # 3. Foregrounds, each over what lies behind it.
    below = np.dstack([background, np.ones_like(background[..., 0])])
    layers = [below]
    for place, alpha in enumerate(alphas):
        generated = _enlarge(predicted.layers[place + 1][..., :3], source.shape[:2])
        colors = _colors(alpha, _cover(alphas[place + 1 :], source.shape[:2]), seen, below[..., :3], generated)
        layers.append(np.dstack([colors, alpha]))
        below = composite([below, layers[-1]])
    return FullSize(tuple(_to_bytes(layer) for layer in layers), shadow)


def share_explained(exact: Float32, predicted: Float32) -> float:
    """How much of the exact S the predicted one explains: 1 all, 0 nothing (or worse); what is left over is the model's error.

    Args:
        exact, predicted: (H, W, 3) float32 in [-1, 1].
    """
    energy = float(np.abs(exact).sum())
    return 1.0 if energy == 0 else max(0.0, 1 - float(np.abs(exact - predicted).sum()) / energy)


def _without_haze(alpha: Float32) -> Float32:
    alpha = alpha.astype(np.float32, copy=True)
    alpha[alpha < HAZE] = 0
    alpha[alpha > 1 - HAZE] = 1
    return alpha


def _enlarge_alphas(alphas: Sequence[Float32], guide: UInt8, source: UInt8, mask: UInt8 | None) -> list[Float32]:
    """(H, W) each. Front to back: where a layer in front hides it, an outline cannot follow the picture's edges, which are not its own."""
    found: list[Float32] = []
    for alpha in reversed(alphas):
        full = _enlarge_alpha(alpha, guide, source)
        hidden = np.minimum(_cover(found, source.shape) / COVERED, 1)
        full = (1 - hidden) * full + hidden * _enlarge(alpha, source.shape)
        if mask is not None:
            full[mask == 0] = 0
        found.insert(0, _without_haze(full))
    return found


def _enlarge_alpha(alpha: Float32, guide: UInt8, source: UInt8) -> Float32:
    if alpha.shape == source.shape[:2]:
        return alpha
    full = guided_upsample(alpha, guide, source)
    # Where alpha is 0 or 1 all around, it is so in between: the picture's edges only decide near the outline.
    around = np.ones((3, 3), np.uint8)
    for value, bound in ((0, cv2.dilate(alpha, around)), (1, cv2.erode(alpha, around))):
        sure = cv2.resize((bound == value).astype(np.uint8), source.shape[1::-1], interpolation=cv2.INTER_NEAREST)
        full[sure > 0] = value
    return full


def _enlarge_signed(shadow: Float32, guide: UInt8, source: UInt8) -> Float32:
    if not shadow.any():
        return np.zeros(source.shape, np.float32)
    if shadow.shape == source.shape:
        return shadow
    channels = [guided_upsample(((channel + 1) / 2).astype(np.float32), guide, source) * 2 - 1 for channel in np.moveaxis(shadow, 2, 0)]
    full = np.dstack(channels)
    near = cv2.dilate((np.abs(shadow).max(axis=2) > 0).astype(np.uint8), np.ones((3, 3), np.uint8))
    full[cv2.resize(near, source.shape[1::-1], interpolation=cv2.INTER_NEAREST) == 0] = 0
    return full


def _clear_shadow(predicted: Predicted) -> Float32:
    """S without what is too faint; of a model that predicts none, what its layers leave over."""
    shadow = predicted.shadow
    if shadow is None:
        shadow = predicted.source - composite(list(predicted.layers))[..., :3]
    strength = np.abs(shadow).max(axis=2, keepdims=True)
    smooth = cv2.GaussianBlur(strength, (0, 0), 1.5)[..., None]  # a single pixel is noise, however strong
    return (shadow * np.clip((smooth - FAINT) / FAINT, 0, 1)).astype(np.float32)


def _cover(alphas: Sequence[Float32], shape: tuple[int, ...]) -> Float32:
    """(H, W): how much of what lies behind these layers is hidden."""
    left = np.ones(shape[:2], np.float32)
    for alpha in alphas:
        left = left * (1 - alpha)
    return 1 - left


def _background(predicted: Predicted, shadow: Float32, alphas: Sequence[Float32], seen: Float32, cover: Float32) -> Float32:
    """(H, W, 3): seen where nothing covers it, generated where something does."""
    generated = predicted.layers[0][..., :3]
    hidden = _cover(alphas, generated.shape) > COVERED
    if hidden.any() and not hidden.all():
        hidden = cv2.dilate(hidden.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        # The VAE and the model are off by a little everywhere: what they are off by around the hole is continued into it.
        off = np.clip(predicted.source - shadow - generated, -1, 1)
        continued = pull_push(off, (~hidden).astype(np.float32)) if not hidden.all() else off
        generated = np.clip(generated + np.where(hidden[..., None], continued, off), 0, 1)
    full = _enlarge(generated, seen.shape[:2])
    weight = np.clip((COVERED - cover) / COVERED, 0, 1)[..., None]
    return weight * seen + (1 - weight) * full


def _colors(alpha: Float32, cover: Float32, seen: Float32, below: Float32, generated: Float32) -> Float32:
    """(H, W, 3): a foreground's own colours."""
    own = unblend(seen, alpha[..., None], below)
    low, high = SURE
    weight = np.clip((alpha - low) / (high - low), 0, 1) * np.clip((COVERED - cover) / COVERED, 0, 1)
    return weight[..., None] * own + (1 - weight[..., None]) * generated


def _enlarge(picture: Float32, shape: tuple[int, ...]) -> Float32:
    if picture.shape[:2] == shape[:2]:
        return picture
    shrinking = shape[0] * shape[1] < picture.shape[0] * picture.shape[1]
    resized = cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return np.clip(resized, 0, 1)


def _to_bytes(layer: Float32) -> UInt8:
    rgba = to_uint8(layer)
    rgba[rgba[..., 3] == 0] = 0
    return rgba
