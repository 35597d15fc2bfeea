"""Hands labels over: which models, the hash of what they say, and a record of it. The formats are in `annotator.export_formats`.

The hash is of the labels alone, in a fixed order, so that the same labels have the same hash in every format and at any time; comments
and doubts do not count, since no format but CSV has a word for them.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.access import acting_user
from annotator.database import Database
from annotator.errors import NotFound
from annotator.export_formats import RECORD, WRITERS, ExportedLabel, ExportedModel, ExportFormat, copy_models
from annotator.labels import current_labels, value_of
from annotator.model_files import ModelStore
from annotator.pictures import PictureStore
from annotator.schema import Export, Model, ModelArtMesh, Pass, Project, User
from annotator.values import PassState, Role, Round
from data_tools.manifests import digest
from liwi.errors import ExportError
from liwi.progress import Progress, ReportProgress, ignore_progress


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was handed over.

    Attributes:
        num_models, num_labels: in it.
        sha256: of the labels.
        left_out: reason to number of models: "invalid", "unlabelled", "not_accepted", "no_files"; the first that holds counts.
    """

    num_models: int
    num_labels: int
    sha256: str
    left_out: Mapping[str, int]


def export_labels(
    database: Database,
    pictures: PictureStore,
    actor: str,
    project: str,
    out: Path,
    *,
    kind: ExportFormat = ExportFormat.LABELS,
    only_accepted: bool = True,
    models: ModelStore | None = None,
    report: ReportProgress = ignore_progress,
) -> ExportReport:
    """Write the labels of a project's models, marked valid, into a new folder, and record it.

    Args:
        database: open.
        pictures: where the fragments' pictures are.
        actor: at least an annotator.
        project: its name.
        out: a folder that does not exist yet or is empty; it appears whole or not at all.
        kind: which format.
        only_accepted: leave out what no reviewer has accepted.
        models: where the models' own files are kept; for the format "dataset".
        report: hears of the models.

    Raises:
        ExportError: there is nothing to export, the folder is not empty or cannot be written, or two models would share a file.
        NotFound: there is no such project.
        AccessDenied, DatabaseUnusable: as everywhere.
    """
    out = out.resolve()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ExportError(f"{out.name!r} is not empty. Name a new folder: an export never mixes with what is there.")
    report(Progress("Reading labels", 0, 2))
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        row = session.scalars(select(Project).where(Project.name == project)).first()
        if row is None:
            raise NotFound(f"There is no project {project[:60]!r}.")
        project_id, chosen, left_out = row.id, _read(session, row.id, only_accepted), _left_out(session, row.id, only_accepted)
    if kind is ExportFormat.DATASET:
        kept = [model for model in chosen if models is not None and models.holds(model.row.sha256)]
        chosen, left_out = kept, left_out | {"no_files": len(chosen) - len(kept)}
        if left_out["no_files"] and not kept:
            raise ExportError("The files of these models are not kept here. Import the models again: their labels stay.")
    if not chosen:
        raise ExportError("No model of this project has labels to export" + (" that a reviewer has accepted." if only_accepted else "."))
    done = ExportReport(len(chosen), sum(len(model.labels) for model in chosen), labels_hash(chosen), left_out)
    report(Progress("Writing", 1, 2))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name[:60]}-") as temporary:
            folder = Path(temporary) / "export"
            folder.mkdir()
            WRITERS[kind](chosen, folder, pictures)
            if kind is ExportFormat.DATASET and models is not None:
                copy_models(chosen, folder, models)
            (folder / RECORD).write_text(_record(done, chosen, kind, project, only_accepted), "utf-8")
            if out.exists():
                out.rmdir()
            shutil.move(folder, out)
    except OSError as error:
        raise ExportError(f"{out.name!r} cannot be written ({error.strerror}). Make room, or name another folder.") from error
    with database.write() as session:
        user = acting_user(session, actor, Role.ANNOTATOR)
        session.add(
            Export(
                project_id=project_id,
                user_id=user.id,
                format=kind,
                only_accepted=only_accepted,
                num_models=done.num_models,
                num_labels=done.num_labels,
                sha256=done.sha256,
                at=database.clock(),
            )
        )
    report(Progress("Exported", 2, 2))
    return done


def labels_hash(models: list[ExportedModel]) -> str:
    """SHA-256 of what the labels say, whatever the order of the models."""
    lines = sorted(json.dumps([model.row.sha256, model.row.valid, model.row.incomplete, model.labels_key()]) for model in models)
    return digest("\n".join(lines).encode())


def _read(session: Session, project_id: int, only_accepted: bool) -> list[ExportedModel]:
    query = select(Pass, Model).join(Model, Model.id == Pass.model_id).where(Model.project_id == project_id, Model.valid)
    query = query.where(Pass.round == int(Round.FIRST), Pass.num_labelled > 0).order_by(Model.stem, Model.id)
    if only_accepted:
        query = query.where(Pass.state == PassState.ACCEPTED)
    names = {user.id: user.name for user in session.scalars(select(User))}
    models = []
    for found, model in session.execute(query).all():
        current = current_labels(session, found)
        meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model.id).order_by(ModelArtMesh.place)).all()
        labels = tuple(
            ExportedLabel(mesh, value_of(current[mesh.id]), names[current[mesh.id].user_id], current[mesh.id].at)
            for mesh in meshes
            if mesh.id in current and value_of(current[mesh.id]).decided
        )
        models.append(ExportedModel(model, found.state == PassState.ACCEPTED, labels))
    return models


def _left_out(session: Session, project_id: int, only_accepted: bool) -> dict[str, int]:
    """Why models of a project are not exported, and how many."""
    query = select(Model.valid, Pass.num_labelled, Pass.state).join(Pass, Pass.model_id == Model.id)
    rows = session.execute(query.where(Model.project_id == project_id, Pass.round == int(Round.FIRST))).all()
    reasons = (
        "invalid" if not valid else "unlabelled" if not num_labelled else "not_accepted"
        for valid, num_labelled, state in rows
        if not valid or not num_labelled or (only_accepted and state != PassState.ACCEPTED)
    )
    return dict(Counter(reasons))


def _record(done: ExportReport, models: list[ExportedModel], kind: ExportFormat, project: str, only_accepted: bool) -> str:
    """One line about the export, then one per model."""
    head = {
        "project": project,
        "format": kind,
        "only_accepted": only_accepted,
        "num_models": done.num_models,
        "num_labels": done.num_labels,
        "labels_sha256": done.sha256,
    }
    lines = [head, *({"stem": model.row.stem, "sha256": model.row.sha256, "num_labels": len(model.labels)} for model in models)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
