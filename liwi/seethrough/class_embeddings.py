"""Body parts as the networks are told them: the part's tag through SDXL's two text encoders (paper 2, section 4.1.2).

The tags never change, so each is encoded once and the encoders are let go: they are a fifth of the networks' memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from liwi.errors import InputError
from liwi.registry_errors import CheckpointDamaged


@dataclass(frozen=True, slots=True)
class ClassEmbeddings:
    """What the encoders say of each tag.

    Attributes:
        tags: K of them.
        tokens: (K, T, D): both encoders' next to last hidden states side by side; T 77 and D 2048 for SDXL's.
        pooled: (K, P): the second encoder's one embedding; P 1280.
    """

    tags: tuple[str, ...]
    tokens: Tensor
    pooled: Tensor

    def of(self, tags: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Tokens and pooled embeddings of ``tags``, in their order.

        Raises:
            InputError: one of them was not encoded; names it.
        """
        if unknown := [tag for tag in tags if tag not in self.tags]:
            raise InputError(f"The body part {unknown[0]!r} is none of those that this network was told: {', '.join(self.tags)}.")
        rows = [self.tags.index(tag) for tag in tags]
        return self.tokens[rows], self.pooled[rows]

    def to(self, device: torch.device | str, dtype: torch.dtype) -> Self:
        """The same on another device, in another dtype."""
        return type(self)(self.tags, self.tokens.to(device, dtype), self.pooled.to(device, dtype))


@torch.inference_mode()
def encode_classes(tags: Sequence[str], tokenizers: Sequence[Any], encoders: Sequence[Any]) -> ClassEmbeddings:
    """Encode tags.

    Args:
        tags: of the classes.
        tokenizers: two of transformers' `CLIPTokenizer`.
        encoders: a `CLIPTextModel` and a `CLIPTextModelWithProjection`.
    """
    tokens, pooled = [], None
    for tokenizer, encoder in zip(tokenizers, encoders, strict=True):
        numbers = tokenizer(
            list(tags), padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt"
        ).input_ids
        answer = encoder(numbers.to(encoder.device), output_hidden_states=True)
        tokens.append(answer.hidden_states[-2])
        pooled = getattr(answer, "text_embeds", None)
    if pooled is None:
        raise InputError("The second text encoder must be one with a projection (CLIPTextModelWithProjection).")
    return ClassEmbeddings(tuple(tags), torch.cat(tokens, -1), pooled)


def load_class_embeddings(folder: Path, groups: Sequence[Sequence[str]], *, dtype: torch.dtype | None = None) -> ClassEmbeddings:
    """Encode tags with the encoders in a published folder, on the CPU.

    Args:
        folder: holds ``tokenizer``, ``tokenizer_2``, ``text_encoder`` and ``text_encoder_2``.
        groups: tags that are encoded together.
        dtype: of the encoders; as in their files where None.

    Raises:
        CheckpointDamaged: one of them is missing or cannot be read.
    """
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    kinds = (("tokenizer", "text_encoder", CLIPTextModel), ("tokenizer_2", "text_encoder_2", CLIPTextModelWithProjection))
    read = [_read(folder, tokenizer, encoder, kind, dtype) for tokenizer, encoder, kind in kinds]
    tokenizers, encoders = zip(*read, strict=True)
    parts = [encode_classes(tags, tokenizers, encoders) for tags in groups]
    return ClassEmbeddings(
        tuple(tag for part in parts for tag in part.tags),
        torch.cat([part.tokens for part in parts]),
        torch.cat([part.pooled for part in parts]),
    )


@torch.inference_mode()
def load_empty_text(folder: Path, *, dtype: torch.dtype | None = None) -> Tensor:
    """What the text encoder in a published folder says of an empty text: (1, 2, D), its beginning and its end.

    Args and errors are those of `load_class_embeddings`; ``folder`` holds ``tokenizer`` and ``text_encoder``.
    """
    from transformers import CLIPTextModel

    tokenizer, encoder = _read(folder, "tokenizer", "text_encoder", CLIPTextModel, dtype)
    numbers = tokenizer("", padding="do_not_pad", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt").input_ids
    said: Tensor = encoder(numbers).last_hidden_state
    return said


def _read(folder: Path, tokenizer: str, encoder: str, kind: Any, dtype: torch.dtype | None) -> tuple[Any, Any]:
    from transformers import CLIPTokenizer

    try:
        return (
            CLIPTokenizer.from_pretrained(folder / tokenizer, local_files_only=True),
            kind.from_pretrained(folder / encoder, local_files_only=True, use_safetensors=True, dtype=dtype or "auto").eval(),
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise CheckpointDamaged(f"The text encoder {encoder} in {folder.name!r} cannot be read ({str(error)[:200]}).") from error
