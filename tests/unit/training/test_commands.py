"""``python -m training`` as a person uses it."""

import shutil
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from tests.unit.training.tiny import tiny_job
from training.__main__ import app
from training.job import encode_job
from training.run_folder import hold

ROOT = Path(__file__).parents[3]


def test_list_says_how_far_runs_are(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "done")
    shutil.copytree(whole, tmp_path / "killed")
    log = tmp_path / "killed" / "log.jsonl"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:3]))
    with hold(tmp_path / "killed"):
        running = CliRunner().invoke(app, ["list", str(tmp_path)]).output
    lines = CliRunner().invoke(app, ["list", str(tmp_path)]).output.splitlines()
    assert "step 8 of 8, finished" in lines[0]
    assert "step 3 of 8, interrupted" in lines[1]
    assert "step 3 of 8, training" in running


def test_show_gives_job_and_checkpoints(whole: Path) -> None:
    output = CliRunner().invoke(app, ["show", str(whole)]).output
    assert 'objective = "matting"' in output
    assert "step_00000008" in output
    assert output.count("evaluation: ") >= 2


def test_an_empty_folder_holds_no_run(tmp_path: Path) -> None:
    assert "No run lies in" in CliRunner().invoke(app, ["list", str(tmp_path)]).output


def test_a_wrong_key_is_one_line_without_a_traceback(samples: Path, tmp_path: Path) -> None:
    job = tmp_path / "job.toml"
    job.write_text(encode_job(tiny_job(samples)))
    command = [sys.executable, "-m", "training", "run", str(job), "--out", str(tmp_path / "run"), "--set", "schedule.stepz=4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [line for line in done.stderr.strip().splitlines() if "Traceback" not in line]
    assert "schedule.stepz" in done.stderr
    assert not (tmp_path / "run").exists()
