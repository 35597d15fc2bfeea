"""See-through's published folders, read whole: U-Net, VAE, transparency networks, text encoders. Nothing is downloaded here.

part diffusion   unet/ vae/ trans_vae/ text_encoder/ text_encoder_2/ tokenizer/ tokenizer_2/ (scheduler/)
pseudo-depth     unet/ vae/ text_encoder/ tokenizer/ scheduler/
"""

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler

from liwi.checkpoint_folders import CONFIG, read_config
from liwi.registry_errors import CheckpointDamaged
from liwi.seethrough.class_embeddings import ClassEmbeddings, load_class_embeddings, load_empty_text
from liwi.seethrough.depth_pipeline import DepthPipeline
from liwi.seethrough.part_pipeline import PartPipeline, groups_of
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_settings import DEPTH_SCHEDULER, PART_SCHEDULER
from liwi.seethrough.transparency import TransparentVAE

SCHEDULER = "scheduler_config.json"

MAX_TIMES = 10_000

TRAINED = (
    "num_train_timesteps",
    "beta_start",
    "beta_end",
    "beta_schedule",
    "prediction_type",
    "timestep_spacing",
    "rescale_betas_zero_snr",
)
"""Settings of a sampler by which a part diffusion is bound; the others are `PART_SCHEDULER`'s."""


def load_part_pipeline(
    folder: str | Path, *, classes: ClassEmbeddings | None = None, dtype: torch.dtype | None = None, device: str = "cpu"
) -> PartPipeline:
    """Read a published part diffusion, V2 or V3. The text encoders are read first and are gone when the U-Net comes.

    Its sampler's settings are its own where it brings them.

    Args:
        folder: see the module's text.
        classes: what its text encoders say of the tags, where that is known; they are not read then.
        dtype: of all weights afterwards; as in the files where None.
        device: where the networks are put.

    Raises:
        CheckpointDamaged: a file is missing or unreadable, or a tensor is missing, unexpected or of another shape; names it.
        InputError: its settings make no such network.
    """
    path = Path(folder)
    version = read_tag_version(path / "unet")
    scheduler = read_part_scheduler(path)
    classes = classes or load_class_embeddings(path, [group.tags for group in groups_of(version)], dtype=dtype)
    return PartPipeline(
        PartUNet.from_pretrained(path, subfolder="unet", dtype=dtype, device=device),
        load_vae(path / "vae", dtype=dtype, device=device),
        TransparentVAE.from_pretrained(path, subfolder="trans_vae", dtype=dtype, device=device),
        classes,
        scheduler,
    )


def load_depth_pipeline(
    folder: str | Path, *, nothing: torch.Tensor | None = None, dtype: torch.dtype | None = None, device: str = "cpu"
) -> DepthPipeline:
    """Read a published pseudo-depth. Its sampler's settings are its own where it brings them.

    Args and errors are those of `load_part_pipeline`; ``nothing`` is what its text encoder says of an empty text, where that is known.
    """
    path = Path(folder)
    scheduler = read_depth_scheduler(path)
    nothing = load_empty_text(path, dtype=dtype) if nothing is None else nothing
    return DepthPipeline(
        PartUNet.from_pretrained(path, subfolder="unet", dtype=dtype, device=device),
        load_vae(path / "vae", dtype=dtype, device=device),
        nothing,
        scheduler,
    )


def read_tag_version(folder: Path) -> str:
    """Which classes a U-Net's folder says it is for: "v2" where it says nothing."""
    return str(read_config(folder).get("tag_version") or "v2")


def read_part_scheduler(path: Path) -> Mapping[str, Any]:
    """The settings of a part diffusion's sampler; `PART_SCHEDULER` where its folder brings none of this kind, as the published ones.

    Raises:
        CheckpointDamaged: they describe no sampler.
    """
    folder = path / "scheduler"
    found = read_config(folder, SCHEDULER) if (folder / SCHEDULER).is_file() else {}
    is_dpm_solver = "algorithm_type" in found
    return check_part_scheduler(found, path.name) if is_dpm_solver else PART_SCHEDULER


def check_part_scheduler(found: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """The part diffusion's sampler with what of some settings is `TRAINED`.

    Args:
        found: from a file.
        where: for the message.

    Raises:
        CheckpointDamaged: they describe no sampler.
    """
    settings = {**PART_SCHEDULER, **{key: found[key] for key in TRAINED if key in found}}
    try:
        _check_times(settings)
        if settings["prediction_type"] not in ("epsilon", "v_prediction"):
            raise ValueError(f"it predicts {str(settings['prediction_type'])[:20]!r}")
        DPMSolverMultistepScheduler(**settings).set_timesteps(1)
    except (TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise CheckpointDamaged(f"{SCHEDULER} in {where!r} describes no DPM-Solver++ ({str(error)[:200]}).") from error
    return settings


def read_depth_scheduler(path: Path) -> Mapping[str, Any]:
    """The settings of a published pseudo-depth's sampler; those of `published_settings` where it brings none.

    Raises:
        CheckpointDamaged: they are those of no DDIM sampler.
    """
    folder = path / "scheduler"
    return check_depth_scheduler(read_config(folder, SCHEDULER), path.name) if (folder / SCHEDULER).is_file() else DEPTH_SCHEDULER


def check_depth_scheduler(found: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """What of some settings a DDIM sampler knows.

    Args:
        found: from a file.
        where: for the message.

    Raises:
        CheckpointDamaged: they are those of no DDIM sampler.
    """
    known = signature(DDIMScheduler.__init__).parameters
    settings = {key: value for key, value in found.items() if key in known}
    try:
        _check_times(settings)
        DDIMScheduler(**settings)
    except (TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise CheckpointDamaged(f"{SCHEDULER} in {where!r} describes no DDIM sampler ({str(error)[:200]}).") from error
    return settings


def _check_times(settings: Mapping[str, Any]) -> None:
    if not 1 <= settings.get("num_train_timesteps", 1000) <= MAX_TIMES:
        raise ValueError(f"num_train_timesteps is beyond {MAX_TIMES:,}")


def load_vae(folder: Path, *, dtype: torch.dtype | None = None, device: str = "cpu") -> AutoencoderKL:
    """Read a VAE, also one whose tensors have the names of older versions of diffusers.

    Raises:
        CheckpointDamaged: it is missing or unreadable, or a tensor is missing, unexpected or of another shape; names it.
    """
    if not (folder / CONFIG).is_file():
        raise CheckpointDamaged(f"There is no VAE in {folder.parent.name!r}: {folder.name!r} has no {CONFIG}.")
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
