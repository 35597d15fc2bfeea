"""The JSON routes of the workbench: ``POST /workbench/api/<name>`` calls the function of that name in `FUNCTIONS` as the person who asks.

Every function is a use case of `annotator`, which checks the person's role itself; here only JSON becomes values and errors become answers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from annotator import claims, labels, queries
from annotator.database import Database
from annotator.errors import AccessDenied, ClaimNeeded, DatabaseUnusable, LabelConflict, NotFound, WrongState
from annotator.pictures import PictureStore
from annotator.values import EDITABLE, Change, LabelKind, LabelValue, OnConflict, Outcome, SavedLabel
from liwi.errors import InputError, LiwiError
from liwi.seethrough.body_parts import BodyPart, Side

Json = dict[str, Any]


@dataclass(frozen=True)
class WorkbenchServices:
    """What the routes work on; ``person_of`` names who asks, None for nobody."""

    database: Database
    pictures: PictureStore
    person_of: Callable[[Request], str | None]


def workbench_routes(services: WorkbenchServices) -> list[Route]:
    """The routes to pass to ``launch(app_kwargs={"routes": ...})``."""

    async def answer(request: Request) -> Response:
        person = services.person_of(request)
        if person is None:
            return _refusal("login", "Log in first.", 401)
        function = FUNCTIONS.get(request.path_params["name"])
        if function is None:
            return _refusal("not_found", "There is no such function.", 404)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _refusal("input", "Send JSON.", 415)
        try:
            body = await request.json()
            return JSONResponse(await run_in_threadpool(function, services, person, body))
        except (LiwiError, KeyError, TypeError, ValueError) as error:
            return _error(error)

    async def picture(request: Request) -> Response:
        if services.person_of(request) is None:
            return _refusal("login", "Log in first.", 401)
        try:
            path = services.pictures.path(request.path_params["sha256"])
        except NotFound as error:
            return _error(error)
        return FileResponse(path, media_type="image/webp", headers={"Cache-Control": "private, max-age=31536000, immutable"})

    return [
        Route("/workbench/api/{name}", answer, methods=["POST"]),
        Route("/workbench/pictures/{sha256}.webp", picture, methods=["GET"]),
    ]


def _open(services: WorkbenchServices, person: str, body: Json) -> Json:
    view = queries.view_model(services.database, person, int(body["pass_id"]))
    found = view.model
    meshes = sorted(view.art_meshes, key=lambda mesh: (mesh.render_order, mesh.place))
    return {
        "pass_id": view.pass_id,
        "model_id": found.id,
        "name": found.name,
        "project": {"id": found.project_id},
        "round": 0,
        "state": view.state,
        "can_edit": view.state in EDITABLE,
        "holder": None,
        "size": [found.width, found.height],
        "version": found.version,
        "valid": found.valid,
        "incomplete": found.incomplete,
        "comment": found.comment,
        "last_comment": view.last_comment,
        "last_label_id": 0,
        "parts": [{"place": part.place, "id": part.part_id, "name": part.name, "parent": part.parent} for part in view.parts],
        "meshes": [
            {
                "id": mesh.id,
                "place": mesh.place,
                "mesh_id": mesh.mesh_id,
                "part": mesh.part_place,
                "draw_order": mesh.draw_order,
                "render_order": mesh.render_order,
                "hidden": mesh.hidden,
                "extent": [mesh.left, mesh.top, mesh.right, mesh.bottom] if mesh.left is not None else None,
                "url": f"workbench/pictures/{mesh.picture}.webp" if mesh.picture else None,
                "num_pixels": mesh.num_pixels,
                "num_visible": mesh.num_visible,
                "uncertainty": mesh.uncertainty,
            }
            for mesh in meshes
        ],
        "labels": [_label(label) for label in view.labels.values()],
        "guesses": {
            mesh: [
                {"part": row.part, "side": row.side, "score": row.score, "source": row.source, "version": row.model_version} for row in rows
            ]
            for mesh, rows in view.predictions.items()
        },
    }


def _queue(services: WorkbenchServices, person: str, body: Json) -> Json:
    entries, num = queries.queue(services.database, person, offset=int(body.get("offset", 0)), limit=int(body.get("limit", 50)))
    return {
        "entries": [
            {"pass_id": entry.pass_id, "name": entry.name, "state": entry.state, "picture_url": f"workbench/pictures/{entry.picture}.webp"}
            for entry in entries
        ],
        "num": num,
    }


def _claim(services: WorkbenchServices, person: str, body: Json) -> Json:
    return {"expires_at": claims.claim(services.database, person, int(body["pass_id"])).expires_at}


def _heartbeat(services: WorkbenchServices, person: str, body: Json) -> Json:
    return {"expires_at": claims.heartbeat(services.database, person, int(body["pass_id"])).expires_at}


def _relabel(services: WorkbenchServices, person: str, body: Json) -> Json:
    changes = [Change(int(each["art_mesh_id"]), int(each["version"]), _value(each)) for each in body["changes"]]
    return _outcome(labels.relabel(services.database, person, int(body["pass_id"]), str(body["operation_id"]), changes))


def _undo(services: WorkbenchServices, person: str, body: Json) -> Json:
    on_conflict = OnConflict(body.get("on_conflict", "refuse"))
    return _outcome(labels.undo(services.database, person, str(body["operation_id"]), on_conflict=on_conflict))


def _redo(services: WorkbenchServices, person: str, body: Json) -> Json:
    on_conflict = OnConflict(body.get("on_conflict", "refuse"))
    return _outcome(labels.redo(services.database, person, str(body["operation_id"]), on_conflict=on_conflict))


FUNCTIONS: Mapping[str, Callable[[WorkbenchServices, str, Json], Json]] = {
    "session": lambda _, person, __: {"user": person, "role": "admin", "projects": []},
    "queue": _queue,
    "open": _open,
    "claim": _claim,
    "heartbeat": _heartbeat,
    "relabel": _relabel,
    "undo": _undo,
    "redo": _redo,
}


def _value(said: Json) -> LabelValue:
    part, side = said.get("part"), said.get("side")
    return LabelValue(
        LabelKind(said["kind"]),
        BodyPart(part) if part is not None else None,
        Side(side) if side is not None else None,
        bool(said.get("unsure", False)),
        str(said.get("comment", "")),
    )


def _label(label: SavedLabel) -> Json:
    value = label.value
    return {
        "art_mesh_id": label.art_mesh_id,
        "version": label.version,
        "kind": value.kind,
        "part": value.part,
        "side": value.side,
        "unsure": value.unsure,
        "comment": value.comment,
    }


def _outcome(outcome: Outcome) -> Json:
    return {"pass_id": outcome.pass_id, "saved": [_label(label) for label in outcome.saved]}


def _refusal(kind: str, message: str, status: int, **data: object) -> JSONResponse:
    return JSONResponse({"error": {"kind": kind, "message": message, **data}}, status)


def _error(error: Exception) -> JSONResponse:
    match error:
        case AccessDenied():
            return _refusal("denied", str(error), 403)
        case NotFound():
            return _refusal("not_found", str(error), 404)
        case LabelConflict():
            conflicts = [
                {
                    "wanted": _label(SavedLabel(each.current.art_mesh_id, each.current.version, each.wanted)),
                    "current": _label(each.current),
                    "user": each.user,
                    "at": each.at,
                }
                for each in error.conflicts
            ]
            return _refusal("conflict", str(error), 409, conflicts=conflicts)
        case ClaimNeeded():
            return _refusal("claim", str(error), 409, pass_id=error.pass_id, holder=error.holder)
        case WrongState():
            return _refusal("state", str(error), 409)
        case DatabaseUnusable():
            return _refusal("unusable", str(error), 503)
        case InputError():
            return _refusal("input", str(error), 400)
        case LiwiError():
            return _refusal("internal", str(error), 500)
        case _:
            return _refusal("input", "The request cannot be understood.", 400)
