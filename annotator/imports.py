"""Brings models into the workbench, with labels where files have them. A broken model is reported and the rest go on."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from annotator.access import acting_user, create_project
from annotator.database import Database
from annotator.drawing import DrawnModel, draw_model, smallness
from annotator.errors import DatabaseUnusable
from annotator.first_labels import predict_first_labels, serving_segmenter
from annotator.label_files import find_labels, labels_near_model
from annotator.label_imports import import_label_file
from annotator.pictures import PictureStore
from annotator.schema import Model, ModelArtMesh, ModelPart, Pass, Project
from annotator.stores import Stores
from annotator.values import PassState, Role, Round
from data_tools.live2d.labels import ModelIdentity, identify, model_files
from data_tools.live2d.model import ArtMesh
from data_tools.live2d.reader import open_model
from data_tools.live2d.sources import MODEL_ENDING
from liwi.errors import InputError, LiwiError
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.protocols import PartSegmenter
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Holding


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of every model.

    Attributes:
        imported: ids of new models.
        duplicates: name of the file and id of the model that is the same.
        num_labels: how many labels were written.
        problems: name of the file, and what could not be done.
    """

    imported: list[int] = field(default_factory=list)
    duplicates: list[tuple[str, int]] = field(default_factory=list)
    num_labels: list[int] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def import_models(
    database: Database,
    stores: Stores,
    actor: str,
    project: str,
    paths: Sequence[Path],
    *,
    labels: Path | None = None,
    labels_near: Path | None = None,
    checkpoints: RegistryReader | None = None,
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
) -> ImportReport:
    """Import models, with first labels by machine where they are new, and people's labels into all of them.

    Labels that say what stands there already change nothing.

    Args:
        database: open.
        stores: where the pictures and the models' own files go.
        actor: who imports, at least an annotator; the labels become theirs.
        project: its name; made if there is none.
        paths: models, ZIPs of models, and folders that are searched for both.
        labels: folder with label files, see `annotator.label_files.find_labels`; a model without is reported. None: none are read.
        labels_near: folder with all that was dropped together, see `annotator.label_files.labels_near_model`; a model without labels is
            as welcome as one with.
        checkpoints: what serves the segmenter whose eyes the labels by machine need; without one the rules alone say something.
        report: hears of every model.
        cancel: stops between two models; those before it stay.

    Raises:
        InputError: there is no model at all, or a path does not exist.
        AccessDenied, DatabaseUnusable, Cancelled: nothing further is imported.
    """
    for path in [*paths, *([labels] if labels else [])]:
        if not path.exists():
            raise InputError(f"There is no file or folder {path.name!r}.")
    found = sorted({model.resolve() for path in paths for model in model_files(path)})
    if not found:
        raise InputError(f"There is no Live2D model ({MODEL_ENDING} or ZIP) in what you gave.")
    project_id, done = create_project(database, actor, project), ImportReport()
    answer = serving_segmenter(checkpoints)
    for index, path in enumerate(found):
        if cancel is not None:
            cancel.check()
        report(Progress(f"Importing {path.name[:60]}", index, len(found)))
        try:
            identity = identify(path)
            model_id = _import_model(database, stores.pictures, actor, project_id, path, identity, done, answer)
            stores.models.keep(path, identity.sha256)
            if labels is not None:
                _import_labels(database, stores.pictures, actor, model_id, path, find_labels(labels, identity.stem, path.parent.name), done)
            if labels_near is not None and (near := labels_near_model(labels_near, path, identity.stem)) is not None:
                _import_labels(database, stores.pictures, actor, model_id, path, near, done)
        except DatabaseUnusable:
            raise
        except LiwiError as error:
            done.problems.append((path.name, str(error)))
    report(Progress("Imported", len(found), len(found)))
    return done


def import_synthetic(
    database: Database,
    stores: Stores,
    actor: str,
    project: str,
    seeds: Sequence[int],
    *,
    texture_size: int = 2048,
    checkpoints: RegistryReader | None = None,
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
) -> ImportReport:
    """Import characters that the program draws itself, without their true labels: something to try the workbench on.

    Args:
        database: open.
        stores: where the pictures and the models' own files go.
        actor: who imports, at least an annotator.
        project: its name; made if there is none.
        seeds: one per character, 0 or more.
        texture_size: side of their texture in pixels, a power of two.
        checkpoints: see `import_models`.
        report: hears of every model.
        cancel: stops between two models.

    Raises:
        AccessDenied, DatabaseUnusable, Cancelled, EngineUnavailable: as `import_models`.
    """
    from data_tools.live2d.synthetic.export import synthesize, write_model

    create_project(database, actor, project)  # whoever may not import shall not wait for the drawing
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for index, seed in enumerate(seeds):
            if cancel is not None:
                cancel.check()
            report(Progress("Drawing a character", index, len(seeds)))
            paths.append(write_model(synthesize(seed, texture_size=texture_size), Path(name) / f"character_{seed:04d}"))
        return import_models(database, stores, actor, project, paths, checkpoints=checkpoints, report=report, cancel=cancel)


def _import_model(
    database: Database,
    pictures: PictureStore,
    actor: str,
    project_id: int,
    path: Path,
    identity: ModelIdentity,
    done: ImportReport,
    segmenter: Holding[PartSegmenter] | None,
) -> int:
    same = select(Model.id).where(Model.project_id == project_id, Model.sha256 == identity.sha256)
    with database.read() as session:
        known = session.scalar(same)
    if known is None:
        with open_model(path) as opened:
            drawn = draw_model(opened, pictures)
            with database.write() as session:
                user = acting_user(session, actor, Role.ANNOTATOR, lock=True)
                session.execute(select(Project.id).where(Project.id == project_id).with_for_update())  # two people import the same model
                known = session.scalar(same)
                if known is None:
                    model_id = _add_model(session, project_id, user.id, identity, path.parent.name, drawn, database.clock())
            if known is None:
                done.imported.append(model_id)
                predict_first_labels(database, actor, model_id, opened, segmenter)
                return model_id
    _add_clipping(database, actor, known, path)
    done.duplicates.append((path.name, known))
    return known


def _add_model(session: Session, project_id: int, user_id: int, identity: ModelIdentity, folder: str, drawn: DrawnModel, now: int) -> int:
    doubts = [smallness(mesh.num_visible) for mesh in drawn.meshes]
    model = Model(
        project_id=project_id,
        name=drawn.name,
        stem=identity.stem,
        folder=folder,
        sha256=identity.sha256,
        moc_sha256=identity.moc_sha256,
        width=drawn.size[0],
        height=drawn.size[1],
        picture=drawn.picture,
        num_art_meshes=len(drawn.meshes),
        uncertainty=sum(doubts) / max(1, len(doubts)),
        valid=True,
        incomplete=False,
        comment="",
        version=1,
        imported_at=now,
        imported_by=user_id,
    )
    session.add(model)
    session.flush()
    session.add(Pass(model_id=model.id, round=int(Round.FIRST), state=PassState.NEW, num_labelled=0, changed_at=now))
    parts = [
        {"model_id": model.id, "place": place, "part_id": part.id, "name": part.name, "parent": part.parent}
        for place, part in enumerate(drawn.parts)
    ]
    if parts:
        session.execute(insert(ModelPart), parts)
    meshes = [_mesh_row(model.id, drawn, place, doubt) for place, doubt in enumerate(doubts)]
    if meshes:
        session.execute(insert(ModelArtMesh), meshes)
    return model.id


def _mesh_row(model_id: int, drawn: DrawnModel, place: int, doubt: float) -> dict[str, object]:
    kept = drawn.meshes[place]
    left, top, right, bottom = kept.box or (None, None, None, None)
    return {
        "model_id": model_id,
        "place": place,
        "mesh_id": kept.mesh.id,
        "part_place": kept.mesh.part,
        "part_path": "/".join(kept.mesh.part_path),
        "draw_order": kept.mesh.draw_order,
        "render_order": kept.mesh.render_order,
        "hidden": not kept.mesh.drawn,
        "num_pixels": kept.num_pixels,
        "num_visible": kept.num_visible,
        "left": left,
        "top": top,
        "right": right,
        "bottom": bottom,
        "picture": kept.picture,
        "uncertainty": doubt,
        **_clipping(kept.mesh),
    }


def _clipping(mesh: ArtMesh) -> dict[str, object]:
    return {"clipped_by": list(mesh.clipped_by), "clip_inverted": mesh.clip_inverted}


def _add_clipping(database: Database, actor: str, model_id: int, path: Path) -> None:
    """A model that came in before clipping was kept gets it when it comes again."""
    query = select(ModelArtMesh).where(ModelArtMesh.model_id == model_id, ModelArtMesh.clipped_by.is_(None))
    with database.read() as session:
        if session.scalars(query.limit(1)).first() is None:
            return
    with open_model(path) as opened, database.write() as session:
        acting_user(session, actor, Role.ANNOTATOR, lock=True)
        found = {mesh.id: _clipping(mesh) for mesh in opened.model.art_meshes}
        session.execute(update(ModelArtMesh), [{"id": row.id, **found[row.mesh_id]} for row in session.scalars(query)])


def _import_labels(
    database: Database, pictures: PictureStore, actor: str, model_id: int, model: Path, path: Path | None, done: ImportReport
) -> None:
    if path is None:
        done.problems.append((model.name, "There are no labels for it; it was imported without."))
        return
    said = import_label_file(database, pictures, actor, model_id, path)
    done.problems.extend((model.name, problem) for problem in said.left_out)
    done.num_labels.append(said.num_labels)
