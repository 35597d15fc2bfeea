"""Weights of a network on disk: half-precision safetensors beside a JSON file that says what they are and where they come from.

::

    matting_compact.safetensors     float16
    matting_compact.json            format, the network's settings, sha256 of the weights, and the facts of its training
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Generic, TypeVar, cast, get_args, get_origin, get_type_hints

import torch
from torch import nn

from liwi.checkpoint_files import sha256_of
from liwi.checkpoint_tensors import load_strictly, save_tensors
from liwi.errors import LiwiError
from liwi.experts.matting_network import MattingNetwork
from liwi.experts.unet import UNetSettings
from liwi.registry_errors import CheckpointDamaged, CheckpointRefused

N = TypeVar("N", bound=nn.Module)

VERSION = 1


class WeightsError(LiwiError):
    """Weights that are missing, damaged, or of another network."""


@dataclass(frozen=True, slots=True)
class WeightsFormat(Generic[N]):
    """What the files of one kind of network hold.

    Attributes:
        name: stands in the JSON file.
        network: makes a fresh network of its settings; it keeps them as ``settings``.
        settings: their class, a dataclass of numbers, texts, and lists of numbers as tuples, which checks them itself.
        max_bytes: largest file that is read.
    """

    name: str
    network: Callable[[Any], N]
    settings: type
    max_bytes: int = 64 * 2**20


MATTING = WeightsFormat("liwi-matting-network", MattingNetwork, UNetSettings)


def save_weights(network: nn.Module, path: Path, facts: Mapping[str, object], format_: WeightsFormat[Any] = MATTING) -> None:
    """Write ``path`` with the endings ``.safetensors`` and ``.json``.

    Args:
        network: whose weights; has its ``settings``.
        path: without an ending.
        facts: where they come from: job, dataset, metrics, licences.
        format_: what kind of network it is.

    Raises:
        CheckpointDamaged: a weight is NaN, or too large for half precision; names the tensor.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = path.with_suffix(".safetensors")
    save_tensors(network, weights, stored_as=torch.float16)
    values = asdict(cast(Any, network).settings)
    document = {
        "format": format_.name,
        "version": VERSION,
        "settings": {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()},
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "sha256": sha256_of(weights),
        "facts": dict(facts),
    }
    path.with_suffix(".json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


def load_weights(path: Path, format_: WeightsFormat[N] = MATTING) -> N:  # type: ignore[assignment]  # the default is of N itself
    """Read a network back, in single precision and evaluation mode.

    Args:
        path: without an ending, as for `save_weights`.
        format_: what kind of network is expected.

    Raises:
        WeightsError: a file is missing, is not what was written, or holds other tensors than the network has; names them.
    """
    weights = path.with_suffix(".safetensors")
    try:
        document = json.loads(path.with_suffix(".json").read_text("utf-8"))
        if (size := weights.stat().st_size) > format_.max_bytes:
            raise ValueError(f"{size} bytes are more than {format_.max_bytes // 2**20} MB")
        settings = _settings(format_.settings, document["settings"])
        if (document["format"], document["version"]) != (format_.name, VERSION):
            raise WeightsError(f"{path}.json describes another format than {format_.name} {VERSION}. Get the weights again.")
        if sha256_of(weights) != document["sha256"]:
            raise WeightsError(f"{weights} is not what {path}.json describes. Get both files again.")
        network = format_.network(settings)
        load_strictly(network, weights, stored_as=torch.float16)
    except (CheckpointDamaged, CheckpointRefused) as error:
        raise WeightsError(f"The weights {path} are of another network or damaged: {error}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The weights {path} are missing or damaged ({str(error)[:100]}). Get both files again.") from error
    return network.eval()


def only_weights(folder: Path) -> Path:
    """The one file of weights that a checkpoint holds, without its ending.

    Raises:
        WeightsError: there is not exactly one.
    """
    found = sorted(folder.glob("*.safetensors"))
    if len(found) != 1:
        raise WeightsError(f"Expected one .safetensors file in the checkpoint {str(folder)!r}, found {len(found)}.")
    return found[0].with_suffix("")


def named_format(path: Path) -> str:
    """The name of the format that ``path`` says it has, for whoever loads several.

    Args:
        path: without an ending.

    Raises:
        WeightsError: it says none.
    """
    try:
        return str(json.loads(path.with_suffix(".json").read_text("utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The description {path}.json is missing or damaged ({str(error)[:100]}). Get both files again.") from error


def _settings(kind: type, values: Mapping[str, Any]) -> Any:
    names, hints = {each.name for each in fields(kind)}, get_type_hints(kind)
    if set(values) != names:
        raise ValueError(f"settings {sorted(values)} instead of {sorted(names)}")
    return kind(**{name: _typed(hints[name], value) for name, value in values.items()})


def _typed(wanted: Any, value: Any) -> Any:
    """A value of a JSON file as the field's type: numbers, texts, and lists of numbers."""
    if get_origin(wanted) is tuple:
        return tuple(_typed(get_args(wanted)[0], each) for each in value)
    if wanted is int and type(value) is not int:
        raise ValueError(f"{str(value)[:20]!r} instead of a whole number")
    return wanted(value)
