"""Projects and their models, as lists for people, and who said what about an ArtMesh. Reads only; each needs at least a viewer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from annotator.access import acting_user
from annotator.database import Database
from annotator.errors import NotFound
from annotator.label_rows import saved_label
from annotator.schema import Claim, Label, Model, ModelArtMesh, Operation, Pass, Prediction, Project, User
from annotator.values import ActKind, PassState, Role, Round, SavedLabel


@dataclass(frozen=True, slots=True)
class FirstPass:
    """The first pass over a model."""

    pass_id: int
    model_id: int
    name: str


@dataclass(frozen=True, slots=True)
class PassStatus:
    """How far a pass is.

    Attributes:
        state: of the pass.
        holder: who is at work on it; None for nobody.
        guessed_at: when machines last said something of its model, in milliseconds since 1970; 0 for never.
    """

    state: PassState
    holder: str | None
    guessed_at: int


@dataclass(frozen=True, slots=True)
class PastLabel:
    """A decision about an ArtMesh: the label, by whom, when (milliseconds since 1970), and in what kind of act."""

    label: SavedLabel
    user: str
    at: int
    act: ActKind


def list_projects(database: Database, actor: str) -> list[tuple[int, str]]:
    """Id and name of every project, by name."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        return [(project.id, project.name) for project in session.scalars(select(Project).order_by(Project.name))]


def name_of_project(database: Database, actor: str, project_id: int) -> str:
    """A project's name; `NotFound` if there is none."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        project = session.get(Project, project_id)
        if project is None:
            raise NotFound("There is no such project.")
        return project.name


def first_passes(database: Database, actor: str, model_ids: Sequence[int]) -> list[FirstPass]:
    """The first passes over models, in the order of their ids; models that are not there are left out."""
    query = select(Pass.id, Model.id, Model.name).join(Model, Model.id == Pass.model_id)
    query = query.where(Pass.round == int(Round.FIRST), Model.id.in_(list(model_ids))).order_by(Model.id)
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        return [FirstPass(*row) for row in session.execute(query)]


def stems_of_project(database: Database, actor: str, project: str) -> set[str]:
    """The file names, without endings, of the models in a project; none if there is no such project."""
    query = select(Model.stem).join(Project, Project.id == Model.project_id).where(Project.name == project)
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        return set(session.scalars(query))


def pass_status(database: Database, actor: str, pass_id: int) -> PassStatus:
    """How far a pass is, and who is at work on it; `NotFound` if there is none."""
    holder = aliased(User)
    said = select(func.max(Prediction.at)).join(ModelArtMesh, ModelArtMesh.id == Prediction.art_mesh_id)
    said = said.where(ModelArtMesh.model_id == Pass.model_id).correlate(Pass)
    held = (Claim.pass_id == Pass.id) & (Claim.expires_at > database.clock())
    query = select(Pass.state, holder.name, said.scalar_subquery()).outerjoin(Claim, held)
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        row = session.execute(query.outerjoin(holder, holder.id == Claim.user_id).where(Pass.id == pass_id)).first()
        if row is None:
            raise NotFound("This model is not, or no longer, in the workbench. Go back to the queue.")
        return PassStatus(PassState(row[0]), row[1], row[2] or 0)


def history_of_label(database: Database, actor: str, pass_id: int, art_mesh_id: int) -> list[PastLabel]:
    """Every decision about an ArtMesh in a pass, newest first."""
    query = (
        select(Label, User.name, Operation.kind).join(User, User.id == Label.user_id).join(Operation, Operation.id == Label.operation_id)
    )
    query = query.where(Label.pass_id == pass_id, Label.art_mesh_id == art_mesh_id).order_by(Label.version.desc())
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        return [PastLabel(saved_label(label), name, label.at, ActKind(kind)) for label, name, kind in session.execute(query)]
