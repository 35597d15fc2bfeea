"""The people of the workbench: whoever logs in becomes one, and admins see and change what they may do."""

from collections.abc import Collection

from sqlalchemy import select

from annotator.access import LOCAL_USER, acting_user
from annotator.database import Database
from annotator.errors import AccessDenied
from annotator.schema import User
from annotator.values import Role
from liwi.errors import InputError


def checked_default_role(name: str) -> Role:
    """The role of this name for people who log in for the first time.

    Raises:
        InputError: there is none, or it is that of an admin.
    """
    allowed = [role for role in Role if role is not Role.ADMIN]
    if name not in allowed:
        raise InputError(f"LIWI_DEFAULT_ROLE must be {', '.join(allowed[:-1])} or {allowed[-1]}, got {name[:60]!r}.")
    return Role(name)


def admit(database: Database, name: str, *, admins: Collection[str] = (), default: Role = Role.VIEWER) -> Role:
    """Make whoever the app has let in a user, and say what they may do.

    Args:
        database: open.
        name: as the login says.
        admins: names of people who are made admins, whatever they were; the person alone on their own machine always is.
        default: role of anybody else who is new; people who are known keep theirs.

    Raises:
        DatabaseUnusable: the person is new and cannot be written down.
    """
    named_admin = name == LOCAL_USER or name in admins
    same = select(User).where(User.name == name)
    with database.read() as session:
        known = session.scalars(same).first()
        if known is not None and (not named_admin or known.role == Role.ADMIN):
            return Role(known.role)
    with database.write() as session:
        user = session.scalars(same.with_for_update()).first()
        if user is None:
            user = User(name=name, role=default, created_at=database.clock())
            session.add(user)
        if named_admin:
            user.role = Role.ADMIN
        return Role(user.role)


def list_people(database: Database, actor: str) -> list[tuple[str, Role]]:
    """Everybody's name and role, by name; for admins.

    Raises:
        AccessDenied: the actor is no admin.
    """
    with database.read() as session:
        acting_user(session, actor, Role.ADMIN)
        return [(user.name, Role(user.role)) for user in session.scalars(select(User).order_by(User.name))]


def role_of(database: Database, actor: str) -> Role:
    """What a person may do now.

    Raises:
        AccessDenied: they are no user.
    """
    with database.read() as session:
        return Role(acting_user(session, actor, Role.VIEWER).role)


def is_admin(database: Database, actor: str) -> bool:
    """Whether a person is an admin now; nobody is who is no user."""
    try:
        return role_of(database, actor) is Role.ADMIN
    except AccessDenied:
        return False


def demand(database: Database, actor: str, needed: Role) -> None:
    """Refuse, before work that takes long, whoever may not do it; `AccessDenied` as in every use case."""
    with database.read() as session:
        acting_user(session, actor, needed)
