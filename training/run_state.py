"""What a run is doing, read from its folder alone: the same answer for the command line, the app, and an app that was started again."""

import contextlib
import re
import statistics
import time
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from liwi.errors import LiwiError
from training.curves import numbers
from training.devices import who_has
from training.job import Job
from training.launch import Launch, LaunchState, read_launch
from training.log_tail import LogTails
from training.run_folder import JOB, LOG, is_held, read_run_job
from training.run_here import last_output, process_of


class RunState(StrEnum):
    """What a run is doing."""

    QUEUED = "queued"
    STARTING = "starting"
    TRAINING = "training"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    DAMAGED = "damaged"


ACTIVE = frozenset({RunState.QUEUED, RunState.STARTING, RunState.TRAINING, RunState.STOPPING})
GOES_ON = frozenset({RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED})
"""States in which the same command goes on with it."""

_DONE = "all steps done"
_ASKED = "asked to stop"
_RECENT = 50
_BEGINNING_SECONDS = 20.0
"""So long a launch may have no process yet."""
_CURSED = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class RunView:
    """A run for a person.

    Attributes:
        folder: of the run; its name is the run's.
        state: what it is doing.
        problem: why it failed, or is damaged; empty where all is well.
        objective, dataset: of its job; empty where that is damaged.
        step, steps: done, and in all.
        seconds_left: until the last step, at the speed of the last 50; None where not known.
        changed: when its log last changed, in seconds since 1970; 0 for never.
        loss: of the last step.
        metrics: of the last evaluation.
        best_step: the step of the best evaluation so far.
        launch: who started it where; None for one that was started by hand.
    """

    folder: Path
    state: RunState
    problem: str = ""
    objective: str = ""
    dataset: str = ""
    step: int = 0
    steps: int = 0
    seconds_left: float | None = None
    changed: float = 0.0
    loss: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    best_step: int | None = None
    launch: Launch | None = None


def describe_run(folder: Path) -> RunView:
    """What a run is doing. Never raises for what a folder holds: what is damaged is said."""
    problem, launch, job = "", None, None
    try:
        launch = read_launch(folder)
        job = _job(folder, *_stamp(folder / JOB))
    except (LiwiError, OSError) as error:
        problem = str(error)
    digest = _digests.up_to_date(folder)
    state, said = (RunState.DAMAGED, problem) if problem else _state(folder, launch, digest)
    steps = job.schedule.steps if job else 0
    busy = state in (RunState.TRAINING, RunState.STOPPING)
    left = (steps - digest.step) * digest.seconds if busy and digest.seconds else None
    return RunView(
        folder,
        state,
        said,
        job.objective if job else "",
        job.dataset if job else "",
        digest.step,
        steps,
        left,
        _stamp(folder / LOG)[0] / 1e9,
        digest.loss,
        digest.metrics,
        digest.best_step,
        launch,
    )


def log_stamp(folder: Path) -> str:
    """Something that differs whenever the log does."""
    return "-".join(map(str, _stamp(folder / LOG)))


class _Digest:
    """What a log comes down to."""

    def __init__(self) -> None:
        self.step = 0
        self.last = ""
        self.loss: float | None = None
        self.metrics: dict[str, float] = {}
        self.best_step: int | None = None
        self._seconds: deque[float] = deque(maxlen=_RECENT)

    def take(self, line: dict[str, Any]) -> None:
        """One more line."""
        event, values, best = line["event"], dict(numbers(line)), line.get("best_step")
        self.step = line["step"] if isinstance(line.get("step"), int) else self.step
        self.last = f"{event}: {line.get('reason', '')}"
        if event == "step":
            self.loss = values.get("loss", self.loss)
            self._seconds.append(values.get("seconds", 0.0))
        elif event == "evaluation":
            self.best_step, self.metrics = best if isinstance(best, int) else self.best_step, values

    @property
    def seconds(self) -> float:
        """Of a step, lately; 0 where not known."""
        return statistics.fmean(self._seconds) if self._seconds else 0.0


_digests: LogTails[_Digest] = LogTails(_Digest, 1000)


@lru_cache(maxsize=512)
def _job(folder: Path, changed: int, size: int) -> Job:  # noqa: ARG001 (they are what the cache goes by)
    return read_run_job(folder)


def _state(folder: Path, launch: Launch | None, digest: _Digest) -> tuple[RunState, str]:
    """The state, and what went wrong."""
    if launch is not None:
        if launch.state == LaunchState.QUEUED:
            return RunState.QUEUED, launch.problem or _occupied(launch)
        if launch.state == LaunchState.WITHDRAWN:
            return RunState.STOPPED, "It was taken out of the queue."
        begins = launch.pid == 0 and time.time() - launch.started_at < _BEGINNING_SECONDS
        alive = launch.remote or begins or process_of(launch) is not None or is_held(folder)
        if launch.state == LaunchState.STARTED and alive:
            busy = RunState.TRAINING if digest.step or is_held(folder) else RunState.STARTING
            return (RunState.STOPPING if launch.stop else busy), launch.problem
    elif is_held(folder):
        return RunState.TRAINING, ""
    return _ended(folder, launch, digest)


def _ended(folder: Path, launch: Launch | None, digest: _Digest) -> tuple[RunState, str]:
    """How a run ended that does not run."""
    event, _, reason = digest.last.partition(": ")
    if launch is not None and launch.state == LaunchState.ENDED and launch.code != 0:
        if launch.stop and launch.code < 0:
            return RunState.STOPPED, "It was ended at once; what came after its last checkpoint is done again when it goes on."
        if launch.problem:
            return RunState.FAILED, launch.problem
        if launch.code == -9:
            return RunState.FAILED, "The system killed its process, as happens when memory runs out. Try a smaller schedule.batch_size."
        return RunState.FAILED, last_words(folder) or f"Its process ended with exit status {launch.code}."
    if event == "done" and reason == _DONE:
        return RunState.FINISHED, ""
    if event == "stopped":
        return (RunState.STOPPED, "") if reason == _ASKED else (RunState.FAILED, f"Training stopped: {reason}.")
    return RunState.INTERRUPTED, "Its process is gone, and nobody saw how it ended. Resume goes on from the last checkpoint."


def _occupied(launch: Launch) -> str:
    """Which run has the device that a launch on this machine waits for, where that can be told."""
    run = who_has(launch.device) if launch.runner == "here" else ""
    with contextlib.suppress(OSError, ValueError):
        return f"The run {run} has its device now." if run and is_held(Path(run)) else ""
    return ""


def last_words(folder: Path) -> str:
    """The last line that a process said, which is what went wrong where it failed."""
    lines = [line.strip() for line in _CURSED.sub("", last_output(folder)).splitlines()]
    return next((line for line in reversed(lines) if line), "")[:1000]


def _stamp(path: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        status = path.stat()
        return status.st_mtime_ns, status.st_size
    return 0, 0
