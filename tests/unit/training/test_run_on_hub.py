"""Runs on Hugging Face Jobs, against a stand-in that speaks its routes: sent, followed, cancelled, taken up again, brought back."""

import dataclasses
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from liwi.registry import Registry
from liwi.settings import Settings
from tests.integration.serving import served
from tests.unit.training.hub_stand_in import TOKEN, Hub
from tests.unit.training.tiny import tiny_job
from training.errors import JobError, RunError
from training.job import Job, parse_job
from training.launch import Launcher, read_launch
from training.publishing import publish
from training.run_folder import LAUNCH, OUTPUT, read_log
from training.run_on_hub import HubSettings, HuggingFaceJobs
from training.run_state import RunState, describe_run

DATASET = "hf://datasets/ada/matting"


@dataclass
class There:
    """A launcher whose runs run at a stand-in."""

    hub: Hub
    runs: Path
    address: str

    def app(self) -> tuple[Launcher, HuggingFaceJobs]:
        """As after a start of the app."""
        settings = HubSettings(TOKEN, "ada/studio", "ada/runs", flavors=("l4x1", "cpu-upgrade"), endpoint=self.address)
        place = HuggingFaceJobs(self.runs, settings, retry_seconds=0.05)
        return Launcher(self.runs, [place]), place

    def state(self) -> RunState:
        """Of the one run."""
        return describe_run(self.runs / "run").state


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[There]:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    hub = Hub(tmp_path / "uploaded")
    with served(hub.routes()) as address:
        yield There(hub, tmp_path / "runs", address)
        hub.stage = "CANCELED"  # whoever still follows ends


def remote_job(samples: Path, **tables: dict[str, Any]) -> Job:
    return dataclasses.replace(tiny_job(samples, **{"schedule": {"device": "auto"}, **tables}), dataset=DATASET)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


def step(number: int, loss: float = 1.0) -> str:
    return json.dumps({"event": "step", "step": number, "loss": loss, "seconds": 0.1})


def test_a_run_there_is_sent_followed_and_its_checkpoint_published_from_here(there: There, samples: Path, whole: Path) -> None:
    shutil.copytree(whole, there.hub.uploaded / "run")
    launcher, place = there.app()
    there.hub.lines += ["pulling", step(1), f"something says {TOKEN} aloud", step(2, 0.5)]
    launcher.launch(remote_job(samples), "run", runner="huggingface", device="l4x1", who="ada")
    until(lambda: describe_run(there.runs / "run").step == 2)
    view = describe_run(there.runs / "run")
    assert (view.state, view.loss) == (RunState.TRAINING, 0.5)
    assert view.launch is not None
    assert view.launch.remote_url.endswith("/jobs/ada/job1")
    there.hub.stage = "COMPLETED"
    assert place.wait(20)
    assert there.state() is RunState.FINISHED
    assert len(read_log(there.runs / "run")) == len(read_log(whole))
    record = publish(there.runs / "run", Registry(there.runs.parent / "registry", shipped=None), licence="x", who="ada")
    assert record.kind == "matting"

    sent = there.hub.jobs[0]
    assert parse_job_of(sent).dataset == "/dataset"
    assert sent["flavor"] == "l4x1"
    assert {(each["type"], each["mountPath"]) for each in sent["volumes"]} == {("space", "/studio"), ("dataset", "/dataset")}
    assert there.hub.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in json.dumps({**sent, "secrets": {}})
    for name in (LAUNCH, OUTPUT):
        assert TOKEN not in (there.runs / "run" / name).read_text()
    assert "something says hf_… aloud" in (there.runs / "run" / OUTPUT).read_text()
    assert TOKEN not in repr(HubSettings(TOKEN, "a/b", "c/d"))


def parse_job_of(sent: dict[str, Any]) -> Job:
    import tomllib

    return parse_job(tomllib.loads(sent["environment"]["RUN_JOB"]))


def test_cancelling_and_what_the_other_side_says(there: There, samples: Path) -> None:
    launcher, place = there.app()
    launcher.launch(remote_job(samples), "run", runner="huggingface", device="l4x1", who="ada")
    until(lambda: bool((launch := read_launch(there.runs / "run")) and launch.remote))
    launcher.stop("run", hard=False)
    assert place.wait(20)
    assert there.hub.cancelled == ["job1"]
    assert there.state() is RunState.STOPPED
    with pytest.raises(RunError, match="does not run"):
        launcher.stop("run", hard=True)


def test_an_app_that_was_started_again_follows_on_and_a_log_that_was_rewound_has_each_step_once(there: There, samples: Path) -> None:
    launcher, _ = there.app()
    there.hub.lines += [step(1), step(2), step(3), step(2, 0.25)]
    launcher.launch(remote_job(samples), "run", runner="huggingface", device="l4x1", who="ada")
    until(lambda: describe_run(there.runs / "run").step == 2)
    again, place = there.app()
    again.recover()
    there.hub.lines += [step(3), "bad luck", '{"event": "step", "step": "x"}']
    there.hub.message, there.hub.stage = "out of memory", "ERROR"
    assert place.wait(20)
    assert [(line["step"], line["loss"]) for line in read_log(there.runs / "run")] == [(1, 1.0), (2, 0.25), (3, 1.0)]
    view = describe_run(there.runs / "run")
    assert (view.state, view.problem) == (RunState.FAILED, "The job ended there as ERROR. out of memory")


def test_a_hub_that_does_not_answer_for_a_while_ends_nothing(there: There, samples: Path) -> None:
    launcher, place = there.app()
    launcher.launch(remote_job(samples), "run", runner="huggingface", device="l4x1", who="ada")
    until(lambda: bool((launch := read_launch(there.runs / "run")) and launch.remote))
    again, place = there.app()
    there.hub.unreachable = 7
    again.recover()
    until(lambda: there.hub.unreachable == 0)
    there.hub.lines += [step(1)]
    until(lambda: describe_run(there.runs / "run").step == 1)
    assert there.state() is RunState.TRAINING
    there.hub.stage = "COMPLETED"
    assert place.wait(20)


def test_what_is_refused_there_is_said_without_the_token(there: There, samples: Path) -> None:
    there.hub.refuse = f"Payment required for {TOKEN}"
    launcher, place = there.app()
    launcher.launch(remote_job(samples), "run", runner="huggingface", device="l4x1", who="ada")
    assert place.wait(20)
    view = describe_run(there.runs / "run")
    assert view.state is RunState.FAILED
    assert "Payment required" in view.problem
    assert TOKEN not in view.problem


def test_a_job_that_cannot_run_there_names_the_key(there: There, samples: Path) -> None:
    launcher, _ = there.app()
    for job, device, key in (
        (tiny_job(samples), "l4x1", "'dataset'"),
        (remote_job(samples, schedule={"device": "cpu"}), "l4x1", r"'schedule\.device'"),
        (remote_job(samples), "abacus", "no hardware"),
    ):
        with pytest.raises(JobError, match=key):
            launcher.launch(job, "run", runner="huggingface", device=device, who="ada")
    assert launcher.folders() == []


def test_the_settings_turn_it_on(tmp_path: Path) -> None:
    assert HuggingFaceJobs.from_settings(Settings.from_environment({"LIWI_JOBS_REPO": "ada/runs", "HF_TOKEN": TOKEN})) is None
    known = {"LIWI_JOBS_REPO": "ada/runs", "HF_TOKEN": TOKEN, "SPACE_ID": "ada/studio", "LIWI_RUNS": str(tmp_path)}
    settings = Settings.from_environment(known)
    assert HuggingFaceJobs.from_settings(settings) is not None
    assert TOKEN not in repr(settings)
    with pytest.raises(JobError, match="LIWI_JOBS_REPO"):
        HuggingFaceJobs.from_settings(Settings.from_environment({**known, "LIWI_JOBS_REPO": "../x"}))
