"""Several processes, as ``torch.distributed.run`` starts them: two see what one sees in twice the passes, also with a divided network."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.training.tiny import tiny_job
from training.checkpoints import list_checkpoints, load_checkpoint
from training.job import encode_job
from training.loop import train
from training.run_folder import JOB, read_log

ROOT = Path(__file__).parents[3]


def launch(job: Path, folder: Path) -> None:
    """Train with two processes on this computer."""
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*start, "-m", "training", "run", str(job), "--out", str(folder)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]


def losses(folder: Path) -> dict[int, float]:
    return {line["step"]: line["loss"] for line in read_log(folder) if line["event"] == "step"}


def cut(folder: Path, step: int, job: Any) -> Path:
    """Take a run back to a step, as if it had been made by another job; the job's file."""
    for checkpoint in list_checkpoints(folder):
        if load_checkpoint(checkpoint).step > step:
            shutil.rmtree(checkpoint)
    (folder / JOB).write_text(encode_job(job))
    return folder / JOB


def test_two_processes_train_as_one_with_twice_the_passes(samples: Path, whole: Path, tmp_path: Path) -> None:
    job, folder = tmp_path / "job.toml", tmp_path / "run"
    job.write_text(encode_job(tiny_job(samples, schedule={"accumulate": 1})))
    launch(job, folder)
    assert losses(folder) == pytest.approx(losses(whole), rel=0.02)


def test_a_network_can_be_divided_from_any_checkpoint_on_and_put_together_again(samples: Path, whole: Path, tmp_path: Path) -> None:
    """One process to step 4, two that share weights, gradients and the optimiser's state to step 6, one to the end."""
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    launch(cut(folder, 4, tiny_job(samples, schedule={"accumulate": 1}, memory={"shard": "weights"})), folder)
    assert losses(folder) == pytest.approx(losses(whole), rel=0.02)
    divided, alone = (load_checkpoint(list_checkpoints(path)[-1]) for path in (folder, whole))
    for part in ("model", "average", "optimizer"):
        found, expected = getattr(divided, part), getattr(alone, part)
        assert {name: value.shape for name, value in found.items()} == {name: value.shape for name, value in expected.items()}
    cut(folder, 6, tiny_job(samples))
    train(tiny_job(samples), folder)
    assert losses(folder) == pytest.approx(losses(whole), rel=0.02)


@pytest.mark.parametrize("path", sorted((ROOT / "training" / "jobs" / "accelerate").glob("*.yaml")), ids=lambda path: path.stem)
def test_accelerate_understands_the_settings_that_the_project_ships(path: Path) -> None:
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    arguments = launch_command_parser().parse_args(
        ["--config_file", str(path), "--num_processes", "4", "-m", "training", "run", "job.toml"]
    )
    checked, _, _ = _validate_launch_command(arguments)
    assert (checked.num_processes, checked.multi_gpu, checked.mixed_precision) == (4, True, "no")
    assert not (checked.use_fsdp or checked.use_deepspeed or checked.use_cpu)
