"""The Body Part Consistency Module: attention among the parts of one character (paper 2, section 4.1.2, "The second stage").

After the attention of a part's pixels to each other and to its class, each pixel attends to the same pixel of all other parts, so that
what is ambiguous goes to one part and not to all or to none. There is no position among the parts: what a part is, its class says.

    spatial block ─► h ─► h + block(h) ─► next spatial block ...

Names of the modules are those of the published checkpoints, which call the parts frames and the module temporal.

Letters at the end of names: B characters, F parts of each, N pixels, C channels, H height, W width.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from diffusers.models.attention import FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

DENSE = 3
"""Number of spatial blocks from which only every second one is followed by attention among the parts."""

NUM_PARTS = "num_parts"
"""The key in ``cross_attention_kwargs`` under which the U-Net hands down how many parts a character has."""


class PartBlock(nn.Module):
    """Attention among the parts, for every pixel by itself.

    Args:
        width: channels C.
        num_heads: of the attention; the spatial attention's number.
        head_width: channels of a head.
    """

    def __init__(self, width: int, num_heads: int, head_width: int) -> None:
        super().__init__()
        self.norm_in = nn.LayerNorm(width)
        self.ff_in = FeedForward(width, dim_out=width, activation_fn="geglu")
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(query_dim=width, heads=num_heads, dim_head=head_width)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width, activation_fn="geglu")
        self.pixels_at_once: int | None = None

    def silence(self) -> None:
        """Set the last layer to zero: the block then adds nothing, and a network that it was put into answers as before."""
        last = self.ff.net[2]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    def forward(self, tokens_BFxNxC: Tensor, num_parts: int) -> Tensor:  # noqa: N803 (shape suffixes)
        """What the other parts have to say to each pixel.

        Args:
            tokens_BFxNxC: (B * F, N, C), the parts of one character one after the other.
            num_parts: F.

        Returns:
            (B * F, N, C), to be added to ``tokens_BFxNxC``.
        """
        num_pixels, width = tokens_BFxNxC.shape[1:]
        # 1. The parts of one pixel become a sequence, the pixels a batch.
        parts = tokens_BFxNxC.reshape(-1, num_parts, num_pixels, width).transpose(1, 2).reshape(-1, num_parts, width)
        # 2. Pixels know nothing of each other here, so that some at a time give what all together do.
        some = [self._look(each) for each in torch.split(parts, self.pixels_at_once or len(parts))]
        parts = torch.cat(some) if len(some) > 1 else some[0]
        # 3. Back to pictures.
        together: Tensor = parts.reshape(-1, num_pixels, num_parts, width).transpose(1, 2).reshape(tokens_BFxNxC.shape)
        return together

    def _look(self, parts: Tensor) -> Tensor:
        """Each part by itself, among each other, each by itself; the last step's own input is not added. (M, F, C) to the same."""
        parts = self.ff_in(self.norm_in(parts)) + parts
        parts = self.attn1(self.norm1(parts)) + parts
        answer: Tensor = self.ff(self.norm3(parts))
        return answer


class PartTransformer(nn.Module):
    """One of diffusers' spatial transformers with attention among the parts between its blocks.

    Args:
        spatial: its modules are taken over, under their names.
    """

    def __init__(self, spatial: Transformer2DModel) -> None:
        super().__init__()
        self.parts_at_once: int | None = None
        self.gradient_checkpointing = False
        self._gradient_checkpointing_func: Callable[..., Any] = checkpoint  # the library puts its own here
        self.linear = bool(spatial.use_linear_projection)
        self.norm, self.proj_in, self.proj_out = spatial.norm, spatial.proj_in, spatial.proj_out
        self.transformer_blocks = spatial.transformer_blocks
        heads, head_width = int(spatial.config["num_attention_heads"]), int(spatial.config["attention_head_dim"])
        self.stride = 1 if len(self.transformer_blocks) < DENSE else 2
        self.temporal_transformer_blocks = nn.ModuleList(
            PartBlock(heads * head_width, heads, head_width) for _ in range(len(self.transformer_blocks) // self.stride)
        )

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        *,
        cross_attention_kwargs: dict[str, Any] | None = None,
        attention_mask: Tensor | None = None,
        encoder_attention_mask: Tensor | None = None,
        return_dict: bool = False,  # noqa: ARG002 (as the blocks of diffusers call it)
    ) -> tuple[Tensor]:
        """As `Transformer2DModel.forward`.

        Args:
            hidden_states: (B * F, C, H, W).
            encoder_hidden_states: (B * F, T, D), the class of each part as tokens.
            cross_attention_kwargs: holds F as `NUM_PARTS`.
            attention_mask, encoder_attention_mask: handed to the spatial blocks.
            return_dict: not used; here because the blocks of diffusers pass it.

        Returns:
            (B * F, C, H, W).
        """
        more = dict(cross_attention_kwargs or {})
        num_parts = int(more.pop(NUM_PARTS))
        own = {
            "attention_mask": attention_mask,
            "encoder_hidden_states": encoder_hidden_states,
            "encoder_attention_mask": encoder_attention_mask,
        }
        tokens = self._tokens(self.norm(hidden_states))
        for number, block in enumerate(self.transformer_blocks):
            tokens = self._spatial(block, tokens, own, more)
            if (number + 1) % self.stride == 0:
                tokens = tokens + self._run(self.temporal_transformer_blocks[number // self.stride], tokens, num_parts=num_parts)
        return (self._picture(tokens, hidden_states.shape[2:]) + hidden_states,)

    def _spatial(self, block: nn.Module, tokens: Tensor, own: Mapping[str, Tensor | None], more: dict[str, Any]) -> Tensor:
        """A block of the library, some parts at a time: ``own`` is cut as the tokens are."""
        size = self.parts_at_once or len(tokens)
        some = []
        for start in range(0, len(tokens), size):
            each = {name: value if value is None else value[start : start + size] for name, value in own.items()}
            some.append(self._run(block, tokens[start : start + size], cross_attention_kwargs=more or None, **each))
        return torch.cat(some) if len(some) > 1 else some[0]

    def _run(self, block: nn.Module, tokens: Tensor, **settings: Any) -> Tensor:
        if torch.is_grad_enabled() and self.gradient_checkpointing:
            recomputed: Tensor = self._gradient_checkpointing_func(lambda given: block(given, **settings), tokens)
            return recomputed
        result: Tensor = block(tokens, **settings)
        return result

    def _tokens(self, picture: Tensor) -> Tensor:
        projected = picture if self.linear else self.proj_in(picture)
        tokens = projected.flatten(2).transpose(1, 2)
        return self.proj_in(tokens) if self.linear else tokens

    def _picture(self, tokens: Tensor, size: Sequence[int]) -> Tensor:
        projected = self.proj_out(tokens) if self.linear else tokens
        picture = projected.transpose(1, 2).unflatten(2, tuple(size))
        return picture.contiguous() if self.linear else self.proj_out(picture)


class GroupEmbedding(nn.Module):
    """What a published V3 network has learned of each place in a group of parts, added to the class.

    Args:
        num_parts: places in the group.
        width: of the class's embedding.
    """

    def __init__(self, num_parts: int, width: int) -> None:
        super().__init__()
        self.params = nn.Parameter(torch.randn(num_parts, width))
        self.linear = nn.Linear(width, width)

    def silence(self) -> None:
        """Set the linear layer to zero: nothing is added to the class."""
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, classes: Tensor, places: Tensor) -> Tensor:
        """What to add to ``classes``.

        Args:
            classes: (B * F, T, width) or (B * F, width).
            places: (F,) int64, the place in the group of each part.

        Returns:
            The same shape.
        """
        learned = self.params[places].repeat(classes.shape[0] // len(places), 1)
        added: Tensor = self.linear(classes + (learned[:, None] if classes.ndim == 3 else learned))
        return added
