"""Several processes, as ``accelerate launch`` or ``torchrun`` start them: two see what one sees in twice the passes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.training.tiny import tiny_job
from training.job import encode_job
from training.run_folder import read_log

ROOT = Path(__file__).parents[3]


def test_two_processes_train_as_one_with_twice_the_passes(samples: Path, whole: Path, tmp_path: Path) -> None:
    job, folder = tmp_path / "job.toml", tmp_path / "run"
    job.write_text(encode_job(tiny_job(samples, schedule={"accumulate": 1})))
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launch, "-m", "training", "run", str(job), "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    alone, together = ([line for line in read_log(path) if line["event"] == "step"] for path in (whole, folder))
    assert [line["step"] for line in together] == list(range(1, 9))
    for one, two in zip(alone, together, strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=0.02)
