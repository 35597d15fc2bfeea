"""The RGBA VAE objective: it learns, and exports a VAE whose latents are normalised."""

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKLQwenImage

from liwi.layering.latents import LatentCodec
from tests.unit.training.layered import layered_job, make_scenes
from training.errors import JobError
from training.job import Job
from training.objectives.rgba_vae import RgbaVaeObjective

MODEL = {"base_dim": 8, "dim_mult": [1, 2, 2], "z_dim": 4}


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    folder = tmp_path_factory.mktemp("vae")
    return layered_job(make_scenes(folder / "scenes", 2), folder / "cache", "rgba_vae", MODEL, data={"variants": 2})


def test_its_loss_falls_and_its_export_is_normalised(job: Job, tmp_path: Path) -> None:
    objective = RgbaVaeObjective(job)
    torch.manual_seed(0)
    model, rng = objective.build(), np.random.default_rng(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(40):
        found = objective.loss(model, objective.batch(np.array([0, 0, 0]), rng))
        optimizer.zero_grad()
        found["loss"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(found["loss"].detach()))
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])
    metrics = objective.evaluate(model.eval())
    assert set(metrics) == {"alpha_iou", "rgb_l1", "shadow_l1"}
    assert 0 <= metrics["alpha_iou"] <= 1
    objective.export(model, tmp_path, {})
    codec = LatentCodec(AutoencoderKLQwenImage.from_pretrained(tmp_path / "vae"))
    assert codec.factor == 4
    latents = torch.cat([codec.encode(objective._make(plan)).transpose(0, 1).flatten(1) for plan in objective._plans], 1).detach()
    torch.testing.assert_close(latents.mean(dim=1), torch.zeros(4), atol=0.05, rtol=0)
    torch.testing.assert_close(latents.std(dim=1), torch.ones(4), atol=0.1, rtol=0)
    shown = objective.pictures(model)["held_out"]
    assert shown.dtype == np.uint8
    assert shown.shape[2] == 3


def test_sizes_that_cannot_be_are_refused(job: Job) -> None:
    for model in ({"dim_mult": [1]}, {"base_dim": 2}):
        with pytest.raises(JobError, match="model"):
            RgbaVaeObjective(layered_job(Path(job.dataset), Path("x"), "rgba_vae", {**MODEL, **model}))
