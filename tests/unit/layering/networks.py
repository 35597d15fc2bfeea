"""Tiny networks that the tests of this folder share: built once, never changed."""

from functools import lru_cache
from typing import Any

import torch

from liwi.layering import components
from liwi.layering.attention import attention_arguments
from liwi.layering.layout import TokenLayout
from liwi.layering.text import TextTokens, WordHashing

CHANNELS = 16
"""Of a packed token."""


@lru_cache
def transformer() -> Any:
    torch.manual_seed(0)
    return components.build_transformer().eval()


@lru_cache
def stock_transformer() -> Any:
    """The same weights in upstream's own class, untouched."""
    stock = components.QwenImageTransformer2DModel(**components.TINY_TRANSFORMER).eval()
    stock.load_state_dict(transformer().state_dict())
    return stock


def texts(*captions: str) -> TextTokens:
    return WordHashing(16).encode(captions)


def call(network: Any, tokens: torch.Tensor, text: TextTokens, shapes: Any, **extra: Any) -> torch.Tensor:
    with torch.no_grad():
        answer: torch.Tensor = network(
            hidden_states=tokens,
            timestep=torch.linspace(0.9, 0.2, len(tokens)),
            encoder_hidden_states=text.embeddings,
            encoder_hidden_states_mask=text.mask,
            img_shapes=shapes,
            additional_t_cond=torch.zeros(len(tokens), dtype=torch.long),
            return_dict=False,
            **extra,
        )[0]
    return answer


def predict(layout: TokenLayout, tokens: torch.Tensor, text: TextTokens) -> torch.Tensor:
    return call(transformer(), tokens, text, layout.img_shapes(len(tokens)), attention_kwargs=attention_arguments(layout))


def noise(layout: TokenLayout, batch: int = 2, seed: int = 1) -> torch.Tensor:
    return torch.randn(batch, layout.num_tokens, CHANNELS, generator=torch.Generator().manual_seed(seed))
