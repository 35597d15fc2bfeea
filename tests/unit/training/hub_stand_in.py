"""A stand-in for the Hub on loopback: the few routes of Hugging Face Jobs, and a model repository with what a job uploaded."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

TOKEN = "hf_secretsecretsecret"
COMMIT = "c" * 40


@dataclass
class Hub:
    """What runs there, and what was asked for.

    Attributes:
        lines: what a job says, all of it at once; more may be added while it runs.
        stage: of the job.
        uploaded: a folder that holds the model repository's files.
        jobs: specifications as they were sent.
        unreachable: so many requests are answered with status 503 first.
    """

    uploaded: Path
    lines: list[str] = field(default_factory=list)
    stage: str = "RUNNING"
    message: str = ""
    jobs: list[dict[str, Any]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    unreachable: int = 0
    refuse: str = ""

    def routes(self) -> list[Route]:
        """The routes to serve."""
        files = "/{owner}/{name}/resolve/{commit}/{path:path}"
        return [
            Route("/api/jobs/{owner}", self._run, methods=["POST"]),
            Route("/api/jobs/{owner}/{id}", self._inspect),
            Route("/api/jobs/{owner}/{id}/logs", self._logs),
            Route("/api/jobs/{owner}/{id}/cancel", self._cancel, methods=["POST"]),
            Route("/api/models/{owner}/{name}/revision/{revision}", self._repository),
            Route("/api/models/{owner}/{name}/tree/{revision}", self._tree),
            Route(files, self._file, methods=["GET", "HEAD"]),
        ]

    def _told(self, owner: str) -> dict[str, Any]:
        return {"id": "job1", "owner": {"id": "1", "name": owner, "type": "user"}, "status": {"stage": self.stage, "message": self.message}}

    def _heard(self, request: Request) -> Response | None:
        self.tokens.add(request.headers.get("authorization", ""))
        if self.unreachable > 0:
            self.unreachable -= 1
            return Response(status_code=503)
        return None

    async def _run(self, request: Request) -> Response:
        self._heard(request)
        if self.refuse:
            return JSONResponse({"error": self.refuse}, 402, headers={"x-error-message": self.refuse})
        self.jobs.append(await request.json())
        return JSONResponse(self._told(request.path_params["owner"]))

    async def _inspect(self, request: Request) -> Response:
        return self._heard(request) or JSONResponse(self._told(request.path_params["owner"]))

    async def _cancel(self, request: Request) -> Response:
        self._heard(request)
        self.cancelled.append(request.path_params["id"])
        self.stage = "CANCELED"
        return JSONResponse({})

    async def _logs(self, request: Request) -> Response:
        return self._heard(request) or StreamingResponse(self._stream(), media_type="text/event-stream")

    async def _stream(self) -> AsyncIterator[str]:
        told = 0
        while True:
            for line in self.lines[told:]:
                yield f"data: {json.dumps({'data': line, 'timestamp': '2026-11-22T10:00:00.000Z'})}\n\n"
            told = len(self.lines)
            if self.stage != "RUNNING":
                return
            await asyncio.sleep(0.02)

    def _names(self) -> list[str]:
        return sorted(path.relative_to(self.uploaded).as_posix() for path in self.uploaded.rglob("*") if path.is_file())

    async def _repository(self, request: Request) -> Response:
        self._heard(request)
        siblings = [{"rfilename": name} for name in self._names()]
        name = f"{request.path_params['owner']}/{request.path_params['name']}"
        return JSONResponse({"id": name, "sha": COMMIT, "siblings": siblings, "private": True, "tags": [], "downloads": 0, "likes": 0})

    async def _tree(self, _: Request) -> Response:
        files = [{"type": "file", "path": name, "oid": "0" * 40, "size": (self.uploaded / name).stat().st_size} for name in self._names()]
        return JSONResponse(files)

    async def _file(self, request: Request) -> Response:
        path = self.uploaded / request.path_params["path"]
        if not path.is_file():
            return Response(status_code=404, headers={"X-Error-Code": "EntryNotFound"})
        content = path.read_bytes()
        headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT, "Content-Length": str(len(content))}
        return Response(b"" if request.method == "HEAD" else content, headers=headers)
