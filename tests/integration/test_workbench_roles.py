"""Who may call what: every function of the workbench, called over HTTP by everybody."""

from typing import Any

import pytest

from annotator.ui.functions import FUNCTIONS
from annotator.values import Role
from tests.integration.workbench_client import Server, face

PEOPLE = {"stranger": None, "vera": Role.VIEWER, "ann": Role.ANNOTATOR, "rita": Role.REVIEWER, "local": Role.ADMIN}
OWN_JOB = ("job", "jobs", "job_cancel")
"""These speak of the caller's own imports and exports and touch no database; `test_jobs_belong_to_whoever_began_them`."""

NEEDED: dict[str, tuple[Role, dict[str, Any]]] = {
    "session": (Role.VIEWER, {}),
    "queue": (Role.VIEWER, {}),
    "open": (Role.VIEWER, {"pass_id": 1}),
    "changes_since": (Role.VIEWER, {"pass_id": 1, "label_id": 0}),
    "history": (Role.VIEWER, {"pass_id": 1, "art_mesh_id": 1}),
    "differences": (Role.VIEWER, {"model_id": 1}),
    "progress": (Role.VIEWER, {"project_id": 1}),
    "claim_events": (Role.VIEWER, {"pass_id": 1}),
    "guesses": (Role.VIEWER, {"pass_id": 1}),
    "claim": (Role.ANNOTATOR, {"pass_id": 1}),
    "heartbeat": (Role.ANNOTATOR, {"pass_id": 1}),
    "release": (Role.ANNOTATOR, {"pass_id": 1}),
    "take_over": (Role.ANNOTATOR, {"pass_id": 1, "reason": "they are away"}),
    "relabel": (Role.ANNOTATOR, {"pass_id": 1, "operation_id": "operation-1", "changes": [face(1)]}),
    "undo": (Role.ANNOTATOR, {"operation_id": "operation-2"}),
    "redo": (Role.ANNOTATOR, {"operation_id": "operation-3"}),
    "submit": (Role.ANNOTATOR, {"pass_id": 1}),
    "describe": (Role.ANNOTATOR, {"model_id": 1, "version": 1, "valid": False, "incomplete": True, "comment": "x"}),
    "create_project": (Role.ANNOTATOR, {"name": "new"}),
    "similar": (Role.ANNOTATOR, {"pass_id": 1}),
    "copy_labels_preview": (Role.ANNOTATOR, {"pass_id": 1, "from_pass_id": 2}),
    "import_start": (Role.ANNOTATOR, {"project": "new", "kind": "synthetic", "count": 1}),
    "export_start": (Role.ANNOTATOR, {"project": "default", "format": "csv"}),
    "guess_start": (Role.ANNOTATOR, {"project": "default"}),
    "accept": (Role.REVIEWER, {"pass_id": 1}),
    "send_back": (Role.REVIEWER, {"pass_id": 1, "comment": "x"}),
    "second_passes": (Role.REVIEWER, {"project_id": 1, "share": 0.5}),
    "people": (Role.ADMIN, {}),
    "set_role": (Role.ADMIN, {"name": "vera", "role": "admin"}),
}


def test_the_table_of_roles_names_every_function() -> None:
    assert {*NEEDED, *OWN_JOB} == set(FUNCTIONS)


@pytest.mark.parametrize("name", NEEDED)
def test_a_function_refuses_every_role_below_its_own_and_changes_nothing(server: Server, name: str) -> None:
    needed, body = NEEDED[name]
    for person, role in PEOPLE.items():
        if role is None or not role.reaches(needed):
            status, error = server.refused(person, name, **body)
            assert (status, error["kind"]) == (403, "denied"), person
        elif name not in ("import_start", "export_start", "guess_start"):  # they leave work behind; tested with what comes of it
            answer = server.ask(person, name, **body)
            assert answer.status_code != 403, f"{person}: {answer.text}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nobody_gets_anything_without_a_login(server: Server, name: str) -> None:
    status, error = server.refused(None, name, **NEEDED.get(name, (Role.VIEWER, {"job": "x"}))[1])
    assert (status, error["kind"]) == (401, "login")


@pytest.mark.parametrize("path", ["pictures/" + "0" * 64 + ".webp", "downloads/x", "passes/1/pictures"])
def test_files_are_for_people_who_are_logged_in(server: Server, path: str) -> None:
    assert server.get(None, path).status_code == 401


def test_all_pictures_of_a_model_are_for_users(server: Server) -> None:
    assert server.get("stranger", "passes/1/pictures").status_code == 403
    assert server.get("vera", "passes/1/pictures").status_code == 200
    for number in ("99", str(2**31), "9" * 30, "-1", "x"):
        assert server.get("vera", f"passes/{number}/pictures").status_code == 404, number


@pytest.mark.parametrize("person", [None, "stranger", "vera"])
def test_uploads_are_refused_before_a_byte_is_written(server: Server, person: str | None) -> None:
    before = server.content()
    answer = server.upload(person, [("x.model3.json", b"{}")], project="new")
    assert answer.status_code == (401 if person is None else 403)
    assert server.content() == before
    assert server.services.jobs.of(person or "") == []


def test_a_new_role_counts_from_the_next_act_on(server: Server) -> None:
    assert server.refused("vera", "claim", pass_id=1)[1]["kind"] == "denied"
    server.call("local", "set_role", name="vera", role="annotator")
    assert server.call("vera", "session")["may"] == {"annotate": True, "review": False, "administer": False}
    server.call("vera", "claim", pass_id=1)
    server.call("local", "set_role", name="vera", role="viewer")
    change = {"pass_id": 1, "operation_id": "operation-1", "changes": [face(server.meshes[1][0])]}
    assert server.refused("vera", "relabel", **change)[1]["kind"] == "denied"
    assert server.call("vera", "open", pass_id=1)["can_edit"] is False


def test_jobs_belong_to_whoever_began_them(server: Server) -> None:
    job = server.call("ann", "export_start", project="default", format="csv", everything=True)["job"]
    for person in ("bob", "local"):
        assert server.refused(person, "job", job=job)[0] == 404
        assert server.refused(person, "job_cancel", job=job)[0] == 404
        assert server.call(person, "jobs") == {"jobs": []}
        assert server.get(person, f"downloads/{job}").status_code == 404
    assert [each["job"] for each in server.call("ann", "jobs")["jobs"]] == [job]
