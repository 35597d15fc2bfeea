"""The matting network: untrained it is its prior, any size will do, and weights come back or are refused by name."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from liwi.errors import InputError
from liwi.experts.matting_network import MattingNetwork, prior_logits, stack_inputs
from liwi.experts.unet import UNetSettings, pad_to_multiple
from liwi.experts.weights import WeightsError, load_weights, save_weights

SMALL = UNetSettings(widths=(32, 64), blocks=(1, 1), attentions=(0, 1), details=4)


@pytest.fixture
def network() -> MattingNetwork:
    torch.manual_seed(0)
    made = MattingNetwork(SMALL)
    torch.nn.init.normal_(made.correction.weight, std=0.3)
    return made.eval()


@pytest.mark.parametrize("size", [(32, 32), (40, 64), (160, 96)])
def test_untrained_it_answers_the_prior_at_any_size(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    prior = prior_logits(torch.rand(2, 1, *size), torch.ones(2, 1, 1, 1), torch.ones(2, 1, *size))
    with torch.inference_mode():
        assert torch.equal(MattingNetwork(SMALL).eval()(torch.rand(2, 9, *size), prior), prior)


def test_every_input_has_a_say(network: MattingNetwork) -> None:
    torch.manual_seed(1)
    inputs = torch.rand(1, 9, 32, 32, requires_grad=True)
    network(inputs, torch.zeros(1, 1, 32, 32)).sum().backward()
    assert inputs.grad is not None
    assert (inputs.grad.abs().amax(dim=(0, 2, 3)) > 0).all()


def test_what_is_far_away_matters_too(network: MattingNetwork) -> None:
    torch.manual_seed(1)
    inputs = torch.rand(1, 9, 96, 96, requires_grad=True)
    network(inputs, torch.zeros(1, 1, 96, 96))[0, 0, 2, 2].backward()
    assert inputs.grad is not None
    assert float(inputs.grad[..., 80:, 80:].abs().max()) > 0


def test_without_a_prior_the_box_is_all_that_is_known() -> None:
    box = torch.zeros(1, 1, 8, 8)
    box[..., 2:5, 2:5] = 1
    logits = prior_logits(torch.rand(1, 1, 8, 8), torch.zeros(1, 1, 1, 1), box)
    assert (logits[box == 1] == 0).all()
    assert (logits[box == 0] < -3).all()
    stacked = [stack_inputs(torch.zeros(1, 3, 8, 8), box, box, torch.rand(1, 1, 8, 8), torch.zeros(1, 1, 1, 1), box * 0) for _ in range(2)]
    assert torch.equal(*stacked)


def test_padding_reaches_the_multiple_and_keeps_the_picture() -> None:
    picture = torch.rand(1, 3, 37, 64)
    padded = pad_to_multiple(picture, 16)
    assert padded.shape == (1, 3, 48, 64)
    assert torch.equal(padded[..., :37, :], picture)


@pytest.mark.parametrize(
    "wrong",
    [{"widths": (33,), "blocks": (1,), "attentions": (0,)}, {"widths": (32,)}, {"details": 0}, {"blocks": (-1, 0, 0)}],
)
def test_impossible_sizes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        UNetSettings(**wrong)  # type: ignore[arg-type]


def test_weights_come_back_in_half_precision(network: MattingNetwork, tmp_path: Path) -> None:
    save_weights(network, tmp_path / "w", {"step": 3})
    again = load_weights(tmp_path / "w")
    assert again.settings == SMALL
    assert json.loads((tmp_path / "w.json").read_text())["facts"] == {"step": 3}
    for name, value in network.state_dict().items():
        assert torch.equal(again.state_dict()[name], value.half().float())


def test_changed_weights_are_refused(network: MattingNetwork, tmp_path: Path) -> None:
    save_weights(network, tmp_path / "w", {})
    path = tmp_path / "w.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="is not what"):
        load_weights(tmp_path / "w")


@pytest.mark.parametrize("name", ["w.json", "w.safetensors"])
def test_missing_weights_are_refused(network: MattingNetwork, tmp_path: Path, name: str) -> None:
    save_weights(network, tmp_path / "w", {})
    (tmp_path / name).unlink()
    with pytest.raises(WeightsError, match="missing or damaged"):
        load_weights(tmp_path / "w")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("drop", r"lacks the tensor 'correction\.bias'"),
        ("add", r"holds the tensor 'more', which the network does not have"),
        ("turn", r"'correction\.bias' is \(2,\) float16, expected \(1,\) float16"),
        ("widen", r"'correction\.bias' is \(1,\) float32, expected \(1,\) float16"),
        ("break", r"NaN or infinity in the tensor 'correction\.bias'"),
    ],
)
def test_another_networks_tensors_are_named(network: MattingNetwork, tmp_path: Path, change: str, message: str) -> None:
    import hashlib

    save_weights(network, tmp_path / "w", {})
    tensors = load_file(tmp_path / "w.safetensors")
    match change:
        case "drop":
            del tensors["correction.bias"]
        case "add":
            tensors["more"] = torch.zeros(1)
        case "turn":
            tensors["correction.bias"] = torch.zeros(2).half()
        case "widen":
            tensors["correction.bias"] = torch.zeros(1)
        case "break":
            tensors["correction.bias"] = torch.full((1,), torch.nan).half()
    save_file(tensors, tmp_path / "w.safetensors")
    document = json.loads((tmp_path / "w.json").read_text())
    document["sha256"] = hashlib.sha256((tmp_path / "w.safetensors").read_bytes()).hexdigest()
    (tmp_path / "w.json").write_text(json.dumps(document))
    with pytest.raises(WeightsError, match=message):
        load_weights(tmp_path / "w")
