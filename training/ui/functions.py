"""The functions that the page calls by name: each reads its fields, acts as the person who asks, and answers with JSON.

Every function checks the role itself, beside the route that calls it.
"""

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from liwi.progress import CancelToken, Progress, ReportProgress
from liwi.registry import AsSeen
from training.curves import curves
from training.datasets import find_datasets
from training.errors import JobError
from training.job import Job, read_job, read_table
from training.job_form import changed_job, form_rows, job_file, job_files, save_job, wrong_key
from training.run_folder import differing_keys, flat_job, read_run_job
from training.run_state import describe_run
from training.ui.registry_view import registry_json
from training.ui.run_views import run_details, run_json
from training.ui.services import TrainingServices

Json = dict[str, Any]
Body = Mapping[str, Any]
Function = Callable[[TrainingServices, str, Body], Json]
T = TypeVar("T")

MAX_COMPARED = 8


@dataclass(frozen=True, slots=True)
class _Named:
    name: str


@dataclass(frozen=True, slots=True)
class _Looked:
    name: str
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class _Ended:
    name: str
    how: str = "gently"


@dataclass(frozen=True, slots=True)
class _Chosen:
    source: str
    changes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Saved(_Chosen):
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Launched(_Chosen):
    name: str = ""
    runner: str = ""
    device: str = ""


@dataclass(frozen=True, slots=True)
class _Resumed:
    name: str
    runner: str
    device: str


@dataclass(frozen=True, slots=True)
class _Published:
    name: str
    licence: str


@dataclass(frozen=True, slots=True)
class _Promoted:
    checkpoint: str
    reason: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class _RolledBack:
    kind: str
    reason: str
    seen: str = ""


def _read(kind: type[T], body: Body) -> T:
    return read_table(kind, body, "request")


def _overview(services: TrainingServices, person: str, _: Body) -> Json:
    views = [describe_run(folder) for folder in services.launcher.folders()]
    runs = sorted((run_json(view) for view in views), key=lambda run: (-run["at"], run["name"]))
    devices = [
        {"runner": runner.name, "place": runner.title, "name": device.name, "title": device.title}
        for runner in services.launcher.runners.values()
        for device in runner.devices()
    ]
    works = [job.as_json() for job in services.works.of(person)]
    return {"runs": runs, "devices": devices, "works": works, "folder": str(services.launcher.runs), "now": time.time()}


def _run(services: TrainingServices, _: str, body: Body) -> Json:
    asked = _read(_Looked, body)
    return run_details(services, services.launcher.folder(asked.name), asked.stamp)


def _compare(services: TrainingServices, _: str, body: Body) -> Json:
    names = body.get("names")
    if not isinstance(names, list) or not 2 <= len(names) <= MAX_COMPARED or not all(isinstance(name, str) for name in names):
        raise JobError(f"Choose 2 to {MAX_COMPARED} runs to compare.")
    folders = [services.launcher.folder(name) for name in names]
    jobs = [read_run_job(folder) for folder in folders]
    flat = [flat_job(job) for job in jobs]
    return {
        "runs": [{**run_json(describe_run(folder)), "curves": curves(folder)} for folder in folders],
        "differences": [{"key": key, "values": [_shown(each.get(key)) for each in flat]} for key in differing_keys(*jobs)],
    }


def _choices(services: TrainingServices, _: str, __: Body) -> Json:
    found = find_datasets(services.datasets, services.recorded_exports()) if services.datasets.is_dir() else []
    datasets = [
        {"path": _as_typed(each.path), "kind": each.kind, "labels": each.labels_sha256, "recorded": each.recorded} for each in found
    ]
    return {"jobs": list(job_files(services.launcher)), "datasets": datasets, "datasets_folder": str(services.datasets)}


def _form(services: TrainingServices, _: str, body: Body) -> Json:
    source = _read(_Named, body).name
    return {"rows": form_rows(read_job(job_file(services.launcher, source))), "name": _proposed(services, source)}


def _check(services: TrainingServices, _: str, body: Body) -> Json:
    """What is wrong with a form as it stands, which is no failure of the request."""
    asked = _read(_Chosen, body)
    try:
        _job(services, asked)
    except JobError as error:
        return {"problem": str(error), "key": wrong_key(error)}
    return {"problem": "", "key": None}


def _save_job(services: TrainingServices, _: str, body: Body) -> Json:
    asked = _read(_Saved, body)
    return {"id": save_job(services.launcher, asked.name, _job(services, asked))}


def _launch(services: TrainingServices, person: str, body: Body) -> Json:
    asked = _read(_Launched, body)
    job = _job(services, asked)
    services.launcher.check(job, runner=asked.runner, device=asked.device)
    if "://" not in job.dataset:
        _try_objective(job)
    folder = services.launcher.launch(job, asked.name, runner=asked.runner, device=asked.device, who=person)
    return {"name": folder.name}


def _resume(services: TrainingServices, person: str, body: Body) -> Json:
    asked = _read(_Resumed, body)
    services.launcher.resume(asked.name, runner=asked.runner, device=asked.device, who=person)
    return {}


def _stop(services: TrainingServices, _: str, body: Body) -> Json:
    asked = _read(_Ended, body)
    services.launcher.stop(asked.name, hard=asked.how == "hard")
    return {}


def _publish(services: TrainingServices, person: str, body: Body) -> Json:
    asked = _read(_Published, body)
    folder = services.launcher.folder(asked.name)
    if not asked.licence.strip():
        raise JobError("The key 'licence' is empty: say under which licence the weights may be used, for example Apache-2.0.")

    def work(_: Path, report: ReportProgress, __: CancelToken) -> Json:
        from training.publishing import publish

        report(Progress("Exporting the best checkpoint, then trying it in a process of its own", 0, 1))
        return {"checkpoint": publish(folder, services.registry, licence=asked.licence.strip(), who=person).id}

    return _begun(services, person, f"Publish {folder.name}", work)


def _registry(services: TrainingServices, _: str, __: Body) -> Json:
    return registry_json(services)


def _promote(services: TrainingServices, person: str, body: Body) -> Json:
    asked = _read(_Promoted, body)

    def work(_: Path, report: ReportProgress, __: CancelToken) -> Json:
        report(Progress("Checking its files, then trying it in a process of its own", 0, 1))
        act = services.registry.promote(asked.checkpoint, reason=asked.reason, who=person, seen=AsSeen(asked.seen or None))
        return {"checkpoint": act.checkpoint, "kind": act.kind}

    services.registry.record(asked.checkpoint)  # what is not there is said now, not by the work
    return _begun(services, person, f"Promote {asked.checkpoint}", work)


def _rollback(services: TrainingServices, person: str, body: Body) -> Json:
    asked = _read(_RolledBack, body)
    act = services.registry.rollback(asked.kind, reason=asked.reason, who=person, seen=AsSeen(asked.seen or None))
    return {"checkpoint": act.checkpoint}


def _retire(services: TrainingServices, person: str, body: Body) -> Json:
    asked = _read(_Promoted, body)
    services.registry.retire(asked.checkpoint, reason=asked.reason, who=person)
    return {}


def _work(services: TrainingServices, person: str, body: Body) -> Json:
    return services.works.get(_read(_Named, body).name, person).as_json()


def _begun(services: TrainingServices, person: str, what: str, work: Callable[[Path, ReportProgress, CancelToken], dict[str, Any]]) -> Json:
    job = services.works.prepare(person, what)
    services.works.start(job, work)
    return {"work": job.id}


def _job(services: TrainingServices, asked: _Chosen) -> Job:
    changes = {key: str(text)[:10_000] for key, text in asked.changes.items()}
    return changed_job(job_file(services.launcher, asked.source), changes)


def _try_objective(job: Job) -> None:
    """Raise now, with the key, what the run would fail with at once: a dataset that is not there or empty, values of its network."""
    from training.objectives import create_objective

    create_objective(job)


def _proposed(services: TrainingServices, source: str) -> str:
    """A name for a run of a job that is not taken."""
    stem = source.partition("/")[2]
    name = next(each for number in range(1, 10**6) if not (services.launcher.runs / (each := f"{stem[:90]}-{number}")).exists())
    return name if source.startswith("run/") or (services.launcher.runs / stem).exists() else stem


def _as_typed(path: Path) -> str:
    """A path as a person would write it: below the current folder without its beginning."""
    return str(path.relative_to(Path.cwd())) if path.is_absolute() and path.is_relative_to(Path.cwd()) else str(path)


def _shown(value: object) -> str:
    return "" if value is None else str(list(value) if isinstance(value, tuple) else value)


def _for_admins(function: Function) -> Function:
    """Check the role before anything else, whoever calls."""

    @functools.wraps(function)
    def call(services: TrainingServices, person: str, body: Body) -> Json:
        services.demand_admin(person)
        return function(services, person, body)

    return call


FUNCTIONS: Mapping[str, Function] = {
    name: _for_admins(function)
    for name, function in {
        "overview": _overview,
        "run": _run,
        "compare": _compare,
        "choices": _choices,
        "form": _form,
        "check": _check,
        "save_job": _save_job,
        "launch": _launch,
        "resume": _resume,
        "stop": _stop,
        "publish": _publish,
        "registry": _registry,
        "promote": _promote,
        "rollback": _rollback,
        "retire": _retire,
        "work": _work,
    }.items()
}
"""Name in the URL to function."""
