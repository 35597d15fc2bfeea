"""Whether a checkpoint is of the layered family, told from its settings before a weight is read.

Qwen-Image, its editing variants and its layered variant share class names; the wrong one loads without complaint and answers noise.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from liwi.model_folders import CheckpointMismatch, check_shards, read_settings

PUBLISHED = "Qwen/Qwen-Image-Layered"

_NEEDED = ("transformer/config.json", "vae/config.json", "text_encoder/config.json", "tokenizer/tokenizer_config.json")
_WAY_OUT = f"The layered model is {PUBLISHED}: download that one (hf download {PUBLISHED})."


def check_transformer(settings: Mapping[str, Any], where: str) -> None:
    """Whether a transformer's settings are those of the layered family.

    Args:
        settings: of its ``config.json``, or of a card.
        where: the file, for the message.

    Raises:
        CheckpointMismatch: says which flag is missing.
    """
    for flag, meaning in (("use_layer3d_rope", "positions for layers"), ("use_additional_t_cond", "the flag for layered pictures")):
        if settings.get(flag) is not True:
            raise CheckpointMismatch(
                f"{where}: this transformer has no {meaning} ({flag} is not true), so it is not the layered one. {_WAY_OUT}"
            )
    if settings.get("zero_cond_t") is True or settings.get("guidance_embeds") is True:
        raise CheckpointMismatch(f"{where}: this transformer is of an editing variant (zero_cond_t or guidance_embeds is true). {_WAY_OUT}")


def check_vae(settings: Mapping[str, Any], where: str) -> None:
    """Whether a VAE's settings are those of pictures with alpha.

    Raises:
        CheckpointMismatch: it takes other than 4 channels.
    """
    channels = settings.get("input_channels", 3)
    if channels != 4:
        raise CheckpointMismatch(f"{where}: this VAE takes {channels} channels; layers have 4, colour and alpha. {_WAY_OUT}")


def check_pair(transformer: Mapping[str, Any], vae: Mapping[str, Any], where: str) -> None:
    """Whether a transformer and a VAE belong together.

    Raises:
        CheckpointMismatch: their latents have different numbers of channels.
    """
    tokens, latents = transformer.get("in_channels", 64), vae.get("z_dim", 16)
    if tokens != 4 * latents:
        raise CheckpointMismatch(
            f"{where}: the transformer takes tokens of {tokens} channels, the VAE's latents make {4 * latents}. {_WAY_OUT}"
        )


def check_folder(folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Whether a folder in the layout of Qwen/Qwen-Image-Layered is of this family and whole. Reads no weights.

    Returns:
        The settings of its transformer and of its VAE.

    Raises:
        CheckpointMismatch: a file is missing, or it is of another family; names what.
    """
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise CheckpointMismatch(f"{folder.name!r} is no complete layered model: it lacks {', '.join(missing)}. {_WAY_OUT}")
    transformer, vae = read_json(folder / _NEEDED[0]), read_json(folder / _NEEDED[1])
    check_transformer(transformer, _NEEDED[0])
    check_vae(vae, _NEEDED[1])
    check_pair(transformer, vae, folder.name)
    for part in ("transformer", "vae", "text_encoder"):
        check_shards(folder / part, PUBLISHED, _WAY_OUT)
    return transformer, vae


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        CheckpointMismatch: there is none.
    """
    return read_settings(path, _WAY_OUT)
