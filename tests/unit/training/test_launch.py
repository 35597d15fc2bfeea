"""Runs on this machine: the queue, one run per device, what survives the app, and how runs are ended. Real processes, tiny jobs."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from liwi.errors import LiwiError
from tests.unit.training.tiny import tiny_job
from training.__main__ import app
from training.errors import JobError, RunError
from training.launch import Launch, Launcher, LaunchState, checked_name, read_launch, run_folders, write_launch
from training.run_folder import LAUNCH, LOG, hold, holder, prepare_run, read_log
from training.run_here import ThisMachine, command_for, memory_of, stop_process
from training.run_state import RunState, describe_run

SECONDS = 90
ENDLESS = {"steps": 100_000, "accumulate": 1, "batch_size": 1}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    """A folder of runs; whatever still trains there at the end is killed."""
    folder = tmp_path / "runs"
    yield folder
    for run in run_folders(folder):
        if describe_run(run).state in (RunState.STARTING, RunState.TRAINING, RunState.STOPPING):
            stop_process(run, hard=True)


def here(runs: Path) -> tuple[Launcher, ThisMachine]:
    """An app's launcher, as after a start of the app."""
    machine = ThisMachine(runs, num_gpus=0)
    return Launcher(runs, [machine]), machine


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def state(runs: Path, name: str) -> RunState:
    return describe_run(runs / name).state


def test_two_launched_at_once_never_share_a_device_and_outlive_the_apps_that_stop_kill_and_resume_them(samples: Path, runs: Path) -> None:
    def launch(name: str) -> None:
        here(runs)[0].launch(tiny_job(samples, schedule=ENDLESS), name, runner="here", device="cpu", who=f"who wants {name}")

    threads = [threading.Thread(target=launch, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    until(lambda: any(describe_run(run).step >= 3 for run in run_folders(runs)) and len(run_folders(runs)) == 2)
    views = sorted((describe_run(run) for run in run_folders(runs)), key=lambda view: view.state)
    waiting, training = (view.folder.name for view in views)
    assert [view.state for view in views] == [RunState.QUEUED, RunState.TRAINING]
    assert views[0].launch is not None
    assert views[0].launch.who == f"who wants {waiting}"
    assert memory_of(runs / training)["process"] > 50

    launcher, machine = here(runs)  # another start of the app: nothing is remembered but what is on disk
    launcher.recover()
    assert machine.state(runs / training) is LaunchState.STARTED
    with pytest.raises(RunError, match="cannot be resumed: it is training"):
        launcher.resume(training, runner="here", device="cpu", who="ada")
    launcher.stop(training, hard=False)
    until(lambda: describe_run(runs / waiting).step >= 3)
    assert state(runs, training) is RunState.STOPPED
    assert read_log(runs / training)[-1]["reason"] == "asked to stop"

    launcher.stop(waiting, hard=True)
    until(lambda: state(runs, waiting) is RunState.STOPPED)
    done = describe_run(runs / waiting).step
    launcher.resume(waiting, runner="here", device="cpu", who="grace")
    until(lambda: describe_run(runs / waiting).step > done + 1)
    launcher.stop(waiting, hard=False)
    assert machine.wait(SECONDS)
    assert state(runs, waiting) is RunState.STOPPED
    steps = [line["step"] for line in read_log(runs / waiting) if line["event"] == "step"]
    assert steps == list(range(1, len(steps) + 1))


def test_what_went_wrong_is_the_last_line_that_the_process_said(samples: Path, runs: Path) -> None:
    data = runs.parent / "data"
    shutil.copytree(samples, data)
    launcher, machine = here(runs)
    (data / "manifest.json").unlink()
    launcher.launch(tiny_job(data), "run", runner="here", device="cpu", who="ada")
    assert machine.wait(SECONDS)
    view = describe_run(runs / "run")
    assert view.state is RunState.FAILED
    assert "manifest.json" in view.problem
    assert "Traceback" not in view.problem


def test_a_run_in_the_queue_is_withdrawn_and_put_back(samples: Path, runs: Path) -> None:
    launcher, _ = here(runs)
    run = runs / "run"
    run.mkdir(parents=True)
    prepare_run(run, tiny_job(samples))
    write_launch(run, Launch("here", "cpu", "ada", 1.0))
    assert state(runs, "run") is RunState.QUEUED
    launcher.stop("run", hard=False)
    assert state(runs, "run") is RunState.STOPPED
    with pytest.raises(RunError, match="does not run"):
        launcher.stop("run", hard=False)


def test_a_process_that_is_gone_is_seen_and_a_stranger_with_its_number_is_not_taken_for_it(samples: Path, runs: Path) -> None:
    run = runs / "run"
    run.mkdir(parents=True)
    prepare_run(run, tiny_job(samples))
    mine = psutil.Process()
    write_launch(
        run, Launch("here", "cpu", "ada", 1.0, state="started", started_at=1.0, pid=mine.pid, pid_started=mine.create_time() - 100)
    )
    assert state(runs, "run") is RunState.INTERRUPTED
    (run / "run.lock").write_text(str(mine.pid))
    with pytest.raises(RunError, match="does not run"):
        here(runs)[0].stop("run", hard=True)
    launcher, machine = here(runs)
    launcher.recover()
    assert machine.wait(10)
    launch = read_launch(run)
    assert launch is not None
    assert launch.state == LaunchState.LOST


def test_a_run_started_by_hand_is_stopped_by_the_command_line(samples: Path, runs: Path) -> None:
    run = runs / "run"
    run.mkdir(parents=True)
    prepare_run(run, tiny_job(samples, schedule=ENDLESS))
    process = subprocess.Popen(command_for(run), start_new_session=True)
    until(lambda: describe_run(run).step >= 1)
    assert holder(run) == process.pid
    assert describe_run(run).launch is None
    done = CliRunner().invoke(app, ["stop", str(run)])
    assert done.exit_code == 0, done.output
    assert process.wait(SECONDS) == 0
    assert state(runs, "run") is RunState.STOPPED


def test_promote_and_rollback_are_those_of_the_registry() -> None:
    from liwi import checkpoint_commands

    found = {command.callback for command in app.registered_commands}
    assert {checkpoint_commands.promote, checkpoint_commands.rollback} <= found


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "-x", "a\0b", "x" * 121, "名" * 41, "run.", "\n", "a:b"])
def test_names_that_no_folder_should_have_are_refused(name: str, samples: Path, runs: Path) -> None:
    with pytest.raises(RunError):
        here(runs)[0].launch(tiny_job(samples), name, runner="here", device="cpu", who="ada")
    with pytest.raises(RunError):
        here(runs)[0].folder(name)


def test_names_in_any_script_are_fine() -> None:
    assert checked_name("  前髪 v2.1 ") == "前髪 v2.1"


def test_a_taken_name_is_refused_and_the_run_stays(samples: Path, runs: Path) -> None:
    run = runs / "run"
    run.mkdir(parents=True)
    prepare_run(run, tiny_job(samples))
    with pytest.raises(RunError, match="already"):
        here(runs)[0].launch(tiny_job(samples), "run", runner="here", device="cpu", who="ada")
    assert state(runs, "run") is RunState.INTERRUPTED


def test_a_job_for_a_gpu_on_a_machine_without_one_names_the_key(samples: Path, runs: Path) -> None:
    job = tiny_job(samples, schedule={"device": "cuda"})
    with pytest.raises(JobError, match=r"schedule\.device.*no GPU"):
        here(runs)[0].launch(job, "run", runner="here", device="cpu", who="ada")
    with pytest.raises(JobError, match="no device 'gpu0'"):
        here(runs)[0].launch(tiny_job(samples), "run", runner="here", device="gpu0", who="ada")
    assert run_folders(runs) == []


def test_gpus_are_devices_of_their_own_and_together(runs: Path) -> None:
    assert [device.name for device in ThisMachine(runs, num_gpus=2).devices()] == ["gpu0", "gpu1", "gpus", "cpu"]
    assert "--num_processes" in command_for(runs / "run", num_processes=2)


def test_a_full_disk_leaves_no_run_behind(samples: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(LiwiError, match="No space left"):
        here(runs)[0].launch(tiny_job(samples), "run", runner="here", device="cpu", who="ada")
    assert run_folders(runs) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"runner": 3}', '{"runner":"here","device":"cpu","who":"a","asked_at":1,"state":"x"}', "[" * 10**5]
)
def test_a_damaged_launch_is_shown_and_stops_nothing_else(content: str, samples: Path, runs: Path) -> None:
    run = runs / "run"
    run.mkdir(parents=True)
    prepare_run(run, tiny_job(samples))
    (run / LAUNCH).write_text(content)
    view = describe_run(run)
    assert view.state is RunState.DAMAGED
    assert LAUNCH in view.problem
    launcher, machine = here(runs)
    launcher.recover()
    assert machine.wait(5)


def test_a_run_whose_job_is_damaged_is_shown(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    (tmp_path / "run" / "job.toml").write_text("objective = 3")
    view = describe_run(tmp_path / "run")
    assert view.state is RunState.DAMAGED
    assert "'objective'" in view.problem


def test_a_loss_that_is_no_number_is_a_failure(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "run")
    with (tmp_path / "run" / LOG).open("a") as file:
        file.write(json.dumps({"event": "stopped", "step": 8, "reason": "the loss of step 9 is nan"}) + "\n")
    view = describe_run(tmp_path / "run")
    assert (view.state, view.problem) == (RunState.FAILED, "Training stopped: the loss of step 9 is nan.")


def test_while_it_is_looked_at_a_run_can_begin(samples: Path, runs: Path) -> None:
    """`is_held` takes the lock for a moment: beginning must not fail for it."""
    run = runs / "run"
    run.mkdir(parents=True)
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            describe_run(run)

    prepare_run(run, tiny_job(samples))
    (run / "run.lock").touch()
    thread = threading.Thread(target=look)
    thread.start()
    try:
        for _ in range(50):
            with hold(run):
                assert describe_run(run).state is RunState.TRAINING
    finally:
        ended.set()
        thread.join()
    assert describe_run(run).state is RunState.INTERRUPTED
