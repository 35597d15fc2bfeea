"""Whether a folder in the published layout is one of See-through's and whole, told from its settings and the names of its files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liwi.errors import InputError
from liwi.model_folders import CheckpointMismatch, check_shards, read_settings
from liwi.seethrough.checkpoint import check_channels
from liwi.seethrough.part_pipeline import groups_of
from liwi.seethrough.part_unet import STOCK_BLOCKS, empty_part_unet

PUBLISHED_PARTS = "layerdifforg/seethroughv0.0.2_layerdiff3d"
PUBLISHED_DEPTH = "24yearsold/seethroughv0.0.1_marigold"
SIZE_PARTS, SIZE_DEPTH = "10 GB", "4 GB"

MOVED: Mapping[str, str] = {
    "24yearsold/seethroughv0.0.1_marigold": "layerdifforg/seethroughv0.0.1_marigold",
    "layerdifforg/seethroughv0.0.1_marigold": "24yearsold/seethroughv0.0.1_marigold",
}
"""Hub ids under which the same model lies."""

_TEXTS = ("text_encoder", "tokenizer")
_PARTS_WAY = f"The part diffusion is {PUBLISHED_PARTS}: download that one (hf download {PUBLISHED_PARTS})."
_DEPTH_WAY = f"The pseudo-depth is {PUBLISHED_DEPTH}: download that one (hf download {PUBLISHED_DEPTH})."


def check_parts_folder(folder: Path, *, texts: bool = False) -> dict[str, Any]:
    """Whether a folder holds a part diffusion, whole. Reads no weights.

    Args:
        folder: in the published layout.
        texts: whether its text encoders are needed too.

    Returns:
        The settings of its U-Net.

    Raises:
        CheckpointMismatch: a file is missing, or it is of another family; names what.
    """
    needed = ["unet", "vae", "trans_vae"] + [f"{name}{number}" for name in _TEXTS for number in ("", "_2") if texts]
    settings = _check(folder, needed, 2, "part diffusion", PUBLISHED_PARTS, _PARTS_WAY)
    try:
        groups_of(str(settings.get("tag_version") or "v2"))
    except InputError as error:
        raise CheckpointMismatch(f"unet/config.json: {error} {_PARTS_WAY}") from error
    return settings


def check_depth_folder(folder: Path, *, texts: bool = False) -> dict[str, Any]:
    """Whether a folder holds a pseudo-depth, whole; as `check_parts_folder`."""
    return _check(folder, ["unet", "vae", *(_TEXTS if texts else ())], 3, "pseudo-depth", PUBLISHED_DEPTH, _DEPTH_WAY)


def _check(folder: Path, needed: list[str], latents: int, what: str, download: str, way_out: str) -> dict[str, Any]:
    files = [f"{name}/{'tokenizer_config' if name.startswith('tokenizer') else 'config'}.json" for name in needed]
    if missing := [name for name in files if not (folder / name).is_file()]:
        raise CheckpointMismatch(f"{folder.name!r} is no complete {what}: it lacks {', '.join(missing)}. {way_out}")
    settings = read_settings(folder / "unet" / "config.json", way_out)
    try:
        check_channels(settings.get("in_channels"), latents, "unet/config.json")
    except CheckpointMismatch as error:
        raise CheckpointMismatch(f"{error} {way_out}") from error
    blocks = settings.get("down_block_types")
    if not isinstance(blocks, list) or not any(name in STOCK_BLOCKS for name in blocks):
        raise CheckpointMismatch(f"unet/config.json: this U-Net has no attention among parts; it makes one picture at a time. {way_out}")
    for name in needed:
        if not name.startswith("tokenizer"):
            check_shards(folder / name, download, way_out)
    return settings


def count_weights(settings: Mapping[str, Any]) -> int:
    """How many weights a U-Net of these settings has; makes none of them."""
    unet = empty_part_unet({name: value for name, value in settings.items() if not name.startswith("_")})
    return sum(weight.numel() for weight in unet.parameters())


def is_in_four_bits(settings: Mapping[str, Any]) -> bool:
    """Whether a folder's settings say that its weights are quantised (`liwi.seethrough.four_bits`)."""
    return "quantization_config" in settings
