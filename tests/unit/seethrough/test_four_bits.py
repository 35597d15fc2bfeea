"""Weights in 4 bits: what bitsandbytes writes is read, and what is made here has its error."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from liwi.registry_errors import CheckpointDamaged
from liwi.seethrough.four_bits import BLOCK, TABLE, FourBitLinear, fill_in_four_bits, pack, unpack
from liwi.seethrough.part_unet import PartUNet, empty_part_unet
from tests.unit.seethrough.tiny_networks import PARTS_V3, conditions, stirred

FILE = "diffusion_pytorch_model.safetensors"


def empty() -> PartUNet:
    return empty_part_unet(PARTS_V3)


def as_published(weight: torch.Tensor) -> dict[str, torch.Tensor]:
    """A weight as bitsandbytes stores it, its scales in 8 bits with scales of their own."""
    codes, absmax = pack(weight)
    offset = float(absmax.mean())
    table = torch.linspace(-1, 1, 256)
    blocks = torch.nn.functional.pad(absmax - offset, (0, -len(absmax) % 256)).view(-1, 256)
    nested = blocks.abs().amax(1)
    small = torch.bucketize((blocks / nested[:, None]).flatten()[: len(absmax)].contiguous(), (table[1:] + table[:-1]) / 2)
    state = {"quant_type": "nf4", "blocksize": BLOCK, "dtype": "float32", "shape": list(weight.shape)}
    state |= {"nested_blocksize": 256, "nested_dtype": "float32", "nested_offset": offset}
    return {
        "": codes[:, None],
        ".absmax": small.to(torch.uint8),
        ".quant_map": torch.tensor(TABLE),
        ".nested_absmax": nested,
        ".nested_quant_map": table,
        ".quant_state.bitsandbytes__nf4": torch.tensor(list(json.dumps(state).encode()), dtype=torch.uint8),
    }


@pytest.fixture(scope="module")
def network() -> PartUNet:
    return stirred(PartUNet(**PARTS_V3))


@pytest.fixture
def folder(network: PartUNet, tmp_path: Path) -> Path:
    network.save_pretrained(tmp_path)
    return tmp_path


def test_values_of_the_table_come_back_exactly_and_others_to_the_nearest() -> None:
    table = torch.tensor(TABLE)
    weight = table.repeat(8).view(2, 64) * 3
    codes, absmax = pack(weight)
    torch.testing.assert_close(unpack(codes, absmax, table, (2, 64)), weight)
    assert codes.dtype == torch.uint8 and codes.numel() == weight.numel() // 2
    random = torch.randn(24, 20, generator=torch.Generator().manual_seed(0))
    again = unpack(*pack(random), table, (24, 20))
    widest = max(high - low for low, high in pairwise(TABLE))
    assert (again - random).abs().max() <= widest / 2 * random.abs().max()
    assert not pack(torch.zeros(2, 64))[1].any()


def test_a_network_read_in_four_bits_answers_nearly_the_same(network: PartUNet, folder: Path) -> None:
    small = empty()
    fill_in_four_bits(small, folder, dtype=torch.float32)
    changed = [module for module in small.modules() if isinstance(module, FourBitLinear)]
    assert changed and not any(isinstance(module, nn.Linear) for module in small.modules())
    given = conditions(13)
    with torch.no_grad():
        exact, close = network(**given, group_index=0), small.eval()(**given, group_index=0)
    assert (exact - close).abs().mean() < 0.25 * exact.abs().mean()
    assert {each for each, _ in small.named_parameters()} < {each for each, _ in network.named_parameters()}


def test_files_of_the_published_kind_are_read(network: PartUNet, folder: Path) -> None:
    ours = empty()
    fill_in_four_bits(ours, folder, dtype=torch.float32)
    tensors = load_file(folder / FILE)
    linears = [f"{name}.weight" for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    packed = {f"{name}{end}": value for name in linears for end, value in as_published(tensors[name]).items()}
    save_file({**{name: value for name, value in tensors.items() if name not in linears}, **packed}, folder / FILE)
    read = empty()
    fill_in_four_bits(read, folder, dtype=torch.float32)
    one, other = ours.state_dict(), read.state_dict()
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        if name.endswith(".codes"):
            assert torch.equal(tensor, other[name])
        else:
            torch.testing.assert_close(tensor.float(), other[name].float(), atol=0.01, rtol=0.05)


@pytest.mark.parametrize(
    ("end", "value", "message"),
    [
        (".quant_map", torch.zeros(16), "another table of codes"),
        (".quant_state.bitsandbytes__nf4", torch.tensor(list(b"{"), dtype=torch.uint8), "in no 4 bits that are known"),
        (".quant_state.bitsandbytes__nf4", torch.tensor(list(b'{"quant_type":"fp4","shape":[1],"blocksize":1}'), dtype=torch.uint8), "fp4"),
        ("", torch.zeros(3, 1, dtype=torch.uint8), "too few numbers"),
    ],
)
def test_what_is_in_no_known_four_bits_is_named(network: PartUNet, folder: Path, end: str, value: torch.Tensor, message: str) -> None:
    tensors = load_file(folder / FILE)
    name = next(f"{each}.weight" for each, module in network.named_modules() if isinstance(module, nn.Linear))
    packed = {f"{name}{each}": tensor for each, tensor in as_published(tensors.pop(name)).items()}
    save_file({**tensors, **packed, f"{name}{end}": value}, folder / FILE)
    with pytest.raises(CheckpointDamaged, match=message):
        fill_in_four_bits(empty(), folder, dtype=torch.float32)


def test_missing_and_broken_tensors_are_named(folder: Path) -> None:
    tensors = load_file(folder / FILE)
    save_file({name: tensor for name, tensor in tensors.items() if name != "conv_in.bias"}, folder / FILE)
    with pytest.raises(CheckpointDamaged, match=r"conv_in\.bias"):
        fill_in_four_bits(empty(), folder, dtype=torch.float32)
    save_file({**tensors, "conv_in.bias": tensors["conv_in.bias"] * float("nan")}, folder / FILE)
    with pytest.raises(CheckpointDamaged, match="not finite"):
        fill_in_four_bits(empty(), folder, dtype=torch.float32)
