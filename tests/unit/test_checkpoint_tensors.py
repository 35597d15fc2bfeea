"""Tensors go into a module exactly, or an error names the one that does not fit."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from liwi.checkpoint_tensors import load_strictly, save_tensors
from liwi.registry_errors import CheckpointDamaged
from tests.unit.registry_networks import TinyNetwork


def saved(path: Path, **changed: torch.Tensor | None) -> Path:
    """A file of the tiny network's tensors with some changed, added, or (None) left out; ``_`` in names stands for a dot."""
    torch.manual_seed(0)
    tensors = {name: tensor.clone() for name, tensor in TinyNetwork().state_dict().items()}
    for name, tensor in changed.items():
        if tensor is None:
            del tensors[name.replace("_", ".")]
        else:
            tensors[name.replace("_", ".")] = tensor
    save_file(tensors, path)
    return path


def test_a_module_comes_back_bit_for_bit(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first, second = TinyNetwork(), TinyNetwork()
    save_tensors(first, tmp_path / "model.safetensors")
    load_strictly(second, tmp_path / "model.safetensors")
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])


def test_half_precision_is_a_matter_of_the_file_alone(tmp_path: Path) -> None:
    torch.manual_seed(1)
    first, second = TinyNetwork(), TinyNetwork()
    save_tensors(first, tmp_path / "model.safetensors", stored_as=torch.float16)
    stored = load_file(tmp_path / "model.safetensors")
    assert stored["layers.0.weight"].dtype == torch.float16
    assert stored["steps"].dtype == torch.int64
    load_strictly(second, tmp_path / "model.safetensors", stored_as=torch.float16)
    assert second.layers[0].weight.dtype == torch.float32
    torch.testing.assert_close(second.layers[0].weight, first.layers[0].weight, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layers_2_bias": None}, r"lacks the tensor 'layers\.2\.bias'"),
        ({"layers_2_bias": None, "steps": None}, r"lacks the tensors 'layers\.2\.bias', 'steps'"),
        ({"extra_scale": torch.ones(1)}, r"holds the tensor 'extra\.scale', which the network does not have"),
        ({"layers_0_bias": torch.zeros(5)}, r"'layers\.0\.bias' is \(5,\) float32, expected \(4,\) float32"),
        ({"layers_0_bias": torch.zeros(1)}, r"'layers\.0\.bias' is \(1,\) float32, expected \(4,\) float32"),
        ({"layers_0_bias": torch.zeros(4).half()}, r"'layers\.0\.bias' is \(4,\) float16, expected \(4,\) float32"),
        ({"steps": torch.zeros(1)}, r"'steps' is \(1,\) float32, expected \(1,\) int64"),
        ({"layers_0_bias": torch.full((4,), torch.nan)}, r"NaN or infinity in the tensor 'layers\.0\.bias'"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(tmp_path: Path, changed: dict[str, torch.Tensor | None], message: str) -> None:
    module = TinyNetwork()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(CheckpointDamaged, match=message):
        load_strictly(module, saved(tmp_path / "model.safetensors", **changed))
    for name, tensor in module.state_dict().items():
        assert torch.equal(tensor, before[name])


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, b"\x80\x02}q\x00.", (2**40).to_bytes(8, "little") + b"{}"])
def test_what_is_no_safetensors_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(CheckpointDamaged, match="cannot be read as safetensors"):
        load_strictly(TinyNetwork(), tmp_path / "model.safetensors")
    with pytest.raises(CheckpointDamaged, match="cannot be read as safetensors"):
        load_strictly(TinyNetwork(), tmp_path / "nothing.safetensors")


def test_a_network_that_went_astray_is_not_saved(tmp_path: Path) -> None:
    module = TinyNetwork()
    torch.nn.init.constant_(module.get_parameter("layers.0.bias"), 1e6)
    with pytest.raises(CheckpointDamaged, match=r"layers\.0\.bias"):
        save_tensors(module, tmp_path / "model.safetensors", stored_as=torch.float16)
    assert not (tmp_path / "model.safetensors").exists()
