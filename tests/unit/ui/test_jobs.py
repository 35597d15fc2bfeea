"""Imports and exports in the background: one after the other, owned, bounded, forgotten in time."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liwi.errors import InputError
from liwi.progress import CancelToken, Progress, ReportProgress
from liwi.ui.jobs import KEPT_SECONDS, MAX_KEPT, MAX_WAITING_PER_PERSON, Job, Jobs, UnknownJob


class Time:
    """Time that stands still until a test turns it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def jobs(time: Time) -> Iterator[Jobs]:
    jobs = Jobs("workbench/downloads", clock=time)
    yield jobs
    jobs.close()


def nothing(_: Path, __: ReportProgress, ___: CancelToken) -> dict[str, Any]:
    return {}


def finish(jobs: Jobs, *, owner: str = "ann", work: Any = nothing) -> Job:
    """A job that has ended: the one after it has begun."""
    job, next_one, begun = jobs.prepare(owner, "import"), jobs.prepare("the test", "import"), threading.Event()
    jobs.start(job, work)
    jobs.start(next_one, lambda *_: {"begun": begun.set()})
    assert begun.wait(20)
    return job


def test_a_job_reports_and_keeps_its_result(jobs: Jobs) -> None:
    def work(folder: Path, report: ReportProgress, _: CancelToken) -> dict[str, Any]:
        (folder / "made.zip").write_bytes(b"x")
        report(Progress("Working", 1, 2))
        job.keep(folder / "made.zip")
        return {"answer": 42}

    job = jobs.prepare("ann", "export")
    assert job.as_json()["state"] == "working"
    after = threading.Event()
    jobs.start(job, work)
    jobs.start(jobs.prepare("ben", "import"), lambda *_: {"after": after.set()})
    assert after.wait(20)
    said = job.as_json()
    assert (said["state"], said["result"], said["stage"], said["url"]) == (
        "done",
        {"answer": 42},
        "Working",
        f"workbench/downloads/{job.id}",
    )
    assert job.file is not None
    assert job.file.read_bytes() == b"x"


def test_an_error_for_people_is_said_and_any_other_is_not(jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    def fail_in_words(*_: object) -> dict[str, Any]:
        raise InputError("Give another file.")

    def fail(*_: object) -> dict[str, Any]:
        raise ZeroDivisionError("a secret path")

    assert finish(jobs, work=fail_in_words).as_json()["message"] == "Give another file."
    said = finish(jobs, work=fail).as_json()
    assert (said["state"], said["url"]) == ("failed", None)
    assert "secret" not in said["message"]
    assert "a secret path" in capsys.readouterr().err


def test_a_job_that_waits_can_be_stopped_and_its_files_go(jobs: Jobs) -> None:
    job = jobs.prepare("ann", "import")
    (job.folder / "uploaded").write_text("x")
    job.cancel.cancel()
    jobs.start(job, nothing)
    finish(jobs)
    assert (job.state, job.message) == ("failed", "Stopped, as you asked.")
    assert not job.folder.exists()


def test_a_person_has_few_jobs_at_a_time_and_others_theirs(jobs: Jobs) -> None:
    own = [jobs.prepare("ann", "import") for _ in range(MAX_WAITING_PER_PERSON)]
    with pytest.raises(InputError, match="under way"):
        jobs.prepare("ann", "export")
    jobs.prepare("ben", "export")
    jobs.drop(own[0])
    assert not own[0].folder.exists()
    assert [job.id for job in jobs.of("ann")] == [job.id for job in own[1:]]
    jobs.prepare("ann", "export")


def test_a_job_is_its_owners_and_is_forgotten_in_time(jobs: Jobs, time: Time) -> None:
    job = finish(jobs)
    assert jobs.get(job.id, "ann") is job
    for owner, number in (("ben", job.id), ("ann", job.id[:-1]), ("ann", "")):
        with pytest.raises(UnknownJob):
            jobs.get(number, owner)
    time.now += KEPT_SECONDS + 1
    jobs.prepare("ben", "import")
    with pytest.raises(UnknownJob):
        jobs.get(job.id, "ann")


def test_the_number_of_jobs_is_bounded(jobs: Jobs) -> None:
    first = finish(jobs)
    for _ in range(MAX_KEPT):
        finish(jobs)
    with pytest.raises(UnknownJob):
        jobs.get(first.id, "ann")


def test_the_end_of_the_app_does_not_wait_for_what_is_queued() -> None:
    jobs, begun = Jobs(), threading.Event()

    def work(_: Path, __: ReportProgress, cancel: CancelToken) -> dict[str, Any]:
        begun.set()
        while not cancel.cancelled:
            threading.Event().wait(0.01)
        cancel.check()
        return {}

    running, waiting = jobs.prepare("ann", "import"), jobs.prepare("ann", "import")
    jobs.start(running, work)
    jobs.start(waiting, work)
    assert begun.wait(20)
    jobs.close()
    assert (running.state, waiting.state) == ("failed", "failed")
    assert not running.folder.exists()
