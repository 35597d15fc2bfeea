"""The part diffusion's U-Net: the published tensors, what the parts of a character see of each other, stage 1 to stage 2, files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from liwi import checkpoint_folders
from liwi.errors import InputError
from liwi.registry_errors import CheckpointDamaged
from liwi.seethrough.consistency import PartBlock, PartTransformer
from liwi.seethrough.part_unet import STOCK_BLOCKS, PartUNet, empty_part_unet
from liwi.seethrough.published_settings import DEPTH_UNET, PART_UNET_V2, PART_UNET_V3
from liwi.seethrough.widening import add_input_channels, widen_to_parts
from tests.tensor_lists import published_tensors
from tests.unit.seethrough.tiny_networks import DEPTH, PARTS_V2, PARTS_V3, conditions, stirred


@pytest.mark.parametrize(
    ("settings", "sections", "count", "billions"),
    [
        (PART_UNET_V2, {"part diffusion"}, 2440, 4.060),
        (PART_UNET_V3, {"part diffusion", "group embeddings"}, 2452, 4.071),
        (DEPTH_UNET, {"pseudo-depth"}, 990, 1.213),
    ],
    ids=["V2", "V3", "pseudo-depth"],
)
def test_the_full_network_has_the_published_tensors_key_for_key(
    settings: Mapping[str, Any], sections: set[str], count: int, billions: float
) -> None:
    tensors = empty_part_unet(settings).state_dict()
    assert len(tensors) == count
    assert {name: str(tuple(tensor.shape)) for name, tensor in tensors.items()} == published_tensors("seethrough_tensors.txt", sections)
    assert sum(tensor.numel() for tensor in tensors.values()) == pytest.approx(billions * 1e9, rel=1e-3)


@torch.inference_mode()
def test_a_block_is_what_the_paper_says_written_out_for_one_pixel() -> None:
    torch.manual_seed(0)
    block = stirred(PartBlock(16, 2, 8))
    tokens = torch.randn(2 * 3, 4, 16)  # two characters, three parts, four pixels
    answer = block(tokens, 3)
    sequence = tokens[3:, 1]  # the parts of the second character at the second pixel
    hidden = block.ff_in(block.norm_in(sequence)) + sequence
    normal = block.norm1(hidden)
    heads = [layer(normal).view(3, 2, 8).transpose(0, 1) for layer in (block.attn1.to_q, block.attn1.to_k, block.attn1.to_v)]
    weights = torch.softmax(heads[0] @ heads[1].transpose(1, 2) / 8**0.5, -1)
    hidden = block.attn1.to_out[0]((weights @ heads[2]).transpose(0, 1).reshape(3, 16)) + hidden
    torch.testing.assert_close(answer[3:, 1], block.ff(block.norm3(hidden)), atol=1e-6, rtol=1e-5)


def test_parts_see_each_other_after_each_spatial_block_or_each_second_of_three_and_more() -> None:
    network = PartUNet(**{**PARTS_V2, "transformer_layers_per_block": (1, 5)})
    assert isinstance(network.mid_block.attentions[0], PartTransformer)
    assert len(network.mid_block.attentions[0].temporal_transformer_blocks) == 2
    assert len(PartUNet(**DEPTH).mid_block.attentions[0].temporal_transformer_blocks) == 1


@torch.inference_mode()
@pytest.mark.parametrize("version", ["v2", "v3"])
def test_stage_2_begins_as_stage_1_exactly(version: str) -> None:
    stock = {key: _stock(value) for key, value in PARTS_V2.items()}
    narrow = stirred(UNet2DConditionModel(**stock))
    wide = widen_to_parts(narrow, group_embedding=version == "v3", tag_version=version)
    assert wide.tag_version == version
    given = conditions(13)
    alone = narrow(
        given["sample_BFCHW"][0], given["timestep"], given["encoder_hidden_states"], added_cond_kwargs=given["added_cond_kwargs"]
    )
    together = wide(**given, group_index=0)
    assert torch.equal(together[0], alone.sample)
    assert not torch.allclose(stirred(wide)(**given, group_index=0)[0], alone.sample, atol=1e-3)  # and then learns


def _stock(value: Any) -> Any:
    return tuple(STOCK_BLOCKS.get(each, each) for each in value) if isinstance(value, tuple) else STOCK_BLOCKS.get(str(value), value)


@torch.inference_mode()
@pytest.mark.parametrize("in_front", [True, False])
def test_new_input_channels_change_no_answer(in_front: bool) -> None:
    network, given = stirred(PartUNet(**PARTS_V2)), conditions(3)
    before = network(**given)
    add_input_channels(network, 12, in_front=in_front)
    noise = torch.randn(1, 3, 4, 8, 8)
    given["sample_BFCHW"] = torch.cat([noise, given["sample_BFCHW"]] if in_front else [given["sample_BFCHW"], noise], 2)
    torch.testing.assert_close(network(**given), before, atol=1e-5, rtol=1e-5)
    assert network.config["in_channels"] == 12
    with pytest.raises(InputError, match="12 input channels already"):
        add_input_channels(network, 8)


def permuted(given: dict[str, Any], order: list[int]) -> dict[str, Any]:
    """One character's arguments with the parts in another order."""
    added = {key: value[order] for key, value in given["added_cond_kwargs"].items()}
    tokens = given["encoder_hidden_states"][order]
    return {**given, "sample_BFCHW": given["sample_BFCHW"][:, order], "encoder_hidden_states": tokens, "added_cond_kwargs": added}


@torch.inference_mode()
def test_parts_permuted_with_their_conditions_give_permuted_answers() -> None:
    network, given, order = stirred(PartUNet(**PARTS_V2)), conditions(5), [3, 0, 4, 1, 2]
    torch.testing.assert_close(network(**permuted(given, order)), network(**given)[:, order], atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_places_in_a_group_travel_with_their_parts_and_can_be_few() -> None:
    network, given, order = stirred(PartUNet(**PARTS_V3)), conditions(3), [2, 0, 1]
    answer = network(**given, group_index=1, places=[4, 0, 9])
    torch.testing.assert_close(network(**permuted(given, order), group_index=1, places=[9, 4, 0]), answer[:, order], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(network(**given, group_index=1, places=[4, 0, 8]), answer, atol=1e-3)
    assert not torch.allclose(network(**given, group_index=0, places=[4, 0, 9]), answer, atol=1e-3)


@torch.inference_mode()
def test_places_that_were_told_before_are_not_told_again() -> None:
    network, given = stirred(PartUNet(**PARTS_V3)), conditions(3)
    added = given["added_cond_kwargs"]
    tokens, pooled = network.tell_places(given["encoder_hidden_states"], added["text_embeds"], 3, 1, [9, 4, 0])
    told = {**given, "encoder_hidden_states": tokens, "added_cond_kwargs": {**added, "text_embeds": pooled}}
    assert torch.equal(network(**told, places_told=True), network(**given, group_index=1, places=[9, 4, 0]))
    assert stirred(PartUNet(**PARTS_V2)).tell_places(tokens, None, 3, None) == (tokens, None)


@torch.inference_mode()
def test_a_part_hears_of_the_others_but_not_of_other_characters() -> None:
    network, given = stirred(PartUNet(**PARTS_V2)), conditions(2, batch=2)
    answer = network(**given)
    given["sample_BFCHW"][0, 1] += 1
    changed = network(**given)
    assert float((changed - answer)[0, 0].abs().max()) > 1e-3
    torch.testing.assert_close(changed[1], answer[1], atol=1e-5, rtol=1e-4)


@torch.inference_mode()
def test_some_parts_and_pixels_at_a_time_give_the_same_answer() -> None:
    network, given = stirred(PartUNet(**PARTS_V2)), conditions(5)
    whole = network(**given)
    network.limit_memory(parts_at_once=2, pixels_at_once=7)
    torch.testing.assert_close(network(**given), whole, atol=1e-5, rtol=1e-4)
    network.limit_memory()
    assert torch.equal(network(**given), whole)
    with pytest.raises(InputError, match="At least one part"):
        network.limit_memory(parts_at_once=0)


def flops(network: PartUNet, num_parts: int) -> dict[str, int]:
    """Floating-point operations of each module."""
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:  # fused attention is not counted on CPUs
        network(**conditions(num_parts))
    return {name: sum(operations.values()) for name, operations in counter.get_flop_counts().items()}


def test_only_the_attention_among_parts_grows_with_their_square() -> None:
    network = stirred(PartUNet(**PARTS_V2))
    few, many = flops(network, 3), flops(network, 12)
    inside = [name for name in few if ".temporal_transformer_blocks." in name and name.endswith(".attn1")]
    around = {name for each in inside for name in few if each.startswith(name)} | {"Global"}
    assert len(inside) == 4
    assert all(many[name] == 4 * few[name] for name in few.keys() - around)
    square, linear = 0, 0
    for name in inside:  # with a F² + b F, the growth by more than 4 is 12 a F²
        square += (many[name] - 4 * few[name]) // 12
        linear += few[name] - (many[name] - 4 * few[name]) // 12
    assert square > 0
    assert many["Global"] == 16 * square + 4 * (few["Global"] - square)
    assert square < 0.02 * few["Global"] and linear > 0


def test_computing_blocks_again_saves_memory_and_changes_no_gradient() -> None:
    gradients = []
    for again in (False, True):
        torch.manual_seed(0)
        network = stirred(PartUNet(**PARTS_V2)).train()
        if again:
            network.enable_gradient_checkpointing()
            assert network.mid_block.attentions[0].gradient_checkpointing
        network(**conditions(2)).square().sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters()])
    assert all(
        first is not None and second is not None and torch.allclose(first, second, atol=1e-4, rtol=1e-4)
        for first, second in zip(*gradients, strict=True)
    )


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"group_index": None}, "say which by group_index, got None"),
        ({"group_index": 2}, "knows 2 groups"),
        ({"group_index": 1}, "11 places; got 3 parts"),
        ({"group_index": 1, "places": [0, 1, 11]}, r"11 places; got 3 parts at \[0, 1, 11\]"),
        ({"sample_BFCHW": torch.zeros(3, 8, 8, 8)}, r"Expected \(B, F, C, H, W\)"),
        ({"encoder_hidden_states": torch.zeros(2, 5, 24)}, r"B \* F classes"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PartUNet(**PARTS_V3)(**{**conditions(3), **changed})


@torch.inference_mode()
@pytest.mark.parametrize("shard", [None, 40_000], ids=["one file", "several files"])
def test_a_network_comes_back_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shard: int | None) -> None:
    if shard:
        monkeypatch.setattr(checkpoint_folders, "MAX_SHARD_BYTES", shard)
    network = stirred(PartUNet(**PARTS_V3))
    network.save_pretrained(tmp_path / "unet")
    document = json.loads((tmp_path / "unet/config.json").read_text())
    assert document["_class_name"] == "UNetFrameConditionModel"
    assert document["down_block_types"] == ["DownBlock2D", "CrossFrameAttnDownBlock"]
    assert document["mid_block_type"] == "UNetMidBlockCrossFrameAttn"
    assert (document["group_embedding"], document["group_embedding_num"], document["tag_version"]) == (True, [13, 11], "v3")
    assert (tmp_path / "unet/diffusion_pytorch_model.safetensors").exists() == (shard is None)
    again = PartUNet.from_pretrained(tmp_path, subfolder="unet")
    assert torch.equal(again(**conditions(11), group_index=1), network(**conditions(11), group_index=1))
    assert next(PartUNet.from_pretrained(tmp_path, subfolder="unet", dtype=torch.bfloat16).parameters()).dtype == torch.bfloat16


def test_settings_without_a_version_are_those_of_the_paper_and_unknown_ones_are_left_out(tmp_path: Path) -> None:
    network = stirred(PartUNet(**DEPTH))
    network.save_pretrained(tmp_path)
    document = json.loads((tmp_path / "config.json").read_text())
    for key in ("tag_version", "group_embedding", "group_embedding_num"):
        del document[key]
    (tmp_path / "config.json").write_text(json.dumps({**document, "_class_name": "UNet2DConditionModel", "ema_decay": 0.9}))
    assert PartUNet.from_pretrained(tmp_path).tag_version == "v2"


NAME = "mid_block.attentions.0.temporal_transformer_blocks.0.norm_in.bias"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", f"lacks the tensor '{NAME}'"),
        ("unexpected", "holds the tensor 'more', which the network does not have"),
        ("shape", rf"'{NAME}' is \(3,\), expected \(32,\)"),
        ("kind", rf"'{NAME}' is of torch\.int8, which the network cannot use"),
        ("nan", f"NaN or infinity in the tensor '{NAME}'"),
        ("no weights", "holds neither diffusion_pytorch_model.safetensors nor"),
        ("no safetensors", "cannot be read as safetensors"),
        ("index", "does not name .safetensors files beside it"),
        ("no config", "no readable config.json"),
        ("list", "is no JSON object"),
    ],
)
def test_files_of_another_network_are_refused_and_named(tmp_path: Path, change: str, message: str) -> None:
    from safetensors.torch import save_file

    network = stirred(PartUNet(**PARTS_V2))
    network.save_pretrained(tmp_path)
    weights, config = tmp_path / "diffusion_pytorch_model.safetensors", tmp_path / "config.json"
    tensors: dict[str, Tensor] = dict(network.state_dict())
    match change:
        case "missing":
            del tensors[NAME]
        case "unexpected":
            tensors["more"] = torch.zeros(1)
        case "shape":
            tensors[NAME] = torch.zeros(3)
        case "nan":
            tensors[NAME] = torch.full((32,), torch.nan)
        case "kind":
            tensors[NAME] = torch.zeros(32, dtype=torch.int8)
        case "no config":
            config.unlink()
        case "list":
            config.write_text("[]")
    save_file(tensors, weights)
    match change:
        case "no weights":
            weights.unlink()
        case "no safetensors":
            weights.write_text("not weights")
        case "index":
            weights.unlink()
            (tmp_path / "diffusion_pytorch_model.safetensors.index.json").write_text('{"weight_map": {"a": "../w.safetensors"}}')
    with pytest.raises(CheckpointDamaged, match=message):
        PartUNet.from_pretrained(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        {"layers_per_block": 10**9},
        {"transformer_layers_per_block": [1, [10**9]]},
        {"down_block_types": ["Imaginary", "DownBlock2D"]},
        {"block_out_channels": [16]},
        {"cross_attention_dim": "wide"},
    ],
)
def test_settings_that_make_no_network_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="make no U-Net for parts"):
        empty_part_unet({**PARTS_V2, **changed})


def test_nothing_is_written_of_a_network_without_weights(tmp_path: Path) -> None:
    with pytest.raises(CheckpointDamaged, match="never filled"):
        empty_part_unet(PARTS_V2).save_pretrained(tmp_path)
