"""The part segmentation objective: its losses are least at the truth, chance is repeatable, and it trains both networks."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from typer.testing import CliRunner

from data_tools.character_dataset import Split
from data_tools.manifests import DatasetError
from data_tools.parts.dataset import NOTHING, UNKNOWN, finish, write_shard
from liwi.experts.part_checkpoint import load, smoke
from liwi.experts.weights import WeightsError
from liwi.seethrough.body_parts import CoarseBodyPart
from tests.unit.data_tools.parts.figures import SIDE, draw_figure, write_figures
from training.__main__ import app
from training.checkpoints import list_checkpoints
from training.errors import JobError
from training.job import Job, encode_job, parse_job
from training.loop import train
from training.objectives import create_objective
from training.objectives.part_augmentation import Augmentation, augment, draw, plain
from training.objectives.part_segmentation import PartSegmentationObjective
from training.part_measuring import measure_folder
from training.run_folder import read_log

ROOT = Path(__file__).parents[3]

COMPACT = {"kind": "compact", "widths": [32, 64], "blocks": [1, 1], "attentions": [0, 1], "details": 8, "side": SIDE}
SAM = {
    **{"kind": "sam_hq", "side": SIDE, "patch": 8, "width": 32, "depth": 2, "heads": 2, "mlp_ratio": 2, "window": 4},
    **{"global_blocks": [1], "decoder_width": 32, "decoder_heads": 2, "decoder_hidden": 32},
}
STILL = {"zoom": 0.0, "shift": 0.0, "turn": 0.0, "color": 0.0, "blur": 0.0, "behind": 0.0}


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_figures(tmp_path_factory.mktemp("parts"))


def job(figures: Path, **tables: dict[str, Any]) -> Job:
    document: dict[str, Any] = {
        "model": COMPACT,
        "data": {"entropy": 10.0, "exclusive": 1.0},
        "schedule": {"steps": 6, "batch_size": 2, "warm_up": 2, "device": "cpu", "threads": 1, "precision": "no"},
        "optimizer": {},
        "evaluate": {"every": 3},
        "checkpoints": {"every": 2},
    }
    merged = {
        name: tables[name] if name == "model" and name in tables else {**values, **tables.get(name, {})}
        for name, values in document.items()
    }
    return parse_job({"objective": "part_segmentation", "dataset": str(figures), **merged})


def objective_of(wanted: Job) -> PartSegmentationObjective:
    made = create_objective(wanted)
    assert isinstance(made, PartSegmentationObjective)
    return made


class Answer(nn.Module):
    """A network that has its answer already."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, *_inputs: Tensor) -> Tensor:
        return self.logits


def truth(labels: Tensor) -> Tensor:
    """Log-odds that say exactly what the labels say."""
    return ((labels[:, None] == torch.arange(19).view(1, -1, 1, 1)).float() * 2 - 1) * 20


@pytest.mark.parametrize("points", [0, 500])
def test_the_loss_is_least_at_the_truth(figures: Path, points: int) -> None:
    objective = objective_of(job(figures, data={**STILL, "points": points}))
    batch = objective.batch(np.array([0, 1]), np.random.default_rng(0))
    right = truth(batch["labels"])
    torch.manual_seed(0)
    losses = [float(objective.loss(Answer(logits), batch)["loss"].detach()) for logits in (right, right * 0.3, right * 0, -right)]
    assert losses == sorted(losses)
    assert losses[0] < 0.1


@pytest.mark.parametrize("points", [0, 500])
def test_what_nobody_labelled_is_not_learned_from(figures: Path, points: int) -> None:
    objective = objective_of(job(figures, data={**STILL, "points": points}))
    batch = objective.batch(np.array([0]), np.random.default_rng(0))
    right = truth(batch["labels"])
    batch["labels"][:, :, SIDE // 2 :] = UNKNOWN
    half_wrong = right.clone()
    half_wrong[..., SIDE // 2 + 1 :] *= -1
    torch.manual_seed(0)
    first = float(objective.loss(Answer(right), batch)["loss"].detach())
    torch.manual_seed(0)
    assert float(objective.loss(Answer(half_wrong), batch)["loss"].detach()) == pytest.approx(first, abs=0.02)


def relabelled(folder: Path, train: int, validation: int) -> Path:
    """Figures that are all one label on each side of the split."""
    labels = {Split.TRAIN: train, Split.VALIDATION: validation}
    pictures = [draw_figure(seed, split) for seed, split in enumerate([Split.TRAIN] * 4 + [Split.VALIDATION] * 2)]
    said = [replace(each, labels=np.full_like(each.labels, labels[each.split])) for each in pictures]
    folder.mkdir()
    finish(folder, [write_shard(folder, 0, said)], SIDE, {})
    return folder


def test_a_set_that_nobody_has_labelled_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"Nobody has labelled anything .* for 'validation'\. Label some"):
        objective_of(job(relabelled(tmp_path / "set", 3, UNKNOWN)))


def test_classes_that_nobody_has_labelled_stand_in_the_log_from_the_start(tmp_path: Path) -> None:
    wanted = job(relabelled(tmp_path / "set", 3, 4), schedule={"steps": 1, "warm_up": 0}, evaluate={"every": 1})
    train(wanted, tmp_path / "run")
    remarks = [line for line in read_log(tmp_path / "run") if line["event"] == "remark"]
    assert [line["step"] for line in remarks] == [0, 0]
    names = [str(part) for part in CoarseBodyPart]
    assert remarks[0]["reason"] == f"Cannot be learned, since nobody has labelled it: {', '.join(names[:3] + names[4:])}."
    assert remarks[1]["reason"] == f"Cannot be measured, since nobody has labelled it: {', '.join(names[:4] + names[5:])}."


def test_points_are_mostly_where_the_network_is_unsure() -> None:
    from training.objectives.part_segmentation import _at_points

    torch.manual_seed(0)
    logits = torch.full((1, 19, 64, 64), 9.0)
    logits[..., :8] = 0.1  # an eighth of the picture
    found, _, known = _at_points(logits, torch.zeros(1, 64, 64, dtype=torch.long), 400)
    assert found.shape == known.shape == (1, 19, 400)
    assert float((found < 5).float().mean()) > 0.3


def test_the_same_chance_gives_the_same_pictures_and_another_gives_others(figures: Path) -> None:
    objective = objective_of(job(figures))
    seen = []
    for seed in (1, 1, 2):
        batch = objective.batch(np.array([0, 5]), np.random.default_rng(seed))
        torch.manual_seed(seed)
        seen.append(augment(batch["rgba"], batch["labels"], batch))
    assert all(torch.equal(first, again) for first, again in zip(seen[0], seen[1], strict=True))
    assert not torch.equal(seen[0][0], seen[2][0])


def test_pictures_stay_pictures_and_labels_stay_with_what_they_label(figures: Path) -> None:
    objective = objective_of(job(figures, data={"color": 0.0, "blur": 0.0, "behind": 0.0, "zoom": 0.8, "turn": 40.0}))
    indices = np.arange(12)
    plain_batch = objective_of(job(figures, data=STILL)).batch(indices, np.random.default_rng(0))
    before = augment(plain_batch["rgba"], plain_batch["labels"], plain_batch)
    batch = objective.batch(indices, np.random.default_rng(0))
    rgb, alpha, labels = augment(batch["rgba"], batch["labels"], batch)
    assert rgb.shape == (12, 3, SIDE, SIDE)
    assert float(rgb.min()) >= 0
    assert float(rgb.max()) <= 1
    assert set(labels.unique().tolist()) <= {*before[2].unique().tolist()}
    for number in range(12):  # each part's mean colour is what it was, wherever it went
        for part in set(labels[number].unique().tolist()) & set(before[2][number].unique().tolist()) - {NOTHING}:
            inner = (labels[number] == part) & (alpha[number, 0] > 0.99)
            if int(inner.sum()) > 60:
                was = before[0][number][:, before[2][number] == part].mean(dim=1)
                assert torch.allclose(rgb[number][:, inner].mean(dim=1), was, atol=0.12)


def test_backgrounds_lie_behind_the_figure_and_sometimes_hide_its_alpha() -> None:
    rgba = torch.zeros(64, 4, 16, 16, dtype=torch.uint8)
    rgba[:, :, 4:12, 4:12] = torch.tensor([200, 100, 50, 255], dtype=torch.uint8).view(1, 4, 1, 1)
    labels = torch.full((64, 16, 16), NOTHING, dtype=torch.uint8)
    chance = draw(64, Augmentation(0, 0, 0, 0, 0, behind=1.0), np.random.default_rng(0))
    rgb, alpha, _ = augment(rgba, labels, chance)
    assert torch.allclose(rgb[:, 0, 8, 8], torch.tensor(200 / 255), atol=1e-3)
    assert float(rgb[:, 0, 0, 0].std()) > 0.2
    covered = alpha[:, 0, 0, 0] == 1
    assert 0.2 < float(covered.float().mean()) < 0.8
    grey, told, _ = augment(rgba, labels, plain(64))
    assert torch.allclose(grey[:, :, 0, 0], torch.tensor(0.5))
    assert not told[:, 0, 0, 0].any()


def test_measuring_the_truth_gives_one_and_names_the_classes(figures: Path) -> None:
    objective = objective_of(job(figures))
    held_out = objective._held_out.read(range(4))[1]
    perfect = Answer(truth(torch.from_numpy(held_out)))
    metrics = objective.evaluate(perfect)
    assert metrics["mean_iou"] == 1.0 == metrics["figure_iou"] == metrics["bust_iou"]
    assert {name for name in metrics if name.startswith("iou_")} == {"iou_hair", "iou_face", "iou_topwear", "iou_legwear"}
    spoilt = truth(torch.from_numpy(held_out))
    spoilt[:, 2] = 99  # everything is a face
    assert objective.evaluate(Answer(spoilt))["iou_hair"] == 0


def test_it_shows_pictures_beside_answer_and_truth(figures: Path) -> None:
    objective = objective_of(job(figures))
    held_out = torch.from_numpy(objective._held_out.read(range(4))[1])
    picture = objective.pictures(Answer(truth(held_out)))["held_out"]
    assert picture.shape == (4 * SIDE, 3 * SIDE, 3)
    assert picture.dtype == np.uint8
    shown, answer, wanted = (picture[:, SIDE * place : SIDE * (place + 1)] for place in range(3))
    assert np.array_equal(answer, wanted)
    assert len(np.unique(wanted.reshape(-1, 3), axis=0)) == 5  # four classes and nothing
    assert (shown[wanted.max(axis=2) == 0].astype(int) - 128).max() <= 1


def test_the_weights_learn_and_serve(figures: Path, tmp_path: Path) -> None:
    wanted = job(
        figures,
        schedule={"steps": 40, "batch_size": 4},
        optimizer={"learning_rate": 6e-3, "average": 0.9},
        evaluate={"every": 20},
        data={**STILL, "zoom": 0.1},
    )
    assert train(wanted, tmp_path / "run").finished
    lines = read_log(tmp_path / "run")
    losses = [line["loss"] for line in lines if line["event"] == "step"]
    measured = [line["mean_iou"] for line in lines if line["event"] == "evaluation"]
    assert sum(losses[-5:]) < 0.6 * sum(losses[:5])
    assert measured[-1] > measured[0]
    assert max(measured) > 0.4
    smoke(load(tmp_path / "run/export"))

    benchmark, report = write_figures(tmp_path / "others", train=2, validation=1, first=50), tmp_path / "report"
    asked = ["measure", str(tmp_path / "run"), "--benchmark", str(benchmark), "--out", str(report)]
    told = CliRunner().invoke(app, asked)
    assert told.exit_code == 0, told.output
    overall = json.loads((report / "report.json").read_text())["overall"]
    assert overall["mean_iou"] > 0.2  # fitted to the square, they are larger than what it learned
    assert f"iou_hair {overall['iou_hair']:.4f}" in " ".join(told.output.split())
    assert measure_folder(tmp_path / "run/export", benchmark) == overall  # as none of these characters was trained with


def test_only_characters_that_were_not_trained_with_are_measured_on(figures: Path, tmp_path: Path) -> None:
    train(job(figures, schedule={"steps": 2, "warm_up": 1}, evaluate={"every": 2}), tmp_path / "run")
    with pytest.raises(DatasetError, match="not trained with"):
        measure_folder(tmp_path / "run", write_figures(tmp_path / "same", test=0))
    assert measure_folder(tmp_path / "run", figures)["mean_iou"] >= 0  # the two of the split "test"
    with pytest.raises(WeightsError):
        measure_folder(tmp_path, figures)


def test_gone_on_with_where_nothing_else_is_installed_it_comes_to_the_same_losses(figures: Path, tmp_path: Path) -> None:
    def numbers(folder: Path) -> list[Any]:
        return [(line["event"], line["step"], line.get("loss"), line.get("mean_iou")) for line in read_log(folder)]

    run, wanted = tmp_path / "run", job(figures, checkpoints={"keep_last": 9})
    train(wanted, run)
    before = numbers(run)
    for folder in list_checkpoints(run):
        if folder.name > "step_00000002":  # as a kill after the second step leaves it
            shutil.rmtree(folder)
    (tmp_path / "job.toml").write_text(encode_job(wanted))
    command = [sys.executable, "-c", WITHOUT, "run", str(tmp_path / "job.toml"), "--out", str(run)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    assert numbers(run) == before


WITHOUT = """
import runpy, sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"sqlalchemy", "gradio", "live2d", "pymatting", "diffusers", "skia", "numba", "alembic", "psd_tools"}:
            raise ImportError(f"{name} is not on this machine")
sys.meta_path.insert(0, Absent())
runpy.run_module("training", run_name="__main__")
"""
"""A machine that only trains: what draws, serves and labels characters is not installed."""


@pytest.mark.parametrize("variant", ["mlp", "token"])
def test_the_papers_network_learns_by_the_same_objective(figures: Path, tmp_path: Path, variant: str) -> None:
    wanted = job(
        figures,
        model={**SAM, "variant": variant},
        data={"points": 200, "decoded": False},
        schedule={"steps": 8},
        optimizer={"learning_rate": 2e-3},
    )
    train(wanted, tmp_path / "run")
    losses = [line["loss"] for line in read_log(tmp_path / "run") if line["event"] == "step"]
    assert losses[-1] < losses[0]
    smoke(load(tmp_path / "run/export"))


def test_the_papers_network_starts_from_given_weights_and_its_encoder_can_rest(figures: Path, tmp_path: Path) -> None:
    first = objective_of(job(figures, model=SAM)).build()
    torch.save(first.state_dict(), tmp_path / "own.pt")
    again = objective_of(job(figures, model={**SAM, "start_from": str(tmp_path / "own.pt")}, data={"train_encoder": False})).build()
    assert all(torch.equal(first.state_dict()[name], tensor) for name, tensor in again.state_dict().items())
    learning = {name.partition(".")[0] for name, parameter in again.named_parameters() if parameter.requires_grad}
    assert learning == {"mask_adapter"}


def test_training_goes_on_from_a_checkpoint_of_the_same_network(figures: Path, tmp_path: Path) -> None:
    objective = objective_of(job(figures))
    torch.manual_seed(7)
    network = objective.build()
    objective.export(network, tmp_path, {})
    start = {**COMPACT, "start_from": str(tmp_path)}
    again = objective_of(job(figures, model=start)).build()
    assert all(torch.equal(network.state_dict()[name].half(), tensor.half()) for name, tensor in again.state_dict().items())
    with pytest.raises(JobError, match="of another network"):
        create_objective(job(figures, model={**start, "details": COMPACT["details"] * 2}))


@pytest.mark.parametrize(
    ("tables", "key"),
    [
        ({"model": {**COMPACT, "kind": "large"}}, "model.kind"),
        ({"model": {**COMPACT, "kind": 3}}, "model.kind"),
        ({"model": {**COMPACT, "width": 3}}, "model.width"),
        ({"model": {**COMPACT, "side": 128}}, "model.side"),
        ({"model": {**COMPACT, "start_from": "x.pt"}}, "model.start_from"),
        ({"model": {**SAM, "variant": "both"}}, "model"),
        ({"data": {"behind": 2.0}}, "data.behind"),
        ({"data": {"points": -1}}, "data.points"),
        ({"data": {"evaluation_samples": 0}}, "data.evaluation_samples"),
    ],
)
def test_what_it_does_not_understand_is_refused_by_name(figures: Path, tables: dict[str, dict[str, Any]], key: str) -> None:
    with pytest.raises(JobError, match=key.replace(".", r"\.")):
        create_objective(job(figures, **tables))


def test_the_export_says_where_it_comes_from(figures: Path, tmp_path: Path) -> None:
    objective = objective_of(job(figures))
    objective.export(objective.build(), tmp_path, {"step": 3})
    facts = json.loads((tmp_path / "part_segmentation.json").read_text())["facts"]
    assert facts["step"] == 3
    assert facts["dataset"]["licence"] == "free"
