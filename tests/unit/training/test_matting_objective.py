"""The matting objective: batches follow from chance alone, and the loss is least at the truth."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from data_tools.manifests import DatasetError
from data_tools.matting.samples import SIDE
from tests.unit.training.tiny import tiny_job
from training.errors import JobError
from training.objectives import create_objective
from training.objectives.matting import MattingObjective, planes_of


class Answer(nn.Module):
    """A network that has its answer already."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, *_inputs: Tensor) -> Tensor:
        return self.logits


@pytest.fixture
def objective(samples: Path) -> MattingObjective:
    made = create_objective(tiny_job(samples))
    assert isinstance(made, MattingObjective)
    return made


def test_the_same_chance_gives_the_same_batch_and_another_gives_another(objective: MattingObjective) -> None:
    first, again, other = (objective.batch(np.array([0, 5]), np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(planes_of(first)["rgb"], planes_of(other)["rgb"])


def test_batches_are_what_the_network_takes(objective: MattingObjective) -> None:
    batch = planes_of(objective.batch(np.arange(objective.num_samples), np.random.default_rng(0)))
    count = objective.num_samples
    assert batch["rgb"].shape == (count, 3, SIDE, SIDE)
    assert all(batch[name].shape == (count, 1, SIDE, SIDE) for name in ("alpha", "support", "box", "prior", "marks"))
    assert all(float(batch[name].min()) >= 0 and float(batch[name].max()) <= 1 for name in ("rgb", "alpha", "support", "box", "prior"))
    assert set(batch["marks"].unique().tolist()) <= {0.0, 1.0, 2.0}
    assert float((batch["alpha"] * (1 - batch["support"])).max()) == 0
    without = batch["has_prior"].view(-1) == 0
    assert without.any()
    assert float(batch["prior"][without].abs().sum()) == 0


def test_pictures_truth_and_box_are_moved_together(objective: MattingObjective) -> None:
    batch = objective.batch(np.arange(8), np.random.default_rng(0))
    batch["pixels"][..., :3] = batch["pixels"][..., 3:4]  # the picture shows the truth
    batch["tables"] = torch.arange(256, dtype=torch.uint8).repeat(8, 3, 1)
    batch["turns"], batch["mirrored"] = torch.arange(8) % 4, torch.arange(8) >= 4
    moved = planes_of(batch)
    assert torch.equal(moved["rgb"], moved["alpha"].expand(-1, 3, -1, -1))
    assert float((moved["alpha"] * (1 - moved["support"])).max()) == 0
    for number in range(8):
        alone = batch["pixels"][number, :, :, 3].numpy()
        expected = np.rot90(alone[:, ::-1] if number >= 4 else alone, number % 4)
        assert np.array_equal(moved["alpha"][number, 0].numpy(), expected / np.float32(255))


def test_samples_with_a_prior_come_more_often(samples: Path) -> None:
    once, often = (create_objective(tiny_job(samples, data={"repeat_prior": times})).num_samples for times in (1, 5))
    assert once == 16
    assert often > once
    assert (often - once) % 4 == 0


def test_the_loss_is_least_at_the_truth(objective: MattingObjective) -> None:
    batch = objective.batch(np.array([0, 1]), np.random.default_rng(0))
    right = torch.logit(planes_of(batch)["alpha"].clamp(0.001, 0.999))
    losses = [float(objective.loss(Answer(logits), batch)["loss"].detach()) for logits in (right, right * 0.3, -right)]
    assert losses == sorted(losses)
    assert losses[0] < 0.1


def test_a_network_that_corrects_nothing_measures_as_the_prior(objective: MattingObjective) -> None:
    model = objective.build().eval()
    metrics = objective.evaluate(model)
    assert metrics["alpha_iou"] == pytest.approx(metrics["prior_alpha_iou"], abs=0.12)
    assert metrics["mask_iou"] == pytest.approx(metrics["prior_alpha_iou"], abs=1e-3)
    assert 0 < metrics["blind_iou"] < 1


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"model": {"width": [32]}}, "model.width"),
        ({"model": {"widths": [32, 64]}}, "model"),
        ({"model": {"widths": [33], "blocks": [1], "attentions": [0]}}, "model"),
        ({"model": {"widths": 32}}, "model.widths"),
        ({"model": {"widths": [32] * 7, "blocks": [1] * 7, "attentions": [0] * 7}}, "model.widths"),
        ({"data": {"forget_prior": 2.0}}, "data.forget_prior"),
        ({"data": {"forget_prior": "often"}}, "data.forget_prior"),
        ({"data": {"repeat_prior": 0}}, "data.repeat_prior"),
    ],
)
def test_what_it_does_not_understand_is_refused_by_name(samples: Path, tables: dict[str, dict[str, object]], key: str) -> None:
    with pytest.raises(JobError, match=key.replace(".", r"\.")):
        create_objective(tiny_job(samples, **tables))


def test_an_unknown_objective_lists_the_known_ones(samples: Path) -> None:
    from dataclasses import replace

    with pytest.raises(JobError, match=r"known: .*matting"):
        create_objective(replace(tiny_job(samples), objective="poetry"))


def test_a_folder_without_samples_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="python -m data_tools matting"):
        create_objective(tiny_job(tmp_path))


def test_its_pictures_show_what_goes_in_and_what_comes_out(objective: MattingObjective) -> None:
    """From left to right picture, prior, answer and truth: an untrained network answers with the prior."""
    shown = objective.pictures(objective.build().eval())["held_out"]
    _picture, prior, answer, truth = np.split(shown, 4, axis=1)
    assert (shown.dtype, shown.shape) == (np.uint8, (6 * SIDE, 4 * SIDE, 3))
    assert (np.abs(prior.astype(int) - answer) < 8).mean() > 0.95
    assert (np.abs(truth.astype(int) - answer) < 128).mean() > 0.8
