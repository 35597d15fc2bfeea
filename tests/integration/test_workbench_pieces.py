"""Pieces of fragments over HTTP: what comes back, and what is refused and changes nothing."""

import json
from typing import Any

import numpy as np
import pytest
from sqlalchemy import update

from annotator.schema import ModelArtMesh
from data_tools.live2d.pieces import GRID
from tests.integration.workbench_client import Server, as_person, face

CELL = GRID // 8
"""A pixel of the server's models, whose pictures are 8 x 8."""
BOX = [[0, 0], [2 * CELL, 0], [2 * CELL, 2 * CELL], [0, 2 * CELL]]


@pytest.fixture
def mesh(server: Server) -> int:
    """A fragment of 4 x 4 pixels in the upper left corner, held by "ann"."""
    found = server.meshes[1][0]
    picture = server.services.stores.pictures.save(np.full((4, 4, 4), 255, np.uint8))
    with server.database.write() as session:
        session.execute(update(ModelArtMesh).where(ModelArtMesh.id == found).values(picture=picture, left=0, top=0, right=4, bottom=4))
    server.call("ann", "claim", pass_id=1)
    return found


def piece(*points: Any, part: str | None = "ears", side: str | None = None) -> dict[str, Any]:
    return {"polygon": list(points) or BOX, "part": part, "side": side}


def test_pieces_come_back_as_they_went_and_undo_makes_the_fragment_whole(server: Server, mesh: int) -> None:
    bow_tie = piece([0, 3 * CELL], [4 * CELL, 4 * CELL], [4 * CELL, 3 * CELL], [0, 4 * CELL], part=None)
    pieces = [piece(side="left"), bow_tie]
    change = face(mesh, pieces=pieces)
    for _ in range(2):  # sent again: the same
        (saved,) = server.call("ann", "relabel", pass_id=1, operation_id="operation-1", changes=[change])["saved"]
        assert (saved["version"], saved["pieces"]) == (1, pieces)
    (label,) = server.call("vera", "open", pass_id=1)["labels"]
    assert label["pieces"] == pieces
    assert server.call("vera", "changes_since", pass_id=1, label_id=0)["saved"][0]["pieces"] == pieces
    assert server.call("vera", "history", pass_id=1, art_mesh_id=mesh)["labels"][0]["pieces"] == pieces
    server.call("ann", "undo", operation_id="operation-2")
    assert server.call("vera", "open", pass_id=1)["labels"][0]["pieces"] == []


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ("ears", "a list of objects"),
        ([[BOX]], "a list of objects"),
        ([piece([7 * CELL, 7 * CELL], [8 * CELL, 7 * CELL], [8 * CELL, 8 * CELL])], "holds no pixel"),
        ([piece(*[[0, 0]] * 5)], "holds no pixel"),
        ([piece(), piece()], "holds no pixel"),
        ([piece([0, 0], [1, 1])], "3 to 1000 points"),
        ([piece(*[[point, point] for point in range(3000)])], "3 to 1000 points"),
        ([piece(*BOX) for _ in range(33)], "at most 32"),
        ([piece([0, 0], [9, 9], [0, 1e9])], "two whole numbers"),
        ([piece([0, 0], [9, 9], [0, "9"])], "two whole numbers"),
        ([piece([0, 0], [9, 9], [0, 2**70])], "two whole numbers"),
        ([piece([0, 0], [9, 9], [0, None])], "two whole numbers"),
        ([piece(part="halo")], "no body part"),
        ([piece(side="up")], "'left', 'right' or null"),
        ([piece(part=None, side="left")], "only beside a body part"),
        ([piece(*[[x * 50, (x % 2) * GRID] for x in range(400)], *[[(y % 2) * GRID, y * 50] for y in range(400)])], "cross"),
    ],
    ids=lambda value: json.dumps(value)[:30] if not isinstance(value, str) else None,
)
def test_pieces_that_cannot_be_are_refused(server: Server, mesh: int, pieces: Any, words: str) -> None:
    change = face(mesh, pieces=pieces)
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-1", changes=[change])
    assert (status, error["kind"]) == (400, "input")
    assert words in error["message"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(server: Server, mesh: int, number: str) -> None:
    body = json.dumps({"pass_id": 1, "operation_id": "operation-1", "changes": [face(mesh, pieces=[piece()])]})
    wrong = body.replace(str(2 * CELL), number, 1)
    answer = server.client.post("/workbench/api/relabel", content=wrong, headers={**as_person("ann"), "Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "input")
    assert server.call("vera", "open", pass_id=1)["labels"] == []


def test_a_fragment_without_a_pixel_cannot_be_cut(server: Server) -> None:
    server.call("ann", "claim", pass_id=1)
    change = face(server.meshes[1][1], pieces=[piece()])
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-1", changes=[change])
    assert (status, "holds no pixel" in error["message"]) == (400, True)


def test_who_may_not_or_saw_another_version_changes_nothing(server: Server, mesh: int) -> None:
    change = face(mesh, pieces=[piece()])
    assert server.refused("vera", "relabel", pass_id=1, operation_id="operation-1", changes=[change])[0] == 403
    assert server.refused(None, "relabel", pass_id=1, operation_id="operation-1", changes=[change])[0] == 401
    server.call("ann", "relabel", pass_id=1, operation_id="operation-2", changes=[change])
    other = face(mesh, pieces=[piece(part="neck")])
    status, error = server.refused("ann", "relabel", pass_id=1, operation_id="operation-3", changes=[other])
    assert (status, error["kind"]) == (409, "conflict")
    (conflict,) = error["conflicts"]
    assert [side["pieces"][0]["part"] for side in (conflict["wanted"], conflict["current"])] == ["neck", "ears"]
