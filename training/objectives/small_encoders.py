"""Text encoders of SDXL's kind at a size for two cores: what a tag says is drawn by chance, and differs from tag to tag."""

import json
import string
from pathlib import Path
from typing import Any

import torch

_LETTERS = (*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase))
_LENGTH = 16
_SEED = 7


def write_small_encoders(folder: Path, width: int) -> None:
    """Write ``tokenizer``, ``tokenizer_2``, ``text_encoder`` and ``text_encoder_2`` that spell: a token per letter, 16 at most.

    Args:
        folder: what lies there under these names is replaced; the same width gives the same encoders.
        width: of each encoder's tokens, and of the second one's pooled embedding; a multiple of 2.
    """
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    vocabulary = {token: number for number, token in enumerate((*_LETTERS, "<|startoftext|>", "<|endoftext|>"))}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        for suffix, kind in (("", CLIPTextModel), ("_2", CLIPTextModelWithProjection)):
            tokenizer = folder / f"tokenizer{suffix}"
            tokenizer.mkdir(parents=True, exist_ok=True)
            (tokenizer / "vocab.json").write_text(json.dumps(vocabulary))
            (tokenizer / "merges.txt").write_text("#version: 0.2\n")
            settings = {"model_max_length": _LENGTH, "tokenizer_class": "CLIPTokenizer"}
            (tokenizer / "tokenizer_config.json").write_text(json.dumps(settings))
            _small(kind, width, len(vocabulary)).save_pretrained(folder / f"text_encoder{suffix}")


def _small(kind: Any, width: int, tokens: int) -> Any:
    from transformers import CLIPTextConfig

    encoder = kind(
        CLIPTextConfig(
            vocab_size=tokens,
            max_position_embeddings=_LENGTH,
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=2,
            num_attention_heads=2,
            projection_dim=width,
            bos_token_id=tokens - 2,
            eos_token_id=tokens - 1,
            pad_token_id=tokens - 1,
        )
    ).eval()
    with torch.no_grad():  # so that letters are not drowned in what attention says of their places
        for name, values in encoder.named_parameters():
            if name.endswith("embedding.weight"):
                values *= 50
    return encoder
