"""The paper's part network: the published layouts key for key, parity with the SAM-HQ of transformers, strict loading."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from liwi.errors import InputError
from liwi.experts.part_checkpoint import NETWORKS
from liwi.experts.part_sam import VARIANTS, PartSam, PartSamSettings, empty_part_sam
from liwi.experts.part_sam_files import adopt
from liwi.experts.weights import WeightsError, load_weights, save_weights
from tests.tensor_lists import published_tensors

TINY = PartSamSettings(
    side=64,
    patch=8,
    width=32,
    depth=3,
    heads=2,
    mlp_ratio=2,
    window=3,
    global_blocks=(1, 2),
    decoder_width=32,
    decoder_depth=2,
    decoder_heads=2,
    decoder_hidden=48,
)


def tiny(variant: str = "mlp") -> PartSam:
    from dataclasses import replace

    torch.manual_seed(0)
    network = PartSam(replace(TINY, variant=variant)).eval()
    with torch.no_grad():
        for parameter in network.parameters():  # some begin as zeros, which would hide what they do
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return network


@pytest.mark.parametrize(("variant", "count"), [("mlp", 817), ("token", 601)])
def test_the_full_network_has_the_published_tensors_key_for_key(variant: str, count: int) -> None:
    found = {name: str(tuple(tensor.shape)) for name, tensor in empty_part_sam(PartSamSettings(variant=variant)).state_dict().items()}
    assert len(found) == count
    assert found == published_tensors("part_sam_tensors.txt", {"both", variant})


def test_the_full_network_has_as_many_weights_as_the_published_one() -> None:
    network = empty_part_sam(PartSamSettings())
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == pytest.approx(647.3e6, rel=1e-3)


@pytest.mark.parametrize("variant", VARIANTS)
def test_it_answers_per_class_at_the_pictures_size_and_alike_each_time(variant: str) -> None:
    network, picture = tiny(variant), torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        answer, again = network(picture), network(picture)
        alone = network(picture[1:])
    assert answer.shape == (2, 19, 64, 64)
    assert torch.equal(answer, again)
    assert torch.allclose(answer[1:], alone, atol=1e-5)
    assert float((answer[:, 0] - answer[:, 1]).abs().max()) > 1e-4  # classes differ


def test_prompts_learn_nothing_and_the_rest_does() -> None:
    network = tiny().train()
    network(torch.rand(1, 3, 64, 64)).square().sum().backward()
    silent = {name for name, parameter in network.named_parameters() if parameter.grad is None or not parameter.grad.any()}
    assert {name.split(".")[0] for name in silent} == {"prompt_adapter", "mask_adapter"}
    assert all("prompt" in name or "iou_prediction_head" in name for name in silent)


def test_computing_blocks_again_saves_memory_and_changes_no_gradient() -> None:
    picture, gradients = torch.rand(1, 3, 64, 64), []
    for again in (False, True):
        network = tiny().train()
        if again:
            network.enable_gradient_checkpointing()
        network(picture).square().sum().backward()
        gradients.append([parameter.grad for parameter in network.parameters() if parameter.grad is not None])
    assert all(torch.allclose(first, second, atol=1e-5) for first, second in zip(*gradients, strict=True))


def test_it_computes_what_the_sam_hq_of_transformers_computes() -> None:
    """Weights of theirs under our names: the mask of one class is theirs of the first mask token, with the correction."""
    from transformers import SamHQConfig, SamHQModel

    torch.manual_seed(2)
    encoder = {"hidden_size": 32, "output_channels": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "mlp_ratio": 2.0}
    encoder |= {"image_size": 64, "patch_size": 8, "window_size": 3, "global_attn_indexes": [1, 2], "num_pos_feats": 16}
    decoder = {"hidden_size": 32, "mlp_dim": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "iou_head_hidden_dim": 32}
    decoder |= {"vit_dim": 32, "layer_norm_eps": 1e-5}
    prompts = {"hidden_size": 32, "image_size": 64, "patch_size": 8}
    theirs = SamHQModel(SamHQConfig(vision_config=encoder, prompt_encoder_config=prompts, mask_decoder_config=decoder)).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.1)
        shared = theirs.shared_image_embedding.positional_embedding  # the same in their checkpoints
        theirs.prompt_encoder.shared_embedding.positional_embedding.copy_(shared)
    ours = tiny()
    ours.load_state_dict(under_our_names(theirs.state_dict()), strict=True)
    picture = torch.rand(1, 3, 64, 64)
    mean, deviation = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    normalised = (picture * 255 - mean.view(1, 3, 1, 1)) / deviation.view(1, 3, 1, 1)
    with torch.inference_mode():
        seen = theirs.vision_encoder(normalised)
        image, early = ours.encoder(normalised)
        assert torch.allclose(image, seen.last_hidden_state, atol=1e-4)
        assert torch.allclose(early.permute(0, 2, 3, 1), seen.intermediate_embeddings[0], atol=1e-4)
        wanted = their_mask(theirs, seen)
        answer = ours(picture)
    assert torch.allclose(answer, wanted.expand_as(answer), atol=1e-5)
    assert float(wanted.std()) > 1e-3


def their_mask(theirs: Any, seen: Any) -> Tensor:
    """The flow of SAM-HQ's decoder through their modules; their own `forward` loses the image that their transformer returns."""
    decoder, image = theirs.mask_decoder, seen.last_hidden_state
    tokens, looked = decoder.transformer(
        point_embeddings=torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight, decoder.hq_token.weight])[None, None],
        image_embeddings=image + theirs.prompt_encoder.no_mask_embed.weight[..., None, None],
        image_positional_embeddings=theirs.get_image_wide_positional_embeddings(),
        attention_similarity=None,
    )
    act = decoder.activation
    image_again = looked.transpose(2, 3).reshape(1, 32, 8, 8)
    fine = act(decoder.upscale_conv2(act(decoder.upscale_layer_norm(decoder.upscale_conv1(image_again)))))
    finer = decoder.mask_conv2(act(decoder.mask_norm(decoder.mask_conv1(fine))))
    finer = finer + decoder.encoder_conv2(act(decoder.encoder_norm(decoder.encoder_conv1(image))))
    early = seen.intermediate_embeddings[0].permute(0, 3, 1, 2)
    finer = finer + decoder.compress_vit_conv2(act(decoder.compress_vit_norm(decoder.compress_vit_conv1(early))))
    weights, corrections = decoder.output_hypernetworks_mlps[0](tokens[:, 0, 1]), decoder.hq_mask_mlp(tokens[:, 0, 5])
    mask = torch.einsum("bc,bchw->bhw", weights, fine) + torch.einsum("bc,bchw->bhw", corrections, finer)
    return torch.nn.functional.interpolate(mask[:, None], size=(64, 64), mode="bilinear", align_corners=False)


def under_our_names(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The first mask token's MLP and the one of the correction stand for every class."""
    renamed = {}
    for name, tensor in theirs.items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        if "output_hypernetworks_mlps" in name or "hf_mlp" in name:
            if re.search(r"mlps\.[1-3]\.", name):
                continue
            for number in range(19):
                renamed[re.sub(r"(output_hypernetworks_mlps|hf_mlps)\.0", rf"\g<1>.{number}", name)] = tensor
        else:
            renamed[name] = tensor
    return {name: tensor for name, tensor in renamed.items() if not name.startswith("shared_image_embedding")}


RENAMED = (
    (r"^vision_encoder\.", "img_adapter.sam_img_encoder."),
    (r"^prompt_encoder\.shared_embedding\.positional_embedding", "prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"),
    (r"^prompt_encoder\.", "prompt_adapter.sam_prompt_encoder."),
    (r"^mask_decoder\.", "mask_adapter.sam_mask_decoder."),
    (r"sam_img_encoder\.layers", "sam_img_encoder.blocks"),
    (r"(blocks\.\d+|layers\.\d+)\.layer_norm", r"\g<1>.norm"),
    (r"patch_embed\.projection", "patch_embed.proj"),
    (r"neck\.conv1", "neck.0"),
    (r"neck\.layer_norm1", "neck.1"),
    (r"neck\.conv2", "neck.2"),
    (r"neck\.layer_norm2", "neck.3"),
    (r"encoder\.point_embed\.", "encoder.point_embeddings."),
    (r"mask_embed\.conv1", "mask_downscaling.0"),
    (r"mask_embed\.layer_norm1", "mask_downscaling.1"),
    (r"mask_embed\.conv2", "mask_downscaling.3"),
    (r"mask_embed\.layer_norm2", "mask_downscaling.4"),
    (r"mask_embed\.conv3", "mask_downscaling.6"),
    (r"layer_norm_final_attn", "norm_final_attn"),
    (r"upscale_conv1", "output_upscaling.0"),
    (r"upscale_layer_norm", "output_upscaling.1"),
    (r"upscale_conv2", "output_upscaling.3"),
    (r"hq_token", "hf_token"),
    (r"sam_mask_decoder\.hq_mask_mlp\.", "hf_mlps.0."),
    (r"compress_vit_conv1", "compress_vit_feat.0"),
    (r"compress_vit_norm", "compress_vit_feat.1"),
    (r"compress_vit_conv2", "compress_vit_feat.3"),
    (r"encoder_conv1", "embedding_encoder.0"),
    (r"encoder_norm", "embedding_encoder.1"),
    (r"encoder_conv2", "embedding_encoder.3"),
    (r"mask_conv1", "embedding_maskfeature.0"),
    (r"mask_norm", "embedding_maskfeature.1"),
    (r"mask_conv2", "embedding_maskfeature.3"),
    (r"sam_mask_decoder\.output_hypernetworks_mlps", "output_hypernetworks_mlps"),
    (r"(mlps\.\d+|iou_prediction_head)\.layers\.0", r"\g<1>.layers.1"),
    (r"(mlps\.\d+|iou_prediction_head)\.proj_in", r"\g<1>.layers.0"),
    (r"(mlps\.\d+|iou_prediction_head)\.proj_out", r"\g<1>.layers.2"),
    (r"^(output_hypernetworks_mlps|hf_mlps)", r"mask_adapter.\g<1>"),
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"variant": "other"},
        {"side": 60},
        {"heads": 3},
        {"decoder_heads": 3},
        {"global_blocks": ()},
        {"global_blocks": (3,)},
        {"depth": 0},
        {"width": 10**9},
    ],
)
def test_impossible_sizes_are_refused(wrong: dict[str, object]) -> None:
    from dataclasses import replace

    with pytest.raises(InputError):
        replace(TINY, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("variant", VARIANTS)
def test_weights_come_back_and_say_what_network_they_are_of(variant: str, tmp_path: Path) -> None:
    network = tiny(variant)
    save_weights(network, tmp_path / "w", {}, NETWORKS["sam_hq"])
    again = load_weights(tmp_path / "w", NETWORKS["sam_hq"])
    assert again.settings == network.settings
    assert all(torch.equal(again.state_dict()[name], value.half().float()) for name, value in network.state_dict().items())
    with pytest.raises(WeightsError):
        load_weights(tmp_path / "w", NETWORKS["compact"])


def as_sam_hq(network: PartSam) -> dict[str, Tensor]:
    """The tensors of a network as SAM-HQ's own checkpoint would name them."""
    names = {
        "img_adapter.sam_img_encoder.": "image_encoder.",
        "prompt_adapter.sam_prompt_encoder.": "prompt_encoder.",
        "mask_adapter.sam_mask_decoder.": "mask_decoder.",
        "mask_adapter.hf_mlps.0.": "mask_decoder.hf_mlp.",
        **{f"mask_adapter.output_hypernetworks_mlps.{number}.": f"mask_decoder.output_hypernetworks_mlps.{number}." for number in range(4)},
    }
    return {
        new + name.removeprefix(old): tensor
        for name, tensor in network.state_dict().items()
        for old, new in names.items()
        if name.startswith(old)
    }


def test_every_class_can_begin_as_sam_hqs_first_mask(tmp_path: Path) -> None:
    source, network = tiny(), PartSam(TINY).eval()
    torch.save(as_sam_hq(source), tmp_path / "sam_hq_tiny.pth")
    adopt(network, tmp_path / "sam_hq_tiny.pth")
    picture = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        answer, first = network(picture), source(picture)[:, :1]
    assert torch.allclose(answer, first.expand_as(answer), atol=1e-6)


@pytest.mark.parametrize("name", ["own.pt", "own.safetensors"])
def test_published_weights_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    from safetensors.torch import save_file

    source, network = tiny(), PartSam(TINY)
    if name.endswith(".pt"):
        torch.save({"state_dict": source.state_dict()}, tmp_path / name)
    else:
        save_file(source.state_dict(), tmp_path / name)
    adopt(network, tmp_path / name)
    assert all(torch.equal(network.state_dict()[key], value) for key, value in source.state_dict().items())


@pytest.mark.parametrize(
    ("change", "message"),
    [("missing", "lacks img_adapter.sam_img_encoder.pos_embed"), ("more", "too many: more"), ("shape", "otherwise: img_adapter")],
)
def test_other_weights_are_refused_and_named(tmp_path: Path, change: str, message: str) -> None:
    tensors, name = dict(tiny().state_dict()), "img_adapter.sam_img_encoder.pos_embed"
    match change:
        case "missing":
            del tensors[name]
        case "more":
            tensors["more"] = torch.zeros(1)
        case "shape":
            tensors[name] = torch.zeros(1)
    torch.save(tensors, tmp_path / "other.pt")
    with pytest.raises(WeightsError, match=message):
        adopt(PartSam(TINY), tmp_path / "other.pt")


class Hostile:
    """What pickle would run."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return print, ("run",)


def test_a_file_with_code_in_it_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": Hostile()}, tmp_path / "hostile.pt")
    with pytest.raises(WeightsError, match="read safely"):
        adopt(PartSam(TINY), tmp_path / "hostile.pt")
    (tmp_path / "text.pt").write_text("not weights")
    with pytest.raises(WeightsError):
        adopt(PartSam(TINY), tmp_path / "text.pt")
    with pytest.raises(WeightsError, match="no file"):
        adopt(PartSam(TINY), tmp_path / "absent.pt")
    assert "run" not in capsys.readouterr().out
