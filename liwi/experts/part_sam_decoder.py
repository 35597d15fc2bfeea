"""SAM-HQ's prompt encoder and mask decoder, with one pair of MLPs per class in place of prompts (paper 2, section 3.1.3).

The paper speaks of 19 decoders. The published weights are one shared decoder; what is each class's own is a pair of MLPs that turn the
decoder's two mask tokens into the weights of a mask (variant "mlp"), or a pair of tokens that one pair of MLPs reads (variant "token").

Letters at the end of names: B batch, C channels, H height, W width, K classes, T tokens, N places.
"""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from liwi.experts.part_sam_encoder import ChannelNorm, TwoLayers
from liwi.seethrough.body_parts import CoarseBodyPart

if TYPE_CHECKING:
    from liwi.experts.part_sam import PartSamSettings

NUM_CLASSES = len(CoarseBodyPart)

_MASK_TOKENS = 4
"""SAM's; the classes read the first of them, the others only take part in attention."""


class PromptEncoder(nn.Module):
    """SAM's, all of it, so that published checkpoints load; used are the positions and what stands for "no mask" alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.pe_layer = _Places(width // 2)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, width) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, width)
        self.mask_downscaling = nn.Sequential(
            *(nn.Conv2d(1, 4, 2, stride=2), ChannelNorm(4), nn.GELU()),
            *(nn.Conv2d(4, 16, 2, stride=2), ChannelNorm(16), nn.GELU(), nn.Conv2d(16, width, 1)),
        )
        self.no_mask_embed = nn.Embedding(1, width)


class _Places(nn.Module):
    """Positions as sines of random frequencies, drawn once and kept."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self, frequencies: int) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.randn(2, frequencies))

    def forward(self, size: int) -> Tensor:
        """(1, C, size, size) of a square grid."""
        matrix = self.positional_encoding_gaussian_matrix
        along = (torch.arange(size, device=matrix.device, dtype=matrix.dtype) + 0.5) / size * 2 - 1
        angles = 2 * math.pi * (along[None, :, None] * matrix[0] + along[:, None, None] * matrix[1])
        return torch.cat([angles.sin(), angles.cos()], dim=-1).permute(2, 0, 1)[None]


class ClassMasks(nn.Module):
    """The mask decoder with what is each class's own."""

    def __init__(self, settings: "PartSamSettings") -> None:
        super().__init__()
        width = settings.decoder_width
        self.sam_mask_decoder = _Decoder(settings, with_tokens=settings.variant == "mlp")
        if settings.variant == "mlp":
            self.output_hypernetworks_mlps = nn.ModuleList(_ThreeLayers(width, width // 8) for _ in range(NUM_CLASSES))
            self.hf_mlps = nn.ModuleList(_ThreeLayers(width, width // 8) for _ in range(NUM_CLASSES))
        else:
            self.sem_mask_tokens = nn.Embedding(NUM_CLASSES, width)
            self.hq_mask_tokens = nn.Embedding(NUM_CLASSES, width)
            self.output_hypernetworks_mlp = _ThreeLayers(width, width // 8)
            self.hf_mlp = _ThreeLayers(width, width // 8)
        self._own_mlps = settings.variant == "mlp"

    def forward(self, image: Tensor, early: Tensor, places: Tensor, no_mask: Tensor) -> Tensor:
        """Log-odds of each class.

        Args:
            image: (B, C, H, W), the image embedding.
            early: (B, width, H, W), the encoder's early features.
            places: (1, C, H, W), positions.
            no_mask: (1, C), the dense prompt that says nothing.

        Returns:
            (B, K, 4 H, 4 W): the coarse masks and SAM-HQ's corrections summed up.
        """
        decoder = self.sam_mask_decoder
        tokens, fine, finer = decoder(image, early, places, no_mask, () if self._own_mlps else self._tokens())
        if self._own_mlps:
            first, last = tokens[:, 1], tokens[:, 1 + _MASK_TOKENS]
            weights = torch.stack([mlp(first) for mlp in self.output_hypernetworks_mlps], dim=1)
            corrections = torch.stack([mlp(last) for mlp in self.hf_mlps], dim=1)
        else:
            weights = self.output_hypernetworks_mlp(tokens[:, 1 : 1 + NUM_CLASSES])
            corrections = self.hf_mlp(tokens[:, 1 + NUM_CLASSES :])
        return torch.einsum("bkc,bchw->bkhw", weights, fine) + torch.einsum("bkc,bchw->bkhw", corrections, finer)

    def _tokens(self) -> tuple[Tensor, Tensor]:
        return self.sem_mask_tokens.weight, self.hq_mask_tokens.weight


class _Decoder(nn.Module):
    """Tokens and image look at each other; the image is then enlarged twice, and SAM-HQ's features are added."""

    def __init__(self, settings: "PartSamSettings", *, with_tokens: bool) -> None:
        super().__init__()
        width = settings.decoder_width
        self.transformer = _TwoWay(settings)
        self.iou_token = nn.Embedding(1, width)
        if with_tokens:
            self.mask_tokens = nn.Embedding(_MASK_TOKENS, width)
            self.hf_token = nn.Embedding(1, width)
        self.output_upscaling = nn.Sequential(*_enlarged(width, width // 4, width // 8), nn.GELU())
        self.iou_prediction_head = _ThreeLayers(width, _MASK_TOKENS)  # part of the published weights; nothing asks how sure SAM is
        self.compress_vit_feat = nn.Sequential(*_enlarged(settings.width, width, width // 8))
        self.embedding_encoder = nn.Sequential(*_enlarged(width, width // 4, width // 8))
        self.embedding_maskfeature = nn.Sequential(
            *(nn.Conv2d(width // 8, width // 4, 3, padding=1), ChannelNorm(width // 4), nn.GELU()),
            nn.Conv2d(width // 4, width // 8, 3, padding=1),
        )
        self._with_tokens = with_tokens

    def forward(
        self, image: Tensor, early: Tensor, places: Tensor, no_mask: Tensor, tokens: tuple[Tensor, ...]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (B, T, C) after looking, features of the coarse masks and of the corrections (B, C / 8, 4 H, 4 W)."""
        batch, channels, height, width = image.shape
        own = (self.mask_tokens.weight, self.hf_token.weight) if self._with_tokens else tokens
        asked = torch.cat([self.iou_token.weight, *own]).expand(batch, -1, -1)
        answered, seen = self.transformer(image + no_mask[..., None, None], places, asked)
        fine = self.output_upscaling(seen.transpose(1, 2).reshape(batch, channels, height, width))
        finer = self.embedding_maskfeature(fine) + self.embedding_encoder(image) + self.compress_vit_feat(early)
        return answered, fine, finer


class _TwoWay(nn.Module):
    def __init__(self, settings: "PartSamSettings") -> None:
        super().__init__()
        width, heads = settings.decoder_width, settings.decoder_heads
        self.layers = nn.ModuleList(_TwoWayLayer(settings, first=number == 0) for number in range(settings.decoder_depth))
        self.final_attn_token_to_image = _Attention(width, width // 2, heads)
        self.norm_final_attn = nn.LayerNorm(width)

    def forward(self, image: Tensor, places: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (B, T, C) and image (B, N, C) after all layers."""
        keys, where = image.flatten(2).transpose(1, 2), places.flatten(2).transpose(1, 2)
        queries = tokens
        for layer in self.layers:
            queries, keys = layer(queries, keys, tokens, where)
        queries = queries + self.final_attn_token_to_image(queries + tokens, keys + where, keys)
        return self.norm_final_attn(queries), keys


class _TwoWayLayer(nn.Module):
    """Tokens look at each other and at the image, each by itself, then the image at the tokens."""

    def __init__(self, settings: "PartSamSettings", *, first: bool) -> None:
        super().__init__()
        width, heads = settings.decoder_width, settings.decoder_heads
        self.self_attn = _Attention(width, width, heads)
        self.norm1 = nn.LayerNorm(width)
        self.cross_attn_token_to_image = _Attention(width, width // 2, heads)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = TwoLayers(width, settings.decoder_hidden, nn.ReLU)
        self.norm3 = nn.LayerNorm(width)
        self.norm4 = nn.LayerNorm(width)
        self.cross_attn_image_to_token = _Attention(width, width // 2, heads)
        self._first = first

    def forward(self, queries: Tensor, keys: Tensor, tokens: Tensor, where: Tensor) -> tuple[Tensor, Tensor]:
        if self._first:  # the tokens are their own positions yet
            queries = self.norm1(self.self_attn(queries, queries, queries))
        else:
            queries = self.norm1(queries + self.self_attn(queries + tokens, queries + tokens, queries))
        queries = self.norm2(queries + self.cross_attn_token_to_image(queries + tokens, keys + where, keys))
        queries = self.norm3(queries + self.mlp(queries))
        return queries, self.norm4(keys + self.cross_attn_image_to_token(keys + where, queries + tokens, queries))


class _Attention(nn.Module):
    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, inner)
        self.k_proj = nn.Linear(width, inner)
        self.v_proj = nn.Linear(width, inner)
        self.out_proj = nn.Linear(inner, width)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        split = [
            projected.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for projected in (self.q_proj(queries), self.k_proj(keys), self.v_proj(values))
        ]
        seen = functional.scaled_dot_product_attention(split[0], split[1], split[2])
        result: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return result


class _ThreeLayers(nn.Module):
    def __init__(self, width: int, out: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, out)])

    def forward(self, tokens: Tensor) -> Tensor:
        result: Tensor = self.layers[2](functional.relu(self.layers[1](functional.relu(self.layers[0](tokens)))))
        return result


def _enlarged(channels: int, between: int, out: int) -> tuple[nn.Module, ...]:
    """Four times as large on each side, in two steps."""
    return (
        nn.ConvTranspose2d(channels, between, 2, stride=2),
        ChannelNorm(between),
        nn.GELU(),
        nn.ConvTranspose2d(between, out, 2, stride=2),
    )
