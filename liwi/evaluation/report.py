"""Measure an engine on a folder and write ``report.json`` and ``index.html``, with the pictures beside it."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from liwi.errors import Cancelled, ExportError
from liwi.evaluation.benchmarks import Benchmark, open_benchmark
from liwi.evaluation.measurement import FIGURES, Measurement, measure, summarise
from liwi.evaluation.page import render_page
from liwi.evaluation.pictures import draw_pictures, encode_webp
from liwi.progress import Progress, ReportProgress, ignore_progress
from liwi.protocols import Decomposer
from liwi.types import DecompositionRequest

FORMAT = "liwi-evaluation"
VERSION = 1
PICTURES = "pictures"


def evaluate(
    engine: Decomposer,
    benchmark: Path,
    out: Path,
    *,
    report_progress: ReportProgress = ignore_progress,
    baselines: Sequence[Decomposer] = (),
    seed: int = 0,
) -> dict[str, Any]:
    """Measure an engine on every picture of a folder, and write the report.

    Args:
        engine: what is measured.
        benchmark: a folder of composites with truth, or of photographs with ``boxes.json``.
        out: folder for ``report.json``, ``index.html`` and ``pictures/``; files of an earlier report are replaced.
        report_progress: told before every picture.
        baselines: measured on the same pictures in the same run, figures only.
        seed: handed to the engines.

    Returns:
        The report's summary: ``{engine, version, benchmark, num_cases, num_failed, overall: {figure: mean}, kinds: {kind: {...}}}``.

    Raises:
        BenchmarkError: the folder cannot be measured on.
        ExportError: the report cannot be written there.
        Cancelled: somebody asked to stop.
    """
    cases = open_benchmark(benchmark)
    _make_folder(out)
    runs: list[dict[str, Any]] = []
    for number, subject in enumerate((engine, *baselines)):
        runs.append(_run(subject, cases, out if number == 0 else None, report_progress, seed))
    report = {
        "format": FORMAT,
        "version": VERSION,
        "benchmark": {"title": cases.title, "folder": cases.folder.name, "num_cases": len(cases), "has_truth": cases.has_truth},
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"python": platform.python_version(), "platform": platform.platform(), "num_cpus": os.cpu_count()},
        "figures": {key: asdict(figure) for key, figure in FIGURES.items()},
        "runs": runs,
    }
    (out / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", "utf-8", errors="backslashreplace")
    (out / "index.html").write_text(render_page(report), "utf-8", errors="backslashreplace")
    summary: dict[str, Any] = runs[0]["summary"]
    return summary


def _make_folder(out: Path) -> None:
    try:
        (out / PICTURES).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"The report cannot be written to {out}: {error.strerror}. Name another folder.") from error


def _run(engine: Decomposer, cases: Benchmark, out: Path | None, report_progress: ReportProgress, seed: int) -> dict[str, Any]:
    """Measure one engine; pictures are written where ``out`` is given."""
    report_progress(Progress(f"{engine.name}: warming up", 0, len(cases)))
    _warm_up(engine, cases)
    measurements: list[Measurement] = []
    rows: list[dict[str, Any]] = []
    for number, case in enumerate(cases):
        report_progress(Progress(f"{engine.name}: {case.name}", number, len(cases)))
        measurement, decomposition = measure(engine, case, seed=seed)
        measurements.append(measurement)
        row = asdict(measurement) | {"note": case.note, "boxes": [list(box.as_tuple()) for box in case.boxes], "pictures": []}
        if out is not None:
            for position, (caption, pixels) in enumerate(draw_pictures(case, decomposition)):
                file = f"{PICTURES}/{number:03d}_{position}.webp"
                (out / file).write_bytes(encode_webp(pixels))
                row["pictures"].append({"caption": caption, "file": file, "size": [pixels.shape[1], pixels.shape[0]]})
        rows.append(row)
    return {"summary": _summary(engine, cases, measurements), "cases": rows}


def _warm_up(engine: Decomposer, cases: Benchmark) -> None:
    """Cut the first picture once without measuring: imports and compilation are no part of an engine's speed."""
    for case in cases:
        try:
            engine.decompose(DecompositionRequest(case.source, case.mask, case.boxes, case.hints))
        except Cancelled:
            raise
        except Exception:  # reported when the picture is measured; another one warms up just as well
            continue
        return


def _summary(engine: Decomposer, cases: Benchmark, measurements: list[Measurement]) -> dict[str, Any]:
    kinds = list(dict.fromkeys(each.kind for each in measurements))
    return {
        "engine": engine.name,
        "version": engine.version,
        "benchmark": cases.title,
        "num_cases": len(measurements),
        "num_failed": sum(each.error is not None for each in measurements),
        "overall": _group(measurements),
        "kinds": {kind: _group([each for each in measurements if each.kind == kind]) for kind in kinds},
    }


def _group(measurements: list[Measurement]) -> dict[str, Any]:
    ious = [value for each in measurements if (value := each.figures.get("alpha_iou")) is not None]
    counts = {"num_cases": len(measurements), "num_below_0.8": sum(value < 0.8 for value in ious) if ious else None}
    return counts | {key: None if value is None else round(value, 6) for key, value in summarise(measurements).items()}
