"""The paper's part network: SAM-HQ's ViT-H with a pair of MLPs per class instead of prompts (paper 2, section 3.1.3).

    picture ─► image encoder ─► mask decoder, asked nothing ─► per class: coarse mask + correction ─► log-odds at the picture's size

Names and shapes of the tensors are those of the published checkpoints, key for key; a small configuration differs by settings alone.

Letters at the end of names: B batch, H height, W width, K classes.
"""

from dataclasses import dataclass
from typing import Annotated, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from liwi.errors import InputError
from liwi.experts.part_sam_decoder import ClassMasks, PromptEncoder
from liwi.experts.part_sam_encoder import ImageEncoder
from liwi.limits import OneOf, Range, check_limits

VARIANTS = ("mlp", "token")

_MEAN = (123.675, 116.28, 103.53)
_DEVIATION = (58.395, 57.12, 57.375)
"""Of the pictures that SAM was trained with, per channel, of 255."""


_SIZE = Range(1, 16384)


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
        variant: of the answers, see `part_sam_decoder`.
    """

    side: Annotated[int, Range(1, 2048)] = 1024
    patch: Annotated[int, _SIZE] = 16
    width: Annotated[int, _SIZE] = 1280
    depth: Annotated[int, Range(1, 64)] = 32
    heads: Annotated[int, _SIZE] = 16
    mlp_ratio: Annotated[int, _SIZE] = 4
    window: Annotated[int, _SIZE] = 14
    global_blocks: Annotated[tuple[int, ...], Range(0, 63)] = (7, 15, 23, 31)
    decoder_width: Annotated[int, _SIZE] = 256
    decoder_depth: Annotated[int, _SIZE] = 2
    decoder_heads: Annotated[int, _SIZE] = 8
    decoder_hidden: Annotated[int, _SIZE] = 2048
    variant: Annotated[str, OneOf(*VARIANTS)] = "mlp"

    def __post_init__(self) -> None:
        check_limits(self)
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
