"""The layering objective: equation 3 on batches of one layout, latents encoded once, runs that go on, and a checkpoint that is served."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from liwi.layering.latents import pack
from liwi.layering.layout import Frame0
from liwi.layering.loading import load_model
from liwi.layering.request import LayeringRequest
from liwi.layering.sampling import Sampling
from liwi.registry import Registry
from liwi.types import BoundingBox, DecompositionRequest
from tests.unit.layering.networks import write_published
from tests.unit.training.layered import layered_job, make_scenes, make_vae
from tests.unit.training.test_loop import numbers
from training.checkpoints import list_checkpoints
from training.errors import JobError
from training.job import Job
from training.loop import train
from training.measuring import engine_of
from training.objectives.layering import LayeringObjective, _padded
from training.publishing import publish

TINY = {"num_layers": 2, "num_heads": 2, "head_dim": 16, "text_width": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layering")
    make_scenes(folder / "scenes", 3)
    make_vae(folder / "vae")
    return folder


def job(folder: Path, model: dict[str, Any] | None = None, **tables: dict[str, Any]) -> Job:
    return layered_job(folder / "scenes", folder / "cache", "layering", {"vae": str(folder / "vae"), **TINY, **(model or {})}, **tables)


def batches(objective: LayeringObjective) -> dict[int, dict[str, Tensor]]:
    """One batch of each bucket."""
    buckets = objective.buckets
    return {int(bucket): objective.batch(np.flatnonzero(buckets == bucket)[:1], np.random.default_rng(0)) for bucket in np.unique(buckets)}


def loss(objective: LayeringObjective, model: torch.nn.Module, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    torch.manual_seed(3)
    return objective.loss(model, batch)


@pytest.fixture(scope="module")
def objective(folder: Path) -> LayeringObjective:
    return LayeringObjective(job(folder))


@pytest.fixture(scope="module")
def model(objective: LayeringObjective) -> torch.nn.Module:
    torch.manual_seed(0)
    return objective.build().eval()


def test_samples_of_one_bucket_have_one_layout(objective: LayeringObjective) -> None:
    buckets = objective.buckets
    for bucket in np.unique(buckets):
        members = np.flatnonzero(buckets == bucket)
        batch = objective.batch(members, np.random.default_rng(0))
        assert len(batch["layers"]) == len(members)
    assert {"prompt" in batch for batch in batches(objective).values()} == {True, False}


@torch.no_grad()
def test_the_loss_is_the_main_path_plus_lambda_times_the_auxiliary_path(folder: Path, objective: LayeringObjective, model: Any) -> None:
    twice = LayeringObjective(job(folder, {"auxiliary": 2.0}))
    without = LayeringObjective(job(folder, {"auxiliary": 0.0}))
    for batch in batches(objective).values():
        found = loss(objective, model, batch)
        assert float(found["loss"]) == pytest.approx(float(found["main"] + found["auxiliary"]), rel=1e-5)
        assert float(loss(twice, model, batch)["loss"]) == pytest.approx(float(found["main"] + 2 * found["auxiliary"]), rel=1e-5)
        alone = loss(without, model, batch)
        assert "auxiliary" not in alone
        assert float(alone["loss"]) == pytest.approx(float(found["main"]), rel=1e-4)


@torch.no_grad()
def test_degraded_frames_change_nothing_on_the_main_path(objective: LayeringObjective, model: Any) -> None:
    for batch in batches(objective).values():
        found, other = loss(objective, model, batch), loss(objective, model, {**batch, "degraded": batch["degraded"] + 5})
        assert float(other["main"]) == pytest.approx(float(found["main"]), rel=1e-5)
        assert float(other["auxiliary"]) != pytest.approx(float(found["auxiliary"]), rel=1e-3)


@torch.no_grad()
def test_a_network_that_knows_the_answer_has_no_loss(objective: LayeringObjective) -> None:
    batch = next(iter(batches(objective).values()))
    first, clean = (
        torch.cat([batch[name] for name in names if name in batch], 1) for names in (("frame0", "layers"), ("prompt", "source"))
    )
    x0 = torch.cat([pack(first), pack(clean), pack(batch["layers"][:, 1:])], dim=1)

    def perfect(**given: Any) -> tuple[Tensor]:
        """Solves z = sigma start + (1 - sigma) x0 for start - x0."""
        return ((given["hidden_states"] - x0) / given["timestep"].view(-1, 1, 1),)

    found = loss(objective, perfect, batch)  # type: ignore[arg-type]
    assert float(found["loss"]) < 1e-8


def test_each_kind_of_frame_0_has_its_frame(folder: Path, objective: LayeringObjective) -> None:
    kinds = {
        kind: LayeringObjective(job(folder, {"frame0": kind.value}, data={"variants": 1}))
        for kind in Frame0
        if kind.value != "shadow_pixel"
    }
    frames = {kind: each.batch(np.array([0]), np.random.default_rng(0)) for kind, each in {**kinds, Frame0.SHADOW_PIXEL: objective}.items()}
    assert "frame0" not in frames[Frame0.NONE]
    assert torch.equal(frames[Frame0.SOURCE]["frame0"], frames[Frame0.SOURCE]["source"])
    assert not torch.allclose(frames[Frame0.SHADOW_PIXEL]["frame0"], frames[Frame0.SHADOW_LATENT]["frame0"])
    assert all(torch.equal(batch["layers"], frames[Frame0.NONE]["layers"]) for batch in frames.values())


def test_latents_are_encoded_once(objective: LayeringObjective) -> None:
    plans = objective._plans
    assert objective._store.fill(plans) == 0
    damaged = objective._store._latents.path(plans[0].key)
    damaged.write_bytes(b"x")
    assert objective._store.fill(plans) == 1


def test_texts_are_dropped_at_their_rate_and_padded_under_a_mask(folder: Path) -> None:
    always = LayeringObjective(job(folder, {"drop_text": 1.0}))
    batch = next(iter(batches(always).values()))
    assert torch.equal(batch["text"][0], always._store.no_text)
    mixed = _padded([torch.ones(2, 8), torch.ones(5, 8)])
    assert mixed["text"].shape == (2, 5, 8)
    assert mixed["text_mask"].sum(dim=1).tolist() == [2, 5]
    assert "text_mask" not in _padded([torch.ones(2, 8)])


def test_a_killed_run_goes_on_to_the_same_losses_and_its_checkpoint_takes_pictures_apart(folder: Path, tmp_path: Path) -> None:
    train(job(folder), tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for checkpoint in list_checkpoints(tmp_path / "cut")[1:]:
        shutil.rmtree(checkpoint)
    train(job(folder), tmp_path / "cut")
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
    assert (tmp_path / "whole" / "pictures" / "step_00000004" / "measured.png").is_file()
    record = publish(tmp_path / "whole", registry := Registry(tmp_path / "registry", shipped=None), licence="ours", who="test")
    loaded = load_model(registry.folder(record.id))
    assert loaded.card.prompted
    picture = np.full((32, 48, 3), 90, np.uint8)
    (answer,) = loaded.pipeline(LayeringRequest([picture], 2, "", sampling=Sampling(steps=1, guidance=1.0, resolution=39)))
    assert answer.layers.shape == (2, 4, 32, 48)
    assert answer.shadow is not None
    decomposed = engine_of(tmp_path / "whole").decompose(DecompositionRequest(picture, boxes=(BoundingBox(8, 8, 40, 24),), steps=1))
    assert decomposed.provenance.engine == "liwi"
    assert np.array_equal(decomposed.recompose(), picture)


def test_a_lora_trains_itself_alone_and_is_loaded_with_its_base(folder: Path, tmp_path: Path) -> None:
    base = write_published(tmp_path / "base")
    settings = {"start_from": str(base), "vae": "", "lora": 2}
    asked = layered_job(folder / "scenes", tmp_path / "cache", "layering", settings, data={"multiple": 32, "variants": 1})
    objective = LayeringObjective(asked)
    network = objective.build()
    learning = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
    assert learning
    assert all("lora" in name for name in learning)
    objective.export(network, tmp_path / "export", {})
    names = {path.name for path in (tmp_path / "export").iterdir()}
    assert names == {"layering.json", "lora.safetensors"}


def test_jobs_that_cannot_be_are_refused(folder: Path) -> None:
    for model, complaint in (
        ({"frame0": "mask"}, "model.frame0"),
        ({"lora": 4}, "model.lora"),
        ({"vae": ""}, "model.vae"),
        ({"head_dim": 20}, "multiple of 8"),
        ({"vae": str(folder / "nowhere")}, "there is no VAE"),
    ):
        with pytest.raises(JobError, match=complaint):
            LayeringObjective(job(folder, model))
