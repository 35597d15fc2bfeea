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
from liwi.imaging.enlarging import COVERED, enlarge, enlarge_alphas, hidden_by, without_haze
from liwi.imaging.inpainting import pull_push
from liwi.imaging.matting import guided_upsample

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

FAINT = 6 / 255
"""Shadow weaker than this is taken for error of the VAE."""

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
    small_alphas = [without_haze(layer[..., 3]) for layer in predicted.layers[1:]]
    alphas = enlarge_alphas(small_alphas, small_guide, source, mask)
    small_shadow = _clear_shadow(predicted) if extract_shadow else np.zeros_like(predicted.source)
    shadow = _enlarge_signed(small_shadow, small_guide, source)
    seen = np.clip(to_float(source) - shadow, 0, 1)  # the picture without the shadow: I_c, as far as it is seen
    # 2. The background.
    background = _background(predicted, small_shadow, small_alphas, seen, hidden_by(alphas, source.shape[:2]))
    # 3. Foregrounds, each over what lies behind it.
    below = np.dstack([background, np.ones_like(background[..., 0])])
    layers = [below]
    for place, alpha in enumerate(alphas):
        generated = enlarge(predicted.layers[place + 1][..., :3], source.shape[:2])
        colors = _colors(alpha, hidden_by(alphas[place + 1 :], source.shape[:2]), seen, below[..., :3], generated)
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


def _background(predicted: Predicted, shadow: Float32, alphas: Sequence[Float32], seen: Float32, cover: Float32) -> Float32:
    """(H, W, 3): seen where nothing covers it, generated where something does."""
    generated = predicted.layers[0][..., :3]
    hidden = hidden_by(alphas, generated.shape) > COVERED
    if hidden.any() and not hidden.all():
        hidden = cv2.dilate(hidden.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        # The VAE and the model are off by a little everywhere: what they are off by around the hole is continued into it.
        off = np.clip(predicted.source - shadow - generated, -1, 1)
        continued = pull_push(off, (~hidden).astype(np.float32)) if not hidden.all() else off
        generated = np.clip(generated + np.where(hidden[..., None], continued, off), 0, 1)
    full = enlarge(generated, seen.shape[:2])
    weight = np.clip((COVERED - cover) / COVERED, 0, 1)[..., None]
    return weight * seen + (1 - weight) * full


def _colors(alpha: Float32, cover: Float32, seen: Float32, below: Float32, generated: Float32) -> Float32:
    """(H, W, 3): a foreground's own colours."""
    own = unblend(seen, alpha[..., None], below)
    low, high = SURE
    weight = np.clip((alpha - low) / (high - low), 0, 1) * np.clip((COVERED - cover) / COVERED, 0, 1)
    return weight[..., None] * own + (1 - weight[..., None]) * generated


def _to_bytes(layer: Float32) -> UInt8:
    rgba = to_uint8(layer)
    rgba[rgba[..., 3] == 0] = 0
    return rgba
