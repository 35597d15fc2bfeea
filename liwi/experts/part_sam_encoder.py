"""SAM's image encoder: a vision transformer, most of whose blocks look only inside windows (Kirillov et al. 2023, appendix A).

Tensor names are those of the published checkpoints, so that they load as they are. Written for pictures of one size: positions are learned.

Letters at the end of names: B batch, C channels, H height and W width in patches, N tokens of a window.
"""

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from liwi.experts.part_sam import PartSamSettings

EPSILON = 1e-6
"""Of every layer norm here and of those over channels in the decoder."""


class ChannelNorm(nn.Module):
    """Layer norm over the channels of (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W), each place normalised by itself."""
        normed = functional.layer_norm(features.permute(0, 2, 3, 1), (features.shape[1],), self.weight, self.bias, EPSILON)
        return normed.permute(0, 3, 1, 2)


class TwoLayers(nn.Module):
    """Linear, activation, linear; the names are SAM's."""

    def __init__(self, width: int, hidden: int, activation: type[nn.Module]) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, hidden)
        self.lin2 = nn.Linear(hidden, width)
        self.act = activation()

    def forward(self, tokens: Tensor) -> Tensor:
        """The same shape as ``tokens``."""
        result: Tensor = self.lin2(self.act(self.lin1(tokens)))
        return result


class ImageEncoder(nn.Module):
    """See the module's text."""

    def __init__(self, settings: "PartSamSettings") -> None:
        super().__init__()
        width, out = settings.width, settings.decoder_width
        self.recompute = False  # whether blocks are computed again in the backward pass, to save memory
        self.patch_embed = _Patches(width, settings.patch)
        self.pos_embed = nn.Parameter(torch.zeros(1, settings.grid, settings.grid, width))
        self.blocks = nn.ModuleList(
            _Block(settings, window=0 if number in settings.global_blocks else settings.window) for number in range(settings.depth)
        )
        self.neck = nn.Sequential(
            nn.Conv2d(width, out, 1, bias=False), ChannelNorm(out), nn.Conv2d(out, out, 3, padding=1, bias=False), ChannelNorm(out)
        )
        self._first_global = min(settings.global_blocks)

    def forward(self, rgb_B3HW: Tensor) -> tuple[Tensor, Tensor]:  # noqa: N803 (shape suffixes)
        """Encode a normalised picture.

        Returns:
            The image embedding (B, decoder_width, H, W), and the features of the first block that looks everywhere (B, width, H, W),
            which are early and fine: SAM-HQ's masks use both.
        """
        features = self.patch_embed(rgb_B3HW) + self.pos_embed
        early = features
        for number, block in enumerate(self.blocks):
            again = self.recompute and self.training
            features = checkpoint(block, features, use_reentrant=False) if again else block(features)
            if number == self._first_global:
                early = features
        return self.neck(features.permute(0, 3, 1, 2)), early.permute(0, 3, 1, 2)


class _Patches(nn.Module):
    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, stride=patch)

    def forward(self, picture: Tensor) -> Tensor:
        result: Tensor = self.proj(picture).permute(0, 2, 3, 1)
        return result


class _Block(nn.Module):
    """Attention, inside windows or everywhere (``window`` 0), then each patch by itself. Patches are (B, H, W, C)."""

    def __init__(self, settings: "PartSamSettings", window: int) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(settings.width, EPSILON)
        self.attn = _Attention(settings.width, settings.heads, window or settings.grid)
        self.norm2 = nn.LayerNorm(settings.width, EPSILON)
        self.mlp = TwoLayers(settings.width, settings.mlp_ratio * settings.width, nn.GELU)

    def forward(self, features: Tensor) -> Tensor:
        batch, height, width, channels = features.shape
        inside = self.norm1(features)
        if self.window:
            size = self.window
            inside = functional.pad(inside, (0, 0, 0, -width % size, 0, -height % size))
            rows, columns = inside.shape[1] // size, inside.shape[2] // size
            tiles = inside.view(batch, rows, size, columns, size, channels).transpose(2, 3).reshape(-1, size, size, channels)
            seen = self.attn(tiles).view(batch, rows, columns, size, size, channels).transpose(2, 3)
            inside = seen.reshape(batch, rows * size, columns * size, channels)[:, :height, :width]
        else:
            inside = self.attn(inside)
        features = features + inside
        return features + self.mlp(self.norm2(features))


class _Attention(nn.Module):
    """Attention within a square of patches, with learned terms for how far apart two lie along each axis."""

    def __init__(self, width: int, heads: int, size: int) -> None:
        super().__init__()
        self.heads, self.size = heads, size
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * size - 1, width // heads))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * size - 1, width // heads))

    def forward(self, tiles: Tensor) -> Tensor:
        batch, size, channels = len(tiles), self.size, tiles.shape[-1]
        split = self.qkv(tiles).view(batch, size * size, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = split[0], split[1], split[2]
        grid = queries.reshape(batch, self.heads, size, size, -1)
        down = torch.einsum("bnhwc,hkc->bnhwk", grid, self._apart(self.rel_pos_h).to(grid.dtype))
        across = torch.einsum("bnhwc,wkc->bnhwk", grid, self._apart(self.rel_pos_w).to(grid.dtype))
        terms = (down[..., :, None] + across[..., None, :]).reshape(batch, self.heads, size * size, size * size)
        seen = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=terms)
        result: Tensor = self.proj(seen.transpose(1, 2).reshape(batch, size, size, channels))
        return result

    def _apart(self, table: Tensor) -> Tensor:
        """Row (i, j) of the result is the term for place i looking at place j: (size, size, C)."""
        places = torch.arange(self.size, device=table.device)
        return table[places[:, None] - places[None, :] + self.size - 1]
