"""What is sent by hand, by mistake or in bad faith over HTTP: a clear answer, and nothing changed that should not be."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import text

from annotator.claims import CLAIM_MILLISECONDS
from tests.integration.workbench_client import Server, as_person, face
from tests.unit.annotator.conftest import Clock

HOSTILE = (
    "'; DROP TABLE label; --",
    '" OR 1=1 --',
    "Robert'); DELETE FROM user; --",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "${window.x}{{constructor}}",
    "%_\\",
    "../../etc/passwd",
    "前髪 ‮gnp.exe",
)


def say(server: Server, person: str, *changes: dict[str, Any], operation: str, pass_id: int = 1) -> dict[str, Any]:
    return server.call(person, "relabel", pass_id=pass_id, operation_id=operation, changes=list(changes))


@pytest.mark.parametrize("words", HOSTILE)
def test_sql_and_script_text_is_text(server: Server, words: str) -> None:
    mesh = server.meshes[1][0]
    server.call("ann", "claim", pass_id=1)
    say(server, "ann", face(mesh, comment=words), operation="operation-1")
    server.call("ann", "describe", model_id=1, version=1, valid=True, incomplete=False, comment=words)
    (label,) = server.call("vera", "open", pass_id=1)["labels"]
    assert label["comment"] == words
    assert server.call("vera", "open", pass_id=1)["comment"] == words
    assert server.call("vera", "queue", search=words) == {"entries": [], "num": 0, "counts": dict.fromkeys(STATES, 0)}
    with closing(sqlite3.connect(server.file)) as connection:
        assert connection.execute("SELECT count(*) FROM user").fetchone() == (5,)
        assert connection.execute("SELECT count(*) FROM label").fetchone() == (1,)


STATES = ("new", "in progress", "submitted", "accepted", "rejected")


def test_a_hostile_name_of_a_project_and_a_person_comes_back_as_it_went_in(server: Server) -> None:
    name = "'; DROP TABLE user; -- <script>"
    number = server.call("ann", "create_project", name=name)["id"]
    server.call("local", "set_role", name=name, role="viewer")
    assert {"id": number, "name": name} in server.call(name, "session")["projects"]
    assert {"name": name, "role": "viewer"} in server.call("local", "people")["people"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"part": "halo"},
        {"part": "nothing"},
        {"part": None},
        {"part": ["face"]},
        {"kind": "maybe"},
        {"kind": "none", "part": None},
        {"kind": "nothing"},
        {"side": "up"},
        {"kind": "nothing", "part": None, "side": "left"},
        {"unsure": "yes"},
        {"comment": 7},
        {"order": -1},
        {"order": "1"},
        {"order": 2**40},
        {"comment": "a\x00b"},
        {"comment": "\ud800"},
        {"comment": "x" * 2001},
        {"art_mesh_id": "1"},
        {"art_mesh_id": -1},
        {"art_mesh_id": 2**63},
        {"art_mesh_id": 1.5},
        {"art_mesh_id": True},
        {"version": None},
        {"version": 2**40},
    ],
    ids=lambda wrong: json.dumps(wrong)[:40],
)
def test_unknown_classes_and_malformed_labels_are_refused(server: Server, wrong: dict[str, Any]) -> None:
    server.call("ann", "claim", pass_id=1)
    change = face(server.meshes[1][0]) | wrong
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-1", changes=[change])
    assert (status, error["kind"]) == (400, "input")
    assert len(error["message"]) > 20


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("open", {"pass_id": 99}),
        ("open", {"pass_id": 2**31 - 1}),
        ("claim", {"pass_id": 99}),
        ("submit", {"pass_id": 99}),
        ("differences", {"model_id": 99}),
        ("describe", {"model_id": 99, "version": 1, "valid": True, "incomplete": False}),
        ("progress", {"project_id": 99}),
        ("second_passes", {"project_id": 99, "share": 1}),
        ("similar", {"pass_id": 99}),
        ("copy_labels_preview", {"pass_id": 1, "from_pass_id": 99}),
        ("changes_since", {"pass_id": 99, "label_id": 0}),
        ("job", {"job": "../../x"}),
        ("no_such_function", {}),
    ],
)
def test_ids_of_nothing_are_not_found(server: Server, name: str, body: dict[str, Any]) -> None:
    status, error = server.refused("local", name, **body)
    assert (status, error["kind"]) == (404, "not_found")


def test_a_fragment_of_another_model_is_refused(server: Server) -> None:
    server.call("ann", "claim", pass_id=1)
    foreign = [face(server.meshes[1][0]), face(server.meshes[2][0])]
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-1", changes=foreign)
    assert (status, error["kind"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pass_id": None},
        {"pass_id": "1"},
        {"pass_id": 2**31},
        {"pass_id": -1},
        {"pass_id": [1]},
        {"pass_id": {"$gt": 0}},
    ],
)
def test_numbers_of_rows_must_be_numbers_of_rows(server: Server, body: dict[str, Any]) -> None:
    status, error = server.refused("ann", "claim", **body)
    assert (status, error["kind"]) == (400, "input")
    assert "'pass_id' must be a whole number" in error["message"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"pass_id": NaN}', b"[" * 100_000, b'{"x": "' + b"x" * 17_000_000 + b'"}']
)
def test_what_is_no_json_object_is_refused(server: Server, content: bytes) -> None:
    headers = {**as_person("ann"), "Content-Type": "application/json"}
    answer = server.client.post("/workbench/api/claim", content=content, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"]["kind"] == "input"


def test_a_form_of_another_site_cannot_pass_for_json(server: Server) -> None:
    headers = {**as_person("ann"), "Content-Type": "text/plain"}
    assert server.client.post("/workbench/api/claim", content=b'{"pass_id": 1}', headers=headers).status_code == 415


def test_a_stale_version_shows_both_values(server: Server) -> None:
    mesh = server.meshes[1][0]
    server.call("ann", "claim", pass_id=1)
    say(server, "ann", face(mesh), operation="operation-1")
    stale = {**face(mesh), "part": "nose"}
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-2", changes=[stale])
    assert (status, error["kind"]) == (409, "conflict")
    (conflict,) = error["conflicts"]
    assert (conflict["wanted"]["part"], conflict["current"]["part"], conflict["current"]["version"]) == ("nose", "face", 1)
    assert conflict["user"] == "ann"


def test_a_second_tab_of_the_same_person_shares_the_claim_and_its_late_change_is_a_conflict(server: Server) -> None:
    one, other, _ = server.meshes[1]
    server.call("ann", "claim", pass_id=1)
    server.call("ann", "claim", pass_id=1)
    say(server, "ann", face(one), operation="tab-1-operation")
    say(server, "ann", face(other), operation="tab-2-operation")
    assert server.refused("ann", "relabel", pass_id=1, operation_id="tab-2-late-one", changes=[face(one)])[1]["kind"] == "conflict"
    news = server.call("ann", "changes_since", pass_id=1, label_id=0)
    assert [label["art_mesh_id"] for label in news["saved"]] == [one, other]
    assert server.call("ann", "changes_since", pass_id=1, label_id=news["label_id"])["saved"] == []


def test_an_operation_that_is_sent_again_gives_the_same_answer_once(server: Server) -> None:
    mesh = server.meshes[1][0]
    server.call("ann", "claim", pass_id=1)
    first = say(server, "ann", face(mesh), operation="operation-1")
    content = server.content()
    assert say(server, "ann", face(mesh), operation="operation-1") == first
    assert server.content() == content


@pytest.mark.parametrize("operation", ["", "short", "x" * 65, "operation 1", "operation-é", "'; DROP TABLE label"])
def test_operation_ids_are_plain(server: Server, operation: str) -> None:
    server.call("ann", "claim", pass_id=1)
    body = {"pass_id": 1, "operation_id": operation, "changes": [face(server.meshes[1][0])]}
    assert server.refused("ann", "relabel", **body)[1]["kind"] == "input"


def test_an_operation_id_of_somebody_else_or_for_something_else_is_refused(server: Server) -> None:
    mesh = server.meshes[1][0]
    server.call("ann", "claim", pass_id=1)
    server.call("bob", "claim", pass_id=2)
    say(server, "ann", face(mesh), operation="operation-1")
    taken = {"pass_id": 2, "operation_id": "operation-1", "changes": [face(server.meshes[2][0])]}
    assert server.refused("bob", "relabel", **taken)[1]["kind"] == "input"
    other = {"pass_id": 1, "operation_id": "operation-1", "changes": [face(mesh, 1, unsure=True)]}
    assert server.refused("ann", "relabel", **other)[1]["kind"] == "input"


def test_an_expired_claim_is_refused_and_says_whom_to_ask(server: Server, clock: Clock) -> None:
    mesh = server.meshes[1][0]
    server.call("ann", "claim", pass_id=1)
    clock.now += CLAIM_MILLISECONDS + 1
    body = {"pass_id": 1, "operation_id": "operation-1", "changes": [face(mesh)]}
    status, error = server.refused("ann", "relabel", **body)
    assert (status, error["kind"], error["pass_id"], error["holder"]) == (409, "claim", 1, None)
    until = server.call("bob", "claim", pass_id=1)["expires_at"]
    error = server.refused("ann", "relabel", **body)[1]
    assert (error["holder"], error["expires_at"]) == ("bob", until)
    assert server.call("vera", "open", pass_id=1)["holder"] == "bob"


def test_nobody_labels_a_model_that_somebody_else_holds_or_that_is_submitted(server: Server) -> None:
    server.call("ann", "claim", pass_id=1)
    say(server, "ann", *(face(mesh) for mesh in server.meshes[1]), operation="operation-1")
    body = {"pass_id": 1, "operation_id": "operation-2", "changes": [face(server.meshes[1][0], 1)]}
    assert server.refused("bob", "relabel", **body)[1]["kind"] == "claim"
    server.call("ann", "submit", pass_id=1)
    server.call("bob", "claim", pass_id=1)
    assert server.refused("bob", "relabel", **body)[1]["kind"] == "state"
    assert server.refused("rita", "send_back", pass_id=1, comment=" ")[1]["kind"] == "input"
    server.call("rita", "accept", pass_id=1)
    assert server.refused("rita", "accept", pass_id=1)[1]["kind"] == "state"


@pytest.mark.parametrize("share", [0, -1, 1.5, True, "all", None, 1e400])
def test_a_share_is_above_nothing_and_at_most_all(server: Server, share: object) -> None:
    if share == 1e400:
        content = b'{"project_id": 1, "share": 1e400}'  # a number that JSON can write and no computer can hold
        headers = {**as_person("rita"), "Content-Type": "application/json"}
        assert server.client.post("/workbench/api/second_passes", content=content, headers=headers).status_code == 400
    else:
        assert server.refused("rita", "second_passes", project_id=1, share=share)[1]["kind"] == "input"


@pytest.mark.parametrize("name", ["0" * 63, "0" * 64, "..%2f..%2fannotations", "A" * 64, "%00" * 8, "0" * 5000])
def test_pictures_are_asked_for_by_hash_alone(server: Server, name: str) -> None:
    assert server.get("vera", f"pictures/{name}.webp").status_code == 404


def test_the_last_admin_cannot_lock_everybody_out(server: Server) -> None:
    assert server.refused("local", "set_role", name="local", role="viewer")[1]["kind"] == "input"
    assert server.refused("local", "set_role", name="local", role="owner")[1]["kind"] == "input"
    assert server.refused("local", "set_role", name="a\nb", role="viewer")[1]["kind"] == "input"


def test_a_full_disk_is_said_and_nothing_is_half_saved(server: Server) -> None:
    server.call("ann", "claim", pass_id=1)
    with server.database.write() as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count = {pages}"))
    comments = [face(mesh, comment="x" * 2000) for mesh in server.meshes[1]]
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-1", changes=comments)
    assert (status, error["kind"]) == (503, "unusable")
    assert "disk is full" in error["message"]
    with server.database.write() as session:
        session.execute(text("PRAGMA max_page_count = 1000000"))
    say(server, "ann", *comments, operation="operation-1")
    assert len(server.call("vera", "open", pass_id=1)["labels"]) == 3


def test_a_database_that_has_become_read_only_is_said_and_reading_goes_on(server: Server) -> None:
    server.call("ann", "claim", pass_id=1)
    with server.database.write() as session:
        session.execute(text("PRAGMA query_only = 1"))
    body = {"pass_id": 1, "operation_id": "operation-1", "changes": [face(server.meshes[1][0])]}
    status, error = server.refused("ann", "relabel", **body)
    assert (status, error["kind"]) == (503, "unusable")
    assert "may only be read" in error["message"]
    assert server.call("ann", "open", pass_id=1)["labels"] == []
