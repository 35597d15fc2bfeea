"""Whole folders as See-through publishes them, at tiny size: what is read answers as what was written, and what is missing is named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_dpmsolver_multistep import DPMSolverMultistepScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from transformers import CLIPTextModel

from liwi.errors import InputError
from liwi.model_folders import CheckpointMismatch
from liwi.registry_errors import CheckpointDamaged
from liwi.seethrough.checkpoint import read_classes
from liwi.seethrough.class_embeddings import encode_classes, load_class_embeddings
from liwi.seethrough.commands import _write_parts
from liwi.seethrough.part_pipeline import BODY, HEADS, PartOptions
from liwi.seethrough.part_unet import PartUNet
from liwi.seethrough.published_folders import load_depth_pipeline, load_part_pipeline
from liwi.seethrough.published_settings import PART_SCHEDULER
from liwi.seethrough.serving import ServedParts
from tests.unit.seethrough.tiny_networks import DEPTH, stirred, tiny_vae, write_published_parts, write_text_encoder


@pytest.fixture(scope="module")
def parts_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_published_parts(tmp_path_factory.mktemp("published") / "parts")


def test_a_folder_answers_and_each_class_is_told_differently(parts_folder: Path) -> None:
    pipeline = load_part_pipeline(parts_folder)
    assert pipeline.classes.tags == (*BODY.tags, *HEADS.tags)
    assert pipeline.classes.tokens.shape == (24, 32, 24) and pipeline.classes.pooled.shape == (24, 12)
    assert len({tuple(row.tolist()) for row in pipeline.classes.pooled}) == 24
    rgba = np.full((16, 16, 4), 255, np.uint8)
    parts = pipeline.separate(rgba, PartOptions(steps=1, resolution=16, tags=frozenset({"tail", "wings"})))
    assert set(parts.layers) == {"tail", "wings"}


def test_classes_can_be_asked_for_in_any_order_and_unknown_ones_are_named(parts_folder: Path) -> None:
    classes = load_class_embeddings(parts_folder, [["face", "front hair"], ["tail"]])
    tokens, pooled = classes.of(["tail", "face"])
    assert torch.equal(tokens, classes.tokens[[2, 0]]) and torch.equal(pooled, classes.pooled[[2, 0]])
    with pytest.raises(InputError, match="'wings' is none of those"):
        classes.of(["wings"])


def test_an_encoder_without_a_projection_is_refused(parts_folder: Path) -> None:
    from transformers import CLIPTokenizer

    tokenizer = CLIPTokenizer.from_pretrained(parts_folder / "tokenizer", local_files_only=True)
    encoder = CLIPTextModel.from_pretrained(parts_folder / "text_encoder", local_files_only=True)
    with pytest.raises(InputError, match="projection"):
        encode_classes(["face"], [tokenizer] * 2, [encoder] * 2)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("text_encoder_2", "text encoder text_encoder_2 in"),
        ("tokenizer/vocab.json", "text encoder text_encoder in"),
        ("vae", "VAE in"),
        ("trans_vae", "no readable config.json"),
        ("unet/diffusion_pytorch_model.safetensors", "holds neither"),
    ],
)
def test_what_a_folder_lacks_is_named_and_not_fetched(parts_folder: Path, tmp_path: Path, missing: str, message: str) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(parts_folder, folder)
    shutil.rmtree(folder / missing) if (folder / missing).is_dir() else (folder / missing).unlink()
    with pytest.raises(CheckpointDamaged, match=message):
        load_part_pipeline(folder)


def test_a_vae_with_other_tensors_is_refused(parts_folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "parts"
    shutil.copytree(parts_folder, folder)
    weights = folder / "vae/diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    del tensors["encoder.conv_in.bias"]
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(CheckpointDamaged, match=r"lacks encoder\.conv_in\.bias"):
        load_part_pipeline(folder)


def test_the_pseudo_depths_folder_answers_with_its_own_sampler(tmp_path: Path) -> None:
    torch.manual_seed(0)
    write_text_encoder(tmp_path, "", CLIPTextModel, 20)
    stirred(PartUNet(**DEPTH)).save_pretrained(tmp_path / "unet")
    tiny_vae().save_pretrained(tmp_path / "vae")
    assert load_depth_pipeline(tmp_path).scheduler["prediction_type"] == "v_prediction"
    DDIMScheduler(beta_end=0.011, prediction_type="epsilon").save_pretrained(tmp_path / "scheduler")
    pipeline = load_depth_pipeline(tmp_path)
    assert (pipeline.scheduler["beta_end"], pipeline.scheduler["prediction_type"]) == (0.011, "epsilon")
    assert pipeline.nothing.shape == (1, 2, 20)
    for wrong in ({"num_train_timesteps": 10**12}, {"beta_schedule": "imaginary"}, {"beta_start": "much"}):
        (tmp_path / "scheduler/scheduler_config.json").write_text(json.dumps(wrong))
        with pytest.raises(CheckpointDamaged, match="describes no DDIM sampler"):
            load_depth_pipeline(tmp_path)


def test_a_part_diffusions_folder_may_bring_the_same_sampler_with_other_times(parts_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(parts_folder, folder)
    EulerDiscreteScheduler(beta_end=0.011).save_pretrained(folder / "scheduler")  # SDXL's own, which See-through does not use
    assert load_part_pipeline(folder).scheduler == PART_SCHEDULER
    other = DPMSolverMultistepScheduler(beta_end=0.011, prediction_type="v_prediction", solver_order=3)
    other.save_pretrained(folder / "scheduler")
    found = load_part_pipeline(folder).scheduler
    assert (found["beta_end"], found["prediction_type"]) == (0.011, "v_prediction")
    assert (found["solver_order"], found["algorithm_type"]) == (2, "sde-dpmsolver++")


def test_a_published_folder_is_adopted_with_its_tags_encoded_once(parts_folder: Path, tmp_path: Path) -> None:
    _write_parts(tmp_path / "adopted", str(parts_folder))
    served = ServedParts(tmp_path / "adopted")
    served.check()
    assert (served.card.resolution, served.card.base) == (1280, str(parts_folder))
    kept = read_classes(tmp_path / "adopted", served.card)
    said = load_part_pipeline(parts_folder).classes
    assert kept.tags == said.tags and torch.equal(kept.tokens, said.tokens) and torch.equal(kept.pooled, said.pooled)
    with pytest.raises(CheckpointMismatch, match="no complete part diffusion: it lacks"):
        _write_parts(tmp_path / "other", str(tmp_path))
