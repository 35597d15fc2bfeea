"""From a run to the registry: the best checkpoint is exported and published as a candidate. Serving it is a person's decision."""

import contextlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from data_tools.manifests import digest_file, labels_of_dataset
from liwi.checkpoints import CheckpointRecord
from liwi.errors import LiwiError
from liwi.registry import DatasetReference, JobReference, Registry
from training.checkpoints import describe_checkpoint, list_checkpoints, load_checkpoint
from training.errors import RunError
from training.job import Job
from training.objectives import MakesCheckpoint, Objective, create_objective, objective_class
from training.run_folder import EXPORT, JOB, hold, read_environment, read_run_job


@dataclass(frozen=True)
class Best:
    """The best checkpoint of a run: its folder, step and metrics."""

    folder: Path
    step: int
    metrics: dict[str, float]


def find_best(folder: Path, metric: str, *, less_is_better: bool) -> Best | None:
    """The checkpoint with the best evaluation among those that a run keeps; None where none was measured."""
    best: Best | None = None
    for path in list_checkpoints(folder):
        facts = describe_checkpoint(path)
        value = facts["metrics"].get(metric)
        if value is not None and (best is None or (value < best.metrics[metric] if less_is_better else value > best.metrics[metric])):
            best = Best(path, facts["step"], dict(facts["metrics"]))
    return best


def export_best(folder: Path, job: Job, objective: Objective) -> Best:
    """Write what the product loads, of the best checkpoint, into the run's export folder.

    Raises:
        RunError: no checkpoint was measured yet.
        CheckpointError: the best one is damaged.
    """
    metric = job.evaluate.metric or objective.metric
    best = find_best(folder, metric, less_is_better=metric in objective.lower_is_better)
    if best is None:
        raise RunError(f"No checkpoint of {folder} was measured yet. Let it train to its first evaluation, at step {job.evaluate.every}.")
    found = load_checkpoint(best.folder)
    model = objective.build()
    model.load_state_dict(found.average or found.model)
    facts = {"objective": job.objective, "step": best.step, "steps": job.schedule.steps, "metrics": best.metrics}
    shutil.rmtree(folder / EXPORT, ignore_errors=True)  # nothing of an earlier export stays beside it
    objective.export(model.eval(), folder / EXPORT, facts)
    return best


def publish(folder: Path, registry: Registry, *, licence: str, who: str) -> CheckpointRecord:
    """Publish a run's best checkpoint as a candidate, after the registry's smoke test in a fresh process.

    Args:
        folder: a run folder that nobody trains in; the run need not be finished.
        registry: where to.
        licence: under which the weights may be used.
        who: the person.

    Raises:
        RunError: it is no run folder, is being trained in, or nothing was measured yet.
        LiwiError: the registry refuses; the message says why.
    """
    job = read_run_job(folder)
    maker = objective_class(job.objective)
    if needed_by := getattr(maker, "needed_by", ""):
        raise RunError(
            f"{folder.name!r} trains {job.objective!r}, which is never served alone: a job of {needed_by!r} takes its folder {EXPORT!r}."
        )
    with hold(folder), tempfile.TemporaryDirectory() as scratch:
        kind, best = _exported(folder, job)
        exported = folder / EXPORT
        if isinstance(maker, MakesCheckpoint):
            maker.make_checkpoint(exported, exported := Path(scratch) / "checkpoint")
        dataset = str(read_environment(folder).get("dataset_sha256") or "")
        return registry.publish(
            exported,
            kind=kind,
            job=JobReference(folder.resolve().name, digest_file(folder / JOB)),
            dataset=DatasetReference(Path(job.dataset).name, dataset, labels_of_dataset(Path(job.dataset))),
            metrics={**best.metrics, "step": float(best.step)},
            who=who,
            parent=_parent(job, registry),
            licence=licence,
        )


def _parent(job: Job, registry: Registry) -> str | None:
    """The checkpoint of the registry that a run started from; None where it began anew, or elsewhere."""
    start = job.model.get("start_from")
    if not isinstance(start, str) or not start:
        return None
    with contextlib.suppress(LiwiError, ValueError):
        known = registry.record(Path(start).resolve().name)
        return known.id if registry.folder(known.id) == Path(start).resolve() else None
    return None


def _exported(folder: Path, job: Job) -> tuple[str, Best]:
    """The kind of checkpoint that lies in the export folder, and which it is of."""
    if "://" not in job.dataset:
        objective = create_objective(job)
        return objective.kind, export_best(folder, job, objective)
    made_there = objective_class(job.objective)  # its dataset is elsewhere: so was the export made
    metric = job.evaluate.metric or made_there.metric
    best = find_best(folder, metric, less_is_better=metric in made_there.lower_is_better)
    if best is None or not (folder / EXPORT).is_dir():
        raise RunError(f"The run {folder.name!r} was trained elsewhere, and what it exported has not come back. Let it finish first.")
    return made_there.kind, best
