"""What can go wrong with a run that is started in the tab: it is said in words, and what was saved stays whole."""

import resource
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.unit.training.asking import ask, finished, said
from training.checkpoints import list_checkpoints, load_checkpoint
from training.devices import hold_devices
from training.launch import read_launch
from training.run_folder import read_log
from training.run_state import ACTIVE, describe_run
from training.ui.services import TrainingServices

SECONDS = 180


def launch(client: TestClient, changes: dict[str, str], name: str = "new", device: str = "cpu") -> Any:
    return ask(client, "launch", {"source": "run/whole", "changes": changes, "name": name, "runner": "here", "device": device})


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)


def ended(client: TestClient, services: TrainingServices, name: str) -> Any:
    until(lambda: describe_run(services.launcher.folder(name)).state not in ACTIVE)
    return said(client, "run", {"name": name})


def test_a_loss_that_is_no_number_is_said_and_the_last_checkpoint_is_whole(client: TestClient, services: TrainingServices) -> None:
    changes = {"optimizer.weight_decay": "1e30", "checkpoints.every": "1", "schedule.precision": "no"}
    assert launch(client, changes).status_code == 200
    run = ended(client, services, "new")
    assert run["run"]["state"] == "failed"
    assert "Training stopped: the" in run["run"]["problem"]
    folder = services.launcher.folder("new")
    last = read_log(folder)[-1]
    assert last["event"] == "stopped"
    assert "is nan" in last["reason"] or "is inf" in last["reason"]
    saved = list_checkpoints(folder)[-1]
    assert f"{saved.name} is intact" in run["run"]["problem"]
    assert load_checkpoint(saved).step == last["step"]
    assert run["run"]["goes_on"]


@pytest.fixture
def small_disk(services: TrainingServices) -> Iterator[Path | None]:
    """The folder of runs on a disk of 4 MB with the run "whole" on it; None where this system lets nobody mount one."""
    runs = services.launcher.runs
    aside = runs.rename(runs.with_name("aside"))
    runs.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(runs)], capture_output=True, check=False).returncode:
        shutil.copytree(aside, runs, dirs_exist_ok=True)
        yield None
        return
    try:
        shutil.copytree(aside / "whole", runs / "whole")
        yield runs
    finally:
        services.launcher.runners["here"].wait(SECONDS)  # type: ignore[attr-defined]
        subprocess.run(["umount", "--lazy", str(runs)], check=True)


def fill(disk: Path, left: int) -> None:
    """Fill a disk but for ``left`` bytes."""
    with (disk / "ballast").open("wb") as file:
        file.write(bytes(max(0, shutil.disk_usage(disk).free - left)))


def test_a_disk_that_fills_up_is_said_and_what_was_saved_is_gone_on_with(
    client: TestClient, services: TrainingServices, small_disk: Path | None
) -> None:
    """Where no small disk can be had, the process may write no large file any more, which is the same to it."""
    assert launch(client, {"schedule.steps": "100000", "data.evaluation_samples": "2"}).status_code == 200
    folder = services.launcher.folder("new")
    until(lambda: bool(list_checkpoints(folder)))
    if small_disk is not None:
        fill(small_disk, 40_000)
    else:
        launched = read_launch(folder)
        assert launched is not None
        resource.prlimit(launched.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
    run = ended(client, services, "new")
    assert run["run"]["state"] == "failed"
    assert "free some space" in run["run"]["problem"]
    assert not list(folder.rglob("*.partial"))
    assert load_checkpoint(list_checkpoints(folder)[-1]).step >= 2
    assert run["run"]["goes_on"]
    assert {each["problem"] for each in run["checkpoints"]} == {""}


def test_of_two_admins_who_launch_the_same_at_once_one_does_and_the_other_is_told(client: TestClient, services: TrainingServices) -> None:
    answers: list[Any] = []
    with hold_devices(["cpu"]):
        threads = [threading.Thread(target=lambda: answers.append(launch(client, {}))) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answer.status_code for answer in answers) == [200, 400]
        assert "a run named 'new' already" in next(answer.text for answer in answers if answer.status_code == 400)
        assert said(client, "run", {"name": "new"})["run"]["state"] == "queued"
        said(client, "stop", {"name": "new"})
    assert services.launcher.runners["here"].wait(SECONDS)  # type: ignore[attr-defined]
    assert ended(client, services, "new")["run"]["state"] == "stopped"


def test_what_a_run_would_fail_with_at_once_is_said_before_it_begins(client: TestClient, services: TrainingServices) -> None:
    data = services.datasets / "broken"
    shutil.copytree((services.datasets / "matting").resolve(), data)
    (data / "train-0000.npy").unlink()
    for answer, message in (
        (launch(client, {"dataset": str(data)}), "lacks the file 'train-0000.npy'"),
        (launch(client, {}, device="gpu0"), "no device 'gpu0'"),
        (launch(client, {"data.evaluation_samples": "0"}), "'data.evaluation_samples' must be 1 or more"),
    ):
        assert answer.status_code == 400
        assert message in answer.json()["error"]["message"]
    assert [folder.name for folder in services.launcher.folders()] == ["whole"]


def test_weights_that_were_tampered_with_are_neither_published_nor_hidden(client: TestClient, services: TrainingServices) -> None:
    for checkpoint in list_checkpoints(services.launcher.folder("whole")):
        weights = checkpoint / "average.safetensors"
        weights.write_bytes(weights.read_bytes()[:-4] + b"evil")
    work = finished(client, said(client, "publish", {"name": "whole", "licence": "x"})["work"])
    assert work["state"] == "failed"
    assert "average.safetensors" in work["message"]
    assert "not what training wrote" in work["message"]
    assert services.registry.records() == []
