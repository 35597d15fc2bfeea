"""The loop carries a latent diffusion: encoded once, batches of one shape, gradient checkpointing, pictures, TensorBoard."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboardX.proto.event_pb2 import Event
from torch import nn

from tests.unit.training.latents import LatentObjective
from tests.unit.training.test_loop import numbers
from tests.unit.training.tiny import tiny_job
from training.checkpoints import list_checkpoints, load_checkpoint
from training.errors import JobError
from training.job import Job, parse_job
from training.loop import train
from training.objectives import OBJECTIVES
from training.run_folder import read_log


@pytest.fixture(autouse=True)
def objective(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OBJECTIVES, "latents", "tests.unit.training.latents:LatentObjective")


def job(folder: Path, **memory: object) -> Job:
    return parse_job(
        {
            "objective": "latents",
            "dataset": str(folder / "cache"),
            "schedule": {"steps": 6, "batch_size": 2, "warm_up": 1, "device": "cpu", "threads": 1, "precision": "no"},
            "evaluate": {"every": 3},
            "checkpoints": {"every": 2, "keep_last": 9},
            "memory": memory,
            "record": {"tensorboard": True},
        }
    )


def scalars(folder: Path) -> dict[tuple[str, int], float]:
    """What TensorBoard would show of a run."""
    found = {}
    for path in sorted(folder.glob("tensorboard/*")):
        content, place = path.read_bytes(), 0
        while place < len(content):
            (length,) = struct.unpack_from("<Q", content, place)
            event = Event.FromString(content[place + 12 : place + 12 + length])
            place += 16 + length
            found |= {(value.tag, event.step): value.simple_value for value in event.summary.value}
    return found


def test_it_trains_stops_anywhere_and_goes_on_with_the_same_batches(tmp_path: Path) -> None:
    train(job(tmp_path), tmp_path / "whole")
    train(job(tmp_path), tmp_path / "cut")
    for checkpoint in list_checkpoints(tmp_path / "cut")[1:]:
        shutil.rmtree(checkpoint)
    train(job(tmp_path), tmp_path / "cut")
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
    picture = np.asarray(Image.open(tmp_path / "whole" / "pictures" / "step_00000006" / "first.png"))
    assert picture.shape == (16, 32, 3)
    assert [(path / "export" / "facts.json").read_text() for path in (tmp_path / "cut", tmp_path / "whole")] == [
        (tmp_path / "whole" / "export" / "facts.json").read_text()
    ] * 2
    shown = scalars(tmp_path / "cut")
    for line in read_log(tmp_path / "whole"):
        if line["event"] == "step":
            assert shown["step/loss", line["step"]] == pytest.approx(line["loss"])
        if line["event"] == "evaluation":
            assert shown["evaluation/error", line["step"]] == pytest.approx(line["error"])


def test_gradient_checkpointing_changes_no_loss(tmp_path: Path) -> None:
    train(job(tmp_path), tmp_path / "plain")
    train(job(tmp_path, gradient_checkpointing=True), tmp_path / "twice")
    plain, twice = ([line["loss"] for line in numbers(tmp_path / name) if line["event"] == "step"] for name in ("plain", "twice"))
    assert twice == pytest.approx(plain, rel=1e-4)


def test_weights_that_do_not_learn_are_kept_once_and_stay_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = LatentObjective.build

    def build_frozen(self: LatentObjective) -> nn.Module:
        network = build(self)
        network.get_submodule("down_blocks").requires_grad_(False)
        return network

    monkeypatch.setattr(LatentObjective, "build", build_frozen)
    train(job(tmp_path), tmp_path / "whole")
    train(job(tmp_path), tmp_path / "cut")
    for checkpoint in list_checkpoints(tmp_path / "cut")[1:]:
        shutil.rmtree(checkpoint)
    train(job(tmp_path), tmp_path / "cut")
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")
    first, *_, last = [load_checkpoint(path) for path in list_checkpoints(tmp_path / "cut")]
    changed = {name for name in first.model if not torch.equal(first.model[name], last.model[name])}
    assert changed
    assert not [name for name in changed if name.startswith("down_blocks")]
    assert first.average.keys() == first.model.keys()
    sizes = [(tmp_path / "cut" / "checkpoints" / name).stat().st_size for name in ("frozen.safetensors", "step_00000002/model.safetensors")]
    assert min(sizes) > 0.2 * sum(sizes)


def test_a_network_that_cannot_compute_parts_twice_is_refused_by_the_key(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"memory\.gradient_checkpointing.*MattingNetwork"):
        train(tiny_job(samples, memory={"gradient_checkpointing": True}), tmp_path / "run")


def test_samples_are_encoded_once_and_to_the_same_latents(tmp_path: Path) -> None:
    first, again = LatentObjective(job(tmp_path)), LatentObjective(job(tmp_path))
    assert (first.num_encoded, again.num_encoded) == (5, 0)
    assert all(torch.equal(one, two) for one, two in zip(first.latents, again.latents, strict=True))
