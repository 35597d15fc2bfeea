"""Rotary positions: upstream's own, and for degraded frames those of the foregrounds they degrade (paper 1, section 4.2).

`LayeredPositions` takes the place of the stock position module and asks it for everything, so there is no parameter and no formula here.
"""

from typing import cast

import torch
from diffusers.models.transformers.transformer_qwenimage import QwenEmbedLayer3DRope
from torch import Tensor, nn

from liwi.layering.layout import TokenLayout


class LayeredPositions(nn.Module):
    """Stands where a `QwenImageTransformer2DModel` keeps its ``pos_embed``.

    Args:
        stock: the module that stood there.
    """

    def __init__(self, stock: QwenEmbedLayer3DRope) -> None:
        super().__init__()
        self.stock = stock

    def forward(
        self, img_shapes: list[TokenLayout] | list[list[tuple[int, int, int]]], max_txt_seq_len: int, device: torch.device | None = None
    ) -> tuple[Tensor, Tensor]:
        """The angles of all image tokens and of the text.

        Args:
            img_shapes: `TokenLayout.img_shapes`, or plain lists as upstream takes them, which are then upstream's affair alone.
            max_txt_seq_len: text tokens.
            device: where the angles are wanted.

        Returns:
            (N, d / 2) and (T, d / 2), complex; d is the size of a head.
        """
        layout = img_shapes[0]
        if not isinstance(layout, TokenLayout):
            return cast(tuple[Tensor, Tensor], self.stock(img_shapes, max_txt_seq_len=max_txt_seq_len, device=device))
        # 1. Frame 0 is always asked for, so that the other frames keep their index where it is left out.
        image, text = self.stock([layout.stock_shapes()], max_txt_seq_len=max_txt_seq_len, device=device)
        if not layout.has_frame0:
            image = image[layout.frame_tokens :]
        # 2. A degraded frame stands where its foreground stands.
        return (torch.cat([image, *(image[rows] for rows in _foregrounds(layout))]) if layout.degraded else image), text


def _foregrounds(layout: TokenLayout) -> list[slice]:
    """For each degraded frame, the tokens of its foreground."""
    first = layout.has_frame0 + 1
    n = layout.frame_tokens
    return [slice((first + place) * n, (first + place + 1) * n) for place in layout.degraded]
