"""Captions as the transformer reads them: (B, T, D) embeddings and a mask of what is padding.

`WordHashing` is the tiny configuration's: no weights, every word a fixed random vector. The full one is Qwen2.5-VL, in
`liwi.layering.captions`.
"""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor


class TextTokens(NamedTuple):
    """What the transformer takes as ``encoder_hidden_states`` and ``encoder_hidden_states_mask``.

    Attributes:
        embeddings: (B, T, D).
        mask: (B, T) bool, True where there is text; None where all of it is.
    """

    embeddings: Tensor
    mask: Tensor | None


class TextConditioning(Protocol):
    """Texts -> what the transformer takes."""

    def encode(self, texts: Sequence[str]) -> TextTokens:
        """Encode one text per sample. An empty text is allowed: it is what "text dropped" means."""
        ...


class WordHashing:
    """Every word is a random vector that follows from the word; the empty text is one vector of its own. Deterministic, no weights.

    Args:
        width: D, the transformer's ``joint_attention_dim``.
        longest: words read of a text.
    """

    def __init__(self, width: int, longest: int = 64) -> None:
        self.width, self.longest = width, longest

    def encode(self, texts: Sequence[str]) -> TextTokens:
        """See `TextConditioning.encode`. (B, T, D) float32, T the words of the longest text and a first one that stands for "text"."""
        split = [["", *text.lower().split()[: self.longest]] for text in texts]
        length = max(map(len, split))
        embeddings = torch.zeros(len(split), length, self.width)
        mask = torch.zeros(len(split), length, dtype=torch.bool)
        for row, words in enumerate(split):
            embeddings[row, : len(words)] = torch.stack([self._vector(word) for word in words])
            mask[row, : len(words)] = True
        return TextTokens(embeddings, None if bool(mask.all()) else mask)

    def _vector(self, word: str) -> Tensor:
        seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "replace")).digest()[:8], "big") >> 1
        return torch.randn(self.width, generator=torch.Generator().manual_seed(seed))


@runtime_checkable
class Captioner(Protocol):
    """Pictures -> captions, for whoever gives none."""

    @property
    def can_caption(self) -> bool:
        """Whether it can."""
        ...

    def caption(self, pixels: Tensor) -> str:
        """Describe a picture (4, H, W) in [-1, 1]."""
        ...
