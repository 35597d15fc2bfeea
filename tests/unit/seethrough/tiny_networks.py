"""See-through's networks at sizes that run in milliseconds, with weights that hide nothing: what begins as zeros is not zero here."""

import json
import string
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from liwi.seethrough.class_embeddings import ClassEmbeddings
from liwi.seethrough.part_pipeline import PartPipeline, groups_of
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.transparency import TransparencySettings, TransparentVAE

SHARED: dict[str, Any] = {"use_linear_projection": True, "norm_num_groups": 8, "layers_per_block": 1, "sample_size": 8}

PARTS_V2: dict[str, Any] = {
    **SHARED,
    "in_channels": 8,
    "block_out_channels": (16, 32),
    "attention_head_dim": (2, 4),
    "transformer_layers_per_block": (1, 3),
    "cross_attention_dim": 24,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 4,
    "projection_class_embeddings_input_dim": 6 * 4 + 12,
    "down_block_types": ("DownBlock2D", "CrossFrameAttnDownBlock"),
    "mid_block_type": "UNetMidBlockCrossFrameAttn",
    "up_block_types": ("CrossFrameAttnUpBlock", "UpBlock2D"),
}

PARTS_V3: dict[str, Any] = {**PARTS_V2, "group_embedding": True, "group_embedding_num": (13, 11), "tag_version": "v3"}

DEPTH: dict[str, Any] = {
    **SHARED,
    "in_channels": 12,
    "block_out_channels": (16, 32),
    "attention_head_dim": (2, 4),
    "cross_attention_dim": 20,
    "down_block_types": ("CrossFrameAttnDownBlock", "DownBlock2D"),
    "mid_block_type": "UNetMidBlockCrossFrameAttn",
    "up_block_types": ("UpBlock2D", "CrossFrameAttnUpBlock"),
}


def stirred(network: nn.Module, seed: int = 0) -> Any:
    """The network with every parameter moved, ready to answer."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.05)
    return network.eval()


def conditions(num_parts: int, *, batch: int = 1, seed: int = 1) -> dict[str, Any]:
    """Arguments of a part diffusion's U-Net for parts of different classes."""
    generator = torch.Generator().manual_seed(seed)
    rows = batch * num_parts

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    return {
        "sample_BFCHW": random(batch, num_parts, 8, 8, 8),
        "timestep": torch.full((batch,), 321),
        "encoder_hidden_states": random(rows, 5, 24),
        "added_cond_kwargs": {"text_embeds": random(rows, 12), "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]]).repeat(rows, 1)},
    }


TRANSPARENCY = TransparencySettings(widths=(8, 8, 16, 16), layers=1, attention_from=2, offset_widths=(4, 8))


def tiny_vae() -> AutoencoderKL:
    """Half the size in latents instead of an eighth."""
    torch.manual_seed(0)
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 2, "up_block_types": ("UpDecoderBlock2D",) * 2, "block_out_channels": (8, 8)}
    return AutoencoderKL(**blocks, norm_num_groups=4, latent_channels=4, sample_size=16, scaling_factor=0.13025).eval()


def tiny_part_pipeline(version: str = "v3") -> PartPipeline:
    """The part diffusion with classes that nobody encoded, at random."""
    torch.manual_seed(0)
    unet = stirred(PartUNet(**(PARTS_V3 if version == "v3" else PARTS_V2)))
    tags = tuple(tag for group in groups_of(version) for tag in group.tags)
    classes = ClassEmbeddings(tags, torch.randn(len(tags), 5, 24), torch.randn(len(tags), 12))
    return PartPipeline(unet, tiny_vae(), stirred(TransparentVAE(TRANSPARENCY)), classes)


def write_text_encoder(folder: Path, suffix: str, kind: type, width: int) -> None:
    """A CLIP text encoder that spells: a token per letter."""
    letters = [*string.ascii_lowercase, *(f"{letter}</w>" for letter in string.ascii_lowercase)]
    vocabulary = {token: number for number, token in enumerate([*letters, "<|startoftext|>", "<|endoftext|>"])}
    tokenizer = folder / f"tokenizer{suffix}"
    tokenizer.mkdir(parents=True)
    (tokenizer / "vocab.json").write_text(json.dumps(vocabulary))
    (tokenizer / "merges.txt").write_text("#version: 0.2\n")
    (tokenizer / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 32, "tokenizer_class": "CLIPTokenizer"}))
    sizes = {"hidden_size": width, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "projection_dim": 12}
    ends = {"bos_token_id": 52, "eos_token_id": 53, "pad_token_id": 53}
    settings = CLIPTextConfig(vocab_size=54, max_position_embeddings=32, **sizes, **ends)
    kind(settings).eval().save_pretrained(folder / f"text_encoder{suffix}")


def write_published_parts(folder: Path) -> Path:
    """An untrained part diffusion in the published layout, text encoders and all, in a new folder; returns that."""
    torch.manual_seed(0)
    write_text_encoder(folder, "", CLIPTextModel, 8)
    write_text_encoder(folder, "_2", CLIPTextModelWithProjection, 16)
    stirred(PartUNet(**PARTS_V3)).save_pretrained(folder / "unet")
    stirred(TransparentVAE(TRANSPARENCY)).save_pretrained(folder / "trans_vae")
    tiny_vae().save_pretrained(folder / "vae")
    return folder
