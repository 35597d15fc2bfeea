"""Imports, fresh guesses and exports as the page asks for them: what was dropped, characters that the program draws, labels as a ZIP."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from annotator.export_formats import ExportFormat
from annotator.exports import export_labels
from annotator.guessing import guess_again
from annotator.imports import ImportReport, import_models, import_synthetic
from annotator.projects import first_passes, stems_of_project
from annotator.ui.services import WorkbenchServices
from liwi.errors import ExportError, InputError
from liwi.progress import CancelToken, Progress, ReportProgress
from liwi.ui.jobs import Work

MAX_SYNTHETIC = 50
_STORED = {".webp", ".png", ".zip"}


def import_uploaded(services: WorkbenchServices, person: str, project: str) -> Work:
    """Import every model in a job's folder, with the labels that were dropped beside them."""

    def work(folder: Path, report: ReportProgress, cancel: CancelToken) -> dict[str, Any]:
        found = import_models(
            services.database,
            services.stores,
            person,
            project,
            [folder],
            labels_near=folder,
            checkpoints=services.checkpoints,
            report=report,
            cancel=cancel,
        )
        return _report_json(services, person, found)

    return work


def import_drawn(services: WorkbenchServices, person: str, project: str, count: int) -> Work:
    """Import characters that are not in the project yet."""

    def work(_: Path, report: ReportProgress, cancel: CancelToken) -> dict[str, Any]:
        known = stems_of_project(services.database, person, project)
        unused = (seed for seed in range(len(known) + count) if f"character_{seed:04d}" not in known)
        seeds = [seed for seed, _ in zip(unused, range(count), strict=False)]
        found = import_synthetic(
            services.database, services.stores, person, project, seeds, checkpoints=services.checkpoints, report=report, cancel=cancel
        )
        return _report_json(services, person, found)

    return work


def guess_models(services: WorkbenchServices, person: str, model_ids: Sequence[int]) -> Work:
    """Let machines say anew what they think of models."""

    def work(_: Path, report: ReportProgress, cancel: CancelToken) -> dict[str, Any]:
        found = guess_again(services.database, services.stores, person, model_ids, services.checkpoints, report=report, cancel=cancel)
        return {
            "models": found.done,
            "num_changed": sum(found.num_changed),
            "answered_by": found.answered_by,
            "problems": [{"file": name, "message": message} for name, message in found.problems],
        }

    return work


def export_project(
    services: WorkbenchServices, person: str, project: str, kind: ExportFormat, *, everything: bool, keep: Callable[[Path], None]
) -> Work:
    """Export a project's labels as a ZIP; ``keep`` hears where it lies."""

    def work(folder: Path, report: ReportProgress, cancel: CancelToken) -> dict[str, Any]:
        out = folder / "export"
        done = export_labels(
            services.database,
            services.stores,
            person,
            project,
            out,
            kind=kind,
            only_accepted=not everything,
            report=report,
        )
        path = folder / f"{_file_stem(project)}-{kind}-{done.sha256[:8]}.zip"
        pack(out, path, report, cancel)
        keep(path)
        return {
            "num_models": done.num_models,
            "num_labels": done.num_labels,
            "sha256": done.sha256,
            "left_out": dict(done.left_out),
            "pieces_left_out": done.pieces_left_out,
            "name": path.name,
        }

    return work


def pack(folder: Path, path: Path, report: ReportProgress, cancel: CancelToken) -> None:
    """Write all files below a folder into a ZIP.

    Raises:
        ExportError: it cannot be written.
        Cancelled: the person asked to stop.
    """
    files = sorted(found for found in folder.rglob("*") if found.is_file())
    try:
        with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as archive:
            for index, file in enumerate(files):
                cancel.check()
                report(Progress("Packing", index, len(files)))
                method = zipfile.ZIP_STORED if file.suffix.lower() in _STORED else zipfile.ZIP_DEFLATED
                archive.write(file, file.relative_to(folder).as_posix(), method)
    except OSError as error:
        raise ExportError(f"The export cannot be written ({error.strerror}). Tell whoever runs this app to make room.") from error
    report(Progress("Packed", max(1, len(files)), max(1, len(files))))


def checked_count(count: int) -> int:
    """How many characters to draw, 1 to 50; `InputError` for any other number."""
    if not 1 <= count <= MAX_SYNTHETIC:
        raise InputError(f"1 to {MAX_SYNTHETIC} characters can be drawn at a time, not {count}.")
    return count


def _report_json(services: WorkbenchServices, person: str, found: ImportReport) -> dict[str, Any]:
    passes = {each.model_id: each for each in first_passes(services.database, person, [*found.imported, *(m for _, m in found.duplicates)])}
    return {
        "imported": [{"model_id": m, "pass_id": passes[m].pass_id, "name": passes[m].name} for m in found.imported],
        "duplicates": [{"file": file, "model_id": m, "pass_id": passes[m].pass_id, "name": passes[m].name} for file, m in found.duplicates],
        "num_labels": sum(found.num_labels),
        "problems": [{"file": file, "message": message} for file, message in found.problems],
    }


def _file_stem(project: str) -> str:
    """A project's name as the beginning of a file name."""
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in project)[:60] or "project"
