"""See-through's published folders, read whole: U-Net, VAE, transparency networks, text encoders. Nothing is downloaded here.

part diffusion   unet/ vae/ trans_vae/ text_encoder/ text_encoder_2/ tokenizer/ tokenizer_2/
pseudo-depth     unet/ vae/ text_encoder/ tokenizer/ scheduler/
"""

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_ddim import DDIMScheduler

from liwi.checkpoint_folders import read_config
from liwi.registry_errors import CheckpointDamaged
from liwi.seethrough.class_embeddings import load_class_embeddings, load_empty_text
from liwi.seethrough.depth_pipeline import DepthPipeline
from liwi.seethrough.part_pipeline import PartPipeline, groups_of
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import DEPTH_SCHEDULER
from liwi.seethrough.transparency import TransparentVAE

SCHEDULER = "scheduler_config.json"


def load_part_pipeline(folder: str | Path, *, dtype: torch.dtype | None = None, device: str = "cpu") -> PartPipeline:
    """Read a published part diffusion, V2 or V3. The text encoders are read first and are gone when the U-Net comes.

    Args:
        folder: see the module's text.
        dtype: of all weights afterwards; as in the files where None.
        device: where the networks are put.

    Raises:
        CheckpointDamaged: a file is missing or unreadable, or a tensor is missing, unexpected or of another shape; names it.
        InputError: its settings make no such network.
    """
    path = Path(folder)
    settings = read_tag_version(path / "unet")
    classes = load_class_embeddings(path, [group.tags for group in groups_of(settings)], dtype=dtype)
    return PartPipeline(
        PartUNet.from_pretrained(path, subfolder="unet", dtype=dtype, device=device),
        load_vae(path / "vae", dtype=dtype, device=device),
        TransparentVAE.from_pretrained(path, subfolder="trans_vae", dtype=dtype, device=device),
        classes,
    )


def load_depth_pipeline(folder: str | Path, *, dtype: torch.dtype | None = None, device: str = "cpu") -> DepthPipeline:
    """Read a published pseudo-depth. Its sampler's settings are its own where it brings them.

    Args and errors are those of `load_part_pipeline`.
    """
    path = Path(folder)
    scheduler = _read_scheduler(path / "scheduler") if (path / "scheduler" / SCHEDULER).is_file() else DEPTH_SCHEDULER
    nothing = load_empty_text(path, dtype=dtype)
    return DepthPipeline(
        PartUNet.from_pretrained(path, subfolder="unet", dtype=dtype, device=device),
        load_vae(path / "vae", dtype=dtype, device=device),
        nothing,
        scheduler,
    )


def read_tag_version(folder: Path) -> str:
    """Which classes a U-Net's folder says it is for: "v2" where it says nothing."""
    return str(read_config(folder).get("tag_version") or "v2")


def _read_scheduler(folder: Path) -> Mapping[str, Any]:
    known = signature(DDIMScheduler.__init__).parameters
    settings = {key: value for key, value in read_config(folder, SCHEDULER).items() if key in known}
    try:
        if not 1 <= settings.get("num_train_timesteps", 1000) <= 10_000:
            raise ValueError("num_train_timesteps is beyond 10,000")
        DDIMScheduler(**settings)
    except (TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise CheckpointDamaged(f"{SCHEDULER} in {folder.parent.name!r} describes no DDIM sampler ({str(error)[:200]}).") from error
    return settings


def load_vae(folder: Path, *, dtype: torch.dtype | None = None, device: str = "cpu") -> AutoencoderKL:
    """Read a VAE, also one whose tensors have the names of older versions of diffusers.

    Raises:
        CheckpointDamaged: it is missing or unreadable, or a tensor is missing, unexpected or of another shape; names it.
    """
    try:
        vae, said = AutoencoderKL.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, torch_dtype=dtype, output_loading_info=True
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise CheckpointDamaged(f"The VAE in {folder.parent.name!r} cannot be read ({str(error)[:200]}).") from error
    for what, key in (("lacks", "missing_keys"), ("has too many:", "unexpected_keys"), ("has otherwise:", "mismatched_keys")):
        if names := said.get(key):
            raise CheckpointDamaged(f"The VAE in {folder.parent.name!r} {what} {', '.join(map(str, names[:5]))} ({len(names)} in all).")
    return vae.to(device).eval()
