"""Labels from a similar model: artists make many versions of a character, and what a person said about one is a good start for the next.

ArtMeshes are matched one to one by what two models share: the same pixels; the same id in the same folder; the same folder and the same
place in the picture. Ids alone say little, since the editor numbers ArtMeshes by itself. What is proposed is only proposed: the page
shows it, with a list to recheck, and sends what the person keeps as an ordinary change.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.access import acting_user, existing, model_of
from annotator.database import Database
from annotator.label_rows import current_labels, value_of, version_of
from annotator.pieces import box_of
from annotator.predictions import predictions_of
from annotator.schema import Model, ModelArtMesh, Pass, Project
from annotator.values import LabelKind, LabelValue, Role, Round, SavedLabel
from liwi.errors import InputError

MAX_LOOKED_AT, MAX_COMPARED = 200, 12
"""Of so many models, the latest labelled ones, those that share most ids and pictures are compared in full."""

LEAST_SCORE = 0.5
"""ArtMeshes that fit less well are not matched."""

SURE_SCORE = 0.9
"""Labels of ArtMeshes that fit less well than this are to be rechecked."""


class MatchReason(StrEnum):
    """Why two ArtMeshes are taken for the same thing."""

    SAME_MODEL = "same model"
    """The same moc3, with other textures."""
    SAME_PICTURE = "same picture"
    SAME_NAME = "same name"
    """The same id in the same folder."""
    SAME_PLACE = "same place"
    """About the same box, and id or folder are the same."""


@dataclass(frozen=True, slots=True)
class SimilarModel:
    """A model to copy from.

    Attributes:
        pass_id: its first pass.
        name: the model's.
        project: the project's name.
        score: mean score of the matches over all ArtMeshes of the model that is to be labelled, in [0, 1].
        num_matched: how many of them a labelled ArtMesh was found for.
    """

    pass_id: int
    name: str
    project: str
    score: float
    num_matched: int


@dataclass(frozen=True, slots=True)
class CopiedLabel:
    """A label as it could be copied.

    Attributes:
        label: of the ArtMesh that is to be labelled, with the version that stands there.
        score: how well the two ArtMeshes fit, in [0, 1].
        reason: why.
        recheck: whether a person should look at it first: the fit is loose, the source was unsure, the machine says otherwise, or the
            source was cut into pieces and this one has another shape, so that they are not copied.
    """

    label: SavedLabel
    score: float
    reason: MatchReason
    recheck: bool


@dataclass(frozen=True, slots=True)
class _Match:
    mine: ModelArtMesh
    theirs: ModelArtMesh
    score: float
    reason: MatchReason


def similar_models(database: Database, actor: str, pass_id: int, *, limit: int = 8) -> list[SimilarModel]:
    """Models with labels that could be copied to this one, the most similar first.

    Args:
        database: open.
        actor: at least an annotator.
        pass_id: of the model that is to be labelled.
        limit: at most so many.

    Raises:
        AccessDenied, NotFound: as everywhere.
    """
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        own = model_of(session, existing(session.get(Pass, pass_id)).model_id)
        mine = _meshes(session, own.id)
        found = []
        for other, model, project in _candidates(session, own, mine):
            labels = current_labels(session, other)
            labelled = [mesh for mesh in _meshes(session, model.id) if mesh.id in labels and value_of(labels[mesh.id]).decided]
            matches = _match(own, mine, model, labelled)
            if matches:
                score = sum(match.score for match in matches) / max(1, len(mine))
                found.append(SimilarModel(other.id, model.name, project, score, len(matches)))
        return sorted(found, key=lambda similar: -similar.score)[:limit]


def copied_labels(database: Database, actor: str, pass_id: int, from_pass_id: int) -> list[CopiedLabel]:
    """What the labels of a similar model say about this one, for ArtMeshes that have no label yet. Writes nothing.

    Args:
        database: open.
        actor: at least an annotator.
        pass_id: of the model that is to be labelled.
        from_pass_id: of the similar one.

    Raises:
        InputError: both are passes over one model: the second opinion has to be independent.
        AccessDenied, NotFound: as everywhere.
    """
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        to, source = existing(session.get(Pass, pass_id)), existing(session.get(Pass, from_pass_id))
        if to.model_id == source.model_id:
            raise InputError("These are two passes over one model; the second opinion has to be independent. Choose another model.")
        own, other = model_of(session, to.model_id), model_of(session, source.model_id)
        present, labels = current_labels(session, to), current_labels(session, source)
        guesses = {mesh: said[0].part for mesh, said in predictions_of(session, own.id).items()}
        theirs = [mesh for mesh in _meshes(session, other.id) if mesh.id in labels and value_of(labels[mesh.id]).decided]
        matches = _match(own, _meshes(session, own.id), other, theirs)
        copied = []
        for match in matches:
            label = present.get(match.mine.id)
            if value_of(label).kind is not LabelKind.NONE:
                continue
            said = value_of(labels[match.theirs.id])
            cuts = bool(said.pieces) and _same_shape(own, match, other)
            value = LabelValue(said.kind, said.part, said.side, said.unsure, pieces=said.pieces if cuts else ())
            doubt = match.score < SURE_SCORE or said.unsure or guesses.get(match.mine.id, said.part) != said.part
            doubt |= bool(said.pieces) and not cuts
            copied.append(CopiedLabel(SavedLabel(match.mine.id, version_of(label), value), match.score, match.reason, doubt))
        return copied


def _candidates(session: Session, own: Model, mine: Sequence[ModelArtMesh]) -> list[tuple[Pass, Model, str]]:
    query = (
        select(Pass, Model, Project.name)
        .join(Model, Model.id == Pass.model_id)
        .join(Project, Project.id == Model.project_id)
        .where(Pass.round == int(Round.FIRST), Pass.num_labelled > 0, Model.id != own.id)
        .order_by((Model.moc_sha256 == own.moc_sha256).desc(), Pass.changed_at.desc(), Pass.id.desc())
    )
    rows = [(found, model, name) for found, model, name in session.execute(query.limit(MAX_LOOKED_AT))]
    names, pictures = {(mesh.mesh_id, mesh.part_path) for mesh in mine}, {mesh.picture for mesh in mine} - {None}
    shared: Counter[int] = Counter({model.id: len(mine) for _, model, _ in rows if model.moc_sha256 == own.moc_sha256})
    columns = select(ModelArtMesh.model_id, ModelArtMesh.mesh_id, ModelArtMesh.part_path, ModelArtMesh.picture)
    for model_id, mesh_id, path, picture in session.execute(columns.where(ModelArtMesh.model_id.in_([model.id for _, model, _ in rows]))):
        shared[model_id] += ((mesh_id, path) in names) + (picture in pictures)
    return sorted((row for row in rows if shared[row[1].id]), key=lambda row: -shared[row[1].id])[:MAX_COMPARED]


def _meshes(session: Session, model_id: int) -> Sequence[ModelArtMesh]:
    return session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id).order_by(ModelArtMesh.place)).all()


def _match(own: Model, mine: Sequence[ModelArtMesh], other: Model, theirs: Sequence[ModelArtMesh]) -> list[_Match]:
    """The one-to-one assignment with the greatest sum of scores, without what fits badly; in the order of ``mine``."""
    from scipy.optimize import linear_sum_assignment

    if not mine or not theirs:
        return []
    same_id = _equal([mesh.mesh_id for mesh in mine], [mesh.mesh_id for mesh in theirs])
    same_path = _equal([mesh.part_path for mesh in mine], [mesh.part_path for mesh in theirs])
    same_picture = _equal([mesh.picture or f"mine {mesh.id}" for mesh in mine], [mesh.picture for mesh in theirs])
    same_model = same_id & (own.moc_sha256 == other.moc_sha256)
    overlap = _overlaps(_boxes(own, mine), _boxes(other, theirs))
    scores = 0.35 * same_id + 0.25 * same_path + 0.4 * overlap
    scores = np.maximum(scores, np.where(same_id & same_path, 0.75 + 0.25 * overlap, 0.0))
    scores = np.maximum(scores, np.where(same_picture, 0.9 + 0.05 * same_path + 0.05 * (overlap > 0.5), 0.0))
    scores[same_model] = 1.0
    rows, columns = linear_sum_assignment(scores, maximize=True)
    found = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if scores[row, column] >= LEAST_SCORE:
            named = same_id[row, column] and same_path[row, column]
            kinds = (same_model[row, column], same_picture[row, column], named, True)
            reason = next(reason for reason, holds in zip(MatchReason, kinds, strict=True) if holds)
            found.append(_Match(mine[row], theirs[column], float(scores[row, column]), reason))
    return found


def _same_shape(own: Model, match: _Match, other: Model) -> bool:
    """Whether outlines on one fragment mean the same on the other: they are the same mesh, or the same picture in the same place."""
    boxes = [(box_of(mesh), (model.width, model.height)) for mesh, model in ((match.mine, own), (match.theirs, other))]
    same_picture = match.mine.picture is not None and match.mine.picture == match.theirs.picture and boxes[0] == boxes[1]
    return same_picture or match.reason is MatchReason.SAME_MODEL


def _equal(mine: Sequence[str], theirs: Sequence[str | None]) -> NDArray[np.bool_]:
    """(M, T): which are the same."""
    numbers: dict[str | None, int] = {}
    one, other = ([numbers.setdefault(name, len(numbers)) for name in names] for names in (mine, theirs))
    return np.asarray(np.equal.outer(np.array(one), np.array(other)))


def _boxes(model: Model, meshes: Sequence[ModelArtMesh]) -> NDArray[np.float64]:
    """(N, 4): left, top, right, bottom as shares of the picture; zeros where an ArtMesh has no pixel."""
    boxes = np.array([(mesh.left or 0, mesh.top or 0, mesh.right or 0, mesh.bottom or 0) for mesh in meshes], np.float64)
    return boxes / (model.width, model.height, model.width, model.height)


def _overlaps(mine: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """(M, T): intersection over union; 0 where there is no box."""
    least, most = np.maximum(mine[:, None, :2], theirs[None, :, :2]), np.minimum(mine[:, None, 2:], theirs[None, :, 2:])
    common = np.prod(np.clip(most - least, 0.0, None), axis=2)
    areas = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (mine, theirs)]
    union = areas[0][:, None] + areas[1][None, :] - common
    return np.divide(common, union, out=np.zeros_like(common), where=union > 0)
