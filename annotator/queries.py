"""What people see: the queue, a model with its labels, what others changed in it, differences. Reads only; each needs at least a viewer."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from annotator.access import acting_user, existing, model_of, pass_of
from annotator.agreement import compared
from annotator.database import Database
from annotator.errors import NotFound
from annotator.label_rows import current_labels, saved_label, value_of
from annotator.predictions import predictions_of
from annotator.schema import Claim, Label, Model, ModelArtMesh, ModelPart, Pass, Prediction, Project, Review, User
from annotator.values import EDITABLE, TAKEN_BACK, LabelValue, PassState, Role, Round, SavedLabel


class QueueOrder(StrEnum):
    """What comes first in the queue."""

    UNCERTAIN = "uncertain"
    OLDEST = "oldest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A pass over a model, as the queue shows it.

    ``holder`` is who is at work on it, None for nobody; ``can_claim`` whether whoever looks
    may work on it as soon as nobody else does.
    """

    pass_id: int
    model_id: int
    name: str
    project: str
    round: Round
    state: PassState
    num_labelled: int
    num_art_meshes: int
    uncertainty: float
    valid: bool
    incomplete: bool
    picture: str
    annotator: str | None
    holder: str | None
    can_claim: bool


@dataclass(frozen=True)
class ModelView:
    """A model as the tab shows it.

    Attributes:
        model: its row.
        state: of the pass.
        pass_id: the pass.
        parts: the part tree, in the artist's order.
        art_meshes: in the order of the file.
        labels: the labels that count in the pass, by row of the ArtMesh.
        predictions: by row of the ArtMesh, the best guess first, see `annotator.predictions.predictions_of`.
        last_comment: of whoever last reviewed it.
        last_label_id: what `changes_since` is asked with next.
        project: its name.
        round: which pass it is.
        annotator: who labelled in it last; None for nobody.
        holder: who is at work on it; None for nobody.
        passes: id, round and annotator of all passes over the model.
        can_edit: whether whoever looks may label in the pass as soon as they hold it.
    """

    model: Model
    state: PassState
    pass_id: int
    parts: Sequence[ModelPart]
    art_meshes: Sequence[ModelArtMesh]
    labels: dict[int, SavedLabel]
    predictions: dict[int, list[Prediction]]
    last_comment: str
    last_label_id: int
    project: str
    round: Round
    annotator: str | None
    holder: str | None
    passes: Sequence[tuple[int, Round, str | None]]
    can_edit: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """An ArtMesh for the reviewer: what the machine said, what stood at the last review, what stands now, what the second pass says."""

    art_mesh_id: int
    predicted: str | None
    before: LabelValue
    now: LabelValue
    second: LabelValue


def queue(
    database: Database,
    actor: str,
    *,
    project_id: int | None = None,
    states: Sequence[PassState] = tuple(PassState),
    search: str = "",
    order: QueueOrder = QueueOrder.UNCERTAIN,
    offset: int = 0,
    limit: int = 50,
) -> tuple[list[QueueEntry], int]:
    """A page of the queue.

    Args:
        database: open.
        actor: who looks.
        project_id: only of this project.
        states: only in one of these.
        search: only models whose name holds this, in upper or lower case.
        order: what comes first.
        offset: how many to leave out, 0 or more.
        limit: at most so many, 1 to 500.

    Returns:
        The entries, and how many there are in all.
    """
    annotator, holder = aliased(User), aliased(User)
    live = and_(Claim.pass_id == Pass.id, Claim.expires_at > database.clock())
    wanted = [Pass.state.in_([str(state) for state in states]), *_chosen(project_id, search)]
    other = aliased(Pass)
    ordering = {
        QueueOrder.UNCERTAIN: (Model.uncertainty.desc(), Pass.id),
        QueueOrder.OLDEST: (Model.imported_at, Pass.id),
        QueueOrder.NAME: (Model.name, Pass.id),
    }[order]
    query = (
        select(Pass, Model, Project.name, annotator.name, holder.name, other.annotator_id)
        .join(Model, Model.id == Pass.model_id)
        .outerjoin(other, and_(other.model_id == Pass.model_id, other.round != Pass.round))
        .join(Project, Project.id == Model.project_id)
        .outerjoin(annotator, annotator.id == Pass.annotator_id)
        .outerjoin(Claim, live)
        .outerjoin(holder, holder.id == Claim.user_id)
        .where(*wanted)
        .order_by(*ordering)
    )
    with database.read() as session:
        user = acting_user(session, actor, Role.VIEWER)
        num = session.scalar(select(func.count()).select_from(Pass).join(Model, Model.id == Pass.model_id).where(*wanted)) or 0
        rows = session.execute(query.offset(max(0, offset)).limit(min(max(1, limit), 500))).all()
        return [_entry(user, *row) for row in rows], num


def count_by_state(database: Database, actor: str, *, project_id: int | None = None, search: str = "") -> dict[PassState, int]:
    """How many passes are in each state, of a project or all, whose model's name holds ``search``."""
    query = select(Pass.state, func.count()).join(Model, Model.id == Pass.model_id).where(*_chosen(project_id, search))
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        found = {PassState(state): num for state, num in session.execute(query.group_by(Pass.state)).all()}
        return {state: found.get(state, 0) for state in PassState}


def view_model(database: Database, actor: str, pass_id: int) -> ModelView:
    """Everything that the tab needs to show a pass over a model; `NotFound` if there is none."""
    with database.read() as session:
        user = acting_user(session, actor, Role.VIEWER)
        found = existing(session.get(Pass, pass_id))
        meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == found.model_id).order_by(ModelArtMesh.place)).all()
        parts = session.scalars(select(ModelPart).where(ModelPart.model_id == found.model_id).order_by(ModelPart.place)).all()
        labels = {mesh: saved_label(label) for mesh, label in current_labels(session, found).items()}
        comment = session.scalar(
            select(Review.comment).where(Review.pass_id == pass_id, Review.comment != "").order_by(Review.id.desc()).limit(1)
        )
        model, names = model_of(session, found.model_id), {user.id: user.name for user in session.scalars(select(User))}
        passes = session.scalars(select(Pass).where(Pass.model_id == model.id).order_by(Pass.round)).all()
        holder = session.scalar(select(Claim.user_id).where(Claim.pass_id == pass_id, Claim.expires_at > database.clock()))
        return ModelView(
            model,
            PassState(found.state),
            pass_id,
            parts,
            meshes,
            labels,
            predictions_of(session, model.id),
            comment or "",
            session.scalar(select(func.max(Label.id)).where(Label.pass_id == pass_id)) or 0,
            session.get_one(Project, model.project_id).name,
            Round(found.round),
            names.get(found.annotator_id or 0),
            names.get(holder or 0),
            [(each.id, Round(each.round), names.get(each.annotator_id or 0)) for each in passes],
            found.state in EDITABLE and _may_label(user, {each.annotator_id for each in passes if each.id != pass_id}),
        )


def guesses_of_pass(database: Database, actor: str, pass_id: int) -> dict[int, list[Prediction]]:
    """What machines say about the model of a pass, by row of the ArtMesh, the best guess first; `NotFound` if there is no such pass."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        return predictions_of(session, existing(session.get(Pass, pass_id)).model_id)


def pictures_of(database: Database, actor: str, pass_id: int) -> list[str]:
    """Hashes of the pictures of a pass's fragments, each once, in the order of the file; `NotFound` if there is no such pass."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        model_id = existing(session.get(Pass, pass_id)).model_id
        query = select(ModelArtMesh.picture).where(ModelArtMesh.model_id == model_id, ModelArtMesh.picture.is_not(None))
        return list(dict.fromkeys(str(name) for name in session.scalars(query.order_by(ModelArtMesh.place))))


def changes_since(database: Database, actor: str, pass_id: int, label_id: int) -> tuple[list[SavedLabel], int]:
    """Labels of a pass that are newer than ``label_id``, oldest first, and the id to ask with next time: what other tabs did."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        rows = session.scalars(select(Label).where(Label.pass_id == pass_id, Label.id > label_id).order_by(Label.id).limit(5000)).all()
        return [saved_label(row) for row in rows], rows[-1].id if rows else label_id


def differences(database: Database, actor: str, model_id: int) -> list[Difference]:
    """What a reviewer should look at: whose label differs from the machine's, the last review's or the second pass's."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        first, second = pass_of(session, model_id), pass_of(session, model_id, Round.SECOND)
        if first is None:
            raise NotFound("There is no such model.")
        now = current_labels(session, first)
        other = current_labels(session, second) if second is not None else {}
        before, predicted = _labels_at_last_return(session, first), predictions_of(session, model_id)
        found = []
        for mesh in session.scalars(select(ModelArtMesh.id).where(ModelArtMesh.model_id == model_id).order_by(ModelArtMesh.place)):
            guess = predicted[mesh][0].part if predicted.get(mesh) else None
            value, old, independent = value_of(now.get(mesh)), value_of(before.get(mesh)), value_of(other.get(mesh))
            differs = guess is not None and guess != value.part
            differs |= old not in (TAKEN_BACK, value)
            differs |= independent.decided and any(one != other for one, other in compared(value, independent))
            if differs:
                found.append(Difference(mesh, guess, old, value, independent))
        return found


def _chosen(project_id: int | None, search: str) -> list[ColumnElement[bool]]:
    """Conditions on the model."""
    wanted: list[ColumnElement[bool]] = [] if project_id is None else [Model.project_id == project_id]
    return [*wanted, Model.name.icontains(search, autoescape=True)] if search else wanted


def _entry(
    user: User, found: Pass, model: Model, project: str, annotator: str | None, holder: str | None, other_annotator: int | None
) -> QueueEntry:
    return QueueEntry(
        found.id,
        model.id,
        model.name,
        project,
        Round(found.round),
        PassState(found.state),
        found.num_labelled,
        model.num_art_meshes,
        model.uncertainty,
        model.valid,
        model.incomplete,
        model.picture,
        annotator,
        holder,
        _may_label(user, {other_annotator}),
    )


def _may_label(user: User, others: Set[int | None]) -> bool:
    """Whether a person is an annotator and did none of the model's other passes, whose annotators these are."""
    return Role(user.role).reaches(Role.ANNOTATOR) and user.id not in others


def _labels_at_last_return(session: Session, found: Pass) -> dict[int, Label]:
    """What stood there when the pass was last accepted or sent back; empty if it never was."""
    returned = or_(Review.state == PassState.ACCEPTED, Review.state == PassState.REJECTED)
    last = session.scalar(select(Review.last_label_id).where(Review.pass_id == found.id, returned).order_by(Review.id.desc()).limit(1))
    if last is None:
        return {}
    rows = session.scalars(select(Label).where(Label.pass_id == found.id, Label.id <= last).order_by(Label.id))
    return {row.art_mesh_id: row for row in rows}
