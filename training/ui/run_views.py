"""Runs as JSON for the page."""

import contextlib
import os
from pathlib import Path
from typing import Any

from data_tools.manifests import digest_file, labels_of_dataset
from liwi.errors import LiwiError
from liwi.registry_errors import RegistryError
from training.curves import curves, numbers
from training.job import encode_job
from training.run_folder import JOB, PICTURES, read_environment, read_run_job
from training.run_here import last_output, memory_of
from training.run_state import ACTIVE, GOES_ON, RunState, RunView, describe_run, log_stamp
from training.ui.services import TrainingServices

Json = dict[str, Any]

MAX_PICTURES = 60


def run_json(view: RunView) -> Json:
    """A row of the list of runs."""
    launch = view.launch
    return {
        "name": view.folder.name,
        "state": view.state,
        "active": view.state in ACTIVE,
        "goes_on": view.state in GOES_ON,
        "problem": view.problem,
        "objective": view.objective,
        "dataset": view.dataset,
        "step": view.step,
        "steps": view.steps,
        "seconds_left": view.seconds_left,
        "at": launch.asked_at if launch else view.changed or _made(view.folder),
        "changed": view.changed,
        "loss": view.loss,
        "metrics": view.metrics,
        "best_step": view.best_step,
        "who": launch.who if launch else "",
        "runner": launch.runner if launch else "",
        "device": launch.device if launch else "",
        "url": launch.remote_url if launch else "",
        "by_hand": launch is None,
        "stopping": launch.stop if launch else "",
        "other_app": _lives_on(view),
    }


def run_details(services: TrainingServices, folder: Path, stamp: str) -> Json:
    """Everything about a run; without its curves where the page has them already, as ``stamp`` says."""
    view = describe_run(folder)
    now = log_stamp(folder)
    details: Json = {"run": run_json(view), "stamp": now, "output": last_output(folder), "pictures": _pictures(folder)}
    details["memory"] = memory_of(folder) if view.state in ACTIVE else {}
    details["job"] = ""
    with contextlib.suppress(LiwiError, OSError):
        details["job"] = encode_job(read_run_job(folder))
    details["published"] = _published(services, folder)
    if stamp != now:  # what follows changes only with the log, and may take long to read
        details |= {"curves": curves(folder), "checkpoints": _checkpoints(folder), "provenance": _provenance(view)}
    return details


def _checkpoints(folder: Path) -> list[Json]:
    """The checkpoints of a run, oldest first; a damaged one says so."""
    from training.checkpoints import describe_checkpoint, list_checkpoints

    found: list[Json] = []
    for path in list_checkpoints(folder):
        try:
            facts = describe_checkpoint(path)
            found.append({"name": path.name, "step": facts["step"], "metrics": dict(numbers(facts["metrics"])), "problem": ""})
        except LiwiError as error:
            found.append({"name": path.name, "step": None, "metrics": {}, "problem": str(error)})
    return found


def _published(services: TrainingServices, folder: Path) -> list[Json]:
    """What of this run stands in the registry."""
    with contextlib.suppress(RegistryError, OSError):
        job = digest_file(folder / JOB)
        records = [record for record in services.registry.records() if (record.job.name, record.job.sha256) == (folder.name, job)]
        return [{"id": record.id, "status": record.status, "step": record.metrics.get("step")} for record in records]
    return []


def _provenance(view: RunView) -> list[tuple[str, str]]:
    """The chain from a run back to labels: (what, which)."""
    chain: list[tuple[str, str]] = []
    with contextlib.suppress(LiwiError, OSError):
        chain.append(("job", digest_file(view.folder / JOB)))
    with contextlib.suppress(LiwiError):
        said = read_environment(view.folder).get("dataset_sha256")
        chain.append((f"dataset {view.dataset}", said if isinstance(said, str) else "without a manifest"))
    labels = labels_of_dataset(Path(view.dataset)) if view.dataset else ""
    return [*chain, *([("labels", labels)] if labels else [])]


def _pictures(folder: Path) -> list[str]:
    """The newest pictures that a run wrote, as ``step/name``, oldest first."""
    found = [path for ending in ("png", "webp") for path in (folder / PICTURES).glob(f"step_*/*.{ending}")]
    names = (path.relative_to(folder / PICTURES).as_posix() for path in found)
    return sorted(name for name in names if name.isprintable())[-MAX_PICTURES:]


def _lives_on(view: RunView) -> bool:
    """Whether a run lives on that an earlier start of the app began."""
    launch = view.launch
    return bool(launch and launch.app_pid and launch.app_pid != os.getpid() and view.state in ACTIVE - {RunState.QUEUED})


def _made(folder: Path) -> float:
    with contextlib.suppress(OSError):
        return folder.stat().st_mtime
    return 0.0
