"""The weights that come with the program: the one place that finds them.

::

    liwi/experts/shipped/<kind>/<name>.safetensors      and <name>.json beside it, as `liwi.experts.weights` writes them

A kind is a row of `liwi.checkpoint_kinds.KINDS`, whose loader reads the folder. No torch here: whoever asks whether there are weights does
not load them.
"""

import threading
from pathlib import Path
from typing import Any

from liwi.checkpoint_kinds import KINDS, resolve
from liwi.errors import LiwiError
from liwi.registry_reading import RegistryReader

FOLDER = Path(__file__).parent / "shipped"
"""Where they lie."""

_loaded: dict[Path, Any] = {}
_lock = threading.Lock()


def shipped_folder(kind: str, folder: Path = FOLDER) -> Path | None:
    """The folder with the weights that ship for a kind; None where none do."""
    found = folder / kind
    return found if any(found.glob("*.safetensors")) else None


def load_shipped(kind: str, folder: Path = FOLDER) -> Any:
    """What the kind's loader makes of the weights that ship; read once per process. None where none do.

    Raises:
        WeightsError: they are damaged.
    """
    found = shipped_folder(kind, folder)
    if found is None:
        return None
    with _lock:
        if found not in _loaded:
            _loaded[found] = resolve(KINDS[kind].loader)(found)
        return _loaded[found]


def has_weights(kind: str, registry: RegistryReader, folder: Path = FOLDER) -> bool:
    """Whether a checkpoint of a kind is served, or weights ship for it; loads nothing."""
    if shipped_folder(kind, folder) is not None:
        return True
    try:
        return registry.serving(kind) is not None
    except LiwiError:
        return False
