"""Settings of See-through's published networks and samplers, so that nothing about them is fetched when they run.

A checkpoint's own ``config.json`` counts where there is one; these are for networks that are made anew, for training and for tests.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

RESOLUTION = 1280
"""Side of the square that V3's part diffusion sees, in pixels."""

RESOLUTION_V2 = 1024
"""The same for the paper's network."""

DEPTH_RESOLUTION = 768
"""Side of the square that the pseudo-depth network sees."""

PART_STEPS, DEPTH_STEPS = 30, 4
"""Steps of the samplers."""

DEPTH_LATENT_SCALE = 0.18215
"""What the latents of the pseudo-depth network's VAE are multiplied by."""

PART_UNET_V2: Mapping[str, Any] = MappingProxyType(
    {
        "sample_size": 128,
        "in_channels": 8,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D", "CrossFrameAttnDownBlock", "CrossFrameAttnDownBlock"),
        "mid_block_type": "UNetMidBlockCrossFrameAttn",
        "up_block_types": ("CrossFrameAttnUpBlock", "CrossFrameAttnUpBlock", "UpBlock2D"),
        "block_out_channels": (320, 640, 1280),
        "attention_head_dim": (5, 10, 20),
        "transformer_layers_per_block": (1, 2, 10),
        "cross_attention_dim": 2048,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 256,
        "projection_class_embeddings_input_dim": 2816,
        "tag_version": "v2",
    }
)
"""The part diffusion of the paper: 19 parts at once."""

PART_UNET_V3: Mapping[str, Any] = MappingProxyType(
    {**PART_UNET_V2, "group_embedding": True, "group_embedding_num": (13, 11), "tag_version": "v3"}
)
"""The part diffusion that is published now: 13 parts of the body, then 11 of the head."""

DEPTH_UNET: Mapping[str, Any] = MappingProxyType(
    {
        "sample_size": 96,
        "in_channels": 12,
        "out_channels": 4,
        "down_block_types": ("CrossFrameAttnDownBlock", "CrossFrameAttnDownBlock", "CrossFrameAttnDownBlock", "DownBlock2D"),
        "mid_block_type": "UNetMidBlockCrossFrameAttn",
        "up_block_types": ("UpBlock2D", "CrossFrameAttnUpBlock", "CrossFrameAttnUpBlock", "CrossFrameAttnUpBlock"),
        "block_out_channels": (320, 640, 1280, 1280),
        "attention_head_dim": (5, 10, 20, 20),
        "cross_attention_dim": 1024,
        "use_linear_projection": True,
    }
)
"""The pseudo-depth network on Marigold: page, part, noisy depth."""

PART_SCHEDULER: Mapping[str, Any] = MappingProxyType(
    {
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "epsilon",
        "timestep_spacing": "leading",
        "steps_offset": 1,
        "algorithm_type": "sde-dpmsolver++",
        "solver_order": 2,
        "solver_type": "midpoint",
        "final_sigmas_type": "zero",
    }
)
"""DPM-Solver++ of second order, several steps, as a stochastic differential equation ("DPM++ 2M SDE")."""

ZERO_SNR_SCHEDULER: Mapping[str, Any] = MappingProxyType(
    {**PART_SCHEDULER, "prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}
)
"""The same sampler for small networks from scratch, whose last time is noise alone, as what the sampler begins with is.

At the published schedule's last time a share of 0.07 of the sample is left. A network that has seen few characters learns to tell by it
which one it is to make, and finds nothing of the kind when it is given noise alone.
"""

DEPTH_SCHEDULER: Mapping[str, Any] = MappingProxyType(
    {
        "num_train_timesteps": 1000,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "prediction_type": "v_prediction",
        "timestep_spacing": "trailing",
        "rescale_betas_zero_snr": True,
        "set_alpha_to_one": False,
        "clip_sample": False,
        "steps_offset": 1,
    }
)
"""DDIM, for a depth checkpoint that brings no settings of its own."""
