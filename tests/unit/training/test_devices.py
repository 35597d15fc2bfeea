"""One run at a time on each device of this computer, whoever started it."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.unit.training.tiny import tiny_job
from training.__main__ import app
from training.devices import devices_of, hold_devices, sign, who_has
from training.errors import RunError
from training.job import encode_job
from training.launch import Launcher
from training.run_folder import hold, read_log
from training.run_here import ThisMachine
from training.run_state import RunState, describe_run

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIWI_DEVICES", str(tmp_path / "devices"))
    return tmp_path / "devices"


def test_a_run_by_hand_waits_for_the_device_or_says_who_has_it(samples: Path, tmp_path: Path) -> None:
    job, folder = tmp_path / "job.toml", tmp_path / "mine"
    job.write_text(encode_job(tiny_job(samples, schedule={"steps": 3})))
    command = ["run", str(job), "--out", str(folder)]
    done: list[Result] = []
    with hold_devices(["cpu"]) as held:
        sign(held, tmp_path / "other")
        refused = CliRunner().invoke(app, [*command, "--no-wait"])
        assert isinstance(refused.exception, RunError)
        assert f"cpu is in use by the run {tmp_path / 'other'}" in str(refused.exception)
        waiting = threading.Thread(target=lambda: done.append(CliRunner().invoke(app, command)))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        assert not folder.exists()
    waiting.join(60)
    assert done[0].exit_code == 0, done[0].output
    assert "Waiting for its end" in done[0].stderr
    assert read_log(folder)[-1]["event"] == "done"
    assert who_has("cpu") == str(folder)


def test_a_run_of_the_app_waits_for_one_by_hand_and_says_so(samples: Path, tmp_path: Path) -> None:
    machine = ThisMachine(tmp_path / "runs", num_gpus=0)
    launcher = Launcher(tmp_path / "runs", [machine])
    with hold_devices(["cpu"]) as held, hold(tmp_path / "by hand"):
        sign(held, tmp_path / "by hand")
        run = launcher.launch(tiny_job(samples), "run", runner="here", device="cpu", who="ada")
        assert not machine.wait(0.2)
        view = describe_run(run)
        assert (view.state, view.problem) == (RunState.QUEUED, f"The run {tmp_path / 'by hand'} has its device now.")
        launcher.stop("run", hard=False)
    assert machine.wait(10)
    assert describe_run(run).state is RunState.STOPPED


def test_what_a_killed_process_left_is_no_lock(tmp_path: Path) -> None:
    program = "import time, pathlib\nfrom training.devices import *\nwith hold_devices(['cpu']) as held:\n"
    program += f"    sign(held, pathlib.Path({str(tmp_path)!r}))\n    print('held', flush=True)\n    time.sleep(100)"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunError, match="in use"), hold_devices(["cpu"], wait=False):
            pass
        process.kill()
    with hold_devices(["cpu"], wait=False):
        assert who_has("cpu") == str(tmp_path)


@pytest.mark.parametrize(
    ("device", "num_gpus", "environment", "expected"),
    [
        ("auto", 0, {}, ["cpu"]),
        ("cpu", 8, {}, ["cpu"]),
        ("auto", 2, {}, ["gpu0"]),
        ("cuda", 1, {"CUDA_VISIBLE_DEVICES": "3"}, ["gpu3"]),
        ("auto", 4, {"LOCAL_WORLD_SIZE": "2"}, ["gpu0", "gpu1"]),
        ("auto", 2, {"CUDA_VISIBLE_DEVICES": "5, 1", "LOCAL_WORLD_SIZE": "2"}, ["gpu5", "gpu1"]),
        ("auto", 1, {"CUDA_VISIBLE_DEVICES": "../../x"}, ["gpux"]),
    ],
)
def test_a_run_takes_the_devices_that_it_sees(
    device: str, num_gpus: int, environment: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    assert devices_of(tiny_job(tmp_path, schedule={"device": device}), environment, num_gpus) == expected


def test_a_lock_that_leads_elsewhere_is_refused(locks: Path, tmp_path: Path) -> None:
    locks.mkdir()
    (locks / "cpu").symlink_to(tmp_path / "precious")
    with pytest.raises(RunError, match="LIWI_DEVICES"), hold_devices(["cpu"]):
        pass
    assert not (tmp_path / "precious").exists()
