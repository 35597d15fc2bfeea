"""Asking the routes of the training tab."""

import time
from typing import Any

from starlette.testclient import TestClient


def ask(client: TestClient, name: str, body: Any = None, person: str = "ada") -> Any:
    return client.post(f"/training/api/{name}", json={} if body is None else body, headers={"person": person})


def said(client: TestClient, name: str, body: Any = None) -> Any:
    answer = ask(client, name, body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def finished(client: TestClient, work: str) -> Any:
    for _ in range(1200):
        now = said(client, "work", {"name": work})
        if now["state"] != "working":
            return now
        time.sleep(0.1)
    raise AssertionError("it took too long")
