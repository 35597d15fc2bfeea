"""The compact part network: which of the 19 body parts each pixel of a figure shows (paper 2, section 3.1.3, at a size for the CPU).

    picture on grey, alpha, place in the frame ─► U-Net ─► one log-odds per class

Classes are answered independently, as in the paper's network, which stands behind the same training and the same answers: `part_sam`.

Letters at the end of names: B batch, C channels, H height, W width, K classes.
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from liwi.errors import InputError
from liwi.experts.unet import UNet, UNetSettings
from liwi.limits import Range
from liwi.seethrough.body_parts import CoarseBodyPart

NUM_INPUTS = 6
"""Channels that the network sees: colour, alpha, and where in the frame a pixel lies."""

NUM_CLASSES = len(CoarseBodyPart)

_RARE = -4.0
"""Log-odds that an untrained network begins with: most pixels do not show a given class."""


@dataclass(frozen=True, slots=True)
class PartNetworkSettings(UNetSettings):
    """The network's size: see `UNetSettings`.

    Attributes:
        side: of the square that it sees, in pixels: what it was trained with.
    """

    widths: Annotated[tuple[int, ...], Range(32, 4096, multiple=32)] = (64, 128, 192, 256)
    blocks: Annotated[tuple[int, ...], Range(0, 12)] = (1, 2, 3, 2)
    attentions: Annotated[tuple[int, ...], Range(0, 12)] = (0, 0, 2, 2)
    side: Annotated[int, Range(1, 1024)] = 320

    def __post_init__(self) -> None:
        UNetSettings.__post_init__(self)
        if self.side % self.multiple:
            raise InputError(f"side must be a multiple of {self.multiple}, got {self.side}.")


class PartNetwork(UNet):
    """See the module's text."""

    settings: PartNetworkSettings

    def __init__(self, settings: PartNetworkSettings) -> None:
        super().__init__(settings, NUM_INPUTS)
        self.classes = nn.Conv2d(settings.details, NUM_CLASSES, 3, padding=1)
        assert self.classes.bias is not None  # the default
        nn.init.constant_(self.classes.bias, _RARE)

    def forward(self, rgb_B3HW: Tensor, alpha_B1HW: Tensor) -> Tensor:  # noqa: N803 (shape suffixes)
        """Log-odds that each pixel shows each class.

        Args:
            rgb_B3HW: (B, 3, H, W) in [0, 1], the figure before whatever background; H and W multiples of ``settings.multiple``.
            alpha_B1HW: (B, 1, H, W) in [0, 1], where the picture has pixels; all 1 where that is not known.

        Returns:
            (B, K, H, W).
        """
        height, width = rgb_B3HW.shape[-2:]
        down = torch.linspace(-1, 1, height, device=rgb_B3HW.device, dtype=rgb_B3HW.dtype).view(1, 1, -1, 1)
        across = torch.linspace(-1, 1, width, device=rgb_B3HW.device, dtype=rgb_B3HW.dtype).view(1, 1, 1, -1)
        places = [place.expand(len(rgb_B3HW), 1, height, width) for place in (down, across)]
        logits: Tensor = self.classes(self.features(torch.cat([(rgb_B3HW - 0.5) * 4, alpha_B1HW * 2 - 1, *places], dim=1)))
        return logits
