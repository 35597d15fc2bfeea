"""Laws of the history: versions count, nothing is lost, repeating is harmless, undo and redo are inverse."""

import pytest

from annotator.claims import CLAIM_MILLISECONDS, claim, take_over
from annotator.database import Database
from annotator.errors import AccessDenied, ClaimNeeded, LabelConflict, NotFound, WrongState
from annotator.labels import redo, relabel, undo
from annotator.queries import view_model
from annotator.reviews import accept, submit
from annotator.values import Change, LabelKind, LabelValue, OnConflict, Outcome
from data_tools.live2d.ordering import LAST_ORDER
from data_tools.live2d.pieces import GRID, Piece
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side
from tests.measure_annotator import kill_writers, run_writers
from tests.unit.annotator.conftest import Clock
from tests.unit.annotator.workbench import add_models, all_labels, meshes_of, new_id, to

FACE, NOSE, TAIL = BodyPart.FACE, BodyPart.NOSE, BodyPart.TAIL


@pytest.fixture
def held(database: Database) -> tuple[int, list[int]]:
    """A pass that "ann" holds, and its ArtMeshes."""
    pass_id = add_models(database)[0]
    claim(database, "ann", pass_id)
    return pass_id, meshes_of(database, pass_id)


def parts(database: Database, pass_id: int) -> dict[int, BodyPart | None]:
    """What stands there; what was taken back does not."""
    labels = view_model(database, "vera", pass_id).labels
    return {mesh: saved.value.part for mesh, saved in labels.items() if saved.value.kind is not LabelKind.NONE}


def say(database: Database, pass_id: int, *changes: Change, actor: str = "ann") -> Outcome:
    return relabel(database, actor, pass_id, new_id(), changes)


def test_every_change_is_a_new_row_that_names_what_it_replaced(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, *_) = held
    say(database, pass_id, to(mesh, FACE))
    value = LabelValue(LabelKind.PART, TAIL, Side.LEFT, unsure=True, comment="'; DROP TABLE label; -- <script>")
    saved = say(database, pass_id, Change(mesh, 1, value)).saved[0]
    assert (saved.version, saved.value) == (2, value)
    first, second = all_labels(database)
    assert (first.version, first.part, first.replaced_id) == (1, FACE, None)
    assert (second.version, second.part, second.replaced_id, second.comment) == (2, TAIL, first.id, value.comment)


def test_a_repeated_operation_changes_nothing_and_answers_the_same(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, other, _) = held
    operation = new_id()
    first = relabel(database, "ann", pass_id, operation, [to(mesh, FACE)])
    assert relabel(database, "ann", pass_id, operation, [to(mesh, FACE)]) == first
    assert len(all_labels(database)) == 1
    with pytest.raises(InputError, match="used for another change"):
        relabel(database, "ann", pass_id, operation, [to(other, FACE)])
    with pytest.raises(InputError, match="used for another change"):
        relabel(database, "bob", pass_id, operation, [to(mesh, FACE)])
    with pytest.raises(InputError, match="needs an id"):
        relabel(database, "ann", pass_id, "'; --", [to(mesh, FACE)])


def test_a_stale_version_is_refused_whole_with_both_values(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, other, _) = held
    say(database, pass_id, to(mesh, FACE))
    with pytest.raises(LabelConflict, match="Nothing was saved") as caught:
        say(database, pass_id, to(mesh, NOSE), to(other, NOSE))
    (conflict,) = caught.value.conflicts
    assert (conflict.wanted.part, conflict.current.value.part, conflict.current.version, conflict.user) == (NOSE, FACE, 1, "ann")
    assert parts(database, pass_id) == {mesh: FACE}
    say(database, pass_id, to(mesh, NOSE, conflict.current.version), to(other, NOSE))
    assert parts(database, pass_id) == {mesh: NOSE, other: NOSE}


def test_undo_and_redo_walk_the_whole_history_over_all_models(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, other, _) = held
    second = add_models(database)[0]
    claim(database, "ann", second)
    elsewhere = meshes_of(database, second)[0]
    states = [(parts(database, pass_id), parts(database, second))]
    for where, change in [
        (pass_id, to(mesh, FACE)),
        (second, to(elsewhere, TAIL)),
        (pass_id, to(mesh, NOSE, 1)),
        (pass_id, to(other, None)),
        (pass_id, to(mesh, FACE, 2)),
    ]:
        say(database, where, change)
        states.append((parts(database, pass_id), parts(database, second)))

    def shown() -> tuple[dict[int, BodyPart | None], dict[int, BodyPart | None]]:
        return parts(database, pass_id), parts(database, second)

    for state in reversed(states[:-1]):
        undo(database, "ann", new_id())
        assert shown() == state
    with pytest.raises(NotFound, match="nothing to undo"):
        undo(database, "ann", new_id())
    for state in states[1:]:
        redo(database, "ann", new_id())
        assert shown() == state
    with pytest.raises(NotFound, match="nothing to redo"):
        redo(database, "ann", new_id())
    assert [label.version for label in all_labels(database) if label.art_mesh_id == mesh] == list(range(1, 10))


def test_after_something_new_what_was_undone_cannot_be_redone(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, other, _) = held
    say(database, pass_id, to(mesh, FACE))
    undo(database, "ann", new_id())
    say(database, pass_id, to(other, TAIL))
    with pytest.raises(NotFound):
        redo(database, "ann", new_id())
    undo(database, "ann", new_id())
    redo(database, "ann", new_id())
    assert parts(database, pass_id) == {other: TAIL}


def test_a_repeated_undo_undoes_once(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, *_) = held
    say(database, pass_id, to(mesh, FACE))
    say(database, pass_id, to(mesh, NOSE, 1))
    operation = new_id()
    assert undo(database, "ann", operation) == undo(database, "ann", operation)
    assert parts(database, pass_id) == {mesh: FACE}


@pytest.mark.parametrize(("choice", "expected"), [(OnConflict.OVERWRITE, []), (OnConflict.KEEP, [NOSE])])
def test_undo_of_what_somebody_else_has_changed_asks_first(
    database: Database, held: tuple[int, list[int]], choice: OnConflict, expected: list[BodyPart]
) -> None:
    pass_id, (mesh, other, _) = held
    say(database, pass_id, to(mesh, FACE), to(other, FACE))
    take_over(database, "bob", pass_id, "ann is on holiday")
    say(database, pass_id, to(mesh, NOSE, 1), actor="bob")
    with pytest.raises(ClaimNeeded) as lost:
        undo(database, "ann", new_id())
    assert (lost.value.pass_id, lost.value.holder) == (pass_id, "bob")
    take_over(database, "ann", pass_id, "back again")
    with pytest.raises(LabelConflict) as caught:
        undo(database, "ann", new_id())
    assert [(one.current.value.part, one.user) for one in caught.value.conflicts] == [(NOSE, "bob")]
    undo(database, "ann", new_id(), on_conflict=choice)
    assert list(parts(database, pass_id).values()) == expected


def test_people_undo_their_own_acts_only(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, *_) = held
    say(database, pass_id, to(mesh, FACE))
    with pytest.raises(NotFound, match="nothing to undo"):
        undo(database, "bob", new_id())
    with pytest.raises(AccessDenied):
        undo(database, "vera", new_id())


def test_who_may_not_label_changes_nothing(database: Database, held: tuple[int, list[int]], clock: Clock) -> None:
    pass_id, (mesh, *_) = held
    foreign = meshes_of(database, add_models(database)[0])[0]
    for actor, where, target, error in [
        ("vera", pass_id, mesh, AccessDenied),
        ("nobody", pass_id, mesh, AccessDenied),
        ("bob", pass_id, mesh, ClaimNeeded),
        ("ann", pass_id, foreign, NotFound),
        ("ann", 999, mesh, NotFound),
    ]:
        with pytest.raises(error):
            say(database, where, to(target, FACE), actor=actor)
    clock.now += CLAIM_MILLISECONDS
    with pytest.raises(ClaimNeeded, match="run out"):
        say(database, pass_id, to(mesh, FACE))
    assert all_labels(database) == []


def test_labels_of_a_submitted_or_accepted_model_stay(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, meshes = held
    say(database, pass_id, *(to(mesh, FACE) for mesh in meshes))
    submit(database, "ann", pass_id)
    claim(database, "ann", pass_id)
    with pytest.raises(WrongState, match="submitted"):
        say(database, pass_id, to(meshes[0], NOSE, 1))
    accept(database, "rita", pass_id)
    with pytest.raises(WrongState, match="accepted"):
        undo(database, "ann", new_id())
    assert set(parts(database, pass_id).values()) == {FACE}


def test_the_order_of_drawing_is_a_decision_like_any_other(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, *_) = held
    face, moved = LabelValue.of(FACE), LabelValue(LabelKind.PART, FACE, order=2500)

    def now() -> LabelValue:
        return view_model(database, "vera", pass_id).labels[mesh].value

    say(database, pass_id, to(mesh, FACE))
    operation = new_id()
    for _ in range(2):
        saved = relabel(database, "ann", pass_id, operation, [Change(mesh, 1, moved)]).saved
        assert [(one.version, one.value) for one in saved] == [(2, moved)]
    assert [label.order for label in all_labels(database)] == [None, 2500]
    with pytest.raises(LabelConflict) as caught:
        say(database, pass_id, Change(mesh, 1, LabelValue(LabelKind.PART, FACE, order=500)))
    assert [(one.wanted.order, one.current.value.order) for one in caught.value.conflicts] == [(500, 2500)]
    undo(database, "ann", new_id())
    assert now() == face
    redo(database, "ann", new_id())
    assert now() == moved
    say(database, pass_id, Change(mesh, 4, face))
    assert now() == face
    for wrong in (-1, LAST_ORDER + 1):
        with pytest.raises(InputError, match="order of drawing"):
            LabelValue(LabelKind.PART, FACE, order=wrong)


def test_pieces_are_kept_undone_and_in_conflict_like_the_rest_of_a_label(database: Database, held: tuple[int, list[int]]) -> None:
    pass_id, (mesh, *_) = held
    ear = Piece(((0, 0), (GRID, 0), (0, GRID)), BodyPart.EARS, Side.LEFT)
    other = Piece(((-5, 7), (2 * GRID, 0), (0, GRID)), None)
    whole, cut = LabelValue.of(FACE), LabelValue(LabelKind.PART, FACE, pieces=(ear, other))

    def now() -> LabelValue:
        return view_model(database, "vera", pass_id).labels[mesh].value

    say(database, pass_id, to(mesh, FACE))
    operation = new_id()
    for _ in range(2):
        assert [one.value for one in relabel(database, "ann", pass_id, operation, [Change(mesh, 1, cut)]).saved] == [cut]
    assert now() == cut
    with pytest.raises(LabelConflict) as caught:
        say(database, pass_id, Change(mesh, 1, LabelValue(LabelKind.PART, FACE, pieces=(other,))))
    assert [(one.wanted.pieces, one.current.value.pieces) for one in caught.value.conflicts] == [((other,), (ear, other))]
    undo(database, "ann", new_id())
    assert now() == whole
    redo(database, "ann", new_id())
    assert now() == cut
    assert [label.pieces is None for label in all_labels(database)] == [True, False, True, False]
    with pytest.raises(InputError, match="belong to a decision"):
        LabelValue(LabelKind.NONE, pieces=(ear,))
    with pytest.raises(InputError, match="at most 32 pieces"):
        LabelValue(LabelKind.PART, FACE, pieces=(ear,) * 33)


def test_a_label_has_a_part_exactly_if_it_says_so() -> None:
    with pytest.raises(InputError):
        LabelValue(LabelKind.NOTHING, FACE)
    with pytest.raises(InputError):
        LabelValue(LabelKind.PART)
    with pytest.raises(InputError):
        LabelValue(LabelKind.NOTHING, None, Side.LEFT)
    with pytest.raises(InputError, match="no text"):
        LabelValue(LabelKind.NOTHING, comment="\0")


def test_many_writers_lose_nothing_and_see_every_conflict(url: str) -> None:
    done = run_writers(url, 3, 40)
    assert sum(len(one.seen) for one in done) == 120
    assert sum(one.num_conflicts for one in done) > 0


def test_a_killed_writer_loses_nothing_that_was_confirmed(url: str) -> None:
    saved, missing = kill_writers(url, 2)
    assert saved >= 8
    assert missing == 0
