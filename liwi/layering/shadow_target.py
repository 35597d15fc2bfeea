"""S as something to predict: in pixel space or in latent space (paper 1, section 4.1). Always computed in float, never through 8 bits.

With pictures in [0, 1], S = I_src - I_c lies in [-1, 1], which is the VAE's own range: no shadow is mid-grey. The paper does not say how
three signed channels enter a VAE of four: alpha is 1 here. Shadows are faint, so a gain may stretch them; what leaves the range is cut off.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from liwi.layering.latents import LatentCodec
from liwi.layering.layout import Frame0


@dataclass(frozen=True, slots=True)
class Frame0Target:
    """What frame 0 is to hold.

    Attributes:
        kind: see `Frame0`.
        gain: what S is multiplied by in pixel space, and divided by again when it is read.
    """

    kind: Frame0 = Frame0.SHADOW_PIXEL
    gain: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.gain <= 16:
            raise ValueError(f"The gain of the shadow must be in (0, 16], got {self.gain}")

    def latents(self, codec: LatentCodec, source: Tensor, layers: Tensor) -> Tensor | None:
        """The latents that frame 0 is trained towards.

        Args:
            codec: the VAE.
            source: (B, 4, H, W) in [-1, 1], alpha 1.
            layers: (B, L, 4, H, W) in [-1, 1], background first, back to front.

        Returns:
            (B, C, h, w); None for `Frame0.NONE`.
        """
        match self.kind:
            case Frame0.NONE:
                return None
            case Frame0.SOURCE:
                return codec.encode(source)
            case Frame0.SHADOW_PIXEL:
                return codec.encode(shadow_picture(shadow_of(source, composite(layers)), self.gain))
            case Frame0.SHADOW_LATENT:
                return codec.encode(source) - codec.encode(with_opaque_alpha(composite(layers)))


def shadow_of(source: Tensor, composed: Tensor) -> Tensor:
    """S = I_src - I_c with pictures in [0, 1].

    Args:
        source: (B, 3 or 4, H, W) in [-1, 1].
        composed: (B, 3, H, W) in [-1, 1].

    Returns:
        (B, 3, H, W) in [-1, 1].
    """
    return (source[:, :3] - composed) / 2


def shadow_picture(shadow: Tensor, gain: float = 1.0) -> Tensor:
    """S as the VAE takes it: (B, 3, H, W) -> (B, 4, H, W), alpha 1."""
    return with_opaque_alpha((gain * shadow).clamp(-1, 1))


def read_shadow(picture: Tensor, gain: float = 1.0) -> Tensor:
    """S from a decoded frame 0: (B, 4, H, W) -> (B, 3, H, W) in [-1, 1]."""
    return (picture[:, :3] / gain).clamp(-1, 1)


def composite(layers: Tensor) -> Tensor:
    """I_c: straight-alpha layers over each other.

    Args:
        layers: (B, L, 4, H, W) in [-1, 1], back to front; the first one counts as opaque.

    Returns:
        (B, 3, H, W) in [-1, 1].
    """
    composed = layers[:, 0, :3]
    for layer in layers[:, 1:].unbind(1):
        alpha = (layer[:, 3:] + 1) / 2
        composed = composed + alpha * (layer[:, :3] - composed)
    return composed


def with_opaque_alpha(picture: Tensor) -> Tensor:
    """(B, 3, H, W) -> (B, 4, H, W) with alpha 1."""
    return torch.cat([picture, torch.ones_like(picture[:, :1])], dim=1)
