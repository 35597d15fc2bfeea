"""Starting runs and stopping them from the app: who asked for what, where it runs, and how it ended, kept in each run's folder.

A `Runner` is a place where runs run: `training.run_here` and `training.run_on_hub`. Everything that has to survive the app stands in
``launch.json`` of a run; the processes themselves do not need the app. What a run does is read from its folder: `training.run_state`.
"""

import json
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from data_tools.manifests import encode_document
from liwi.export.atomic import new_file
from training.errors import JobError, RunError
from training.job import Job, read_table
from training.run_folder import JOB, LAUNCH, prepare_run, read_run_job

MAX_NAME = 120
LOCK_SECONDS = 20.0

_NAME = re.compile(r"[^\W_][\w .+-]*")


class LaunchState(StrEnum):
    """How far the start of a run is. What the run does is another thing."""

    QUEUED = "queued"
    STARTED = "started"
    ENDED = "ended"
    LOST = "lost"
    """It ended while nobody watched, so its exit status is not known."""
    WITHDRAWN = "withdrawn"
    """Taken out of the queue."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What stands in ``launch.json``. Times are seconds since 1970; 0 and empty text stand for nothing.

    Attributes:
        runner, device: where.
        who: asked for it.
        asked_at, started_at, ended_at: when.
        state: a `LaunchState`.
        pid, pid_started: the process, on this machine; a number alone could mean another process later.
        app_pid: of the app that started it.
        code: exit status.
        stop: "gently" or "hard" where somebody asked for it.
        remote: what the other side calls the run, and where it can be looked at.
        problem: why it could not be started, or what the other side says.
    """

    runner: str
    device: str
    who: str
    asked_at: float
    state: str = LaunchState.QUEUED
    started_at: float = 0.0
    ended_at: float = 0.0
    pid: int = 0
    pid_started: float = 0.0
    app_pid: int = 0
    code: int = 0
    stop: str = ""
    remote: str = ""
    remote_url: str = ""
    problem: str = ""

    def __post_init__(self) -> None:
        if self.state not in set(LaunchState):
            raise JobError(f"The key 'state' is no state: {self.state[:40]!r}.")


@dataclass(frozen=True, slots=True)
class Device:
    """Something that runs one run at a time.

    Attributes:
        name: stands in ``launch.json``.
        title: for a person.
    """

    name: str
    title: str


class Runner(Protocol):
    """A place where runs run."""

    name: str
    title: str

    def devices(self) -> Sequence[Device]:
        """What can be chosen; empty where this place cannot be used."""
        ...

    def check(self, job: Job, device: str) -> None:
        """Raise `LiwiError` where the job cannot run there."""
        ...

    def start(self, job: Job, run_folder: Path) -> None:
        """See to it that a run whose ``launch.json`` says "queued" starts when its turn comes. Returns at once."""
        ...

    def state(self, run_folder: Path) -> LaunchState:
        """How far the start is, as its place knows it now."""
        ...

    def stop(self, run_folder: Path, *, hard: bool) -> None:
        """Ask a run to end after its step, or end it; take it out of the queue where it has not begun."""
        ...

    def recover(self) -> None:
        """Take up what an earlier app left: runs that wait, and runs that live on."""
        ...


class Launcher:
    """The runs below a folder. Safe for several threads and processes.

    Args:
        runs: the folder of run folders.
        runners: places, the usual one first.
    """

    def __init__(self, runs: Path, runners: Sequence[Runner]) -> None:
        self.runs = runs.expanduser().resolve()
        self.runners = {runner.name: runner for runner in runners}

    def check(self, job: Job, *, runner: str, device: str) -> None:
        """Raise `LiwiError` where a job cannot run there."""
        self._runner(runner).check(job, device)

    def launch(self, job: Job, name: str, *, runner: str, device: str, who: str) -> Path:
        """Make a run folder and have its run started when its turn comes.

        Raises:
            JobError: the job cannot run there; names the key.
            RunError: the name cannot be one, or is taken.
            LiwiError: the disk refuses.
        """
        name, place = checked_name(name), self._runner(runner)
        place.check(job, device)
        folder = self.runs / name
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            raise RunError(f"There is a run named {name!r} already. Choose another name, or resume that one.") from None
        except OSError as error:
            raise RunError(
                f"No run folder can be made in {str(self.runs)!r} ({error.strerror}). Free some space, then try again."
            ) from error
        try:
            prepare_run(folder, job)
            write_launch(folder, Launch(runner, device, who, time.time()))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        place.start(job, folder)
        return folder

    def resume(self, name: str, *, runner: str, device: str, who: str) -> None:
        """Have a run that does not run go on from its newest checkpoint.

        Raises:
            RunError: there is no such run, or it waits or runs already.
        """
        from training.run_state import GOES_ON, describe_run

        folder, place = self.folder(name), self._runner(runner)
        job = read_run_job(folder)
        place.check(job, device)
        with launches(self.runs):
            state = describe_run(folder).state
            if state not in GOES_ON:
                raise RunError(f"The run {name!r} cannot be resumed: it is {state}.")
            write_launch(folder, Launch(runner, device, who, time.time()))
        place.start(job, folder)

    def stop(self, name: str, *, hard: bool) -> None:
        """End a run after its step, or at once; take it out of the queue where it has not begun.

        Raises:
            RunError: there is no such run, or nothing runs.
        """
        folder = self.folder(name)
        launch = read_launch(folder)
        if launch is not None and launch.runner in self.runners:
            self.runners[launch.runner].stop(folder, hard=hard)
        elif launch is not None and launch.runner != "here":
            raise RunError(f"The run {name!r} was started with {launch.runner!r}, which is not set up here.")
        else:
            from training.run_here import stop_process

            stop_process(folder, hard=hard)

    def folder(self, name: str) -> Path:
        """The folder of a run; `RunError` if there is none of this name."""
        if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name or not (self.runs / name).is_dir():
            raise RunError(f"There is no run {name[:MAX_NAME]!r}. It may have been deleted.")
        return self.runs / name

    def folders(self) -> list[Path]:
        """All run folders, also damaged ones."""
        return run_folders(self.runs)

    def recover(self) -> None:
        """Take up what an earlier app left."""
        for runner in self.runners.values():
            runner.recover()

    def _runner(self, name: str) -> Runner:
        if name not in self.runners:
            raise RunError(f"There is no place {name[:60]!r} to train at; known: {', '.join(self.runners)}.")
        return self.runners[name]


def run_folders(runs: Path) -> list[Path]:
    """What looks like a run folder, by name: it has a job, or a launch. Names that cannot be shown are passed over."""
    if not runs.is_dir():
        return []
    named = [path for path in runs.iterdir() if not path.name.startswith(".") and path.name.isprintable()]
    return sorted(path for path in named if (path / JOB).exists() or (path / LAUNCH).exists())


def checked_name(name: str) -> str:
    """A name that a folder can have on every system; `RunError` for any other."""
    name = " ".join(name.split())
    if len(name.encode()) > MAX_NAME or not _NAME.fullmatch(name) or name.endswith("."):
        raise RunError(
            f"The name of a run has 1 to {MAX_NAME} bytes: letters, digits, spaces and . _ + -, beginning with a letter or digit. "
            f"Got {name[:60]!r}."
        )
    return name


def read_launch(folder: Path) -> Launch | None:
    """Who started a run where; None where it was started by hand.

    Raises:
        RunError: the file is damaged.
    """
    try:
        if (folder / LAUNCH).stat().st_size > 2**20:
            raise ValueError("it is too large")
        values = json.loads((folder / LAUNCH).read_text("utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it holds no JSON object")
        return read_table(Launch, values, "launch")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, JobError) as error:
        raise RunError(
            f"{folder / LAUNCH} is damaged ({str(error)[:200]}). Delete that file; the run itself is not touched by it."
        ) from error


def write_launch(folder: Path, launch: Launch) -> None:
    """Keep who started a run where; `ExportError` where the disk refuses."""
    with new_file(folder / LAUNCH) as path:
        path.write_bytes(encode_document(asdict(launch)))


def update_launch(folder: Path, **changes: str | int | float) -> Launch | None:
    """Change some of what ``launch.json`` says, between reading and writing undisturbed; None where there is none."""
    with launches(folder.parent):
        launch = read_launch(folder)
        if launch is not None:
            launch = replace(launch, **changes)  # type: ignore[arg-type]
            write_launch(folder, launch)
        return launch


@contextmanager
def launches(runs: Path) -> Iterator[None]:
    """Keep every other thread and process from changing a ``launch.json`` below a folder of runs. Not to be nested.

    Raises:
        RunError: others keep it too long, or the folder cannot be written.
    """
    lock = FileLock(runs / ".launches.lock", timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except (Timeout, OSError) as error:
        raise RunError(f"The queue of runs in {str(runs)!r} cannot be used ({error}). Try again.") from error
    try:
        yield
    finally:
        lock.release()
