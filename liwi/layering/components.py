"""The networks of the layered model, tiny and full: they differ by configuration alone.

transformer   QwenImageTransformer2DModel with both layered flags, our attention and positions installed
VAE           AutoencoderKLQwenImage with 4 channels (RGBA)
scheduler     FlowMatchEulerDiscreteScheduler, linear time shift that grows with the resolution
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
from diffusers.models.transformers.transformer_qwenimage import QwenEmbedLayer3DRope

from liwi.layering.attention import install

Settings = Mapping[str, Any]

FULL_TRANSFORMER: Settings = MappingProxyType(
    {
        "patch_size": 2,
        "in_channels": 64,
        "out_channels": 16,
        "num_layers": 60,
        "attention_head_dim": 128,
        "num_attention_heads": 24,
        "joint_attention_dim": 3584,
        "axes_dims_rope": (16, 56, 56),
        "use_additional_t_cond": True,
        "use_layer3d_rope": True,
    }
)
"""Qwen-Image-Layered: 20.43 billion parameters."""

TINY_TRANSFORMER: Settings = MappingProxyType(
    {
        **FULL_TRANSFORMER,
        "in_channels": 16,
        "out_channels": 4,
        "num_layers": 2,
        "attention_head_dim": 16,
        "num_attention_heads": 3,
        "joint_attention_dim": 16,
        "axes_dims_rope": (8, 4, 4),
    }
)
"""0.2 million parameters, for tests; training from scratch at CPU scale takes more layers and heads of the same kind."""

FULL_VAE: Settings = MappingProxyType({"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "input_channels": 4})
"""The RGBA VAE of Qwen-Image-Layered: 127 million parameters, 8 pixels per latent pixel."""

TINY_VAE: Settings = MappingProxyType(
    {
        "base_dim": 8,
        "z_dim": 4,
        "dim_mult": [1, 2, 2],
        "num_res_blocks": 1,
        "temperal_downsample": [False, False],
        "input_channels": 4,
        "latents_mean": [0.0] * 4,
        "latents_std": [1.0] * 4,
    }
)
"""4 pixels per latent pixel, so that 64 pixels are 8 x 8 tokens. Whoever trains it measures ``latents_mean`` and ``latents_std`` after."""

SCHEDULER: Settings = MappingProxyType(
    {
        "use_dynamic_shifting": True,
        "time_shift_type": "linear",
        "base_image_seq_len": 256,
        "base_shift": 0.5,
        "max_image_seq_len": 8192,
        "max_shift": 0.9,
    }
)
"""As published with Qwen-Image-Layered; ``mu`` is `liwi.layering.flow.shift`."""


def build_transformer(settings: Settings = TINY_TRANSFORMER) -> QwenImageTransformer2DModel:
    """A fresh transformer, in training mode; seed torch before."""
    transformer = QwenImageTransformer2DModel(**settings)
    install(transformer)
    return transformer


def build_empty_transformer(settings: Settings) -> QwenImageTransformer2DModel:
    """A transformer on the device "meta", whose weights are assigned later; its positions, which are no weights, are real."""
    with torch.device("meta"):
        transformer = QwenImageTransformer2DModel(**settings)
    transformer.pos_embed = QwenEmbedLayer3DRope(theta=10000, axes_dim=list(transformer.config.axes_dims_rope), scale_rope=True)
    install(transformer)
    return transformer


def build_vae(settings: Settings = TINY_VAE) -> AutoencoderKLQwenImage:
    """A fresh VAE, in training mode."""
    return AutoencoderKLQwenImage(**settings)


def build_scheduler() -> FlowMatchEulerDiscreteScheduler:
    """The scheduler; it holds the state of one sampling, so every sampling takes its own."""
    return FlowMatchEulerDiscreteScheduler(**SCHEDULER)
