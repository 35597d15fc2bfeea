"""Work that takes longer than a request, one piece after the other, with progress, on the server: imports, exports, publishing.

A job belongs to whoever began it, and nobody else hears of it. What it leaves on disk goes when it is forgotten.
"""

import queue
import secrets
import shutil
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from liwi.errors import Cancelled, InputError, LiwiError
from liwi.progress import CancelToken, Progress, ReportProgress

Work = Callable[[Path, ReportProgress, CancelToken], dict[str, Any]]

MAX_WAITING_PER_PERSON = 4
MAX_KEPT = 40
KEPT_SECONDS = 3600.0
CLOSING_SECONDS = 20.0
"""How long the end of the app waits for work to notice that it shall stop."""


class UnknownJob(InputError):
    """There is no such work, or it is somebody else's."""


@dataclass
class Job:
    """A piece of work, its progress and what came of it.

    Attributes:
        id: cannot be guessed.
        owner: who began it.
        kind: what it is, for the page.
        folder: of its own, for what it needs and what it makes.
        downloads: where the page gets its file, before its id.
        file: what can be downloaded afterwards; None for nothing.
    """

    id: str
    owner: str
    kind: str
    folder: Path
    downloads: str = ""
    cancel: CancelToken = field(default_factory=CancelToken)
    state: Literal["working", "done", "failed"] = "working"
    progress: Progress = field(default_factory=lambda: Progress("Waiting", 0, 1))
    message: str = ""
    result: dict[str, Any] | None = None
    file: Path | None = None
    ended: float | None = None

    def keep(self, file: Path) -> None:
        """Offer a file in the job's folder for download."""
        self.file = file

    def as_json(self) -> dict[str, Any]:
        """What the page hears."""
        progress = self.progress
        return {
            "job": self.id,
            "kind": self.kind,
            "stage": progress.stage,
            "done": progress.done,
            "total": progress.total,
            "state": self.state,
            "message": self.message,
            "result": self.result,
            "url": f"{self.downloads}/{self.id}" if self.file is not None and self.state == "done" else None,
        }


class Jobs:
    """The jobs of a tab. Safe for several threads; one job works at a time, the others wait.

    Args:
        downloads: where the page gets what jobs make, before their ids.
        clock: seconds that never run backwards; tests pass their own.
    """

    def __init__(self, downloads: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._downloads, self._clock = downloads, clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._waiting: queue.SimpleQueue[tuple[Job, Work] | None] = queue.SimpleQueue()
        self._worker: threading.Thread | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def prepare(self, owner: str, kind: str) -> Job:
        """A job with a folder, that does not work yet; `start` or `drop` it.

        Raises:
            InputError: the person has too many under way, or the folder cannot be made.
        """
        with self._lock:
            self._forget_old()
            if sum(job.owner == owner and job.state == "working" for job in self._jobs.values()) >= MAX_WAITING_PER_PERSON:
                raise InputError(f"You have {MAX_WAITING_PER_PERSON} pieces of work under way here. Wait for one of them, or stop it.")
            try:
                if self._folder is None:
                    self._folder = tempfile.TemporaryDirectory(prefix="liwi-jobs-")
                folder = Path(tempfile.mkdtemp(dir=self._folder.name))
            except OSError as error:
                raise InputError(f"There is no room for more work ({error.strerror}). Tell whoever runs this app.") from error
            job = Job(secrets.token_urlsafe(24), owner, kind, folder, self._downloads)
            self._jobs[job.id] = job
            return job

    def start(self, job: Job, work: Work) -> None:
        """Let it work as soon as it is its turn."""
        with self._lock:
            if self._worker is None:  # a daemon: an app that is told to end does not wait for what people have queued
                self._worker = threading.Thread(target=self._work, name="jobs", daemon=True)
                self._worker.start()
        self._waiting.put((job, work))

    def drop(self, job: Job) -> None:
        """Forget a job that was never started, or is not wanted any more."""
        with self._lock:
            self._jobs.pop(job.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def get(self, job_id: str, owner: str) -> Job:
        """A person's own job; `UnknownJob` for any other."""
        with self._lock:
            job = self._jobs.get(job_id)
        if job is None or job.owner != owner:
            raise UnknownJob("This work is no longer known: it ended a while ago, or the server was started again.")
        return job

    def of(self, owner: str) -> list[Job]:
        """A person's jobs, oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if job.owner == owner]

    def close(self) -> None:
        """Stop what is under way and remove every file."""
        with self._lock:
            for job in self._jobs.values():
                job.cancel.cancel()
        if self._worker is not None:
            self._waiting.put(None)
            self._worker.join(CLOSING_SECONDS)
        if self._folder is not None:
            self._folder.cleanup()

    def _work(self) -> None:
        while (taken := self._waiting.get()) is not None:
            self._run(*taken)

    def _run(self, job: Job, work: Work) -> None:
        def report(progress: Progress) -> None:
            job.progress = progress

        state: Literal["done", "failed"] = "failed"
        try:
            job.cancel.check()
            job.result = work(job.folder, report, job.cancel)
            state = "done"
        except Cancelled:
            job.message = "Stopped, as you asked."
        except LiwiError as error:
            job.message = str(error)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            job.message = "Something went wrong in the server; its log says what. Try again."
        job.ended, job.state = self._clock(), state
        if job.file is None:
            shutil.rmtree(job.folder, ignore_errors=True)

    def _forget_old(self) -> None:
        ended = sorted((job for job in self._jobs.values() if job.ended is not None), key=lambda job: job.ended or 0.0)
        old = [job for job in ended if (job.ended or 0.0) < self._clock() - KEPT_SECONDS]
        for job in {job.id: job for job in [*old, *ended[: max(0, len(self._jobs) - MAX_KEPT)]]}.values():
            del self._jobs[job.id]
            shutil.rmtree(job.folder, ignore_errors=True)
