"""The pseudo-depth objective: what it learns is the true depth, stage 2 begins as stage 1 ends, and its export estimates depth."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from liwi.registry import Registry
from liwi.seethrough.depth_pipeline import DepthOptions
from liwi.seethrough.published_folders import load_depth_pipeline
from liwi.seethrough.serving import load_depth
from tests.unit.training.drawn_characters import UNET, character_job, draw_character, make_characters, make_networks
from tests.unit.training.test_loop import numbers
from training.checkpoints import list_checkpoints
from training.errors import JobError
from training.job import Job
from training.loop import train
from training.objectives.depth_measuring import compare_depth
from training.objectives.depth_views import depth_view, layers_of, near_maps, page_of
from training.objectives.part_networks import has_part_blocks
from training.objectives.pseudo_depth import PseudoDepthObjective
from training.publishing import publish


def stage_1(folder: Path, **model: Any) -> Job:
    return character_job(folder, "pseudo_depth", {"networks": str(folder / "networks"), **UNET, **model})


def stage_2(folder: Path, **model: Any) -> Job:
    start = {"stage": 2, "start_from": str(folder / "run" / "export" / "pseudo_depth")}
    return character_job(folder, "pseudo_depth", {**start, **model})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Characters, an untrained VAE, and a run of stage 1."""
    folder = tmp_path_factory.mktemp("pseudo_depth")
    make_characters(folder / "characters")
    make_networks(folder / "networks")
    train(stage_1(folder), folder / "run")
    return folder


def test_the_depth_of_a_view_is_that_of_the_parts_and_goes_on_beside_them() -> None:
    sample = draw_character("anna", 3)
    view = depth_view(sample, 32, "order", mirrored=False)
    near = near_maps(sample, "order")
    assert len(view.frames) == len(view.depths) == 20
    assert sum(frame is not None for frame in view.frames) == 5  # hair, face, eyes, topwear, and the page
    for place, tag in ((0, "hair"), (2, "face"), (3, "eyes"), (11, "topwear")):
        depth, known = view.depths[place], ~np.isnan(near[tag])
        assert depth is not None
        np.testing.assert_allclose(depth[known], 1 - near[tag][known], atol=1e-5)
        assert 1 - near[tag][known].max() - 1e-4 <= depth.min() and depth.max() <= 1 - near[tag][known].min() + 1e-4
    page = view.depths[19]
    assert page is not None
    assert page[8, 16] == pytest.approx(0, abs=1e-4)  # the fringe, nearest of all, hides the hair behind it
    turned = depth_view(sample, 32, "order", mirrored=True).depths[19]
    assert turned is not None and np.array_equal(turned[:, ::-1], page)


def test_true_depth_has_no_error_and_reversed_depth_the_wrong_order() -> None:
    near = near_maps(draw_character("anna", 3), "order")
    filled = {tag: np.nan_to_num(values) for tag, values in near.items()}
    assert compare_depth(filled, near) == {"abs_rel": 0.0, "delta_1": 1.0, "order": 1.0}
    wrong = compare_depth({tag: 1 - values for tag, values in filled.items()}, near)
    assert wrong["order"] == 0 and wrong["abs_rel"] > 0.5 > wrong["delta_1"]


@torch.no_grad()
def test_stage_2_begins_exactly_where_stage_1_ended(folder: Path) -> None:
    joint, alone = (PseudoDepthObjective(stage_2(folder, part_attention=each)) for each in (True, False))
    wide, narrow = joint.build().eval(), alone.build().eval()
    assert has_part_blocks(wide) and not has_part_blocks(narrow)  # type: ignore[arg-type]
    batch = joint.batch(np.array([0, 1]), np.random.default_rng(0))
    assert batch["depth"].shape[:3] == (2, 20, 4)
    losses = []
    for objective, model in ((joint, wide), (alone, narrow)):
        torch.manual_seed(3)
        losses.append(float(objective.loss(model, batch)["loss"]))
    assert losses[0] == losses[1]


@torch.no_grad()
def test_a_network_that_knows_the_velocity_has_no_loss_and_sees_page_part_and_noise_in_this_order(folder: Path) -> None:
    objective = PseudoDepthObjective(stage_2(folder))
    batch = objective.batch(np.array([0, 1]), np.random.default_rng(0))
    left = objective._noise._left

    def perfect(sample: Tensor, times: Tensor, tokens: Tensor) -> Tensor:
        assert torch.equal(sample[:, :, :4], batch["page"][:, None].expand_as(batch["part"]))
        assert torch.equal(sample[:, :, 4:8], batch["part"])
        assert tokens.shape[0] == 40
        share = left[times].view(-1, 1, 1, 1, 1)
        noise = (sample[:, :, 8:] - share.sqrt() * batch["depth"]) / (1 - share).sqrt()
        return share.sqrt() * noise - (1 - share).sqrt() * batch["depth"]

    assert float(objective.loss(perfect, batch)["loss"]) < 1e-6  # type: ignore[arg-type]


def test_a_killed_run_goes_on_to_the_same_losses_and_its_export_estimates_depth(folder: Path, tmp_path: Path) -> None:
    job = stage_2(folder)
    train(job, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for checkpoint in list_checkpoints(tmp_path / "cut")[1:]:
        shutil.rmtree(checkpoint)
    train(job, tmp_path / "cut")
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
    pipeline = load_depth_pipeline(tmp_path / "whole" / "export" / "pseudo_depth")
    sample = draw_character("anna", 3)
    found = pipeline.estimate(layers_of(sample), page_of(sample), DepthOptions(steps=2, resolution=32))
    assert set(found) == {"hair", "face", "eyes", "topwear"}
    record = publish(tmp_path / "whole", registry := Registry(tmp_path / "registry", shipped=None), licence="ours", who="test")
    served = load_depth(registry.folder(record.id)).model().pipeline
    again = served.estimate(layers_of(sample), page_of(sample), DepthOptions(steps=2, resolution=32))
    assert max(float(np.abs(again[tag] - found[tag]).max()) for tag in found) < 1e-4  # as tensors lie in memory
    assert (tmp_path / "whole" / "pictures" / "step_00000004" / "measured.png").is_file()


def test_jobs_that_cannot_be_are_refused(folder: Path) -> None:
    for model, complaint in (
        ({"networks": ""}, "model.networks"),
        ({"networks": "nowhere"}, "model.networks"),
        ({"start_from": "nowhere"}, "model.start_from"),
        ({"widths": [8] * 6, "heads": [1] * 6}, "data.resolution"),
    ):
        with pytest.raises(JobError, match=complaint):
            PseudoDepthObjective(stage_1(folder, **model)).build()
