"""A run's best checkpoint inside the engine that it is for, measured on a benchmark before anybody lets it serve."""

from pathlib import Path

from liwi.protocols import Decomposer
from training.errors import RunError
from training.objectives import create_objective
from training.publishing import export_best
from training.run_folder import EXPORT, read_run_job


def engine_of(folder: Path) -> Decomposer:
    """The engine with the best network of a matting or layering run; the run may go on meanwhile.

    Raises:
        RunError: it is no such run, or nothing was measured yet.
    """
    job = read_run_job(folder)
    if job.objective not in _ENGINES:
        raise RunError(f"{folder} trains {job.objective!r}; what can be measured inside an engine is {' and '.join(sorted(_ENGINES))}.")
    export_best(folder, job, create_objective(job))
    return _ENGINES[job.objective](folder / EXPORT)


def _embedded(weights: Path) -> Decomposer:
    from liwi.engines.embedded import EmbeddedDecomposer
    from liwi.experts.matting_checkpoint import load

    return EmbeddedDecomposer(load(weights))


def _layered(weights: Path) -> Decomposer:
    from liwi.engines.layered_diffusion import LayeredDecomposer
    from liwi.layering.loading import load_model

    model = load_model(weights)
    return LayeredDecomposer(lambda _: (weights.parent.name, model))


_ENGINES = {"layering": _layered, "matting": _embedded}
