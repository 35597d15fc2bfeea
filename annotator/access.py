"""People and their roles, and how the use cases find the rows they act on. Every use case begins with `acting_user`."""

from typing import TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from annotator.database import Database
from annotator.errors import AccessDenied, NotFound
from annotator.schema import Model, Pass, Project, User
from annotator.values import Role, Round, checked_text
from liwi.errors import InputError

LOCAL_USER = "local"
"""The person alone on their own machine, who may do everything."""

MAX_NAME = 200

_Row = TypeVar("_Row", Model, Pass)


def acting_user(session: Session, name: str, needed: Role, *, lock: bool = False) -> User:
    """The row of the person who acts, if their role allows it.

    Args:
        session: of the use case.
        name: of the person, as the login says.
        needed: the least role.
        lock: whether other acts of this person wait until this one is done (PostgreSQL; SQLite has one writer anyway).

    Raises:
        AccessDenied: the person is unknown or their role does not reach.
    """
    query = select(User).where(User.name == name)
    user = session.scalars(query.with_for_update() if lock else query).first()
    if user is None:
        raise AccessDenied(f"{name[:60]!r} is no user of this workbench. Ask an admin to add you.")
    if not Role(user.role).reaches(needed):
        raise AccessDenied(f"You are {user.role} here; this needs the role {needed.value} or higher. Ask an admin for it.")
    return user


def ensure_local_user(database: Database) -> str:
    """The name of the person alone on their own machine, made an admin at the first start."""
    with database.read() as session:
        if session.scalars(select(User).where(User.name == LOCAL_USER)).first() is not None:
            return LOCAL_USER
    with database.write() as session:
        if session.scalars(select(User).where(User.name == LOCAL_USER)).first() is None:
            session.add(User(name=LOCAL_USER, role=Role.ADMIN, created_at=database.clock()))
    return LOCAL_USER


def set_user(database: Database, actor: str, name: str, role: Role) -> None:
    """Add a person, or change their role; takes effect at their next act.

    Raises:
        AccessDenied: the actor is no admin.
        InputError: the name is empty or too long, or the last admin would lose the role.
    """
    name = _checked_name(name, "The name of a person")
    with database.write() as session:
        acting_user(session, actor, Role.ADMIN)
        session.scalars(select(User.id).where(User.role == Role.ADMIN).order_by(User.id).with_for_update()).all()
        user = session.scalars(select(User).where(User.name == name)).first()
        if user is None:
            session.add(User(name=name, role=role, created_at=database.clock()))
            return
        num_admins = session.scalar(select(func.count()).select_from(User).where(User.role == Role.ADMIN)) or 0
        if user.role == Role.ADMIN and role is not Role.ADMIN and num_admins == 1:
            raise InputError(f"{name!r} is the only admin. Make somebody else an admin first.")
        user.role = role


def create_project(database: Database, actor: str, name: str) -> int:
    """The id of the project of this name, made if there is none; needs an annotator."""
    name = _checked_name(name, "The name of a project")
    with database.write() as session:
        user = acting_user(session, actor, Role.ANNOTATOR)
        project = session.scalars(select(Project).where(Project.name == name)).first()
        if project is None:
            session.scalars(select(User.id).where(User.id == user.id).with_for_update()).all()
            project = Project(name=name, created_at=database.clock())
            session.add(project)
            session.flush()
        return project.id


def locked_pass(session: Session, pass_id: int) -> Pass:
    """A pass, kept from every other change until the transaction ends; `NotFound` if there is none."""
    return existing(session.scalars(select(Pass).where(Pass.id == pass_id).with_for_update()).first())


def model_of(session: Session, model_id: int, *, lock: bool = False) -> Model:
    """A model; `NotFound` if there is none."""
    query = select(Model).where(Model.id == model_id)
    return existing(session.scalars(query.with_for_update() if lock else query).first())


def existing(row: _Row | None) -> _Row:
    """A model or a pass that was looked for; `NotFound` if it was not found."""
    if row is None:
        raise NotFound("This model is not, or no longer, in the workbench. Go back to the queue.")
    return row


def pass_of(session: Session, model_id: int, number: Round = Round.FIRST) -> Pass | None:
    """The pass of a model; None if it has no such pass."""
    return session.scalars(select(Pass).where(Pass.model_id == model_id, Pass.round == int(number))).first()


def _checked_name(name: str, what: str) -> str:
    name = checked_text(name, what).strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InputError(f"{what} has 1 to {MAX_NAME} printable characters, got {name[:60]!r}.")
    return name
