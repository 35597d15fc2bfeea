"""Checkpoints in and out: our own, the published layout, quantised files; and what is said before anything is loaded."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import QwenImageLayeredPipeline
from diffusers.pipelines.qwenimage import pipeline_qwenimage_layered
from peft import LoraConfig
from PIL import Image
from safetensors.torch import load_file, save_file

from liwi.layering import loading
from liwi.layering.checkpoint import CARD, LORA, LORA_TARGETS, TRANSFORMER, VAE, ModelCard, read_card, save_checkpoint
from liwi.layering.components import build_transformer
from liwi.layering.families import check_folder
from liwi.layering.layout import Frame0
from liwi.layering.loading import load_base_transformer, load_model, place_transformer
from liwi.layering.placement import PRESETS
from liwi.layering.request import LayeringRequest
from liwi.layering.sampling import Sampling, working_size
from liwi.layering.serving import ServedModel
from liwi.layering.shadow_target import Frame0Target
from liwi.model_folders import CheckpointMismatch
from liwi.placement import Machine, TooLittleMemory, Weights
from liwi.registry_errors import CheckpointDamaged
from tests.unit.layering.networks import UPSTREAM_TRANSFORMER, noise, texts, transformer, upstream_parts, vae, write_published
from tests.unit.layering.networks import call as call_network

SAMPLING = Sampling(steps=2, guidance=4.0, resolution=64)
CARD_OF_OURS = ModelCard(Frame0Target(Frame0.SHADOW_PIXEL, 2.0), True, SAMPLING, max_layers=3)
LARGE = Machine(80, 256, "a large GPU")
PICTURE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published(tmp_path_factory.mktemp("published") / "model")


@pytest.fixture
def damaged(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "model"))


def test_a_checkpoint_of_ours_comes_back_as_it_was(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, CARD_OF_OURS, transformer=transformer(), vae=vae())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CARD, TRANSFORMER, VAE])
    model = load_model(tmp_path)
    assert replace(model.card, transformer=None, vae=None) == CARD_OF_OURS
    for name, tensor in transformer().state_dict().items():
        assert torch.equal(model.pipeline.transformer.state_dict()[name], tensor)
    found = model.pipeline(LayeringRequest([PICTURE], 2, captions="a", sampling=SAMPLING))[0]
    assert found.layers.shape[0] == 2 and found.shadow is not None


def test_the_published_layout_answers_as_upstream_does(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    model = load_model(published, machine=LARGE, say=said.append)
    assert model.card.frame0.kind is Frame0.SOURCE and "bfloat16" in said[0]
    ours = model.pipeline(LayeringRequest([PICTURE], 1, captions="a cat", seeds=3, sampling=SAMPLING))[0]
    monkeypatch.setattr(pipeline_qwenimage_layered, "calculate_dimensions", lambda _, ratio: working_size((round(64 * ratio), 64), 64))
    upstream = QwenImageLayeredPipeline(**_upstream_parts(published))
    upstream.set_progress_bar_config(disable=True)
    theirs = upstream(
        Image.fromarray(PICTURE).convert("RGBA"),
        "a cat",
        negative_prompt=" ",
        layers=1,
        num_inference_steps=2,
        generator=torch.Generator().manual_seed(3),
        output_type="pt",
    ).images[0]
    as_theirs = (ours.layers * 2 - 1).to(torch.bfloat16) / 2 + 0.5  # upstream goes on in bfloat16, we in float
    assert ours.layers.shape == (1, 4, 64, 64) and torch.equal(as_theirs, theirs)


def _upstream_parts(folder: Path) -> dict[str, Any]:
    from diffusers import AutoencoderKLQwenImage, FlowMatchEulerDiscreteScheduler, QwenImageTransformer2DModel
    from transformers import Qwen2_5_VLForConditionalGeneration, Qwen2Tokenizer

    dtype = torch.bfloat16
    return {
        "transformer": QwenImageTransformer2DModel.from_pretrained(folder, subfolder="transformer", torch_dtype=dtype),
        "vae": AutoencoderKLQwenImage.from_pretrained(folder, subfolder="vae", torch_dtype=dtype),
        "text_encoder": Qwen2_5_VLForConditionalGeneration.from_pretrained(folder / "text_encoder", dtype=dtype),
        "tokenizer": Qwen2Tokenizer.from_pretrained(folder / "tokenizer"),
        "scheduler": FlowMatchEulerDiscreteScheduler.from_pretrained(folder, subfolder="scheduler"),
        "processor": None,
    }


def test_a_lora_is_added_to_its_base(published: Path, tmp_path: Path) -> None:
    learner = build_transformer(UPSTREAM_TRANSFORMER)
    learner.load_state_dict(upstream_parts()[0].state_dict())
    learner.add_adapter(LoraConfig(r=2, target_modules=list(LORA_TARGETS), init_lora_weights=False))
    card = replace(CARD_OF_OURS, base=str(published))
    save_checkpoint(tmp_path, card, lora=learner)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CARD, LORA])
    ServedModel(tmp_path).check()  # that it fits is seen without loading the base's weights
    model = load_model(tmp_path, machine=LARGE)
    assert model.card.frame0.kind is Frame0.SHADOW_PIXEL
    assert len(load_file(tmp_path / LORA)) == 2 * len(LORA_TARGETS) * UPSTREAM_TRANSFORMER["num_layers"]
    expected = learner.to(torch.bfloat16).eval()
    ours, theirs = (_answer(network) for network in (model.pipeline.transformer, expected))
    assert torch.equal(ours, theirs)
    assert not torch.equal(ours, _answer(load_base_transformer(published, Weights.BFLOAT16)))


def test_a_lora_of_another_transformer_is_refused(published: Path, tmp_path: Path) -> None:
    learner = build_transformer()  # with half of the channels
    learner.add_adapter(LoraConfig(r=2, target_modules=["to_q", "img_in"], init_lora_weights=False))
    save_checkpoint(tmp_path, replace(CARD_OF_OURS, base=str(published)), lora=learner)
    with pytest.raises(CheckpointMismatch, match=r"lora\.safetensors does not fit this transformer"):
        load_model(tmp_path, machine=LARGE)


def test_a_checkpoint_can_be_its_base_alone(published: Path, tmp_path: Path) -> None:
    save_checkpoint(tmp_path, replace(loading.PUBLISHED_CARD, base=str(published)))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CARD, LORA])
    model = load_model(tmp_path, machine=LARGE)
    assert torch.equal(_answer(model.pipeline.transformer), _answer(load_base_transformer(published, Weights.BFLOAT16)))


def test_fp8_and_block_by_block_stay_near_bfloat16(published: Path) -> None:
    expected = _answer(load_base_transformer(published, Weights.BFLOAT16))
    by_name = {preset.name: preset for preset in PRESETS}
    fp8 = load_base_transformer(published, Weights.FP8)
    place_transformer(fp8, by_name["48 GB"], torch.device("cpu"))
    assert fp8.img_in.weight.dtype == torch.float8_e4m3fn
    assert 0 < float((_answer(fp8) - expected).abs().max()) < 0.1 * float(expected.abs().max())
    blocks = load_base_transformer(published, Weights.BFLOAT16)
    place_transformer(blocks, replace(by_name["12 GB"], weights=Weights.BFLOAT16), torch.device("cpu"))
    assert torch.equal(_answer(blocks), expected)


def test_a_file_of_the_transformer_alone_takes_the_place_of_the_bases(published: Path, tmp_path: Path) -> None:
    file = tmp_path / "layered_fp8.safetensors"
    save_file({name: tensor.to(torch.float8_e4m3fn) for name, tensor in upstream_parts()[1].state_dict().items()}, file)
    found = load_base_transformer(published, Weights.FP8, file)
    expected = _answer(load_base_transformer(published, Weights.BFLOAT16))
    assert float((_answer(found) - expected).abs().max()) < 0.1 * float(expected.abs().max())


@pytest.mark.parametrize(
    ("name", "what"),
    [("model.gguf", "pip install gguf"), ("model.pt", "pickled formats can run code"), ("gone.safetensors", "no file")],
)
def test_files_that_cannot_be_read_are_refused_with_a_way_out(published: Path, tmp_path: Path, name: str, what: str) -> None:
    file = tmp_path / name
    if not name.startswith("gone"):
        file.write_bytes(b"GGUF")
    save_checkpoint(tmp_path / "ours", replace(loading.PUBLISHED_CARD, base=str(published), file=str(file)))
    with pytest.raises(CheckpointMismatch, match=what):
        load_model(tmp_path / "ours", machine=LARGE)


@pytest.mark.parametrize(
    ("file", "change", "what"),
    [
        ("vae", {"input_channels": 3}, "3 channels; layers have 4"),
        ("transformer", {"use_layer3d_rope": False}, "positions for layers"),
        ("transformer", {"use_additional_t_cond": False}, "flag for layered pictures"),
        ("transformer", {"zero_cond_t": True}, "editing variant"),
        ("transformer", {"in_channels": 64}, "64 channels, the VAE's latents make 32"),
    ],
)
def test_checkpoints_of_another_family_are_refused_before_a_weight_is_read(
    damaged: Path, file: str, change: dict[str, Any], what: str
) -> None:
    path = damaged / file / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    for weights in damaged.rglob("*.safetensors"):
        weights.write_bytes(b"not read")
    with pytest.raises(CheckpointMismatch, match=f"{what}.*Qwen/Qwen-Image-Layered"):
        load_model(damaged, machine=LARGE)


def test_a_missing_shard_is_named(damaged: Path) -> None:
    shards = sorted((damaged / "transformer").glob("*.safetensors"))
    assert len(shards) > 1
    shards[1].unlink()
    with pytest.raises(CheckpointMismatch, match=rf"1 of {len(shards)} files of weights are missing \({shards[1].name}\).*run it again"):
        check_folder(damaged)
    shutil.rmtree(damaged / "text_encoder")
    with pytest.raises(CheckpointMismatch, match=r"lacks text_encoder/config\.json"):
        check_folder(damaged)


def test_a_base_that_is_not_here_is_never_downloaded(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, replace(loading.PUBLISHED_CARD, base="nobody/has-this"))
    with pytest.raises(CheckpointMismatch, match=r"not on this computer.*hf download nobody/has-this"):
        load_model(tmp_path, machine=LARGE)


def test_too_little_memory_is_said_before_loading(damaged: Path) -> None:
    for weights in (damaged / "transformer").glob("*.safetensors"):
        weights.write_bytes(b"not read")
    with pytest.raises(TooLittleMemory, match=r"There is no GPU, 4.0 GiB.*12 GB .* needs .* GiB on the GPU, there are 0.0.*embedded"):
        load_model(damaged, machine=Machine(0, 4))


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"format": "liwi-layering", "version": 99}', '{"format": "liwi-layering", "version": 1}']
)
def test_a_card_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / CARD).write_text(text)
    with pytest.raises(CheckpointMismatch, match="does not describe a layered model"):
        read_card(tmp_path)


def test_damaged_tensors_of_our_own_are_named(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, CARD_OF_OURS, transformer=transformer(), vae=vae())
    tensors = load_file(tmp_path / TRANSFORMER)
    save_file({**tensors, "proj_out.bias": tensors["proj_out.bias"] * torch.nan}, tmp_path / TRANSFORMER)
    with pytest.raises(CheckpointDamaged, match=r"NaN or infinity in the tensor 'proj_out.bias'"):
        load_model(tmp_path)
    del tensors["proj_out.bias"]
    save_file(tensors, tmp_path / TRANSFORMER)
    with pytest.raises(CheckpointDamaged, match=r"lacks the tensor 'proj_out.bias'"):
        load_model(tmp_path)


def _answer(network: Any) -> torch.Tensor:
    from liwi.layering.layout import TokenLayout

    layout = TokenLayout(3, 4, 1)
    tokens = noise(layout).repeat(1, 1, 2).to(torch.bfloat16)
    text = texts("a cat")
    text = type(text)(text.embeddings.to(torch.bfloat16).expand(2, -1, -1), None)
    return call_network(network, tokens, text, layout.img_shapes(2)).float()
