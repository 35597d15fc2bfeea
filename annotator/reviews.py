"""From hand to hand: a pass is submitted, accepted or sent back; a share of the models gets a second, independent pass."""

from math import ceil

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from annotator.access import acting_user, locked_pass, model_of, pass_of
from annotator.claims import check_claim, drop_claim
from annotator.database import Database
from annotator.errors import AccessDenied, LabelConflict, NotFound, WrongState
from annotator.schema import Label, Model, Pass, Project, Review, User
from annotator.values import EDITABLE, PassState, Role, Round, checked_text
from data_tools.manifests import digest
from liwi.errors import InputError


def submit(database: Database, actor: str, pass_id: int) -> None:
    """Hand a finished pass to the reviewers and release it.

    Raises:
        WrongState: it is submitted already, or ArtMeshes have no label yet; says how many.
        ClaimNeeded, AccessDenied, NotFound: as `annotator.labels.relabel`.
    """
    with database.write() as session:
        user = acting_user(session, actor, Role.ANNOTATOR)
        found, now = locked_pass(session, pass_id), database.clock()
        check_claim(session, found, user, now)
        _demand(found, *EDITABLE)
        missing = model_of(session, found.model_id).num_art_meshes - found.num_labelled
        if missing:
            raise WrongState(f"{missing} fragment(s) have no label yet. Label them, or mark what shows nothing as nothing.")
        found.annotator_id = user.id
        _go(session, found, user, PassState.SUBMITTED, "", now)
        drop_claim(session, found, user, now)


def accept(database: Database, actor: str, pass_id: int, comment: str = "") -> None:
    """Accept a submitted pass; that of the first round is exported from now on.

    Raises:
        AccessDenied: the person is no reviewer, or accepts their own work and is no admin.
        WrongState: it is not submitted.
        NotFound: there is no such pass.
    """
    with database.write() as session:
        user = acting_user(session, actor, Role.REVIEWER)
        found = locked_pass(session, pass_id)
        _demand(found, PassState.SUBMITTED)
        if found.annotator_id == user.id and user.role != Role.ADMIN:
            raise AccessDenied("You labelled this model yourself. Somebody else has to accept it.")
        _go(session, found, user, PassState.ACCEPTED, comment, database.clock())


def send_back(database: Database, actor: str, pass_id: int, comment: str) -> None:
    """Send a submitted or accepted pass back to be corrected.

    Raises:
        InputError: the comment is empty; whoever corrects has to know what is wrong.
        AccessDenied: the person is no reviewer.
        WrongState: it is neither submitted nor accepted.
    """
    if not comment.strip():
        raise InputError("Say what should be corrected: the comment goes to whoever corrects it.")
    with database.write() as session:
        user = acting_user(session, actor, Role.REVIEWER)
        found = locked_pass(session, pass_id)
        _demand(found, PassState.SUBMITTED, PassState.ACCEPTED)
        _go(session, found, user, PassState.REJECTED, comment, database.clock())


def describe_model(database: Database, actor: str, model_id: int, version: int, *, valid: bool, incomplete: bool, comment: str) -> int:
    """Set a model's flags and comment; needs an annotator.

    Args:
        database: open.
        actor: who says so.
        model_id: of what.
        version: of the flags that the person saw.
        valid: whether it is fit for training at all.
        incomplete: whether body parts are missing by design.
        comment: replaces the one that stands there.

    Returns:
        The new version.

    Raises:
        LabelConflict: somebody changed them in between; says what stands there now.
    """
    checked_text(comment, "The comment")
    with database.write() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        model = model_of(session, model_id, lock=True)
        if model.version != version:
            raise LabelConflict(
                f"Somebody changed this model's flags since you looked: valid {model.valid}, incomplete {model.incomplete}, "
                f"comment {model.comment[:60]!r}. Nothing was saved; look again.",
                (),
            )
        model.valid, model.incomplete, model.comment, model.version = valid, incomplete, comment, version + 1
        return model.version


def request_second_passes(database: Database, actor: str, project_id: int, share: float, *, seed: int = 0) -> int:
    """Open a second, independent pass for a share of a project's models, chosen by chance; asking again adds only what is missing.

    Args:
        database: open.
        actor: at least a reviewer.
        project_id: whose models.
        share: in (0, 1].
        seed: another one chooses other models.

    Returns:
        How many passes are new.

    Raises:
        InputError: the share is out of range.
    """
    if not 0 < share <= 1:
        raise InputError(f"The share of models must lie above 0 and be at most 1, got {share}.")
    with database.write() as session:
        acting_user(session, actor, Role.REVIEWER)
        if session.scalars(select(Project).where(Project.id == project_id).with_for_update()).first() is None:
            raise NotFound("There is no such project.")
        models = session.execute(select(Model.id, Model.sha256).where(Model.project_id == project_id)).all()
        chosen = sorted(models, key=lambda row: digest(f"{seed} {row.sha256}".encode()))[: ceil(share * len(models))]
        known = set(session.scalars(select(Pass.model_id).where(Pass.round == int(Round.SECOND))))
        new = [row.id for row in chosen if row.id not in known]
        now = database.clock()
        session.add_all(Pass(model_id=model, round=int(Round.SECOND), state=PassState.NEW, num_labelled=0, changed_at=now) for model in new)
        return len(new)


def second_pass(database: Database, actor: str, model_id: int) -> int | None:
    """The id of a model's second pass; None if none was asked for. Needs a viewer."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        found = pass_of(session, model_id, Round.SECOND)
        return found.id if found is not None else None


def _demand(found: Pass, *states: PassState) -> None:
    if found.state not in states:
        raise WrongState(f"This model is {found.state}; that can be done when it is {' or '.join(states)}. Look at it again.")


def _go(session: Session, found: Pass, user: User, state: PassState, comment: str, now: int) -> None:
    last = session.scalar(select(func.max(Label.id)).where(Label.pass_id == found.id)) or 0
    comment = checked_text(comment, "The comment")
    session.add(Review(pass_id=found.id, user_id=user.id, state=state, comment=comment, last_label_id=last, at=now))
    found.state, found.changed_at = state, now
