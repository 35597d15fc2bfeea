"""A network in the folder layout of the diffusers library: ``config.json`` beside one .safetensors file or several with an index.

Published checkpoints of diffusion networks come so. They are read as tensors alone and strictly: one that is missing, unexpected, of
another shape, or not finite is an error that names it. Nothing is downloaded here, and names in the files never lead out of the folder.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liwi.checkpoint_tensors import check_names
from liwi.registry_errors import CheckpointDamaged

if TYPE_CHECKING:
    import torch

CONFIG = "config.json"
WEIGHTS = "diffusion_pytorch_model.safetensors"
INDEX = f"{WEIGHTS}.index.json"

MAX_SHARD_BYTES = 5 * 2**30
"""Size from which weights are written as several files."""

_MAX_JSON_BYTES = 4 * 2**20

_READ_AT_ONCE = 16 * 2**20
"""Weights of a file that are read before it is closed and opened again."""


def read_config(folder: Path, name: str = CONFIG) -> dict[str, Any]:
    """The settings in ``folder``, without what begins with ``_`` (the name of the class, the version of the library).

    Args:
        folder: of a network or a sampler.
        name: of the file.

    Raises:
        CheckpointDamaged: there is no such file or it is no JSON object.
    """
    return {key: value for key, value in _read_json(folder / name).items() if not key.startswith("_")}


def write_network(network: "torch.nn.Module", folder: Path, settings: Mapping[str, object], class_name: str) -> None:
    """Write a network as the diffusers library would.

    Args:
        network: whose tensors, in their own dtypes.
        folder: made where it does not exist; files of an earlier network in it are replaced.
        settings: the network's settings, for ``config.json``.
        class_name: of the published class, so that other programs recognise it.

    Raises:
        CheckpointDamaged: the network has a tensor without memory (device "meta").
    """
    from diffusers import __version__
    from huggingface_hub import save_torch_state_dict

    tensors = {name: tensor.detach() for name, tensor in network.state_dict().items()}
    if empty := next((name for name, tensor in tensors.items() if tensor.is_meta), None):
        raise CheckpointDamaged(f"The tensor {empty!r} was never filled: there is nothing to write.")
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (folder / WEIGHTS, folder / INDEX, *folder.glob("diffusion_pytorch_model-*.safetensors")):
        stale.unlink(missing_ok=True)
    save_torch_state_dict(
        tensors,
        folder,
        filename_pattern="diffusion_pytorch_model{suffix}.safetensors",
        max_shard_size=MAX_SHARD_BYTES,
        metadata={"format": "pt"},
    )
    document = {"_class_name": class_name, "_diffusers_version": __version__, **settings}
    (folder / CONFIG).write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", "utf-8")


class TensorFolder:
    """The tensors of a network's folder, read one at a time, as they are in the files.

    Args:
        folder: holds ``diffusion_pytorch_model.safetensors``, or the index of several files.

    Raises:
        CheckpointDamaged: a file is missing or unreadable.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import SafetensorError, safe_open

        self._files: dict[str, Any] = {}
        try:
            for path in _weight_files(folder):
                file: Any = safe_open(path, framework="pt")
                self._files |= dict.fromkeys(file.keys(), file)
        except (SafetensorError, OSError) as error:
            raise CheckpointDamaged(f"The weights in {folder.name!r} cannot be read as safetensors ({str(error)[:200]}).") from error

    @property
    def names(self) -> Set[str]:
        """Of all tensors."""
        return self._files.keys()

    def read(self, name: str) -> "torch.Tensor":
        """One tensor, on the CPU."""
        tensor: torch.Tensor = self._files[name].get_tensor(name)
        return tensor


def fill_network(network: "torch.nn.Module", folder: Path, *, dtype: "torch.dtype | None" = None, device: str = "cpu") -> None:
    """Give a network that was made on the device "meta" its tensors.

    Args:
        network: the tensors' names and shapes are compared with its own before the first is read.
        folder: holds ``diffusion_pytorch_model.safetensors``, or the index of several files.
        dtype: of floating-point tensors afterwards; as in the file where None.
        device: where the tensors are put.

    Raises:
        CheckpointDamaged: a file is missing or unreadable, or a tensor is missing, unexpected, of another shape, or not finite; names it.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    wanted = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    whole_numbers = {name for name, tensor in network.state_dict().items() if not tensor.is_floating_point()}
    found: dict[str, torch.Tensor] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    files = _weight_files(folder)
    try:
        for path in files:
            with safe_open(path, framework="pt") as file:
                shapes |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  # not a dict
        check_names(wanted.keys(), shapes.keys(), folder.name)
        for name, shape in shapes.items():
            if shape != wanted[name]:
                raise CheckpointDamaged(f"{folder.name!r}: the tensor {name!r} is {shape}, expected {wanted[name]}.")
        for path, names in _portions(files):
            with safe_open(path, framework="pt", device=device) as file:
                for name in names:
                    tensor = file.get_tensor(name)
                    if tensor.is_floating_point() == (name in whole_numbers):
                        raise CheckpointDamaged(f"{folder.name!r}: the tensor {name!r} is of {tensor.dtype}, which the network cannot use.")
                    if tensor.is_floating_point():
                        _check_finite(tensor, name, folder)
                        tensor = tensor.to(dtype or tensor.dtype)
                    found[name] = tensor
    except (SafetensorError, OSError) as error:
        raise CheckpointDamaged(f"The weights in {folder.name!r} cannot be read as safetensors ({str(error)[:200]}).") from error
    network.load_state_dict(found, strict=True, assign=True)


def _portions(files: Sequence[Path]) -> Iterator[tuple[Path, list[str]]]:
    """Names of the tensors in files, some at a time: what was read of an open file counts as memory until it is closed."""
    from safetensors import safe_open

    for path in files:
        with safe_open(path, framework="pt") as file:
            weights = {name: math.prod(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118  # not a dict
        names, count = [], 0
        for name, number in weights.items():
            names.append(name)
            count += number
            if count >= _READ_AT_ONCE:
                yield path, names
                names, count = [], 0
        yield path, names


def _check_finite(tensor: "torch.Tensor", name: str, folder: Path) -> None:
    import torch

    if not bool(torch.isfinite(tensor).all()):
        raise CheckpointDamaged(f"{folder.name!r}: NaN or infinity in the tensor {name!r}. Get the files again.")


def _weight_files(folder: Path) -> list[Path]:
    if (folder / WEIGHTS).is_file():
        return [folder / WEIGHTS]
    if not (folder / INDEX).is_file():
        raise CheckpointDamaged(f"{folder.name!r} holds neither {WEIGHTS} nor {INDEX}.")
    table = _read_json(folder / INDEX).get("weight_map")
    names = sorted({str(name) for name in table.values()}) if isinstance(table, dict) else []
    if not names or any(Path(name).name != name or not name.endswith(".safetensors") for name in names):
        raise CheckpointDamaged(f"{INDEX} in {folder.name!r} does not name .safetensors files beside it.")
    return [folder / name for name in names]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return read_object(path, _MAX_JSON_BYTES)
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointDamaged(f"{path.parent.name!r} has no readable {path.name} ({str(error)[:100]}).") from error


def read_object(path: Path, most: int) -> dict[str, Any]:
    """The JSON object in a file of at most ``most`` bytes.

    Raises:
        OSError, ValueError, RecursionError: there is none; who asks says what that means.
    """
    if path.stat().st_size > most:
        raise ValueError("it is too large")
    content = json.loads(path.read_text("utf-8"))
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    return content
