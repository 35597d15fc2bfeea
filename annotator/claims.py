"""A claim keeps two people off one model: renewed by a heartbeat, lost when that stops, taken over with a record."""

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.access import acting_user, locked_pass, pass_of
from annotator.database import Database
from annotator.errors import AccessDenied, ClaimNeeded
from annotator.schema import Claim, ClaimEvent, Pass, User
from annotator.values import Role, Round, checked_text
from liwi.errors import InputError

CLAIM_MILLISECONDS = 120_000
"""How long a claim lasts without a heartbeat; the page sends one every quarter of it."""


class ClaimStep(StrEnum):
    """What happened to a claim."""

    CLAIMED = "claimed"
    RELEASED = "released"
    EXPIRED = "expired"
    """Somebody else claimed it after it had run out."""
    TAKEN_OVER = "taken over"


@dataclass(frozen=True, slots=True)
class Hold:
    """A claim that the person has.

    Attributes:
        pass_id: of what.
        taken_at: when it was last claimed, in milliseconds since 1970; later for each page that claims it.
        expires_at: in milliseconds since 1970, without a further heartbeat.
    """

    pass_id: int
    taken_at: int
    expires_at: int


def claim(database: Database, actor: str, pass_id: int) -> Hold:
    """Take a pass to work on it, or go on with it; a second tab of the same person shares the claim.

    Raises:
        ClaimNeeded: somebody else holds it; says who, and until when.
        AccessDenied: the person is no annotator, or did the other pass of this model, which has to be independent.
        NotFound: there is no such pass.
    """
    with database.write() as session:
        user, found = _user_and_pass(session, actor, pass_id)
        now = database.clock()
        held = check_nobody_else(session, found, user, now)
        _check_independence(session, user, found)
        if held is None or held.user_id != user.id:
            event = ClaimStep.CLAIMED if held is None else ClaimStep.EXPIRED
            _record(session, found, user, event, now, from_user=held.user_id if held else None)
        elif now <= held.taken_at:
            now = held.taken_at + 1  # two pages in one millisecond
        return _hold(session, held, found, user, now, claimed=True)


def heartbeat(database: Database, actor: str, pass_id: int) -> Hold:
    """Say that the person is still at work.

    Raises:
        ClaimNeeded: the claim has run out or was taken over; claim again.
    """
    with database.write() as session:
        user, found = _user_and_pass(session, actor, pass_id)
        return renew_claim(session, found, user, database.clock())


def release(database: Database, actor: str, pass_id: int, taken_at: int | None = None) -> None:
    """Give a pass back; nothing happens if the person does not hold it.

    Args:
        database: open.
        actor: who gives it back.
        pass_id: what.
        taken_at: the `Hold.taken_at` that is given back. If another page of the person has claimed the pass since, theirs stands:
            what a closing page sends may arrive after the claim of the page that follows it.
    """
    with database.write() as session:
        user, found = _user_and_pass(session, actor, pass_id)
        held = session.get(Claim, pass_id)
        if held is not None and (taken_at is None or held.taken_at <= taken_at):
            drop_claim(session, found, user, database.clock())


def take_over(database: Database, actor: str, pass_id: int, reason: str) -> Hold:
    """Take a pass from whoever holds it. Their labels stay; what they had not sent is refused when it arrives.

    Args:
        database: open.
        actor: who takes it.
        pass_id: what.
        reason: not empty; stands in the record beside both names.

    Raises:
        InputError: there is no reason.
        AccessDenied: the person is no annotator, or did the other pass.
    """
    if not checked_text(reason, "The reason").strip():
        raise InputError("Say why you take the model over: the reason is recorded.")
    with database.write() as session:
        user, found = _user_and_pass(session, actor, pass_id)
        _check_independence(session, user, found)
        now = database.clock()
        held = session.get(Claim, pass_id)
        _record(session, found, user, ClaimStep.TAKEN_OVER, now, from_user=held.user_id if held else None, reason=reason)
        return _hold(session, held, found, user, now, claimed=True)


def claim_events(database: Database, actor: str, pass_id: int) -> list[tuple[str, ClaimStep, str | None, str]]:
    """Who claimed a pass, oldest first: name, event, from whom, reason. Needs a viewer."""
    with database.read() as session:
        acting_user(session, actor, Role.VIEWER)
        events = session.scalars(select(ClaimEvent).where(ClaimEvent.pass_id == pass_id).order_by(ClaimEvent.id)).all()
        names = {user.id: user.name for user in session.scalars(select(User))}
        return [
            (names[event.user_id], ClaimStep(event.event), names.get(event.from_user_id) if event.from_user_id else None, event.reason)
            for event in events
        ]


def check_claim(session: Session, found: Pass, user: User, now: int) -> Claim:
    """The person's live claim on a locked pass.

    Raises:
        ClaimNeeded: they have none, it has run out, or somebody else has it.
    """
    held = check_nobody_else(session, found, user, now)
    if held is None or held.user_id != user.id:
        raise ClaimNeeded("You do not hold this model. Claim it, and send the change again.", pass_id=found.id, holder=None)
    if held.expires_at <= now:
        raise ClaimNeeded("Your claim on this model has run out. Claim it again, and send the change again.", pass_id=found.id, holder=None)
    return held


def renew_claim(session: Session, found: Pass, user: User, now: int) -> Hold:
    """A sign of life of the person who holds a locked pass; `ClaimNeeded` as `check_claim`."""
    return _hold(session, check_claim(session, found, user, now), found, user, now)


def check_nobody_else(session: Session, found: Pass, user: User, now: int) -> Claim | None:
    """The claim on a locked pass, unless somebody else is at work on it, then `ClaimNeeded`; it may have run out."""
    held = session.get(Claim, found.id)
    if held is not None and held.user_id != user.id and held.expires_at > now:
        raise _held_by_other(session, held, now)
    return held


def drop_claim(session: Session, found: Pass, user: User, now: int) -> None:
    """End this person's claim, if there is one, and record it."""
    held = session.get(Claim, found.id)
    if held is not None and held.user_id == user.id:
        session.delete(held)
        _record(session, found, user, ClaimStep.RELEASED, now)


def _user_and_pass(session: Session, actor: str, pass_id: int) -> tuple[User, Pass]:
    user = acting_user(session, actor, Role.ANNOTATOR)
    return user, locked_pass(session, pass_id)


def _check_independence(session: Session, user: User, found: Pass) -> None:
    other = pass_of(session, found.model_id, Round.SECOND if found.round == Round.FIRST else Round.FIRST)
    if other is not None and other.annotator_id == user.id:
        raise AccessDenied("You labelled this model in its other pass. The second opinion has to come from somebody else.")


def _held_by_other(session: Session, held: Claim, now: int) -> ClaimNeeded:
    holder = session.get_one(User, held.user_id).name
    seconds = max(1, round((held.expires_at - now) / 1000))
    return ClaimNeeded(
        f"{holder!r} is at work on this model; without a sign of life that ends in {seconds} s. Take another model, or this one over.",
        pass_id=held.pass_id,
        holder=holder,
        expires_at=held.expires_at,
    )


def _hold(session: Session, held: Claim | None, found: Pass, user: User, now: int, *, claimed: bool = False) -> Hold:
    if held is None:
        held = Claim(pass_id=found.id, user_id=user.id, taken_at=now, expires_at=0)
        session.add(held)
    if claimed or held.user_id != user.id:
        held.user_id, held.taken_at = user.id, now
    held.expires_at = now + CLAIM_MILLISECONDS
    return Hold(found.id, held.taken_at, held.expires_at)


def _record(
    session: Session, found: Pass, user: User, event: ClaimStep, now: int, *, from_user: int | None = None, reason: str = ""
) -> None:
    session.add(ClaimEvent(pass_id=found.id, user_id=user.id, event=event, from_user_id=from_user, reason=reason, at=now))
