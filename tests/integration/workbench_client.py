"""The workbench over HTTP as its page calls it, by people whose name stands in a header."""

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from annotator.database import Database
from annotator.ui.services import WorkbenchServices


@dataclass
class Server:
    """A running workbench.

    Attributes:
        address: of the server.
        client: keeps connections open.
        services: what it works on.
        file: the SQLite database.
        passes: of its models, which have three ArtMeshes each.
        meshes: rows of the ArtMeshes of each pass.
    """

    address: str
    client: httpx.Client
    services: WorkbenchServices
    file: Path
    passes: list[int]
    meshes: dict[int, list[int]]

    @property
    def database(self) -> Database:
        """Open."""
        return self.services.database

    def ask(self, person: str | None, name: str, /, **body: Any) -> httpx.Response:
        """Call a function as somebody; None for nobody."""
        headers = {**as_person(person), "Content-Type": "application/json"}
        return self.client.post(f"/workbench/api/{name}", content=json.dumps(body), headers=headers)

    def call(self, person: str, name: str, /, **body: Any) -> dict[str, Any]:
        """Call a function that has to succeed."""
        answer = self.ask(person, name, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refused(self, person: str | None, name: str, /, **body: Any) -> tuple[int, dict[str, Any]]:
        """Call a function that has to fail, and has to change nothing; gives status and error."""
        before = self.content()
        answer = self.ask(person, name, **body)
        assert answer.status_code >= 400, f"{name} succeeded for {person}: {answer.text}"
        assert self.content() == before, f"{name} by {person} was refused and changed something"
        return answer.status_code, dict(answer.json()["error"])

    def get(self, person: str | None, path: str) -> httpx.Response:
        """Ask for a file."""
        return self.client.get(f"/workbench/{path}", headers=as_person(person))

    def upload(self, person: str | None, files: Sequence[tuple[str, bytes]], **fields: str) -> httpx.Response:
        """Send files under relative names, as the page does."""
        parts = [("files", (name, content, "application/octet-stream")) for name, content in files]
        return self.client.post("/workbench/uploads", data=fields, files=parts, headers=as_person(person))

    def finished(self, person: str, job: str, seconds: float = 60) -> dict[str, Any]:
        """What a job says once it has ended."""
        end = time.monotonic() + seconds
        while (said := self.call(person, "job", job=job))["state"] == "working":
            assert time.monotonic() < end, said
            time.sleep(0.05)
        return said

    def content(self) -> list[str]:
        """Everything in the database."""
        connection = sqlite3.connect(self.file)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()


def as_person(person: str | None) -> dict[str, str]:
    """Headers that say who asks."""
    return {} if person is None else {"X-Person": person}


def face(mesh: int, version: int = 0, **more: Any) -> dict[str, Any]:
    """A change to "face"."""
    return {"art_mesh_id": mesh, "version": version, "kind": "part", "part": "face", **more}
