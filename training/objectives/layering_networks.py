"""The networks that the layering objective trains with: fresh ones, or those of a checkpoint in the layout of Qwen-Image-Layered."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLQwenImage, QwenImageTransformer2DModel
from torch import nn

from liwi.layering.attention import install
from liwi.layering.checkpoint import LORA_TARGETS
from liwi.layering.components import FULL_TRANSFORMER, build_transformer
from liwi.layering.families import check_pair, check_transformer, check_vae
from liwi.layering.loading import find_base, load_text
from liwi.layering.single_frame import quicken
from liwi.layering.text import TextConditioning, WordHashing
from training.errors import JobError
from training.objectives.layering_data import LayeringModel
from training.objectives.layering_latents import Encoders

SCRATCH = "scratch"


def load_encoders(settings: LayeringModel, device: torch.device) -> Encoders:
    """The frozen networks.

    Args:
        settings: say which.
        device: where the VAE shall compute.

    Raises:
        JobError: there is no such VAE.
        CheckpointMismatch: it takes no alpha.
    """
    place = Path(settings.vae) if settings.vae else find_base(settings.start_from) / "vae"
    try:
        vae = AutoencoderKLQwenImage.from_pretrained(place, local_files_only=True)
    except (OSError, ValueError) as error:
        raise JobError(
            f"The key 'model.vae' names {str(place)!r}, where there is no VAE ({str(error)[:100]}). Train one first with "
            "training/jobs/rgba_vae_tiny.toml, and name the folder export/vae of its run."
        ) from error
    check_vae(dict(vae.config), str(place))
    quicken(vae).eval().requires_grad_(False)
    text, name = _text(settings, device)
    return Encoders(vae.to(device), text, name)


def build_network(settings: LayeringModel, latent_channels: int) -> nn.Module:
    """A transformer with the layered attention, ready to learn; with a LoRA only that learns.

    Args:
        settings: of the job.
        latent_channels: of the VAE.

    Raises:
        JobError: there is no such checkpoint.
        CheckpointMismatch: it is of another family, or does not fit the VAE.
    """
    if settings.start_from == SCRATCH:
        return build_transformer(transformer_settings(settings, latent_channels))
    try:
        transformer = QwenImageTransformer2DModel.from_pretrained(find_base(settings.start_from), subfolder="transformer")
    except (OSError, ValueError) as error:
        raise JobError(
            f"The key 'model.start_from' names {settings.start_from!r}, where there is no transformer ({str(error)[:100]})."
        ) from error
    check_transformer(dict(transformer.config), settings.start_from)
    check_pair(dict(transformer.config), {"z_dim": latent_channels}, settings.start_from)
    install(transformer)
    if settings.lora:
        from peft import LoraConfig

        transformer.requires_grad_(False)
        adapter = LoraConfig(r=settings.lora, lora_alpha=settings.lora, init_lora_weights="gaussian", target_modules=list(LORA_TARGETS))
        transformer.add_adapter(adapter)
    network: nn.Module = transformer
    return network


def transformer_settings(settings: LayeringModel, latent_channels: int) -> dict[str, Any]:
    """The settings of a transformer from scratch: of the published kind, with the job's numbers."""
    return {
        **FULL_TRANSFORMER,
        "in_channels": 4 * latent_channels,
        "out_channels": latent_channels,
        "num_layers": settings.num_layers,
        "num_attention_heads": settings.num_heads,
        "attention_head_dim": settings.head_dim,
        "joint_attention_dim": settings.text_width,
        "axes_dims_rope": settings.axes,
    }


def _text(settings: LayeringModel, device: torch.device) -> tuple[TextConditioning, str]:
    """What reads captions, and its name for caches."""
    if settings.start_from == SCRATCH:
        return WordHashing(settings.text_width), f"words {settings.text_width}"
    return load_text(find_base(settings.start_from), device, stays=device.type != "cuda"), f"{settings.start_from} text_encoder"
