"""What each token may look at (paper 1, section 4.2), in groups rather than under a mask: a mask at 45,000 tokens has 2 GB.

    main       text, predicted frames, context, source: one joint attention, computed by upstream's own processor
    degraded   each of them: [source, itself]

Without degraded frames nothing but upstream's processor runs. What the source frame has gathered from the others in earlier blocks reaches
a degraded frame through it, as with the paper's mask.
"""

from typing import Any, cast

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.attention_processor import Attention
from diffusers.models.transformers.transformer_qwenimage import (
    QwenDoubleStreamAttnProcessor2_0,
    QwenImageTransformer2DModel,
    apply_rotary_emb_qwen,
)
from torch import Tensor

from liwi.layering.layout import TokenLayout
from liwi.layering.positions import LayeredPositions


class GroupedAttentionProcessor(QwenDoubleStreamAttnProcessor2_0):  # type: ignore[misc]  # diffusers is untyped
    """Upstream's processor, and beside it the degraded frames' own attention."""

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        encoder_hidden_states_mask: Tensor | None = None,
        attention_mask: Tensor | None = None,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
        layout: TokenLayout | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See upstream. ``layout`` comes through the transformer's ``attention_kwargs``, see `attention_arguments`.

        Args:
            attn: the block's projections.
            hidden_states: (B, N, D), image tokens, degraded frames last.
            encoder_hidden_states: (B, T, D).
            encoder_hidden_states_mask: (B, T) bool or None.
            attention_mask: upstream refuses one.
            image_rotary_emb: angles of (N) image tokens and (T) text tokens.
            layout: None where there are no degraded frames.

        Returns:
            (B, N, D) and (B, T, D).
        """
        if layout is None or not layout.degraded:
            return cast(
                tuple[Tensor, Tensor],
                super().__call__(attn, hidden_states, encoder_hidden_states, encoder_hidden_states_mask, attention_mask, image_rotary_emb),
            )
        if self._parallel_config is not None:
            raise ValueError("Degraded frames cannot be divided among devices by context parallelism: train with sharding instead")
        assert image_rotary_emb is not None  # the transformer always has positions
        image_angles, text_angles = image_rotary_emb
        main, text = super().__call__(
            attn,
            hidden_states[:, layout.main],
            encoder_hidden_states,
            encoder_hidden_states_mask,
            attention_mask,
            (image_angles[layout.main], text_angles),
        )
        return torch.cat([main, self._degraded(attn, hidden_states, image_angles, layout)], dim=1), text

    def _degraded(self, attn: Attention, hidden_states: Tensor, angles: Tensor, layout: TokenLayout) -> Tensor:
        """(B, K n, D): each degraded frame attends to the source and itself. K degraded frames of n tokens, H heads of d."""
        batch, count, n = hidden_states.shape[0], len(layout.degraded), layout.frame_tokens
        seen = torch.cat([hidden_states[:, layout.condition], hidden_states[:, layout.auxiliary]], dim=1)
        seen_angles = torch.cat([angles[layout.condition], angles[layout.auxiliary]])
        # 1. Projections, normalised and turned, of [source, all degraded frames]: (B, n + K n, H, d).
        head = attn.inner_dim // attn.heads
        key, value = (project(seen).unflatten(-1, (-1, head)) for project in (attn.to_k, attn.to_v))
        query = attn.to_q(seen[:, n:]).unflatten(-1, (-1, head))
        if attn.norm_q is not None:
            query = attn.norm_q(query)
        if attn.norm_k is not None:
            key = attn.norm_k(key)
        query = apply_rotary_emb_qwen(query, seen_angles[n:], use_real=False)
        key = apply_rotary_emb_qwen(key, seen_angles, use_real=False)

        # 2. Every degraded frame becomes a sample of its own: (B K, 2 n, H, d).
        def with_source(tokens: Tensor) -> Tensor:
            source, own = tokens[:, None, :n].expand(-1, count, -1, -1, -1), tokens[:, n:].reshape(batch, count, n, *tokens.shape[2:])
            return torch.cat([source, own], dim=2).flatten(0, 1)

        answer = dispatch_attention_fn(
            query.unflatten(1, (count, n)).flatten(0, 1), with_source(key), with_source(value), backend=self._attention_backend
        )
        # 3. Back to one sequence, and through the block's output projection (and its dropout).
        answer = answer.flatten(2, 3).to(query.dtype).unflatten(0, (batch, count)).flatten(1, 2)
        for layer in attn.to_out:
            answer = layer(answer)
        return cast(Tensor, answer)


def install(transformer: QwenImageTransformer2DModel) -> None:
    """Give a stock transformer the layered attention and positions, in place; safe to call twice.

    Raises:
        ValueError: it was not built with the layered positions of Qwen-Image-Layered.
    """
    if isinstance(transformer.pos_embed, LayeredPositions):
        return
    if not transformer.config.use_layer3d_rope:
        raise ValueError("This transformer has no layered positions (use_layer3d_rope is false): it is Qwen-Image, not Qwen-Image-Layered")
    transformer.pos_embed = LayeredPositions(transformer.pos_embed)
    transformer.set_attn_processor(GroupedAttentionProcessor())


def attention_arguments(layout: TokenLayout) -> dict[str, Any]:
    """What to pass to the transformer as ``attention_kwargs``."""
    return {"layout": layout} if layout.degraded else {}
