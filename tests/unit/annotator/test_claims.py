"""One person at a time: claims end by themselves, and every change of hands is written down."""

import pytest

from annotator.claims import CLAIM_MILLISECONDS, ClaimStep, claim, claim_events, heartbeat, release, take_over
from annotator.database import Database
from annotator.errors import AccessDenied, ClaimNeeded, NotFound
from annotator.queries import queue
from liwi.errors import InputError
from tests.unit.annotator.conftest import Clock
from tests.unit.annotator.workbench import add_models


def test_a_claim_keeps_others_off_until_it_runs_out(database: Database, clock: Clock) -> None:
    pass_id = add_models(database)[0]
    claim(database, "ann", pass_id)
    assert queue(database, "vera")[0][0].holder == "ann"
    with pytest.raises(ClaimNeeded, match="'ann' is at work") as held:
        claim(database, "bob", pass_id)
    assert held.value.holder == "ann"
    clock.now += CLAIM_MILLISECONDS - 1
    with pytest.raises(ClaimNeeded):
        claim(database, "bob", pass_id)
    clock.now += 1
    assert queue(database, "vera")[0][0].holder is None
    assert claim(database, "bob", pass_id).expires_at == clock.now + CLAIM_MILLISECONDS
    with pytest.raises(ClaimNeeded, match="'bob' is at work"):
        heartbeat(database, "ann", pass_id)


def test_a_heartbeat_keeps_a_claim_alive_but_does_not_revive_it(database: Database, clock: Clock) -> None:
    pass_id = add_models(database)[0]
    claim(database, "ann", pass_id)
    for _ in range(5):
        clock.now += CLAIM_MILLISECONDS - 1
        heartbeat(database, "ann", pass_id)
    clock.now += CLAIM_MILLISECONDS
    with pytest.raises(ClaimNeeded, match="run out"):
        heartbeat(database, "ann", pass_id)
    assert claim(database, "ann", pass_id).expires_at > clock.now


def test_every_change_of_hands_is_recorded(database: Database, clock: Clock) -> None:
    pass_id = add_models(database)[0]
    claim(database, "ann", pass_id)
    claim(database, "ann", pass_id)  # a second tab
    with pytest.raises(InputError, match="Say why"):
        take_over(database, "bob", pass_id, " ")
    take_over(database, "bob", pass_id, "ann is ill")
    clock.now += CLAIM_MILLISECONDS
    claim(database, "rita", pass_id)
    release(database, "ann", pass_id)  # holds nothing: no event
    release(database, "rita", pass_id)
    assert claim_events(database, "vera", pass_id) == [
        ("ann", ClaimStep.CLAIMED, None, ""),
        ("bob", ClaimStep.TAKEN_OVER, "ann", "ann is ill"),
        ("rita", ClaimStep.EXPIRED, "bob", ""),
        ("rita", ClaimStep.RELEASED, None, ""),
    ]


def test_a_closing_page_does_not_give_back_what_the_next_page_has_claimed(database: Database) -> None:
    pass_id = add_models(database)[0]
    closing = claim(database, "ann", pass_id)
    following = claim(database, "ann", pass_id)  # reloaded, in the same millisecond
    assert heartbeat(database, "ann", pass_id).taken_at == following.taken_at > closing.taken_at
    release(database, "ann", pass_id, closing.taken_at)  # arrives late
    heartbeat(database, "ann", pass_id)
    release(database, "ann", pass_id, following.taken_at)
    with pytest.raises(ClaimNeeded):
        heartbeat(database, "ann", pass_id)


def test_viewers_and_strangers_claim_nothing(database: Database) -> None:
    pass_id = add_models(database)[0]
    for actor in ("vera", "nobody", "' OR 1=1 --"):
        with pytest.raises(AccessDenied):
            claim(database, actor, pass_id)
        with pytest.raises(AccessDenied):
            take_over(database, actor, pass_id, "because")
    with pytest.raises(NotFound):
        claim(database, "ann", 999)
    assert claim_events(database, "vera", pass_id) == []
