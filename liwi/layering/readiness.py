"""Whether the served layered checkpoint can answer on this computer, told without torch: ``auto`` asks each time a picture is opened.

A checkpoint with a base has 57 GB and wants a GPU; one in which everything lies is small and runs anywhere.
"""

import json
import os
import shutil
from pathlib import Path

from liwi.checkpoint_files import read_plain
from liwi.checkpoints import MAX_JSON_BYTES
from liwi.errors import LiwiError
from liwi.registry_reading import RegistryReader
from liwi.settings import Settings

CARD = "layering.json"
"""What a checkpoint of ours says of itself, see `liwi.layering.checkpoint`."""

_DRIVERS = ("/proc/driver/nvidia/version", "/dev/nvidia0", "/dev/kfd", "/dev/dxg")
"""What there is where there is a GPU: NVIDIA's driver, AMD's, Windows' under WSL."""


def missing() -> tuple[str, ...]:
    """What the served checkpoint lacks here, in words; empty where nothing, or where none is served."""
    reader = RegistryReader(Settings.from_environment(os.environ).checkpoint_registry)
    try:
        record = reader.serving("layering")
        card = None if record is None else json.loads(read_plain(reader.folder(record.id) / CARD, MAX_JSON_BYTES))
    except (LiwiError, OSError, ValueError):
        return ()  # whoever loads it says what is wrong
    if isinstance(card, dict) and card.get("base") and not has_gpu_driver():
        return ("a GPU: the served checkpoint builds on a model of 57 GB",)
    return ()


def has_gpu_driver() -> bool:
    """Whether this computer seems to have a GPU; whether it is large enough is found out when the model is placed."""
    return any(Path(path).exists() for path in _DRIVERS) or shutil.which("nvidia-smi") is not None
