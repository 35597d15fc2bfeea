"""A run folder: what it holds, and who may write to it. Everything about a run can be read back from here.

::

    job.toml         the resolved job          environment.json   versions of the libraries, hash of the dataset's manifest
    log.jsonl        one JSON object per line: "step", "evaluation", "stopped", "done"
    checkpoints/     see `training.checkpoints`
    export/          what the objective makes of the best checkpoint when the run is done
    run.lock         held by the process that trains; its number stands in it
    pictures/        .png and .webp that an objective may write at its evaluations
    launch.json      who started it where, see `training.launch`; not there for a run that was started by hand
    output.txt       what a process that was launched has said
"""

import fcntl
import importlib.metadata
import json
import os
import platform
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_tools.manifests import MANIFEST, digest_file, encode_document
from liwi.export.atomic import new_file
from training.errors import JobError, RunError
from training.job import Job, encode_job, read_job

JOB, ENVIRONMENT, LOG, LOCK, EXPORT = "job.toml", "environment.json", "log.jsonl", "run.lock", "export"
LAUNCH, OUTPUT, PICTURES = "launch.json", "output.txt", "pictures"

_HOLD_SECONDS = 1.0
"""So long `hold` tries: `is_held` takes the lock for a moment to see whether it is free."""

_PARTIAL = ".*.partial"
_LIBRARIES = ("torch", "accelerate", "safetensors", "numpy", "opencv-python-headless")


def open_run(folder: Path, job: Job) -> None:
    """Begin a run, or go on with one that was begun with the same job and dataset. The caller holds the folder, see `hold`.

    Raises:
        RunError: the folder holds other things, another job, or the dataset has changed since.
    """
    environment = describe_environment(job)
    prepared = not any((folder / name).exists() for name in (ENVIRONMENT, LOG, "checkpoints"))  # by `prepare_run`, if at all
    for left in [*folder.glob(_PARTIAL), *folder.glob(f"*/{_PARTIAL}")]:  # a kill in the middle of writing leaves these
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    if any(path.name not in (LOCK, ENVIRONMENT, LAUNCH, OUTPUT) for path in folder.iterdir()):
        found = read_run_job(folder)
        if found != job:
            raise RunError(
                f"The folder {folder} holds a run of another job: {', '.join(differing_keys(found, job))} differ. "
                "Name a new folder with --out, or give the same job to go on."
            )
        before = environment if prepared else read_environment(folder)
        if before.get("dataset_sha256") != environment["dataset_sha256"]:
            raise RunError(f"The dataset {job.dataset} has changed since the run {folder} began. Start a new run with --out.")
        if not prepared:
            return
    with new_file(folder / ENVIRONMENT) as path:
        path.write_bytes(encode_document(environment))
    prepare_run(folder, job)


def prepare_run(folder: Path, job: Job) -> None:
    """Write a job into a run folder; training begins with it when its turn comes."""
    with new_file(folder / JOB) as path:
        path.write_text(encode_job(job), "utf-8")


def read_run_job(folder: Path) -> Job:
    """The job that a run folder was begun with; `RunError` where it holds none."""
    if not (folder / JOB).is_file():
        raise RunError(f"{folder} is no run folder: it has no {JOB}. Name a new folder with --out, or delete it first.")
    try:
        return read_job(folder / JOB)
    except JobError as error:
        raise RunError(f"{folder / JOB} is damaged. {error}") from error


def describe_environment(job: Job) -> dict[str, Any]:
    """Versions, and the hash of the dataset's manifest (None where there is no such file)."""
    manifest = Path(job.dataset) / MANIFEST
    return {
        "python": platform.python_version(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "dataset_sha256": digest_file(manifest) if manifest.is_file() else None,
    }


def _version(name: str) -> str | None:
    """None where the library goes by another name, as OpenCV with a display does."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def read_environment(folder: Path) -> dict[str, Any]:
    """What `describe_environment` said when the run began; `RunError` where that is lost."""
    path = folder / ENVIRONMENT
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RunError(f"{path} is missing or damaged. Start a new run with --out.") from error
    return value if isinstance(value, dict) else {}


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Keep other processes from training in the same folder; `RunError` where one does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        patience = time.monotonic() + _HOLD_SECONDS
        while not _locked(file.fileno(), fcntl.LOCK_EX):
            if time.monotonic() > patience:
                raise RunError(f"Another process is training in {folder}. Wait for it, or stop it first.") from None
            time.sleep(0.02)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def is_held(folder: Path) -> bool:
    """Whether a process is training in the folder now."""
    try:
        with (folder / LOCK).open("r") as file:
            return not _locked(file.fileno(), fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def holder(folder: Path) -> int | None:
    """The number of the process that trains in the folder; None where none does.

    What stands in the lock's file is believed only of a process that has the file open: a number that somebody wrote there, or that
    meanwhile belongs to another process, is none.
    """
    import psutil

    if not is_held(folder):
        return None
    try:
        number = int((folder / LOCK).read_text("ascii")[:20])
        opened = {Path(each.path) for each in psutil.Process(number).open_files()}
        return number if (folder / LOCK).resolve() in opened else None
    except (OSError, ValueError, psutil.Error):
        return None


def _locked(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class RunLog:
    """The log of a run; every line is flushed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG

    def write(self, event: str, values: Mapping[str, Any]) -> None:
        """Append one line."""
        line = json.dumps({"event": event, **values}, allow_nan=False) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise RunError(f"{self._path} cannot be written ({error.strerror}). Free some space; the same command then goes on.") from error

    def rewind(self, step: int) -> None:
        """Forget what was done after ``step`` steps: it will be done again, with the same numbers."""
        events = {"step", "evaluation", "remark"} if step else set()  # a run that begins again makes its remarks again
        kept = [line for line in read_log(self._path.parent) if line.get("step", 0) <= step and line["event"] in events]
        with new_file(self._path) as path:
            path.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")


@contextmanager
def echoing(folder: Path, seconds: float = 1.0) -> Iterator[None]:
    """Print a run's log as it grows, for as long as the block lasts; from its start again where it was rewound."""
    ended = threading.Event()

    def follow() -> None:
        place = 0
        while not ended.wait(seconds):
            place = _echo(folder, place)
        _echo(folder, place)

    thread = threading.Thread(target=follow, name="echo", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _echo(folder: Path, place: int) -> int:
    """Print the whole lines from a place in the log on; the place after them."""
    if not (folder / LOG).is_file():
        return 0
    with (folder / LOG).open("rb") as file:
        file.seek(place if file.seek(0, os.SEEK_END) >= place else 0)
        first, text = file.tell(), file.read()
    whole = text[: text.rfind(b"\n") + 1]
    print(whole.decode("utf-8", "replace"), end="", flush=True)
    return first + len(whole)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Every whole line of a run's log; a line that was cut off by a kill is passed over."""
    if not (folder / LOG).is_file():
        return []
    lines = []
    for text in (folder / LOG).read_text("utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and "event" in line:
            lines.append(line)
    return lines


def differing_keys(*jobs: Job) -> list[str]:
    """The keys of which not all jobs hold the same value."""
    found = [flat_job(job) for job in jobs]
    keys = {key for each in found for key in each}
    return sorted(key for key in keys if any(each.get(key) != found[0].get(key) for each in found))


def flat_job(job: Job) -> dict[str, Any]:
    """The values of a job by key: ``"schedule.steps"``; those that stand in no table first."""
    values = asdict(job)
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    return plain | {f"{table}.{key}": value for table in values if table not in plain for key, value in values[table].items()}
