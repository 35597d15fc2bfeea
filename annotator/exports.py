"""Hands labels over: which models, the hash of what they say, and a record of it. The formats are in `annotator.export_formats`.

The hash is of the labels alone, in a fixed order, so that the same labels have the same hash in every format and at any time; comments
and doubts do not count, since no format but CSV has a word for them.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.access import acting_user
from annotator.database import Database
from annotator.errors import NotFound
from annotator.export_formats import RECORD, WRITERS, ExportedLabel, ExportedModel, ExportFormat
from annotator.label_rows import current_labels, value_of
from annotator.model_files import ModelStore
from annotator.schema import Export, Model, ModelArtMesh, Pass, Project, User
from annotator.stores import Stores
from annotator.values import PassState, Role, Round
from data_tools.manifests import digest
from liwi.errors import ExportError
from liwi.export.atomic import new_folder
from liwi.progress import Progress, ReportProgress, ignore_progress


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was handed over.

    Attributes:
        num_models, num_labels: in it.
        sha256: of the labels.
        left_out: reason to number of models: "invalid", "unlabelled", "not_accepted", "no_files"; the first that holds counts.
        num_pieces: how many pieces people have cut out of the fragments.
        pieces_left_out: how many of them the format cannot say: all, or none.
    """

    num_models: int
    num_labels: int
    sha256: str
    left_out: Mapping[str, int]
    num_pieces: int = 0
    pieces_left_out: int = 0


def export_labels(
    database: Database,
    stores: Stores,
    actor: str,
    project: str,
    out: Path,
    *,
    kind: ExportFormat = ExportFormat.LABELS,
    only_accepted: bool = True,
    report: ReportProgress = ignore_progress,
) -> ExportReport:
    """Write the labels of a project's models, marked valid, into a new folder, and record it.

    Args:
        database: open.
        stores: where the pictures and the models' own files are.
        actor: at least an annotator.
        project: its name.
        out: a folder that does not exist yet or is empty; it appears whole or not at all.
        kind: which format.
        only_accepted: leave out what no reviewer has accepted.
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
        project_id = session.scalar(select(Project.id).where(Project.name == project))
        if project_id is None:
            raise NotFound(f"There is no project {project[:60]!r}.")
        chosen, left_out = _choose(session, project_id, stores.models if kind.needs_files else None, only_accepted=only_accepted)
    if not chosen:
        raise _nothing_chosen(left_out, only_accepted=only_accepted)
    num_pieces = sum(len(label.value.pieces) for model in chosen for label in model.labels)
    unsaid = 0 if kind.knows_pieces else num_pieces
    done = ExportReport(len(chosen), sum(len(model.labels) for model in chosen), labels_hash(chosen), left_out, num_pieces, unsaid)
    report(Progress("Writing", 1, 2))
    with new_folder(out) as folder:
        WRITERS[kind](chosen, folder, stores)
        (folder / RECORD).write_text(_record(done, chosen, kind, project, only_accepted), "utf-8")
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


def _choose(
    session: Session, project_id: int, files: ModelStore | None, *, only_accepted: bool
) -> tuple[list[ExportedModel], Mapping[str, int]]:
    """The models of a project with their labels; and why the others are left out, and how many. ``files``: must hold what is chosen."""
    query = select(Pass, Model).join(Model, Model.id == Pass.model_id).where(Model.project_id == project_id)
    query = query.where(Pass.round == int(Round.FIRST)).order_by(Model.stem, Model.id)
    names = {user.id: user.name for user in session.scalars(select(User))}
    chosen, left_out = [], Counter[str]()
    for found, model in session.execute(query).all():
        if not model.valid:
            left_out["invalid"] += 1
        elif not found.num_labelled:
            left_out["unlabelled"] += 1
        elif only_accepted and found.state != PassState.ACCEPTED:
            left_out["not_accepted"] += 1
        elif files is not None and not files.holds(model.sha256):
            left_out["no_files"] += 1
        else:
            chosen.append(_read(session, found, model, names))
    return chosen, left_out


def _read(session: Session, found: Pass, model: Model, names: Mapping[int, str]) -> ExportedModel:
    current = current_labels(session, found)
    meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model.id).order_by(ModelArtMesh.place)).all()
    labels = tuple(
        ExportedLabel(mesh, value_of(current[mesh.id]), names[current[mesh.id].user_id], current[mesh.id].at)
        for mesh in meshes
        if mesh.id in current and value_of(current[mesh.id]).decided
    )
    return ExportedModel(model, found.state == PassState.ACCEPTED, labels)


def _nothing_chosen(left_out: Mapping[str, int], *, only_accepted: bool) -> ExportError:
    if left_out.get("no_files"):
        return ExportError("The files of these models are not kept here. Import the models again: their labels stay.")
    return ExportError("No model of this project has labels to export" + (" that a reviewer has accepted." if only_accepted else "."))


def _record(done: ExportReport, models: list[ExportedModel], kind: ExportFormat, project: str, only_accepted: bool) -> str:
    """One line about the export, then one per model."""
    head = {
        "project": project,
        "format": kind,
        "only_accepted": only_accepted,
        "num_models": done.num_models,
        "num_labels": done.num_labels,
        "num_pieces": done.num_pieces,
        "pieces_left_out": done.pieces_left_out,
        "labels_sha256": done.sha256,
    }
    lines = [head, *({"stem": model.row.stem, "sha256": model.row.sha256, "num_labels": len(model.labels)} for model in models)]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
