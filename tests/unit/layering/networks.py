"""Tiny networks that the tests of this folder share: built once, never changed."""

from functools import lru_cache
from pathlib import Path
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


@lru_cache
def qwen_parts() -> tuple[Any, Any, Any]:
    """A Qwen2.5-VL of 43,000 parameters, a tokenizer whose tokens are bytes, and the image processor."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer, Qwen2VLImageProcessorPil

    special = ["<|endoftext|>", *(f"<|{name}|>" for name in ("im_start", "im_end", "vision_start", "vision_end", "image_pad", "video_pad"))]
    vocabulary = {token: number for number, token in enumerate([*sorted(ByteLevel.alphabet()), *special])}
    tokenizer = Qwen2Tokenizer(vocab=vocabulary, merges=[], additional_special_tokens=special[1:])
    ends = {"bos_token_id": vocabulary["<|endoftext|>"], "eos_token_id": list(vocabulary.values()), "pad_token_id": 256}
    sizes = {"hidden_size": 16, "intermediate_size": 32}
    config = Qwen2_5_VLConfig(
        text_config={
            **sizes,
            **ends,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": len(vocabulary),
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
        },
        vision_config={**sizes, "depth": 1, "num_heads": 2, "out_hidden_size": 16, "fullatt_block_indexes": [0]},
        image_token_id=vocabulary["<|image_pad|>"],
        video_token_id=vocabulary["<|video_pad|>"],
        vision_start_token_id=vocabulary["<|vision_start|>"],
        vision_end_token_id=vocabulary["<|vision_end|>"],
        **ends,
    )
    torch.manual_seed(0)
    encoder = Qwen2_5_VLForConditionalGeneration(config).eval()
    encoder.generation_config.eos_token_id = ends["eos_token_id"]  # whatever it says first is its last word
    return encoder, tokenizer, Qwen2VLImageProcessorPil(min_pixels=28 * 28 * 4, max_pixels=28 * 28 * 16)


@lru_cache
def vae() -> Any:
    torch.manual_seed(3)
    return components.build_vae().eval()


UPSTREAM_TRANSFORMER = {**components.TINY_TRANSFORMER, "in_channels": 32, "out_channels": 8}
"""Latents of 8 channels: of 4, upstream's pipeline would take an RGBA picture for latents."""


@lru_cache
def upstream_parts() -> tuple[Any, Any, Any]:
    """Our transformer, upstream's with the same weights, and a VAE with 8 pixels per latent pixel, which upstream's rounding expects."""
    torch.manual_seed(4)
    ours = components.build_transformer(UPSTREAM_TRANSFORMER).eval()
    stock = components.QwenImageTransformer2DModel(**UPSTREAM_TRANSFORMER).eval()
    stock.load_state_dict(ours.state_dict())
    settings = {**components.TINY_VAE, "z_dim": 8, "dim_mult": [1, 1, 1, 1], "temperal_downsample": [False] * 3}
    statistics = {"latents_mean": [0.1 * place for place in range(8)], "latents_std": [1 + 0.1 * place for place in range(8)]}
    return ours, stock, components.build_vae({**settings, **statistics}).eval()


def write_published(folder: Path) -> Path:
    """The parts of a tiny model in the layout of Qwen/Qwen-Image-Layered, as upstream's own classes write it."""
    _, stock, autoencoder = upstream_parts()
    encoder, tokenizer, processor = qwen_parts()
    stock.save_pretrained(folder / "transformer", max_shard_size="300KB")
    autoencoder.save_pretrained(folder / "vae")
    encoder.save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")
    processor.save_pretrained(folder / "processor")
    components.build_scheduler().save_pretrained(folder / "scheduler")
    return folder
