"""The networks that the part diffusion and the pseudo-depth train with: fresh ones, or those of folders in the published layout."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL

from liwi.errors import LiwiError
from liwi.seethrough.part_unet import STOCK_BLOCKS, PartUNet
from liwi.seethrough.published_folders import SCHEDULER, load_vae
from liwi.seethrough.transparency import TransparentVAE
from liwi.seethrough.widening import add_input_channels, widen_to_parts
from training.errors import JobError
from training.objectives.small_encoders import write_small_encoders

SCRATCH = "scratch"
PART_ENCODERS = ("tokenizer", "tokenizer_2", "text_encoder", "text_encoder_2")
DEPTH_ENCODERS = ("tokenizer", "text_encoder")
SAMPLING = "sampling.json"
"""Beside the networks: at what resolution, in how many steps and how they were measured."""

N = TypeVar("N", AutoencoderKL, TransparentVAE)


@dataclass(frozen=True, slots=True)
class Start:
    """What a U-Net begins as.

    Attributes:
        folder: one of the published layout, or `SCRATCH`.
        fresh: settings of a network from scratch.
        channels: that it shall look at.
        in_front: whether channels that are new to it come before those that it knows.
        stage: 1, each part by itself; 2, all parts jointly.
        groups: whether stage 2 learns a place for each part of a group (V3).
        version: of the classes, "v2" or "v3".
    """

    folder: str
    fresh: Mapping[str, Any]
    channels: int
    in_front: bool
    stage: int
    groups: bool
    version: str


def build_unet(start: Start) -> PartUNet:
    """A U-Net ready to learn; stage 2 begins as stage 1 ended, for what is new in it says nothing yet.

    Raises:
        JobError: there is no such network, or it does not fit.
    """
    network = PartUNet(**start.fresh, in_channels=start.channels) if start.folder == SCRATCH else _read_unet(Path(start.folder))
    channels = int(network.config["in_channels"])
    if channels != start.channels:
        if channels > start.channels:
            raise JobError(f"The U-Net in {start.folder!r} looks at {channels} channels, more than the {start.channels} of this objective.")
        add_input_channels(network, start.channels, in_front=start.in_front)
    joint = has_part_blocks(network)
    if joint and start.stage == 1:
        raise JobError(
            f"The U-Net in {start.folder!r} has seen all parts jointly already: set the key 'model.stage' to 2 to go on with it."
        )
    if start.stage == 2 and not joint:
        network = widen_to_parts(network, group_embedding=start.groups, tag_version=start.version)
    network.register_to_config(tag_version=start.version)
    return network.train()


def has_part_blocks(network: PartUNet) -> bool:
    """Whether parts see each other in it."""
    names = [*network.config["down_block_types"], network.config["mid_block_type"], *network.config["up_block_types"]]
    return any(name in STOCK_BLOCKS for name in names)


def fresh_unet(
    widths: Sequence[int], heads: Sequence[int], layers: int, transformer_layers: Sequence[int], attention: Sequence[bool]
) -> dict[str, Any]:
    """Settings of a U-Net from scratch with diffusers' own blocks, without class embeddings.

    Args:
        widths, heads, transformer_layers: per level.
        layers: residual blocks per level.
        attention: per level, whether there is any.

    Raises:
        JobError: lists of different lengths.
    """
    if not len(widths) == len(heads) == len(transformer_layers):
        raise JobError(
            "The keys 'model.widths', 'model.heads' and 'model.transformer_layers' must have as many numbers as each other, "
            f"got {len(widths)}, {len(heads)} and {len(transformer_layers)}."
        )
    return {
        "block_out_channels": tuple(widths),
        "attention_head_dim": tuple(heads),
        "layers_per_block": layers,
        "transformer_layers_per_block": tuple(transformer_layers),
        "down_block_types": tuple("CrossAttnDownBlock2D" if looks else "DownBlock2D" for looks in attention),
        "mid_block_type": "UNetMidBlock2DCrossAttn",
        "up_block_types": tuple("CrossAttnUpBlock2D" if looks else "UpBlock2D" for looks in reversed(attention)),
        "norm_num_groups": 8,
        "resnet_time_scale_shift": "scale_shift",
        "use_linear_projection": True,
    }


def encoders_folder(start_from: str, cache: Path, names: Sequence[str], width: int) -> Path:
    """Where the text encoders lie: in the folder that a job starts from, or small ones made in its cache.

    Raises:
        JobError: the folder has none.
    """
    if start_from != SCRATCH:
        lacking = [name for name in names if not (Path(start_from) / name).is_dir()]
        if lacking:
            raise JobError(f"The key 'model.start_from' names {start_from!r}, which lacks {', '.join(lacking)}.")
        return Path(start_from)
    folder = cache / f"small_encoders_{width}"
    if not all((folder / name).is_dir() for name in PART_ENCODERS):
        write_small_encoders(folder, width)
    return folder


def read_frozen(kind: type[N], folder: str, subfolder: str, key: str) -> N:
    """A network that does not learn, in single precision.

    Raises:
        JobError: there is none; names the key.
    """
    path = Path(folder) / subfolder
    try:
        network = (
            load_vae(path, dtype=torch.float32) if issubclass(kind, AutoencoderKL) else kind.from_pretrained(path, dtype=torch.float32)
        )
    except LiwiError as error:
        raise JobError(
            f"The key {key!r} names {folder!r}, where there is no {subfolder} ({error}) "
            "training/jobs/transparency_tiny.toml makes small ones, in the folder export of its run."
        ) from error
    return network.eval().requires_grad_(False)


def copy_encoders(source: Path, target: Path, names: Sequence[str]) -> None:
    """Put text encoders beside a U-Net, so that the folder is whole."""
    for name in names:
        shutil.copytree(source / name, target / name, dirs_exist_ok=True)


def write_index(folder: Path, pipeline: str, sampling: Mapping[str, object]) -> None:
    """``model_index.json``, by which other programs recognise the folder, and how it was measured."""
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}, indent=2) + "\n", "utf-8")
    (folder / SAMPLING).write_text(json.dumps(dict(sampling), indent=2, sort_keys=True) + "\n", "utf-8")


def write_scheduler(folder: Path, class_name: str, settings: Mapping[str, Any]) -> None:
    """The sampler's settings, where the published folders have them."""
    (folder / "scheduler").mkdir(parents=True, exist_ok=True)
    document = {"_class_name": class_name, **settings}
    (folder / "scheduler" / SCHEDULER).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", "utf-8")


def _read_unet(folder: Path) -> PartUNet:
    try:
        return PartUNet.from_pretrained(folder, subfolder="unet", dtype=torch.float32)
    except LiwiError as error:
        raise JobError(
            f"The key 'model.start_from' names {str(folder)!r}, where there is no U-Net ({error}) "
            "Name a folder with unet/ in it, such as the export of an earlier stage, or 'scratch'."
        ) from error
