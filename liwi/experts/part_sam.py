"""The paper's part network: SAM-HQ's ViT-H with a pair of MLPs per class instead of prompts (paper 2, section 3.1.3).

    picture ─► image encoder ─► mask decoder, asked nothing ─► per class: coarse mask + correction ─► log-odds at the picture's size

Names and shapes of the tensors are those of the published checkpoints, key for key; a small configuration differs by settings alone.

Letters at the end of names: B batch, H height, W width, K classes.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from liwi.errors import InputError
from liwi.experts.part_sam_decoder import ClassMasks, PromptEncoder
from liwi.experts.part_sam_encoder import ImageEncoder

VARIANTS = ("mlp", "token")

_MEAN = (123.675, 116.28, 103.53)
_DEVIATION = (58.395, 57.12, 57.375)
"""Of the pictures that SAM was trained with, per channel, of 255."""


@dataclass(frozen=True, slots=True)
class PartSamSettings:
    """The network's size; as it stands that of the published checkpoints, 647 million parameters.

    Attributes:
        side: of the square that it sees, in pixels.
        patch: pixels along the side of a patch.
        width, depth, heads, mlp_ratio: of the image encoder.
        window: patches along the side of a window; blocks of ``global_blocks`` look everywhere instead.
        global_blocks: their numbers from 0, one at least.
        decoder_width, decoder_depth, decoder_heads, decoder_hidden: of the mask decoder.
        variant: "mlp" or "token", see `part_sam_decoder`.
    """

    side: int = 1024
    patch: int = 16
    width: int = 1280
    depth: int = 32
    heads: int = 16
    mlp_ratio: int = 4
    window: int = 14
    global_blocks: tuple[int, ...] = (7, 15, 23, 31)
    decoder_width: int = 256
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_hidden: int = 2048
    variant: str = "mlp"

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise InputError(f"variant must be one of {', '.join(VARIANTS)}, got {self.variant[:40]!r}.")
        sizes = (self.side, self.patch, self.width, self.depth, self.heads, self.mlp_ratio, self.window)
        decoder = (self.decoder_width, self.decoder_depth, self.decoder_heads, self.decoder_hidden)
        if not all(0 < size <= 16384 for size in (*sizes, *decoder)) or self.depth > 64 or self.side > 2048:
            raise InputError(f"The sizes of the network must be above 0 and such as a network has, got {(*sizes, *decoder)}.")
        if self.side % self.patch or self.width % self.heads or self.decoder_width % (8 * self.decoder_heads):
            raise InputError(
                f"side must be a multiple of patch, width of heads, decoder_width of 8 * decoder_heads; got {self.side} and {self.patch}, "
                f"{self.width} and {self.heads}, {self.decoder_width} and {self.decoder_heads}."
            )
        if not self.global_blocks or any(not 0 <= number < self.depth for number in self.global_blocks):
            raise InputError(f"global_blocks must name at least one of the {self.depth} blocks, from 0, got {self.global_blocks}.")

    @property
    def grid(self) -> int:
        """Patches along a side of the picture."""
        return self.side // self.patch


class PartSam(nn.Module):
    """See the module's text."""

    def __init__(self, settings: PartSamSettings) -> None:
        super().__init__()
        self.settings = settings
        self.img_adapter = nn.ModuleDict({"sam_img_encoder": ImageEncoder(settings)})
        self.prompt_adapter = nn.ModuleDict({"sam_prompt_encoder": PromptEncoder(settings.decoder_width)})
        self.mask_adapter = ClassMasks(settings)
        # The paper zeroes the prompts: nothing is learned of them, nor of how sure the masks are, which nobody asks.
        for unused in (self.prompt_adapter, self.mask_adapter.sam_mask_decoder.iou_prediction_head):
            unused.requires_grad_(False)

    @property
    def encoder(self) -> ImageEncoder:
        """The image encoder, to set whether it learns."""
        return cast(ImageEncoder, self.img_adapter["sam_img_encoder"])

    def enable_gradient_checkpointing(self) -> None:
        """Compute the encoder's blocks a second time for the gradient instead of keeping what they need for it."""
        self.encoder.recompute = True

    def forward(self, rgb_B3HW: Tensor, alpha_B1HW: Tensor | None = None) -> Tensor:  # noqa: ARG002, N803 (as `PartNetwork`)
        """Log-odds that each pixel shows each class.

        Args:
            rgb_B3HW: (B, 3, side, side) in [0, 1], the figure before whatever background.
            alpha_B1HW: not used; here because `PartNetwork` wants it.

        Returns:
            (B, K, side, side).
        """
        mean, deviation = (rgb_B3HW.new_tensor(values).view(1, 3, 1, 1) / 255 for values in (_MEAN, _DEVIATION))
        image, early = self.encoder((rgb_B3HW - mean) / deviation)
        prompts = cast(PromptEncoder, self.prompt_adapter["sam_prompt_encoder"])
        masks = self.mask_adapter(image, early, prompts.pe_layer(self.settings.grid), prompts.no_mask_embed.weight)
        return functional.interpolate(masks.float(), size=rgb_B3HW.shape[-2:], mode="bilinear", align_corners=False)


def empty_part_sam(settings: PartSamSettings) -> PartSam:
    """The network without memory behind its tensors, to look at their names and shapes."""
    with torch.device("meta"):
        return PartSam(settings)
