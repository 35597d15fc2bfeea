"""The loop: killed and gone on with it gives the same losses; what goes wrong is said, and the last checkpoint stays."""

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from data_tools.manifests import DatasetError
from tests.unit.training.tiny import tiny_job
from training.checkpoints import list_checkpoints, load_checkpoint
from training.errors import CheckpointError, JobError, RunError, TrainingStopped
from training.job import encode_job
from training.loop import train
from training.objectives.matting import MattingObjective
from training.run_folder import LOG, hold, read_log

ROOT = Path(__file__).parents[3]


def numbers(folder: Path) -> list[dict[str, Any]]:
    """The log without what depends on the clock."""
    clock = {"seconds", "data_seconds", "memory_mib"}
    return [{key: value for key, value in line.items() if key not in clock} for line in read_log(folder)]


def test_a_run_logs_every_step_and_every_evaluation(whole: Path) -> None:
    lines = read_log(whole)
    assert [line["step"] for line in lines if line["event"] == "step"] == list(range(1, 9))
    assert [line["step"] for line in lines if line["event"] == "evaluation"] == [4, 8]
    assert lines[-1]["event"] == "done"
    assert {"matting_compact.safetensors", "matting_compact.json"} <= {path.name for path in (whole / "export").iterdir()}


@pytest.fixture(scope="module")
def all_kept(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of `tiny_job` with every checkpoint; work on copies of it."""
    folder = tmp_path_factory.mktemp("all_kept") / "run"
    train(tiny_job(samples, checkpoints={"keep_last": 9}), folder)
    return folder


@pytest.mark.parametrize("kept", ["step_00000002", "step_00000004", "step_00000006"])
def test_gone_on_with_from_any_checkpoint_it_comes_to_the_same_losses(
    whole: Path, all_kept: Path, samples: Path, tmp_path: Path, kept: str
) -> None:
    """As a kill leaves it: checkpoints up to some step, and a log that is longer and ends in half a line."""
    long = tmp_path / "long"
    shutil.copytree(all_kept, long)
    for folder in list_checkpoints(long):
        if folder.name > kept:
            shutil.rmtree(folder)
    with (long / LOG).open("a") as file:
        file.write('{"event": "step", "lo')
    outcome = train(tiny_job(samples, checkpoints={"keep_last": 9}), long)
    assert outcome.finished
    assert numbers(long) == numbers(whole)


def test_who_makes_the_batches_changes_nothing(whole: Path, samples: Path, tmp_path: Path) -> None:
    train(tiny_job(samples, schedule={"loaders": 0}), tmp_path / "run")
    assert numbers(tmp_path / "run") == numbers(whole)


def test_with_channels_last_it_also_comes_to_the_same_losses(samples: Path, tmp_path: Path) -> None:
    job = tiny_job(samples, schedule={"channels_last": True}, checkpoints={"keep_last": 9})
    train(job, tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for folder in list_checkpoints(tmp_path / "cut")[2:]:
        shutil.rmtree(folder)
    train(job, tmp_path / "cut")
    assert numbers(tmp_path / "cut") == numbers(tmp_path / "whole")


def test_killed_at_random_moments_it_comes_to_the_same_losses(whole: Path, samples: Path, tmp_path: Path) -> None:
    folder, job = tmp_path / "killed", tmp_path / "job.toml"
    job.write_text(encode_job(tiny_job(samples)))
    command = [sys.executable, "-m", "training", "run", str(job), "--out", str(folder)]
    for steps in (1, 5):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        while process.poll() is None and sum(line["event"] == "step" for line in read_log(folder)) < steps:
            time.sleep(0.01)
        process.kill()
        process.wait()
    assert train(tiny_job(samples), folder).finished  # the same command once more, without the price of its start
    assert numbers(folder) == numbers(whole)


def test_asked_to_stop_it_saves_and_goes_on_later(whole: Path, samples: Path, tmp_path: Path) -> None:
    folder, job = tmp_path / "stopped", tmp_path / "job.toml"
    job.write_text(encode_job(tiny_job(samples, checkpoints={"every": 100}, evaluate={"every": 4})))
    command = [sys.executable, "-m", "training", "run", str(job), "--out", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    while process.poll() is None and not any(line["event"] == "step" for line in read_log(folder)):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    stopped = read_log(folder)[-1]
    assert stopped["event"] in ("stopped", "done")
    assert list_checkpoints(folder)[-1].name == f"step_{stopped['step']:08d}"
    train(tiny_job(samples, checkpoints={"every": 100}), folder)
    assert numbers(folder) == numbers(whole)


def test_the_same_job_again_after_the_end_changes_nothing(whole: Path, samples: Path) -> None:
    before = numbers(whole)
    assert train(tiny_job(samples), whole).finished
    assert numbers(whole) == before


def test_the_weights_learn(samples: Path, tmp_path: Path) -> None:
    job = tiny_job(
        samples, schedule={"steps": 60, "batch_size": 4, "accumulate": 1}, optimizer={"learning_rate": 5e-3}, evaluate={"every": 60}
    )
    train(job, tmp_path / "run")
    losses = [line["loss"] for line in read_log(tmp_path / "run") if line["event"] == "step"]
    assert sum(losses[-12:]) < 0.9 * sum(losses[:12])


def test_another_job_in_the_same_folder_is_refused_and_the_key_named(whole: Path, samples: Path) -> None:
    with pytest.raises(RunError, match=r"optimizer\.learning_rate"):
        train(tiny_job(samples, optimizer={"learning_rate": 0.5}), whole)


def test_a_folder_with_other_things_is_refused(samples: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(RunError, match="no run folder"):
        train(tiny_job(samples), tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "mine"


def test_what_a_kill_left_half_written_is_cleared_away(whole: Path, samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".job.toml.0123.partial").write_text("objec")
    (folder / "environment.json").write_text("{}")
    train(tiny_job(samples), folder)
    (folder / "checkpoints" / ".step_00000009.0123.partial").mkdir()
    train(tiny_job(samples), folder)
    assert numbers(folder) == numbers(whole)
    assert not list(folder.rglob("*.partial"))


def test_two_processes_do_not_train_in_one_folder(samples: Path, tmp_path: Path) -> None:
    with hold(tmp_path / "run"), pytest.raises(RunError, match="Another process"):
        train(tiny_job(samples), tmp_path / "run")


def test_a_tampered_checkpoint_is_refused_and_the_one_before_it_serves(whole: Path, samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(whole, folder)
    newest = list_checkpoints(folder)[-1]
    weights = newest / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"evil")
    with pytest.raises(CheckpointError, match=newest.name):
        train(tiny_job(samples), folder)
    shutil.rmtree(newest)
    assert train(tiny_job(samples), folder).finished
    assert numbers(folder) == numbers(whole)


def test_a_loss_that_is_no_number_stops_the_run_and_leaves_the_checkpoint(samples: Path, tmp_path: Path) -> None:
    job, folder = tiny_job(samples), tmp_path / "run"
    with pytest.MonkeyPatch.context() as patch:  # the fourth step is spoilt, as a faulty memory would
        build = MattingObjective.build

        def build_spoilt(self: MattingObjective) -> nn.Module:
            network = build(self)
            calls = iter(range(1000))
            network.register_forward_hook(lambda _module, _inputs, output: output * float("nan") if next(calls) >= 6 else output)
            return network

        patch.setattr(MattingObjective, "build", build_spoilt)
        with pytest.raises(TrainingStopped, match=r"step 4 is nan.*step_00000002 is intact"):
            train(job, folder)
    assert read_log(folder)[-1]["event"] == "stopped"
    assert load_checkpoint(list_checkpoints(folder)[-1]).step == 2


def test_a_metric_that_is_no_number_stops_the_run_and_names_it(samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measure = MattingObjective.evaluate
    monkeypatch.setattr(MattingObjective, "evaluate", lambda self, model: {**measure(self, model), "error": float("nan")})
    with pytest.raises(TrainingStopped, match=r"metric 'error' at step 4 is nan.*step_00000002 is intact"):
        train(tiny_job(samples), tmp_path / "run")


def test_a_gpu_that_is_not_there_is_said(samples: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this computer has a GPU")
    with pytest.raises(JobError, match=r"schedule\.device"):
        train(tiny_job(samples, schedule={"device": "cuda"}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_metric_that_nobody_measures_is_said(samples: Path, tmp_path: Path) -> None:
    with pytest.raises(JobError, match=r"evaluate\.metric"):
        train(tiny_job(samples, evaluate={"every": 1, "metric": "beauty"}), tmp_path / "run")


def test_a_dataset_with_a_missing_file_is_said(samples: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(samples, broken)
    (broken / "train-0000.npy").unlink()
    with pytest.raises(DatasetError, match=r"train-0000\.npy"):
        train(tiny_job(broken), tmp_path / "run")


def test_a_dataset_that_changed_since_is_refused(samples: Path, tmp_path: Path) -> None:
    copy = tmp_path / "samples"
    shutil.copytree(samples, copy)
    train(tiny_job(copy, schedule={"steps": 3}), tmp_path / "run")
    manifest = copy / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 3', '"seed": 4'))
    with pytest.raises(RunError, match="has changed"):
        train(tiny_job(copy, schedule={"steps": 3}), tmp_path / "run")


def test_a_full_disk_stops_the_run_with_a_sentence_and_keeps_what_was_saved(whole: Path, samples: Path, tmp_path: Path) -> None:
    """After its first checkpoint the process may write no file larger than 20 kB: what a full disk is to a program."""
    folder, job = tmp_path / "run", tmp_path / "job.toml"
    job.write_text(encode_job(tiny_job(samples)))
    command = [sys.executable, "-m", "training", "run", str(job), "--out", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not list_checkpoints(folder):
        time.sleep(0.005)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
    errors = process.communicate()[1]
    assert process.returncode == 2
    assert "could not be written" in errors
    assert "Free some space" in errors.replace("free", "Free")
    assert "Traceback" not in errors
    assert not list(folder.rglob("*.partial"))
    newest = load_checkpoint(list_checkpoints(folder)[-1])
    assert 2 <= newest.step < 8
    train(tiny_job(samples), folder)
    assert numbers(folder) == numbers(whole)


def test_a_dataset_without_samples_to_measure_on_is_said(samples: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    shutil.copytree(samples, empty)
    manifest = json.loads((empty / "manifest.json").read_text())
    manifest["shards"] = [name for name in manifest["shards"] if name.startswith("train")]
    (empty / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DatasetError, match="no sample for the purpose 'evaluation'"):
        train(tiny_job(empty), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("way", ["FSDP", "DEEPSPEED"])
def test_a_way_of_dividing_that_the_loop_does_not_use_is_refused_with_its_own(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv(f"ACCELERATE_USE_{way}", "true")
    with pytest.raises(JobError, match=r"memory\.shard"):
        train(tiny_job(samples), tmp_path / "run")
