"""Labels from similar models: what matches, what is proposed, and what is to be rechecked. Also who is let in with which role."""

import pytest
from sqlalchemy import select, update

from annotator.access import LOCAL_USER, create_project
from annotator.claims import claim
from annotator.database import Database
from annotator.errors import AccessDenied, NotFound
from annotator.labels import relabel
from annotator.people import admit, checked_default_role, demand, list_people, role_of
from annotator.predictions import Guess, record_predictions
from annotator.projects import first_passes, history_of_label, list_projects, name_of_project, pass_status, stems_of_project
from annotator.queries import count_by_state, queue
from annotator.reviews import request_second_passes, second_pass
from annotator.schema import Model, ModelArtMesh
from annotator.similar import CopiedLabel, MatchReason, copied_labels, similar_models
from annotator.values import ActKind, Change, LabelKind, LabelValue, PassState, Role
from data_tools.live2d.pieces import GRID, Piece
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side
from tests.unit.annotator.workbench import ADMIN, add_models, meshes_of, new_id, to

FACE, NOSE, TAIL = BodyPart.FACE, BodyPart.NOSE, BodyPart.TAIL


def label(database: Database, pass_id: int, *changes: Change) -> None:
    claim(database, "ann", pass_id)
    relabel(database, "ann", pass_id, new_id(), changes)


def shape(database: Database, pass_id: int, **rows: dict[str, object]) -> None:
    """Change columns of the ArtMeshes of a pass's model: ``m0={...}`` for the first."""
    meshes = meshes_of(database, pass_id)
    with database.write() as session:
        for name, columns in rows.items():
            session.execute(update(ModelArtMesh).where(ModelArtMesh.id == meshes[int(name[1:])]).values(**columns))


def box(left: int, top: int, right: int, bottom: int) -> dict[str, object]:
    return {"left": left, "top": top, "right": right, "bottom": bottom}


def copies(database: Database, pass_id: int, source: int) -> dict[int, CopiedLabel]:
    return {copied.label.art_mesh_id: copied for copied in copied_labels(database, "ann", pass_id, source)}


def test_the_same_moc_with_other_textures_gives_every_label_for_sure(database: Database) -> None:
    source, target = add_models(database, 2)
    with database.write() as session:
        session.execute(update(Model).values(moc_sha256="a" * 64))
    one, two, three = meshes_of(database, source)
    sided = Change(three, 0, LabelValue(LabelKind.PART, BodyPart.IRIDES, Side.LEFT, comment="a remark that stays where it is"))
    label(database, source, to(one, FACE), to(two, None), sided)
    (found,) = similar_models(database, "ann", target)
    assert (found.pass_id, found.score, found.num_matched, found.project) == (source, 1.0, 3, "default")
    copied = copies(database, target, source)
    assert [copied[mesh].label.value for mesh in meshes_of(database, target)] == [
        LabelValue.of(FACE),
        LabelValue.of(None),
        LabelValue.of(BodyPart.IRIDES, Side.LEFT),
    ]
    assert {(each.score, each.reason, each.recheck) for each in copied.values()} == {(1.0, MatchReason.SAME_MODEL, False)}


def test_nothing_is_written_and_what_is_proposed_can_be_sent_as_it_is(database: Database) -> None:
    source, target = add_models(database, 2)
    label(database, source, *(to(mesh, FACE) for mesh in meshes_of(database, source)))
    proposed = copied_labels(database, "ann", target, source)
    assert queue(database, "vera", states=[PassState.NEW])[1] == 1
    label(database, target, *(Change(each.label.art_mesh_id, each.label.version, each.label.value) for each in proposed))
    assert copied_labels(database, "ann", target, source) == []


def test_labels_that_people_gave_are_left_alone(database: Database) -> None:
    source, target = add_models(database, 2)
    label(database, source, *(to(mesh, FACE) for mesh in meshes_of(database, source)))
    own = meshes_of(database, target)
    label(database, target, to(own[0], TAIL), Change(own[1], 0, LabelValue(LabelKind.SKIPPED)))
    assert list(copies(database, target, source)) == [own[2]]


def test_pixels_count_more_than_names_and_names_more_than_places(database: Database) -> None:
    source, target = add_models(database, 2)
    shape(
        database,
        source,
        m0={"mesh_id": "A", "picture": "1" * 64, **box(0, 0, 4, 4)},
        m1={"mesh_id": "B", "part_path": "PartArm", **box(4, 4, 8, 8)},
        m2={"mesh_id": "C", "part_path": "PartTail", **box(0, 4, 4, 8)},
    )
    shape(
        database,
        target,
        m0={"mesh_id": "B", "part_path": "PartArm", **box(4, 4, 8, 8)},
        m1={"mesh_id": "X", "picture": "1" * 64, **box(0, 0, 4, 4)},
        m2={"mesh_id": "Y", "part_path": "PartTail", **box(0, 4, 4, 8)},
    )
    one, two, three = meshes_of(database, source)
    label(database, source, to(one, FACE), to(two, NOSE), to(three, TAIL))
    copied = copies(database, target, source)
    said = [(copied[mesh].label.value.part, copied[mesh].reason, copied[mesh].recheck) for mesh in meshes_of(database, target)]
    assert said == [
        (NOSE, MatchReason.SAME_NAME, False),
        (FACE, MatchReason.SAME_PICTURE, False),
        (TAIL, MatchReason.SAME_PLACE, True),
    ]


def test_ids_that_the_editor_numbered_say_nothing_by_themselves(database: Database) -> None:
    source, target = add_models(database, 2)
    for number, path in ((source, "PartHead"), (target, "PartTail")):
        places = {f"m{place}": {"part_path": path, **box(place + (number == target) * 4, 0, place + 1, 1)} for place in range(3)}
        shape(database, number, **places)
    label(database, source, *(to(mesh, FACE) for mesh in meshes_of(database, source)))
    assert copied_labels(database, "ann", target, source) == []
    assert similar_models(database, "ann", target) == []


def test_doubt_of_the_source_or_of_the_machine_asks_for_a_look(database: Database) -> None:
    source, target = add_models(database, 2)
    for number in (source, target):
        shape(database, number, **{f"m{place}": box(place * 2, 0, place * 2 + 2, 2) for place in range(3)})
    one, two, three = meshes_of(database, source)
    label(database, source, to(one, FACE), Change(two, 0, LabelValue(LabelKind.PART, FACE, unsure=True)), to(three, FACE))
    own = meshes_of(database, target)
    record_predictions(database, ADMIN, target, "1", {"rules": [Guess(own[0], NOSE, None, 0.9), Guess(own[2], FACE, None, 0.9)]})
    assert {mesh: each.recheck for mesh, each in copies(database, target, source).items()} == dict(
        zip(own, (True, True, False), strict=True)
    )


def test_pieces_are_copied_where_the_shape_is_the_same_and_else_asked_about(database: Database) -> None:
    source, moved, same = add_models(database, 3)
    ear = Piece(((0, 0), (GRID, 0), (0, GRID)), BodyPart.EARS)
    for number, shift in ((source, 0), (moved, 1), (same, 0)):
        shape(database, number, m0={"picture": "1" * 64, **box(shift, 0, 4 + shift, 4)}, m1=box(0, 4, 4, 8))
    label(database, source, *(Change(mesh, 0, LabelValue(LabelKind.PART, FACE, pieces=(ear,))) for mesh in meshes_of(database, source)[:2]))
    for target, kept in ((same, [(ear,), ()]), (moved, [(), ()])):
        copied = [copies(database, target, source)[mesh] for mesh in meshes_of(database, target)[:2]]
        assert [each.label.value.pieces for each in copied] == kept
        assert [each.recheck for each in copied] == [not pieces for pieces in kept], "the second shares name and place, not pixels"


def test_the_most_similar_model_comes_first_and_unlabelled_ones_not_at_all(database: Database) -> None:
    target, whole, half, _ = add_models(database, 4)
    for number in (target, whole, half):
        shape(database, number, **{f"m{place}": box(place * 2, 0, place * 2 + 2, 2) for place in range(3)})
    label(database, half, to(meshes_of(database, half)[0], FACE))
    label(database, whole, *(to(mesh, FACE) for mesh in meshes_of(database, whole)))
    found = similar_models(database, "ann", target)
    assert [(each.pass_id, each.num_matched) for each in found] == [(whole, 3), (half, 1)]
    assert [each.pass_id for each in similar_models(database, "ann", target, limit=1)] == [whole]


def test_the_second_opinion_cannot_be_copied_from_the_first(database: Database) -> None:
    first = add_models(database)[0]
    label(database, first, *(to(mesh, FACE) for mesh in meshes_of(database, first)))
    request_second_passes(database, "rita", create_project(database, ADMIN, "default"), 1.0)
    second = second_pass(database, "bob", 1)
    assert second is not None
    assert similar_models(database, "bob", second) == []
    with pytest.raises(InputError, match="independent"):
        copied_labels(database, "bob", second, first)


def test_viewers_copy_nothing_and_missing_models_are_not_found(database: Database) -> None:
    one, two = add_models(database, 2)
    with pytest.raises(AccessDenied):
        similar_models(database, "vera", one)
    with pytest.raises(AccessDenied):
        copied_labels(database, "vera", one, two)
    with pytest.raises(NotFound):
        copied_labels(database, "ann", one, 99)


def test_whoever_is_let_in_becomes_a_user_once_and_keeps_the_role(database: Database) -> None:
    assert admit(database, "nina") is Role.VIEWER
    assert admit(database, "otto", default=Role.ANNOTATOR) is Role.ANNOTATOR
    assert admit(database, "nina", default=Role.REVIEWER) is Role.VIEWER
    assert admit(database, "rita", admins=["rita"]) is Role.ADMIN
    assert admit(database, LOCAL_USER) is Role.ADMIN
    assert dict(list_people(database, ADMIN)) | {"rita": Role.ADMIN, "nina": Role.VIEWER} == dict(list_people(database, ADMIN))
    assert len(list_people(database, ADMIN)) == 7
    assert role_of(database, "otto") is Role.ANNOTATOR
    with pytest.raises(AccessDenied):
        list_people(database, "ann")
    with pytest.raises(AccessDenied):
        role_of(database, "nobody")
    with pytest.raises(AccessDenied):
        demand(database, "otto", Role.REVIEWER)


@pytest.mark.parametrize("name", ["admin", "owner", "", "Viewer"])
def test_the_first_role_of_everybody_is_none_that_rules(name: str) -> None:
    with pytest.raises(InputError, match="viewer, annotator or reviewer"):
        checked_default_role(name)
    assert checked_default_role("viewer") is Role.VIEWER


def test_the_queue_is_searched_by_name_and_counted_by_state(database: Database) -> None:
    add_models(database, 3)
    create_project(database, ADMIN, "empty")
    with database.write() as session:
        for model in session.scalars(select(Model)):
            model.name = {1: "100%_done", 2: "Mück", 3: "other"}[model.id]
    assert [entry.name for entry in queue(database, "vera", search="0%_d")[0]] == ["100%_done"]
    assert [entry.name for entry in queue(database, "vera", search="OTHER")[0]] == ["other"]
    assert queue(database, "vera", search="%")[1] == 1
    assert count_by_state(database, "vera")[PassState.NEW] == 3
    assert count_by_state(database, "vera", search="none")[PassState.NEW] == 0
    assert count_by_state(database, "vera", project_id=2)[PassState.NEW] == 0
    assert [name for _, name in list_projects(database, "vera")] == ["default", "empty"]
    assert (name_of_project(database, "vera", 2), stems_of_project(database, "vera", "default")) == (
        "empty",
        {f"model_{n}" for n in (1, 2, 3)},
    )
    assert [(each.pass_id, each.name) for each in first_passes(database, "vera", [3, 1, 99])] == [(1, "100%_done"), (3, "other")]


def test_the_history_of_a_label_names_people_and_acts(database: Database) -> None:
    first = add_models(database)[0]
    mesh = meshes_of(database, first)[0]
    label(database, first, to(mesh, FACE))
    label(database, first, to(mesh, NOSE, 1))
    past = history_of_label(database, "vera", first, mesh)
    assert [(each.label.value.part, each.user, each.act) for each in past] == [(NOSE, "ann", ActKind.LABEL), (FACE, "ann", ActKind.LABEL)]
    status = pass_status(database, "vera", first)
    assert (status.state, status.holder) == (PassState.IN_PROGRESS, "ann")
    assert queue(database, "ann")[0][0].can_claim
    assert not queue(database, "vera")[0][0].can_claim
