"""The part diffusion objective: stage 2 begins as stage 1 ends, what is exported is what was measured, and a killed run goes on."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from liwi.seethrough.part_pipeline import PartOptions
from liwi.seethrough.published_folders import load_part_pipeline
from liwi.seethrough.published_settings import PART_SCHEDULER, ZERO_SNR_SCHEDULER
from liwi.seethrough.serving import load_parts
from tests.unit.training.drawn_characters import UNET, character_job, make_characters, make_networks
from tests.unit.training.test_loop import numbers
from training.checkpoints import list_checkpoints
from training.errors import JobError
from training.job import Job
from training.loop import train
from training.objectives.part_diffusion import PartDiffusionObjective
from training.objectives.part_networks import has_part_blocks

Batch = dict[str, Tensor]


def stage_1(folder: Path, version: str = "v2", **model: Any) -> Job:
    settings = {"networks": str(folder / "networks"), **UNET, "transformer_layers": [1, 1], **model}
    return character_job(folder, "part_diffusion", settings, data={"version": version})


def stage_2(folder: Path, version: str = "v2", **model: Any) -> Job:
    settings = {"stage": 2, "start_from": str(folder / version / "export" / "part_diffusion"), **model}
    return character_job(folder, "part_diffusion", settings, data={"version": version})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Characters, untrained networks, and a run of stage 1 for each version."""
    folder = tmp_path_factory.mktemp("part_diffusion")
    make_characters(folder / "characters")
    make_networks(folder / "networks")
    for version in ("v2", "v3"):
        train(stage_1(folder, version), folder / version)
    return folder


def batch_of(objective: PartDiffusionObjective, group: int = 0) -> Batch:
    members = np.flatnonzero(objective.buckets == group)[:2]
    return objective.batch(members, np.random.default_rng(0))


def loss_of(objective: PartDiffusionObjective, model: Any, batch: Batch) -> float:
    torch.manual_seed(3)
    return float(objective.loss(model, batch)["loss"])


@torch.no_grad()
@pytest.mark.parametrize("version", ["v2", "v3"])
def test_stage_2_begins_exactly_where_stage_1_ended(folder: Path, version: str) -> None:
    joint, alone = (PartDiffusionObjective(stage_2(folder, version, part_attention=each)) for each in (True, False))
    torch.manual_seed(0)
    wide, narrow = joint.build().eval(), alone.build().eval()
    assert has_part_blocks(wide) and not has_part_blocks(narrow)  # type: ignore[arg-type]
    assert wide.config["group_embedding"] == (version == "v3")  # type: ignore[index]
    for group in np.unique(joint.buckets):
        batch = batch_of(joint, int(group))
        assert batch["mean"].shape[1] == {"v2": (19,), "v3": (13, 11)}[version][int(group)]
        assert loss_of(joint, wide, batch) == loss_of(alone, narrow, batch)
    torch.nn.init.normal_(dict(wide.named_parameters())["mid_block.attentions.0.temporal_transformer_blocks.0.ff.net.2.weight"])
    assert loss_of(joint, wide, batch) != loss_of(alone, narrow, batch)


@torch.no_grad()
def test_a_network_that_knows_the_noise_has_no_loss_and_little_noise_counts_less(folder: Path) -> None:
    objective, plain = (PartDiffusionObjective(stage_2(folder, gamma=gamma)) for gamma in (1e-3, 0.0))
    batch = batch_of(objective)
    batch["deviation"].zero_()
    clean = batch["mean"].float() * objective._vae.config["scaling_factor"]
    left = objective._noise._left

    def perfect(sample: Tensor, times: Tensor, *_: Any, **__: Any) -> Tensor:
        share = left[times].view(-1, 1, 1, 1, 1)
        return (sample[:, :, :4] - share.sqrt() * clean) / (1 - share).sqrt()

    assert loss_of(objective, perfect, batch) < 1e-6

    def nothing(sample: Tensor, *_: Any, **__: Any) -> Tensor:
        return torch.zeros_like(sample[:, :, :4])

    assert loss_of(objective, nothing, batch) < loss_of(plain, nothing, batch)
    paper, lifted = (PartDiffusionObjective(stage_2(folder, gamma=5.0, least_snr=least)) for least in (0.0, 5.0))
    assert loss_of(lifted, nothing, batch) > loss_of(paper, nothing, batch)
    with pytest.raises(JobError, match=r"not be above 'model\.gamma'"):
        PartDiffusionObjective(stage_2(folder, gamma=1.0, least_snr=2.0))


@torch.no_grad()
def test_the_network_is_given_what_the_pipeline_gives_it(folder: Path) -> None:
    objective = PartDiffusionObjective(stage_2(folder))
    pipeline = load_part_pipeline(folder / "v2" / "export" / "part_diffusion")
    given: list[dict[str, Any]] = []

    def looking(sample: Tensor, _: Tensor, tokens: Tensor, **rest: Any) -> Tensor:
        given.append(
            {"shape": sample.shape[1:], "tokens": tokens[:19], **{name: value[:19] for name, value in rest["added_cond_kwargs"].items()}}
        )
        return torch.zeros_like(sample[:, :, :4])

    objective.loss(looking, batch_of(objective))  # type: ignore[arg-type]
    pipeline.unet.forward = looking  # type: ignore[assignment, method-assign]
    pipeline.separate(objective._views.character("character0").figure, PartOptions(steps=1, resolution=32))
    for name, value in given[0].items():
        assert value == given[1][name] if name == "shape" else torch.equal(value, given[1][name].to(value.dtype)), name


def test_its_loss_falls_over_some_steps(folder: Path) -> None:
    objective = PartDiffusionObjective(stage_2(folder))
    torch.manual_seed(0)
    model, rng = objective.build(), np.random.default_rng(0)
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=3e-3), []
    for _ in range(12):
        found = objective.loss(model, objective.batch(np.array([0, 1]), rng))
        optimizer.zero_grad()
        found["loss"].backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(found["plain"]))
    assert np.mean(losses[-4:]) < 0.9 * np.mean(losses[:4])


def test_the_schedule_of_a_network_goes_with_it_to_stage_2_and_into_the_checkpoint(folder: Path, tmp_path: Path) -> None:
    train(stage_1(folder, noise_schedule="zero_snr", least_snr=1.0, last_time=0.5), tmp_path / "run")
    exported = tmp_path / "run" / "export" / "part_diffusion"
    for schedule in ("published", "zero_snr"):  # of a network from scratch: this one has its own
        later = PartDiffusionObjective(stage_2(folder, start_from=str(exported), noise_schedule=schedule, least_snr=1.0))
        assert later._scheduler == ZERO_SNR_SCHEDULER
    PartDiffusionObjective.make_checkpoint(tmp_path / "run" / "export", tmp_path / "checkpoint")
    served = load_parts(tmp_path / "checkpoint").model().pipeline
    pipeline = load_part_pipeline(exported)
    assert served.scheduler == pipeline.scheduler == ZERO_SNR_SCHEDULER
    options, page = PartOptions(steps=2, resolution=32), later._views.character("character0").figure
    answers = [each.separate(page, options).layers["face"] for each in (pipeline, served)]
    assert int(np.abs(answers[0].astype(int) - answers[1]).max()) <= 1
    served.scheduler = PART_SCHEDULER
    assert not np.array_equal(served.separate(page, options).layers["face"], answers[1])


def test_stage_1_draws_its_parts_from_all_classes_or_from_those_that_are_there(folder: Path) -> None:
    rng = np.random.default_rng(0)
    every, own = (PartDiffusionObjective(stage_1(folder, present=share)) for share in (0.0, 1.0))
    classes = [{int(each.batch(np.array([0]), rng)["classes"]) for _ in range(40)} for each in (every, own)]
    assert len(classes[0]) > 10
    assert {every._classes.tags[number] for number in classes[1]} == {"hair", "face", "eyes", "topwear"}


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_a_killed_run_goes_on_to_the_same_losses_and_its_export_answers_as_measured(folder: Path, tmp_path: Path, version: str) -> None:
    job = stage_2(folder, version)
    train(job, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for checkpoint in list_checkpoints(tmp_path / "cut")[1:]:
        shutil.rmtree(checkpoint)
    train(job, tmp_path / "cut")
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
    exported = tmp_path / "whole" / "export" / "part_diffusion"
    pipeline, objective = load_part_pipeline(exported), PartDiffusionObjective(job)
    assert pipeline.tags and (exported / "sampling.json").is_file()
    (result,) = objective.measure(pipeline.unet).results
    options = PartOptions(steps=2, resolution=32, shared_noise=False)
    again = pipeline.separate(result.page, options).layers
    assert again.keys() == result.found.keys()
    assert max(int(np.abs(again[tag].astype(int) - result.found[tag]).max()) for tag in again) <= 1  # as tensors lie in memory
    assert (tmp_path / "whole" / "pictures" / "step_00000004" / "measured.png").is_file()
    PartDiffusionObjective.make_checkpoint(tmp_path / "whole" / "export", tmp_path / "checkpoint")
    served = load_parts(tmp_path / "checkpoint")
    assert (served.card.resolution, served.card.steps, served.card.shared_noise) == (32, 2, False)
    answers = served.model().pipeline.separate(result.page, options).layers
    assert max(int(np.abs(answers[tag].astype(int) - again[tag]).max()) for tag in again) <= 1


def test_latents_are_encoded_once(folder: Path) -> None:
    objective = PartDiffusionObjective(stage_1(folder))
    assert objective._latents.fill(objective._plans) == 0
    entry = objective._latents.read(objective._plans[0])
    assert {name.partition(".")[0] for name in entry} == {"page", "figure", "hair", "face", "eyes", "topwear"}


def test_jobs_that_cannot_be_are_refused(folder: Path) -> None:
    joint = {"stage": 1, "start_from": str(folder / "joint")}
    made = PartDiffusionObjective(stage_2(folder))
    made.export(made.build(), folder / "made", {})
    shutil.move(folder / "made" / "part_diffusion", folder / "joint")
    for model, complaint in (
        ({"networks": ""}, "model.networks"),
        ({"noise_schedule": "zero_snr"}, "model.least_snr"),
        ({"networks": "nowhere"}, "model.networks"),
        ({"start_from": "nowhere"}, "model.start_from"),
        ({"heads": [1]}, "model.heads"),
        ({"widths": [8] * 6, "heads": [1] * 6, "transformer_layers": [1] * 6}, "data.resolution"),
        (joint, "model.stage"),
    ):
        with pytest.raises(JobError, match=complaint):
            PartDiffusionObjective(stage_1(folder, **model)).build()
