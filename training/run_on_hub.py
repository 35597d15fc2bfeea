"""Runs on Hugging Face Jobs: a container there trains, its output comes back line by line, and its run folder through a repository.

What a job needs has to be on the Hub: the program (a Space, mounted), the dataset (a dataset repository, mounted: ``hf://datasets/...``),
and a private model repository in which the run folders are kept, so that a run can go on and its best checkpoint be published from here.
The log is echoed, so curves are live. Jobs cannot be stopped gently there: what was not yet uploaded is lost.
"""

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from liwi.settings import Settings
from training.errors import JobError, RunError
from training.job import Job, encode_job
from training.launch import Device, Launch, LaunchState, launches, read_launch, run_folders, update_launch, write_launch
from training.run_folder import LOG, OUTPUT

if TYPE_CHECKING:
    from huggingface_hub import HfApi, JobInfo

T = TypeVar("T")

FLAVORS = ("t4-small", "l4x1", "a10g-small", "a10g-large", "l40sx1", "a100-large", "h200", "cpu-upgrade")
"""Hardware that can be chosen, unless the settings name others."""

_DATASET = re.compile(r"hf://datasets/([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})")
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_COMMAND = """cd /studio && mkdir -p /tmp/runs && printf %s "$RUN_JOB" > /tmp/job.toml
hf download "$RUNS_REPOSITORY" --include "$RUN_NAME/*" --local-dir /tmp/runs > /dev/null 2>&1
python -m training run /tmp/job.toml --out "/tmp/runs/$RUN_NAME" --echo
code=$?
rm -f "/tmp/runs/$RUN_NAME/run.lock"
hf upload "$RUNS_REPOSITORY" "/tmp/runs/$RUN_NAME" "$RUN_NAME" --private --quiet || exit 74
exit $code"""
"""What the container does; every name comes in through its environment, so none is part of the command."""
_TRIES = 3
_ENDED = frozenset({"COMPLETED", "CANCELED", "ERROR", "DELETED"})


class Unreachable(RunError):
    """The other side does not answer, so nothing is known."""


@dataclass(frozen=True, slots=True)
class HubSettings:
    """Where jobs run, and on what.

    Attributes:
        token: may start jobs, read the dataset and write the repository; never shown.
        space: the Space with this program; it is mounted, and its image is used.
        repository: a model repository for run folders.
        namespace: pays; the one of the repository where empty.
        flavors: hardware.
        hours: longest time of a job.
        endpoint: tests pass their own.
    """

    token: str = field(repr=False)
    space: str
    repository: str
    namespace: str = ""
    flavors: tuple[str, ...] = FLAVORS
    hours: float = 24.0
    endpoint: str | None = None


class HuggingFaceJobs:
    """`training.launch.Runner` for Hugging Face Jobs.

    Args:
        runs: the folder of run folders.
        settings: see there.
        retry_seconds: between two tries; tests pass their own.
    """

    name = "huggingface"
    title = "Hugging Face Jobs"

    def __init__(self, runs: Path, settings: HubSettings, *, retry_seconds: float = 10.0) -> None:
        self._runs, self._settings, self._retry_seconds = runs.expanduser().resolve(), settings, retry_seconds
        self._namespace = settings.namespace or settings.repository.partition("/")[0]
        self._lock = threading.Lock()
        self._threads: dict[str, threading.Thread] = {}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self | None:
        """As the app's settings say; None where they do not turn it on.

        Raises:
            JobError: a repository's name cannot be one.
        """
        if not (settings.hub_token and settings.jobs_space and settings.jobs_repository):
            return None
        for name, value in (("LIWI_JOBS_SPACE", settings.jobs_space), ("LIWI_JOBS_REPO", settings.jobs_repository)):
            if not _REPOSITORY.fullmatch(value):
                raise JobError(f"{name} must name a repository as OWNER/NAME, got {value[:80]!r}.")
        return cls(settings.runs, HubSettings(settings.hub_token, settings.jobs_space, settings.jobs_repository))

    def devices(self) -> Sequence[Device]:
        """The kinds of hardware."""
        return [Device(flavor, flavor) for flavor in self._settings.flavors]

    def check(self, job: Job, device: str) -> None:
        """Raise `JobError` where the hardware is not known or does not fit, or the dataset is not on the Hub."""
        if device not in self._settings.flavors:
            raise JobError(f"There is no hardware {device[:40]!r}; choose one of {', '.join(self._settings.flavors)}.")
        if not _DATASET.fullmatch(job.dataset):
            raise JobError(
                f"The key 'dataset' is {job.dataset[:80]!r}, which lies on this machine; Hugging Face Jobs read from the Hub. Upload it "
                "with: hf upload OWNER/NAME FOLDER . --repo-type dataset --private, then set the key to hf://datasets/OWNER/NAME."
            )
        if job.schedule.device != "auto" and (job.schedule.device == "cpu") != device.startswith("cpu"):
            raise JobError(f"The key 'schedule.device' is {job.schedule.device!r}, and the hardware is {device}. Set the key to \"auto\".")

    def start(self, job: Job, run_folder: Path) -> None:
        """Start the job there in a thread of its own, which then follows its output."""
        self._follow(run_folder, job)

    def state(self, run_folder: Path) -> LaunchState:
        """As the other side says."""
        launch = read_launch(run_folder)
        if launch is None or launch.state != LaunchState.STARTED or not launch.remote:
            return LaunchState(launch.state) if launch else LaunchState.LOST
        info = self._ask(lambda api: api.inspect_job(job_id=launch.remote, namespace=self._namespace))
        return LaunchState.ENDED if _stage(info) in _ENDED else LaunchState.STARTED

    def stop(self, run_folder: Path, *, hard: bool) -> None:  # noqa: ARG002 (there is only one way there)
        """Cancel the job there; one that has not been sent yet is withdrawn."""
        with launches(self._runs):
            launch = read_launch(run_folder)
            if launch is None or launch.state not in (LaunchState.QUEUED, LaunchState.STARTED):
                raise RunError(f"The run {run_folder.name!r} does not run, so there is nothing to stop.")
            queued = launch.state == LaunchState.QUEUED
            write_launch(run_folder, replace(launch, state=LaunchState.WITHDRAWN) if queued else replace(launch, stop="hard"))
        if launch.remote:
            self._ask(lambda api: api.cancel_job(job_id=launch.remote, namespace=self._namespace))

    def recover(self) -> None:
        """Follow what runs there, and start what was not sent yet."""
        for folder in run_folders(self._runs):
            with contextlib.suppress(RunError):
                launch = read_launch(folder)
                if launch and launch.runner == self.name and launch.state in (LaunchState.QUEUED, LaunchState.STARTED):
                    self._follow(folder, None)

    def wait(self, seconds: float) -> bool:
        """Whether nothing is followed any more, after this long at most."""
        end = time.monotonic() + seconds
        for thread in list(self._threads.values()):
            thread.join(max(0.0, end - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads.values())

    def _follow(self, folder: Path, job: Job | None) -> None:
        with self._lock:
            thread = self._threads.get(folder.name)
            if thread is None or not thread.is_alive():
                thread = threading.Thread(target=self._work, args=(folder, job), name=f"hub-{folder.name}", daemon=True)
                self._threads[folder.name] = thread
                thread.start()

    def _work(self, folder: Path, job: Job | None) -> None:
        """Send a run if it was not sent yet, follow its output to the end, and fetch its folder."""
        try:
            launch = self._sent(folder, job)
            if launch is None:
                return
            stage, message = self._followed(folder, launch)
            problem = "" if stage == "COMPLETED" else self._clean(f"The job ended there as {stage}. {message}".strip())
            with contextlib.suppress(RunError):
                self._fetch(folder)
            code = 0 if stage == "COMPLETED" else (-15 if stage == "CANCELED" else 1)
            update_launch(folder, state=LaunchState.ENDED, code=code, ended_at=time.time(), problem=problem)
        except Exception as error:  # a thread has nobody to raise to: the run says it
            said = str(error) if isinstance(error, RunError) else f"{type(error).__name__}: {str(error)[:300]}"
            with contextlib.suppress(Exception):
                update_launch(folder, state=LaunchState.ENDED, code=1, ended_at=time.time(), problem=self._clean(said))

    def _followed(self, folder: Path, launch: Launch) -> tuple[str, str]:
        """The stage in which a job ended, and what was said of it. A Hub that cannot be reached for a while ends nothing."""
        while True:
            problem = ""
            try:
                with contextlib.suppress(Exception):  # a stream that breaks off says nothing of the job
                    self._read_output(folder, launch)
                info = self._ask(lambda api: api.inspect_job(job_id=launch.remote, namespace=self._namespace))
                if _stage(info) in _ENDED:
                    return _stage(info), str(info.status.message or "")
            except Unreachable as error:
                problem = str(error)
            update_launch(folder, problem=problem)
            time.sleep(self._retry_seconds)

    def _sent(self, folder: Path, job: Job | None) -> Launch | None:
        """The launch of a job that runs there, sent now where it was not; None where it was withdrawn."""
        from training.run_folder import read_run_job

        with launches(self._runs):
            launch = read_launch(folder)
            if launch is None or launch.state == LaunchState.WITHDRAWN or launch.remote:
                return launch if launch and launch.remote else None
            write_launch(folder, replace(launch, state=LaunchState.STARTED, started_at=time.time()))
        info = self._submit(job or read_run_job(folder), folder.name, launch.device)
        return update_launch(folder, remote=info.id, remote_url=info.url)

    def _submit(self, job: Job, name: str, flavor: str) -> "JobInfo":
        from huggingface_hub import Volume

        found = _DATASET.fullmatch(job.dataset)
        assert found is not None, "checked before"
        volumes = [
            Volume(type="space", source=self._settings.space, mount_path="/studio", read_only=True),
            Volume(type="dataset", source=found[1], mount_path="/dataset", read_only=True),
        ]
        environment = {
            "RUN_JOB": encode_job(replace(job, dataset="/dataset")),
            "RUN_NAME": name,
            "RUNS_REPOSITORY": self._settings.repository,
            "PYTHONUNBUFFERED": "1",
        }
        return self._ask(
            lambda api: api.run_job(
                image=f"hf.co/spaces/{self._settings.space}",
                command=["bash", "-c", _COMMAND],
                env=environment,
                secrets={"HF_TOKEN": self._settings.token},
                flavor=flavor,
                timeout=f"{self._settings.hours:g}h",
                name=re.sub(r"[^A-Za-z0-9_.-]", "-", name)[:60],
                volumes=volumes,
                namespace=self._namespace,
            ),
            tries=1,  # an answer that got lost may have started a job
        )

    def _read_output(self, folder: Path, launch: Launch) -> None:
        """Write what the job says into the run's folder until it ends; it is told from the start each time."""
        lines: list[dict[str, Any]] = []
        with (folder / OUTPUT).open("w", encoding="utf-8") as output, (folder / LOG).open("w", encoding="utf-8") as log:
            for line in self._api().fetch_job_logs(job_id=launch.remote, namespace=self._namespace, follow=True):
                event = _event(line)
                if event is None:
                    output.write(self._clean(line.rstrip("\n")) + "\n")
                    output.flush()
                    continue
                if lines and event.get("step", 0) < lines[-1].get("step", 0):  # rewound: the same numbers come again
                    lines = [each for each in lines if each.get("step", 0) < event.get("step", 0)]
                    log.seek(0)
                    log.truncate()
                    log.writelines(json.dumps(each) + "\n" for each in lines)
                lines.append(event)
                log.write(json.dumps(event) + "\n")
                log.flush()

    def _fetch(self, folder: Path) -> None:
        """Bring the run folder that the job uploaded here, but for what is kept here."""
        from huggingface_hub import snapshot_download

        with contextlib.suppress(OSError, ValueError):
            pattern = [f"{folder.name}/{each}" for each in ("checkpoints/*", "export/*", "environment.json", LOG, "pictures/*")]
            snapshot_download(
                self._settings.repository,
                local_dir=self._runs,
                allow_patterns=pattern,
                token=self._settings.token,
                endpoint=self._settings.endpoint,
            )

    def _api(self) -> "HfApi":
        from huggingface_hub import HfApi

        return HfApi(endpoint=self._settings.endpoint, token=self._settings.token)

    def _ask(self, question: "Callable[[HfApi], T]", *, tries: int = _TRIES) -> T:
        """The answer of the other side.

        Raises:
            RunError: it refuses; without the token. `Unreachable` where nobody answers.
        """
        from huggingface_hub.errors import HfHubHTTPError

        for attempt in range(tries):
            last = attempt + 1 == tries
            try:
                return question(self._api())
            except HfHubHTTPError as error:
                status = error.response.status_code if error.response is not None else 0
                if 400 <= status < 500:
                    raise RunError(self._clean(f"Hugging Face Jobs refuse: {str(error)[:300]}")) from None
                if last:
                    raise Unreachable(f"Hugging Face Jobs answer with status {status}. The run goes on; this is tried again.") from None
            except Exception as error:  # whatever the Hub's library raises where nobody answers; it changes with the library
                if last:
                    raise Unreachable(f"Hugging Face Jobs cannot be reached ({type(error).__name__}). This is tried again.") from None
            time.sleep(self._retry_seconds)
        raise AssertionError("the last try returns or raises")

    def _clean(self, text: str) -> str:
        """A text without the token, whoever put it there."""
        return text.replace(self._settings.token, "hf_…")


def _stage(info: "JobInfo") -> str:
    stage = info.status.stage
    return str(getattr(stage, "value", stage))


def _event(line: str) -> dict[str, Any] | None:
    """The line of a log that a line of the output is; None for any other."""
    if not line.startswith('{"event"'):
        return None
    with contextlib.suppress(ValueError, RecursionError):
        value = json.loads(line)
        return value if isinstance(value, dict) and isinstance(value.get("step"), int) else None
    return None
