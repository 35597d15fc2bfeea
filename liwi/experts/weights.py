"""Weights of the matting network on disk: half-precision safetensors beside a JSON file that says what they are and where they come from.

::

    matting_compact.safetensors     float16
    matting_compact.json            format, the network's settings, sha256 of the weights, and the facts of its training
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch

from liwi.checkpoint_tensors import load_strictly, save_tensors
from liwi.errors import LiwiError
from liwi.experts.matting_network import MattingNetwork, MattingNetworkSettings
from liwi.registry_errors import CheckpointDamaged

FORMAT, VERSION = "liwi-matting-network", 1
MAX_BYTES = 64 * 2**20
"""Largest file that is read."""


class WeightsError(LiwiError):
    """Weights that are missing, damaged, or of another network."""


def save_weights(network: MattingNetwork, path: Path, facts: Mapping[str, object]) -> None:
    """Write ``path`` with the endings ``.safetensors`` and ``.json``.

    Args:
        network: whose weights.
        path: without an ending.
        facts: where they come from: job, dataset, metrics, licences.

    Raises:
        CheckpointDamaged: a weight is NaN, or too large for half precision; names the tensor.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = path.with_suffix(".safetensors")
    save_tensors(network, weights, stored_as=torch.float16)
    settings = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(network.settings).items()}
    document = {
        "format": FORMAT,
        "version": VERSION,
        "settings": settings,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "facts": dict(facts),
    }
    path.with_suffix(".json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def load_weights(path: Path) -> MattingNetwork:
    """Read a network back, in single precision and evaluation mode.

    Args:
        path: without an ending, as for `save_weights`.

    Raises:
        WeightsError: a file is missing, is not what was written, or holds other tensors than the network has; names them.
    """
    weights = path.with_suffix(".safetensors")
    try:
        document = json.loads(path.with_suffix(".json").read_text("utf-8"))
        content, settings = _read(weights), _settings(document["settings"])
        if (document["format"], document["version"]) != (FORMAT, VERSION):
            raise WeightsError(f"{path}.json describes another format than {FORMAT} {VERSION}. Get the weights again.")
        if hashlib.sha256(content).hexdigest() != document["sha256"]:
            raise WeightsError(f"{weights} is not what {path}.json describes. Get both files again.")
        network = MattingNetwork(settings)
        load_strictly(network, weights, stored_as=torch.float16)
    except CheckpointDamaged as error:
        raise WeightsError(f"The weights {path} are of another network or damaged: {error}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The weights {path} are missing or damaged ({str(error)[:100]}). Get both files again.") from error
    return network.eval()


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MB")
    return path.read_bytes()


def _settings(values: Mapping[str, Any]) -> MattingNetworkSettings:
    names = {each.name for each in fields(MattingNetworkSettings)}
    if set(values) != names:
        raise ValueError(f"settings {sorted(values)} instead of {sorted(names)}")
    widths, blocks, attentions = (tuple(int(each) for each in values[name]) for name in ("widths", "blocks", "attentions"))
    return MattingNetworkSettings(widths, blocks, attentions, int(values["details"]))
