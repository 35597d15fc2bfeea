"""Labels: every decision is a new row, no row is ever changed. An operation is saved whole or not at all, and sending it again is harmless.

*Versions*: a change names the version of the label that the person saw; if another stands there, the whole operation is refused with both
values (`LabelConflict`), and whoever wants to overwrite sends it again with the new version. *Undo* and *redo* are operations too: they
add the label that stood there before. They follow the person's own acts over all models, without limit, since the history is the table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from annotator.access import acting_user, locked_pass
from annotator.claims import renew_claim
from annotator.database import Database
from annotator.errors import LabelConflict, NotFound, WrongState
from annotator.label_rows import current_labels, saved_label, value_of, version_of
from annotator.schema import CurrentLabel, Label, ModelArtMesh, Operation, Pass, User
from annotator.values import (
    EDITABLE,
    TAKEN_BACK,
    ActKind,
    ActStatus,
    Change,
    Conflict,
    LabelKind,
    LabelValue,
    OnConflict,
    Outcome,
    PassState,
    Role,
    SavedLabel,
)
from data_tools.live2d.pieces import pieces_json
from data_tools.manifests import digest
from liwi.errors import InputError

MAX_CHANGES = 10_000


@dataclass(frozen=True, slots=True)
class Write:
    """One label to be written. ``act_id`` is the act that its value comes from; None: the operation itself, or nothing."""

    art_mesh_id: int
    value: LabelValue
    act_id: str | None


def relabel(database: Database, actor: str, pass_id: int, operation_id: str, changes: Sequence[Change]) -> Outcome:
    """Save what a person decided about one or many ArtMeshes of a model; renews the claim.

    Args:
        database: open.
        actor: who decides.
        pass_id: which pass over the model.
        operation_id: from the browser, 8 to 64 letters, digits or hyphens, never used for anything else.
        changes: one per ArtMesh, with the versions that the person saw.

    Raises:
        LabelConflict: a label has changed since; carries both values, nothing was saved.
        ClaimNeeded: the person does not hold the model.
        WrongState: it is submitted or accepted.
        NotFound: there is no such model, or an ArtMesh is none of its.
        AccessDenied: the person is no annotator.
        InputError: the operation id was used for something else, or there are no changes.
    """
    if not 1 <= len(changes) <= MAX_CHANGES or len({change.art_mesh_id for change in changes}) != len(changes):
        raise InputError(f"An operation changes 1 to {MAX_CHANGES} different ArtMeshes.")
    if any(change.value.kind is LabelKind.NONE for change in changes):
        raise InputError("A decision is taken back by undo.")
    request = request_hash((pass_id, *sorted((change.art_mesh_id, change.version, change.value) for change in changes)))
    with database.write() as session:
        user = acting_user(session, actor, Role.ANNOTATOR, lock=True)
        done = repeated(session, user, operation_id, request)
        if done is not None:
            return done
        found, now = locked_pass(session, pass_id), database.clock()
        renew_claim(session, found, user, now)
        return apply_changes(session, user, found, operation_id, changes, now, request=request)


def apply_changes(
    session: Session,
    user: User,
    found: Pass,
    operation_id: str,
    changes: Sequence[Change],
    now: int,
    *,
    request: str,
    kind: ActKind = ActKind.LABEL,
) -> Outcome:
    """`relabel` inside a transaction, for whoever has checked role and claim and locked user and pass."""
    ids = [change.art_mesh_id for change in changes]
    _check_art_meshes(session, found, ids)
    current = current_labels(session, found, ids)
    conflicts = [
        _conflict(session, change.value, change.art_mesh_id, current.get(change.art_mesh_id))
        for change in changes
        if version_of(current.get(change.art_mesh_id)) != change.version
    ]
    if conflicts:
        raise _refusal(conflicts)
    session.execute(
        update(Operation).where(Operation.user_id == user.id, Operation.status == ActStatus.UNDONE).values(status=ActStatus.DROPPED)
    )
    operation = _record(session, user, found, operation_id, kind, now, request=request, num_labels=len(changes))
    writes = [Write(change.art_mesh_id, change.value, operation.id) for change in changes]
    return _write(session, operation, found, writes, current)


def undo(database: Database, actor: str, operation_id: str, *, on_conflict: OnConflict = OnConflict.REFUSE) -> Outcome:
    """Take back the person's latest act that is not undone, in whatever model it was.

    Args:
        database: open.
        actor: whose act.
        operation_id: as for `relabel`.
        on_conflict: what to do where somebody has labelled the ArtMesh since.

    Raises:
        NotFound: there is nothing to undo.
        ClaimNeeded: the person does not hold the act's model; its ``pass_id`` says which to claim.
        LabelConflict, WrongState, AccessDenied: as `relabel`.
    """
    return _go(database, actor, operation_id, on_conflict, ActKind.UNDO)


def redo(database: Database, actor: str, operation_id: str, *, on_conflict: OnConflict = OnConflict.REFUSE) -> Outcome:
    """Do again what the person's latest `undo` took back; possible until they do something else. Arguments and errors as `undo`."""
    return _go(database, actor, operation_id, on_conflict, ActKind.REDO)


def repeated(session: Session, user: User, operation_id: str, request: str) -> Outcome | None:
    """The outcome of an operation that was saved before; None for a new one.

    Raises:
        InputError: the id is malformed, another person's, or was used for something else.
    """
    if not (8 <= len(operation_id) <= 64 and operation_id.isascii() and operation_id.replace("-", "").isalnum()):
        raise InputError("An operation needs an id of 8 to 64 letters, digits or hyphens.")
    operation = session.get(Operation, operation_id)
    if operation is None:
        return None
    if operation.user_id != user.id or operation.request != request:
        raise InputError("This operation id was used for another change. Make a new one.")
    labels = session.scalars(select(Label).where(Label.operation_id == operation_id).order_by(Label.art_mesh_id))
    return Outcome(operation.pass_id, tuple(saved_label(label) for label in labels))


def request_hash(request: object) -> str:
    """The hash by which `repeated` tells whether an operation asks for the same again."""
    return digest(repr(request).encode())


def _go(database: Database, actor: str, operation_id: str, on_conflict: OnConflict, kind: ActKind) -> Outcome:
    request = request_hash((kind, on_conflict))
    with database.write() as session:
        user = acting_user(session, actor, Role.ANNOTATOR, lock=True)
        done = repeated(session, user, operation_id, request)
        if done is not None:
            return done
        act = _act_to_undo(session, user) if kind is ActKind.UNDO else _act_to_redo(session, user)
        found, now = locked_pass(session, act.pass_id), database.clock()
        renew_claim(session, found, user, now)
        writes, current = _plan(session, found, act, kind, on_conflict)
        operation = _record(session, user, found, operation_id, kind, now, request=request, num_labels=len(writes), act=act)
        act.status = ActStatus.UNDONE if kind is ActKind.UNDO else ActStatus.DONE
        return _write(session, operation, found, writes, current)


def _act_to_undo(session: Session, user: User) -> Operation:
    query = select(Operation).where(Operation.user_id == user.id, Operation.status == ActStatus.DONE)
    act = session.scalars(query.order_by(Operation.sequence.desc()).limit(1)).first()
    if act is None:
        raise NotFound("There is nothing to undo.")
    return act


def _act_to_redo(session: Session, user: User) -> Operation:
    query = select(Operation).where(Operation.user_id == user.id, Operation.status == ActStatus.UNDONE)
    act = session.scalars(query.order_by(Operation.sequence).limit(1)).first()
    if act is None:
        raise NotFound("There is nothing to redo.")
    return act


def _plan(session: Session, found: Pass, act: Operation, kind: ActKind, on_conflict: OnConflict) -> tuple[list[Write], dict[int, Label]]:
    """What undo or redo of an act has to write, and what stands there now."""
    labels = session.scalars(select(Label).where(Label.operation_id == act.id).order_by(Label.art_mesh_id)).all()
    replaced_ids = [label.replaced_id for label in labels if label.replaced_id is not None]
    replaced = {label.id: label for label in session.scalars(select(Label).where(Label.id.in_(replaced_ids)))}
    current = current_labels(session, found, [label.art_mesh_id for label in labels])
    writes, conflicts = [], []
    for label in labels:
        before = replaced.get(label.replaced_id) if label.replaced_id is not None else None
        source, expected = (before, act.id) if kind is ActKind.UNDO else (label, before.act_id if before else None)
        write = Write(label.art_mesh_id, value_of(source), source.act_id if source is not None else None)
        now = current.get(label.art_mesh_id)
        if (now.act_id if now is not None else None) != expected:
            if on_conflict is OnConflict.KEEP:
                continue
            conflicts.append(_conflict(session, write.value, label.art_mesh_id, now))
        writes.append(write)
    if conflicts and on_conflict is OnConflict.REFUSE:
        raise _refusal(conflicts)
    return writes, current


def _record(
    session: Session,
    user: User,
    found: Pass,
    operation_id: str,
    kind: ActKind,
    now: int,
    *,
    request: str,
    num_labels: int,
    act: Operation | None = None,
) -> Operation:
    last = session.scalar(select(func.max(Operation.sequence)).where(Operation.user_id == user.id)) or 0
    operation = Operation(
        id=operation_id,
        user_id=user.id,
        sequence=last + 1,
        pass_id=found.id,
        kind=kind,
        status=ActStatus.DONE if act is None else None,
        act_id=act.id if act is not None else None,
        request=request,
        num_labels=num_labels,
        at=now,
    )
    session.add(operation)
    session.flush()
    return operation


def _write(session: Session, operation: Operation, found: Pass, writes: Sequence[Write], current: Mapping[int, Label]) -> Outcome:
    """Add the labels and make them count; the pass is locked, and versions were compared."""
    if found.state not in EDITABLE:
        raise WrongState(f"This model is {found.state}; its labels can be changed after a reviewer has sent it back.")
    rows = []
    for write in sorted(writes, key=lambda write: write.art_mesh_id):
        before, value = current.get(write.art_mesh_id), write.value
        rows.append(
            Label(
                pass_id=found.id,
                art_mesh_id=write.art_mesh_id,
                version=version_of(before) + 1,
                kind=value.kind,
                part=value.part,
                side=value.side,
                unsure=value.unsure,
                comment=value.comment,
                order=value.order,
                pieces=pieces_json(value.pieces) or None,
                user_id=operation.user_id,
                operation_id=operation.id,
                act_id=write.act_id,
                replaced_id=before.id if before is not None else None,
                at=operation.at,
            )
        )
        found.num_labelled += int(value.decided) - int(value_of(before).decided)
    session.add_all(rows)
    session.flush()
    counting = [{"pass_id": found.id, "art_mesh_id": row.art_mesh_id, "label_id": row.id, "version": row.version} for row in rows]
    known = [entry for entry in counting if entry["art_mesh_id"] in current]
    new = [entry for entry in counting if entry["art_mesh_id"] not in current]
    if known:
        session.execute(update(CurrentLabel), known)
    if new:
        session.execute(insert(CurrentLabel), new)
    found.state, found.annotator_id, found.changed_at = PassState.IN_PROGRESS, operation.user_id, operation.at
    return Outcome(found.id, tuple(saved_label(row) for row in rows))


def _check_art_meshes(session: Session, found: Pass, ids: Sequence[int]) -> None:
    query = select(func.count()).select_from(ModelArtMesh).where(ModelArtMesh.model_id == found.model_id, ModelArtMesh.id.in_(ids))
    if session.scalar(query) != len(ids):
        raise NotFound("An ArtMesh of the change is none of this model. Open the model again.")


def _conflict(session: Session, wanted: LabelValue, art_mesh_id: int, current: Label | None) -> Conflict:
    if current is None:
        return Conflict(wanted, SavedLabel(art_mesh_id, 0, TAKEN_BACK), None, None)
    return Conflict(wanted, saved_label(current), session.get_one(User, current.user_id).name, current.at)


def _refusal(conflicts: Sequence[Conflict]) -> LabelConflict:
    first = conflicts[0]
    now = first.current.value.part or first.current.value.kind
    return LabelConflict(
        f"{len(conflicts)} label(s) changed since you looked: one is now {now.value!r} by {first.user or 'nobody'!r}. "
        "Nothing was saved; choose which value shall stand.",
        conflicts,
    )
