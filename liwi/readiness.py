"""Whether a served checkpoint that builds on a large model can answer on this computer, told without torch: ``auto`` asks often."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from liwi.checkpoint_files import read_plain
from liwi.checkpoints import MAX_JSON_BYTES
from liwi.errors import LiwiError
from liwi.registry_reading import RegistryReader
from liwi.settings import Settings

_DRIVERS = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""What there is where there is a GPU: NVIDIA's driver, AMD's, Windows' under WSL."""


def served_card(kind: str, name: str) -> dict[str, Any]:
    """What the served checkpoint of a kind says of itself.

    Args:
        kind: of checkpoint.
        name: of the JSON file in it that says so.

    Returns:
        Its content; empty where none is served or it cannot be read: whoever loads it says what is wrong.
    """
    reader = RegistryReader(Settings.from_environment(os.environ).checkpoint_registry)
    try:
        record = reader.serving(kind)
        card = None if record is None else json.loads(read_plain(reader.folder(record.id) / name, MAX_JSON_BYTES))
    except (LiwiError, OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def has_gpu_driver() -> bool:
    """Whether this computer seems to have a GPU; whether it is large enough is found out when the model is placed."""
    return any(Path(path).exists() for path in _DRIVERS) or shutil.which("nvidia-smi") is not None
