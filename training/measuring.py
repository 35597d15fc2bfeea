"""A run's best checkpoint inside the engine, measured on a benchmark before anybody lets it serve."""

from pathlib import Path
from typing import Any

from liwi.engines.embedded import EmbeddedDecomposer
from liwi.evaluation.benchmarks import open_benchmark
from liwi.evaluation.clicks import ClickedCase, measure_clicks
from liwi.evaluation.report import evaluate
from liwi.experts.matting_checkpoint import load
from liwi.progress import ReportProgress, ignore_progress
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


def measure_run(folder: Path, benchmark: Path, out: Path, *, report: ReportProgress = ignore_progress) -> dict[str, Any]:
    """Write the report of `python -m liwi evaluate` for a run; returns its summary, see `liwi.evaluation.report.evaluate`."""
    return evaluate(engine_of(folder), benchmark, out, report_progress=report)


def measure_run_clicks(folder: Path, benchmark: Path, *, report: ReportProgress = ignore_progress) -> list[ClickedCase]:
    """What three simulated clicks mend, as `python -m liwi clicks` measures it."""
    return measure_clicks(engine_of(folder), open_benchmark(benchmark), report=report)
