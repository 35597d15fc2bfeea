"""Tensors of a module to and from a .safetensors file: one that is missing, unexpected or of another kind is an error that names it."""

from collections.abc import Set
from pathlib import Path
from typing import TYPE_CHECKING

from liwi.registry_errors import CheckpointDamaged

if TYPE_CHECKING:
    import torch

_NAMED = 5
"""How many tensors an error names before it counts."""


def save_tensors(module: "torch.nn.Module", path: Path, *, stored_as: "torch.dtype | None" = None) -> None:
    """Write a module's parameters and buffers.

    Args:
        module: anything with a ``state_dict``.
        path: a new .safetensors file.
        stored_as: dtype in which floating-point tensors are written; their own where None.

    Raises:
        CheckpointDamaged: a tensor holds NaN or infinity, also for being too large for ``stored_as``; names it.
    """
    from safetensors.torch import save_file

    tensors = {}
    for name, tensor in module.state_dict().items():
        stored = tensor.detach().to("cpu", stored_as if stored_as and tensor.is_floating_point() else tensor.dtype)
        tensors[name] = stored.contiguous().clone()  # two names of one tensor become two tensors, which safetensors demands
    _check_finite(tensors, path)
    save_file(tensors, path)


def load_strictly(module: "torch.nn.Module", path: Path, *, stored_as: "torch.dtype | None" = None, assign: bool = False) -> None:
    """Fill a module from a file that must hold exactly the module's tensors; nothing changes in the module where it does not.

    Args:
        module: anything with a ``state_dict``, on any device.
        path: a .safetensors file.
        stored_as: dtype that floating-point tensors have in the file where it is not the module's own; they are converted.
        assign: whether the module takes the file's tensors themselves, in their dtype, instead of copying them: for modules on "meta".

    Raises:
        CheckpointDamaged: the file cannot be read, a tensor is missing, unexpected, of another shape or dtype, or not finite; names it.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    wanted = module.state_dict()
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointDamaged(f"{path.name!r} cannot be read as safetensors ({error}).") from error
    check_names(wanted.keys(), found.keys(), path.name)
    for name, tensor in wanted.items():
        dtype = stored_as if stored_as and tensor.is_floating_point() else tensor.dtype
        if assign and tensor.is_floating_point() and found[name].is_floating_point():
            dtype = found[name].dtype
        if found[name].shape != tensor.shape or found[name].dtype != dtype:
            is_now, expected = _kind(found[name].shape, found[name].dtype), _kind(tensor.shape, dtype)
            raise CheckpointDamaged(f"{path.name!r}: the tensor {name!r} is {is_now}, expected {expected}.")
    _check_finite(found, path)
    module.load_state_dict(found, strict=True, assign=assign)


def check_names(wanted: Set[str], found: Set[str], where: str) -> None:
    """Whether there are exactly the tensors that a network has.

    Args:
        wanted: names of the network's tensors.
        found: names of those that there are.
        where: the file or folder they are in, for the message.

    Raises:
        CheckpointDamaged: one is missing or unexpected; names it.
    """
    if missing := sorted(wanted - found):
        raise CheckpointDamaged(f"{where!r} lacks {_some(missing)}.")
    if unexpected := sorted(found - wanted):
        raise CheckpointDamaged(f"{where!r} holds {_some(unexpected)}, which the network does not have.")


def _check_finite(tensors: "dict[str, torch.Tensor]", path: Path) -> None:
    import torch

    broken = sorted(name for name, tensor in tensors.items() if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()))
    if broken:
        raise CheckpointDamaged(
            f"{path.name!r}: NaN or infinity in {_some(broken)}. The run that made it went astray; take an earlier step."
        )


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"the tensor{'s' if len(names) > 1 else ''} {', '.join(map(repr, names[:_NAMED]))}{more}"


def _kind(shape: "torch.Size", dtype: "torch.dtype") -> str:
    return f"{tuple(shape)} {str(dtype).removeprefix('torch.')}"
