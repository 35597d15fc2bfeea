"""Linear layers whose weights are kept in 4 bits (NF4; Dettmers et al. 2023), read from published files or made here. Any device.

    codes (n / 2) uint8, the first of each pair in the high half      absmax (n / 64): weight = TABLE[code] * absmax of its 64 neighbours

Files of the published kind are those that diffusers writes with bitsandbytes, whose packing this is; bitsandbytes itself is not needed.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from liwi.checkpoint_folders import TensorFolder
from liwi.checkpoint_tensors import check_names
from liwi.registry_errors import CheckpointDamaged

BLOCK = 64
"""Neighbouring weights that share a scale."""

TABLE = (
    *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334),
    *(-0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
    *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
)
"""What the codes 0 to 15 mean: quantiles of a normal distribution, with 0."""

_STATE = ".quant_state.bitsandbytes__nf4"
_COMPANIONS = (".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", _STATE)


class FourBitLinear(nn.Module):
    """`nn.Linear` with weights in 4 bits; they are calculated in the dtype of what comes in.

    Args:
        codes: (n / 2,) uint8.
        absmax: (ceil(n / BLOCK),) float32.
        shape: (out, in), n in all.
        bias: (out,), or None.
    """

    def __init__(self, codes: Tensor, absmax: Tensor, shape: tuple[int, int], bias: Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = shape
        self.register_buffer("codes", codes)
        self.register_buffer("absmax", absmax.half())
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def weight_in(self, dtype: torch.dtype) -> Tensor:
        """(out, in), the weights again."""
        table = torch.tensor(TABLE, device=self.get_buffer("codes").device, dtype=dtype)
        return unpack(self.get_buffer("codes"), self.get_buffer("absmax").to(dtype), table, (self.out_features, self.in_features))

    def forward(self, given: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        return functional.linear(given, self.weight_in(given.dtype), self.bias)


def unpack(codes: Tensor, absmax: Tensor, table: Tensor, shape: tuple[int, int]) -> Tensor:
    """Weights from their codes: (out, in) in the dtype of ``table``."""
    size = shape[0] * shape[1]
    both = torch.stack([codes >> 4, codes & 15], -1).flatten()[:size].int()
    weights = functional.pad(table[both], (0, -size % BLOCK)).view(-1, BLOCK) * absmax[:, None]
    return weights.flatten()[:size].view(shape)


def pack(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Codes and scales of a weight, (out, in) of an even number of numbers: uint8 and float32."""
    flat = functional.pad(weight.detach().float().flatten(), (0, -weight.numel() % BLOCK)).view(-1, BLOCK)
    absmax = flat.abs().amax(1)
    scaled = flat / absmax.clip(1e-30)[:, None]
    edges = torch.tensor([(low + high) / 2 for low, high in pairwise(TABLE)], device=weight.device)
    codes = torch.bucketize(scaled, edges).to(torch.uint8).flatten()[: weight.numel()]
    return (codes[0::2] << 4) | codes[1::2], absmax


def fill_in_four_bits(network: nn.Module, folder: Path, *, dtype: torch.dtype, device: str = "cpu") -> None:
    """Give a network that was made on "meta" its tensors, weights of linear layers in 4 bits, one after the other.

    Args:
        network: its linear layers are replaced by `FourBitLinear`.
        folder: of the network, as published: quantised already, or in 16 or 32 bits.
        dtype: of everything else.
        device: where the tensors are put.

    Raises:
        CheckpointDamaged: a file is missing or unreadable, or a tensor is missing, unexpected, of another shape or not finite; names it.
    """
    files = TensorFolder(folder)
    wanted = dict(network.state_dict())
    quantised = {name.removesuffix(_STATE) for name in files.names if name.endswith(_STATE)}
    own = {name for name in files.names if not any(name == f"{weight}{end}" for weight in quantised for end in _COMPANIONS)}
    check_names(wanted.keys(), own, folder.name)
    linears = {f"{name}.weight" for name, module in network.named_modules() if isinstance(module, nn.Linear)}
    if strange := sorted(quantised - linears):
        raise CheckpointDamaged(f"{folder.name!r}: {strange[0]!r} is in 4 bits, and is no weight of a linear layer.")
    kept: dict[str, Tensor] = {}
    for name, like in wanted.items():
        if name in quantised:
            continue
        tensor = files.read(name)
        if tensor.shape != like.shape or not torch.isfinite(tensor).all():
            raise CheckpointDamaged(
                f"{folder.name!r}: the tensor {name!r} is {tuple(tensor.shape)} or not finite, expected {tuple(like.shape)}."
            )
        if name not in linears or tensor.numel() % 2:
            kept[name] = tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)
        else:
            _replace(network, name, *pack(tensor), device)
    for name in sorted(quantised):
        _replace(network, name, *_read_packed(files, name, tuple(wanted[name].shape), folder), device)
    network.load_state_dict({**kept, **_already_there(network)}, strict=True, assign=True)


def _already_there(network: nn.Module) -> dict[str, Tensor]:
    """Tensors of the layers that were replaced, apart from their biases, which come from the files."""
    found = {}
    for name, module in network.named_modules():
        if isinstance(module, FourBitLinear):
            found[f"{name}.codes"], found[f"{name}.absmax"] = module.get_buffer("codes"), module.get_buffer("absmax")
    return found


def _replace(network: nn.Module, name: str, codes: Tensor, absmax: Tensor, device: str) -> None:
    path = name.removesuffix(".weight")
    parent, _, own = path.rpartition(".")
    old = network.get_submodule(path)
    assert isinstance(old, nn.Linear)  # the caller has looked
    shape = (old.out_features, old.in_features)
    bias = None if old.bias is None else old.bias.data
    setattr(network.get_submodule(parent), own, FourBitLinear(codes.to(device), absmax.to(device), shape, bias))


def _read_packed(files: TensorFolder, name: str, shape: tuple[int, ...], folder: Path) -> tuple[Tensor, Tensor]:
    tensors = {each: files.read(each) for each in (name, *(f"{name}{end}" for end in _COMPANIONS)) if each in files.names}
    return _packed(tensors, name, shape, folder.name)


def _packed(tensors: Mapping[str, Tensor], name: str, shape: tuple[int, ...], where: str) -> tuple[Tensor, Tensor]:
    """Codes and scales of a weight in files of the published kind; its scales are in 8 bits, with scales of their own."""
    try:
        state: dict[str, Any] = json.loads(bytes(tensors[f"{name}{_STATE}"].tolist()))
        codes, absmax = tensors[name].flatten(), tensors[f"{name}.absmax"]
        if tuple(state["shape"]) != shape or int(state["blocksize"]) != BLOCK or state["quant_type"] != "nf4":
            raise ValueError(
                f"{str(state.get('quant_type'))[:10]} of {str(state['shape'])[:30]} in blocks of {str(state['blocksize'])[:10]}"
            )
        if not torch.allclose(tensors[f"{name}.quant_map"].float(), torch.tensor(TABLE), atol=1e-3):
            raise ValueError("another table of codes")
        if absmax.dtype == torch.uint8:
            scales = tensors[f"{name}.nested_absmax"].repeat_interleave(int(state["nested_blocksize"]))[: len(absmax)]
            absmax = tensors[f"{name}.nested_quant_map"][absmax.long()] * scales + float(state["nested_offset"])
        if codes.dtype != torch.uint8 or codes.numel() * 2 < shape[0] * shape[1] or absmax.numel() * BLOCK < shape[0] * shape[1]:
            raise ValueError("too few numbers")
    except (KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        raise CheckpointDamaged(f"{where!r}: {name!r} is in no 4 bits that are known ({str(error)[:100]}).") from error
    return codes, absmax.float()
