"""From hand to hand: submit, accept, send back; and a second opinion that is independent."""

import pytest

from annotator.access import create_project
from annotator.claims import claim
from annotator.database import Database
from annotator.errors import AccessDenied, ClaimNeeded, LabelConflict, NotFound, WrongState
from annotator.labels import relabel
from annotator.predictions import Guess, record_predictions
from annotator.progress import agreement_of_project, progress_of_people, progress_of_project
from annotator.queries import differences, queue, view_model
from annotator.reviews import accept, describe_model, request_second_passes, second_pass, send_back, submit
from annotator.values import PassState
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart
from tests.unit.annotator.conftest import Clock
from tests.unit.annotator.workbench import ADMIN, add_models, meshes_of, new_id, to

FACE, NOSE = BodyPart.FACE, BodyPart.NOSE


def finish(database: Database, actor: str, pass_id: int, *parts: BodyPart | None) -> None:
    """Label a whole model and submit it."""
    claim(database, actor, pass_id)
    labels = view_model(database, actor, pass_id).labels
    changes = [
        to(mesh, part, labels[mesh].version if mesh in labels else 0)
        for mesh, part in zip(meshes_of(database, pass_id), parts, strict=True)
    ]
    relabel(database, actor, pass_id, new_id(), changes)
    submit(database, actor, pass_id)


def state(database: Database, pass_id: int) -> PassState:
    return view_model(database, "vera", pass_id).state


def test_a_model_goes_from_new_to_accepted_and_back(database: Database) -> None:
    pass_id = add_models(database)[0]
    assert state(database, pass_id) is PassState.NEW
    claim(database, "ann", pass_id)
    relabel(database, "ann", pass_id, new_id(), [to(meshes_of(database, pass_id)[0], FACE)])
    assert state(database, pass_id) is PassState.IN_PROGRESS
    with pytest.raises(WrongState, match=r"2 fragment\(s\) have no label"):
        submit(database, "ann", pass_id)
    finish(database, "ann", pass_id, FACE, NOSE, None)
    with pytest.raises(ClaimNeeded):
        submit(database, "ann", pass_id)
    assert state(database, pass_id) is PassState.SUBMITTED
    with pytest.raises(InputError, match="what should be corrected"):
        send_back(database, "rita", pass_id, "  ")
    send_back(database, "rita", pass_id, "The nose is a face")
    assert view_model(database, "ann", pass_id).last_comment == "The nose is a face"
    with pytest.raises(WrongState):
        accept(database, "rita", pass_id)
    finish(database, "ann", pass_id, FACE, FACE, None)
    assert [(one.before.part, one.now.part) for one in differences(database, "rita", pass_id)] == [(NOSE, FACE)]
    accept(database, "rita", pass_id)
    assert state(database, pass_id) is PassState.ACCEPTED


def test_reviewing_is_for_reviewers_and_not_of_ones_own_work(database: Database) -> None:
    pass_id = add_models(database)[0]
    finish(database, "rita", pass_id, FACE, FACE, FACE)
    for actor in ("ann", "vera"):
        with pytest.raises(AccessDenied):
            accept(database, actor, pass_id)
        with pytest.raises(AccessDenied):
            send_back(database, actor, pass_id, "no")
    with pytest.raises(AccessDenied, match="yourself"):
        accept(database, "rita", pass_id)
    accept(database, ADMIN, pass_id)


def test_flags_have_versions_of_their_own(database: Database) -> None:
    model_id = add_models(database)[0]
    comment = "<script>alert('x')</script> '; DROP TABLE model"
    version = describe_model(database, "ann", model_id, 1, valid=False, incomplete=True, comment=comment)
    with pytest.raises(LabelConflict, match="Nothing was saved"):
        describe_model(database, "bob", model_id, 1, valid=True, incomplete=False, comment="")
    model = view_model(database, "vera", model_id).model
    assert (model.valid, model.incomplete, model.comment, model.version) == (False, True, comment, version)
    with pytest.raises(AccessDenied):
        describe_model(database, "vera", model_id, version, valid=True, incomplete=False, comment="")


def test_second_passes_are_independent_and_give_kappa(database: Database) -> None:
    passes = add_models(database, 4)
    project = create_project(database, ADMIN, "default")
    assert request_second_passes(database, "rita", project, 0.5) == 2
    assert request_second_passes(database, "rita", project, 0.5) == 0
    assert request_second_passes(database, "rita", project, 1.0) == 2
    with pytest.raises(AccessDenied):
        request_second_passes(database, "ann", project, 1.0)
    second = second_pass(database, "rita", passes[0])
    assert second is not None
    finish(database, "ann", passes[0], FACE, NOSE, None)
    with pytest.raises(AccessDenied, match="somebody else"):
        claim(database, "ann", second)
    assert agreement_of_project(database, "rita", project).num_pairs == 0
    finish(database, "bob", second, FACE, FACE, None)
    found = agreement_of_project(database, "rita", project)
    assert found.confusion == {("face", "face"): 1, ("nose", "face"): 1, ("nothing", "nothing"): 1}
    assert found.kappa == pytest.approx((2 / 3 - 1 / 3) / (1 - 1 / 3))
    assert [(one.now.part, one.second.part) for one in differences(database, "rita", passes[0])] == [(NOSE, FACE)]


def test_the_queue_begins_with_the_most_uncertain_and_counts_all(database: Database) -> None:
    passes = add_models(database, 5)
    meshes = meshes_of(database, passes[2])
    sure = [Guess(mesh, FACE, None, 0.9) for mesh in meshes]
    record_predictions(database, "ann", passes[2], "1", {"part names": sure})
    entries, num = queue(database, "vera", limit=3)
    assert (len(entries), num) == (3, 5)
    assert [entry.uncertainty for entry in entries] == sorted((entry.uncertainty for entry in entries), reverse=True)
    by_model = {entry.model_id: entry.uncertainty for entry in queue(database, "vera")[0]}
    assert by_model[passes[2]] == pytest.approx(0.1)
    record_predictions(database, "ann", passes[2], "7", {"segmenter": [Guess(meshes[0], NOSE, None, 0.8)]})
    view = view_model(database, "vera", passes[2])
    assert [(guess.part, guess.source) for guess in view.predictions[meshes[0]]] == [("face", "part names"), ("nose", "segmenter")]
    assert view.model.uncertainty == pytest.approx((1 + 0.1 + 0.1) / 3)
    with pytest.raises(NotFound):
        record_predictions(database, "ann", passes[1], "1", {"part names": sure})
    with pytest.raises(AccessDenied):
        queue(database, "nobody")


def test_progress_counts_labels_and_seconds_without_pauses(database: Database, clock: Clock) -> None:
    pass_id = add_models(database, 2)[0]
    claim(database, "ann", pass_id)
    for wait, mesh in zip((0, 4000, 90_000), meshes_of(database, pass_id), strict=True):
        clock.now += wait
        relabel(database, "ann", pass_id, new_id(), [to(mesh, FACE)])
    (ann,) = progress_of_people(database, "vera")
    assert (ann.name, ann.num_labels, ann.num_passes, ann.seconds_per_label) == ("ann", 3, 1, 4.0)
    project = create_project(database, ADMIN, "default")
    progress = progress_of_project(database, "vera", project)
    assert progress[PassState.IN_PROGRESS] == (1, 3, 3)
    assert progress[PassState.NEW] == (1, 0, 3)
