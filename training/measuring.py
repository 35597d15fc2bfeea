"""A run's best checkpoint inside the engine, measured on a benchmark before anybody lets it serve."""

from pathlib import Path

from liwi.engines.embedded import EmbeddedDecomposer
from liwi.experts.matting_checkpoint import load
from training.errors import RunError
from training.objectives import create_objective
from training.publishing import export_best
from training.run_folder import EXPORT, read_run_job


def engine_of(folder: Path) -> EmbeddedDecomposer:
    """The embedded engine with the best network of a matting run; the run may go on meanwhile.

    Raises:
        RunError: it is no matting run, or nothing was measured yet.
    """
    job = read_run_job(folder)
    objective = create_objective(job)
    if objective.kind != "matting":
        raise RunError(f"{folder} trains {objective.kind!r}, which the embedded engine does not use; only 'matting' can be measured in it.")
    export_best(folder, job, objective)
    return EmbeddedDecomposer(load(folder / EXPORT))
