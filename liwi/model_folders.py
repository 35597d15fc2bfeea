"""Large published models in their folders: found on this computer, and whether they are whole. Nothing is downloaded or loaded."""

from pathlib import Path
from typing import Any

from liwi.checkpoint_folders import read_object
from liwi.errors import LiwiError

INDEX_NAMES = ("diffusion_pytorch_model.safetensors.index.json", "model.safetensors.index.json")
SINGLE_NAMES = ("diffusion_pytorch_model.safetensors", "model.safetensors")

_MAX_JSON_BYTES = 16 * 2**20


class CheckpointMismatch(LiwiError):
    """A checkpoint is of another family, or incomplete."""


def find_folder(name: str, size: str) -> Path:
    """The local folder of a published model.

    Args:
        name: a local folder or a hub id.
        size: of a download, in words.

    Raises:
        CheckpointMismatch: it is not on this computer.
    """
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError, OSError) as error:
        raise CheckpointMismatch(f"The base {name!r} is not on this computer. Download it first, {size}: hf download {name}") from error


def read_settings(path: Path, way_out: str) -> dict[str, Any]:
    """A JSON object from a file.

    Args:
        path: of the file.
        way_out: what a person can do where it is not there.

    Raises:
        CheckpointMismatch: there is none.
    """
    try:
        return read_object(path, _MAX_JSON_BYTES)
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointMismatch(f"{path.parent.name}/{path.name} cannot be read ({str(error)[:100]}). {way_out}") from error


def check_shards(folder: Path, download: str, way_out: str) -> None:
    """Whether every file of weights is there that the index names.

    Args:
        folder: of one network.
        download: the hub id to get it from again.
        way_out: what a person can do where there is nothing.

    Raises:
        CheckpointMismatch: one is missing; names it.
    """
    for name in INDEX_NAMES:
        if (folder / name).is_file():
            table = read_settings(folder / name, way_out).get("weight_map")
            files = sorted({str(file) for file in table.values()}) if isinstance(table, dict) else []
            missing = [file for file in files if Path(file).name != file or not (folder / file).is_file()]
            if missing or not files:
                listed = ", ".join(missing[:3]) or "every file"
                raise CheckpointMismatch(
                    f"{folder.name} is incomplete: {len(missing)} of {len(files)} files of weights are missing ({listed}). "
                    f"The download broke off; run it again, it goes on where it stopped (hf download {download})."
                )
            return
    if not any((folder / name).is_file() for name in SINGLE_NAMES):
        raise CheckpointMismatch(f"{folder.name} holds no weights ({' or '.join(SINGLE_NAMES)}). {way_out}")
