"""How far a project is: models by state, what each person has done, how far people agree. Reads only; each needs at least a viewer."""

from dataclasses import dataclass

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from annotator.access import acting_user
from annotator.agreement import Agreement, compared, measure_agreement
from annotator.database import Database
from annotator.label_rows import current_labels, value_of
from annotator.schema import Model, Operation, Pass, User
from annotator.values import ActKind, PassState, Role, Round

PAUSE_MILLISECONDS = 60_000
"""A longer gap between two acts counts as a pause, not as work."""


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """What a person has done; ``seconds_per_label`` is None until two acts lie close enough together."""

    name: str
    num_labels: int
    num_passes: int
    seconds_per_label: float | None


def progress_of_project(database: Database, actor: str, project_id: int) -> dict[PassState, tuple[int, int, int]]:
    """For each state of the first passes: models, their labelled ArtMeshes, all their ArtMeshes."""
    query = (
        select(Pass.state, func.count(), func.sum(Pass.num_labelled), func.sum(Model.num_art_meshes))
        .join(Model, Model.id == Pass.model_id)
        .where(Model.project_id == project_id, Pass.round == int(Round.FIRST))
        .group_by(Pass.state)
    )
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        found = {PassState(state): (num, int(labelled), int(meshes)) for state, num, labelled, meshes in session.execute(query)}
        return {state: found.get(state, (0, 0, 0)) for state in PassState}


def progress_of_people(database: Database, actor: str, project_id: int | None = None) -> list[PersonProgress]:
    """What each person has labelled, by name; imports, undo and redo do not count, nor do pauses of more than a minute."""
    gap = Operation.at - func.lag(Operation.at).over(partition_by=Operation.user_id, order_by=Operation.sequence)
    acts = select(Operation.user_id, Operation.pass_id, Operation.kind, Operation.num_labels, gap.label("gap"))
    if project_id is not None:
        own = select(Pass.id).join(Model, Model.id == Pass.model_id).where(Model.project_id == project_id)
        acts = acts.where(Operation.pass_id.in_(own))
    table = acts.subquery()
    timed = and_(table.c.gap > 0, table.c.gap <= PAUSE_MILLISECONDS)
    query = (
        select(
            User.name,
            func.sum(table.c.num_labels),
            func.count(table.c.pass_id.distinct()),
            func.sum(table.c.gap).filter(timed),
            func.sum(table.c.num_labels).filter(timed),
        )
        .join(table, and_(table.c.user_id == User.id, table.c.kind == ActKind.LABEL))
        .group_by(User.id, User.name)
        .order_by(User.name)
    )
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        return [
            PersonProgress(name, int(labels), passes, float(spent) / 1000 / float(timed_labels) if timed_labels else None)
            for name, labels, passes, spent, timed_labels in session.execute(query)
        ]


def agreement_of_project(database: Database, actor: str, project_id: int) -> Agreement:
    """How far the first and second passes of a project agree, over the models of which both are submitted or accepted."""
    first, second = aliased(Pass), aliased(Pass)
    done = [str(PassState.SUBMITTED), str(PassState.ACCEPTED)]
    query = (
        select(first, second)
        .join(second, and_(second.model_id == first.model_id, second.round == int(Round.SECOND)))
        .join(Model, Model.id == first.model_id)
        .where(Model.project_id == project_id, first.round == int(Round.FIRST), first.state.in_(done), second.state.in_(done))
    )
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        pairs = []
        for one, other in session.execute(query).all():
            mine, theirs = current_labels(session, one), current_labels(session, other)
            values = [(value_of(mine[mesh]), value_of(theirs[mesh])) for mesh in sorted(mine.keys() & theirs.keys())]
            pairs += [pair for a, b in values if a.decided and b.decided for pair in compared(a, b)]
        return measure_agreement(pairs)
