"""A network divided among the processes of a run: each keeps a share of the weights, of the gradients and of the optimiser's state.

PyTorch's own `fully_shard` (FSDP 2), the same on two processors here and on eight GPUs elsewhere. What is saved is whole: a checkpoint of a
divided run goes on with any number of processes, or with one. All functions but `blocks_of` are to be called by every process.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor


def shard_network(network: nn.Module, device: torch.device, num_processes: int, *, keep_weights: bool) -> None:
    """Divide a network in place, block by block, so that only one block's weights are whole at a time.

    Args:
        network: the same in every process; on the CPU.
        device: where this process computes.
        num_processes: of the run.
        keep_weights: whether weights stay whole from the forward pass to the backward pass: quicker, more memory (ZeRO 2 instead of 3).
    """
    mesh = init_device_mesh(device.type, (num_processes,))
    for block in [*blocks_of(network), network]:
        fully_shard(block, mesh=mesh, reshard_after_forward=not keep_weights)


def blocks_of(network: nn.Module) -> Iterator[nn.Module]:
    """The repeated parts of a network: the entries of its outermost lists of modules, as transformers and U-Nets have them."""
    for child in network.children():
        if not isinstance(network, nn.ModuleList) or isinstance(child, nn.ModuleList | nn.ModuleDict):
            yield from blocks_of(child)
        elif next(child.parameters(), None) is not None:
            yield child


def gather(tensors: Mapping[str, Tensor], *, keep: bool) -> dict[str, Tensor]:
    """Whole tensors on the CPU, one after another, where ``keep`` says so; the other processes only give their shares."""
    found = {}
    for name, value in tensors.items():
        full = whole(value)
        if keep:
            found[name] = full.detach().cpu()
    return found


def whole(value: Tensor) -> Tensor:
    """A tensor put together from its shares; itself where it is not divided."""
    full: Tensor = value.full_tensor() if isinstance(value, DTensor) else value
    return full


def scatter(full: Tensor, like: Tensor) -> Tensor:
    """A whole tensor divided as ``like`` is; itself where that is not divided."""
    return distribute_tensor(full, like.device_mesh, like.placements) if isinstance(like, DTensor) else full


def local(value: Tensor) -> Tensor:
    """This process's share of a tensor, in the same memory; the tensor itself where it is not divided."""
    share: Tensor = value.to_local() if isinstance(value, DTensor) else value
    return share
