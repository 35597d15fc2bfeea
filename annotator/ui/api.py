"""The routes of the workbench, all of which ask first who is there.

POST /workbench/api/<name>               calls the function of that name in `annotator.ui.functions`; JSON there and back
POST /workbench/uploads                  a form with files: models to import, or with ``model_id`` the labels of one model
GET  /workbench/pictures/<sha256>.webp   a model or a fragment; never changes
GET  /workbench/passes/<id>/pictures     all pictures of a model's fragments in one, see `annotator.ui.packages`
GET  /workbench/downloads/<job>          what an export has made, for whoever asked for it
"""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from annotator.access import create_project
from annotator.errors import NotFound
from annotator.label_imports import import_label_file
from annotator.people import demand
from annotator.ui import reading
from annotator.ui.answers import error_answer
from annotator.ui.functions import FUNCTIONS
from annotator.ui.long_work import import_uploaded
from annotator.ui.packages import picture_package
from annotator.ui.services import WorkbenchServices
from annotator.ui.uploads import receive_form
from annotator.values import Role
from liwi.errors import InputError
from liwi.ui.json_routes import NO_STORE, guarded, read_json

__all__ = ["FUNCTIONS", "WorkbenchServices", "workbench_routes"]

_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}

Handler = Callable[[WorkbenchServices, str, Request], Awaitable[Response]]


def workbench_routes(services: WorkbenchServices) -> list[Route]:
    """The routes to pass to ``launch(app_kwargs={"routes": ...})``."""

    def answered(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        return guarded(partial(handler, services), services.person_of, error_answer)

    return [
        Route("/workbench/api/{name}", answered(_call), methods=["POST"]),
        Route("/workbench/uploads", answered(_upload), methods=["POST"]),
        Route("/workbench/pictures/{sha256}.webp", answered(_picture), methods=["GET"]),
        Route("/workbench/passes/{pass_id:int}/pictures", answered(_pictures), methods=["GET"]),
        Route("/workbench/downloads/{job}", answered(_download), methods=["GET"]),
    ]


async def _call(services: WorkbenchServices, person: str, request: Request) -> Response:
    function = FUNCTIONS.get(request.path_params["name"])
    if function is None:
        raise NotFound("There is no such function. Load the page again.")
    body = await read_json(request)
    return JSONResponse(await run_in_threadpool(function, services, person, body), headers=NO_STORE)


async def _upload(services: WorkbenchServices, person: str, request: Request) -> Response:
    await run_in_threadpool(demand, services.database, person, Role.ANNOTATOR)  # before a byte is written
    job = services.jobs.prepare(person, "import")
    try:
        content_type, most = request.headers.get("content-type", ""), services.max_upload_mb * 10**6
        form = await receive_form(request.stream(), content_type, job.folder, most)
        if "model_id" in form:
            answer = await run_in_threadpool(_import_labels, services, person, job.folder, form["model_id"])
            services.jobs.drop(job)
            return JSONResponse(answer, headers=NO_STORE)
        project = reading.text(form, "project", default="default")
        await run_in_threadpool(create_project, services.database, person, project)
    except BaseException:
        services.jobs.drop(job)
        raise
    services.jobs.start(job, import_uploaded(services, person, project.strip()))
    return JSONResponse({"job": job.id}, headers=NO_STORE)


def _import_labels(services: WorkbenchServices, person: str, folder: Path, model_id: str) -> dict[str, Any]:
    """Write the one label file in a folder into a model."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    if len(files) != 1 or files[0].suffix.lower() != ".json":
        raise InputError("Send one label file: labels.json or See-through's body_parsing.json.")
    number = int(model_id) if model_id.isascii() and model_id.isdecimal() and len(model_id) < 10 else None
    said = import_label_file(services.database, services.stores.pictures, person, reading.whole({"model_id": number}, "model_id"), files[0])
    return {"num_labels": said.num_labels, "left_out": list(said.left_out)}


async def _picture(services: WorkbenchServices, _: str, request: Request) -> Response:
    path = await run_in_threadpool(services.stores.pictures.path, request.path_params["sha256"])
    return FileResponse(path, media_type="image/webp", headers=_FOR_EVER)


async def _pictures(services: WorkbenchServices, person: str, request: Request) -> Response:
    pass_id = min(request.path_params["pass_id"], reading.MAX_ID)
    package = await run_in_threadpool(picture_package, services.database, services.stores.pictures, person, pass_id)
    return Response(package, media_type="application/octet-stream", headers=NO_STORE)


async def _download(services: WorkbenchServices, person: str, request: Request) -> Response:
    file = services.jobs.get(request.path_params["job"], person).file
    if file is None or not file.is_file():
        raise NotFound("This export is no longer here. Export again.")
    return FileResponse(file, filename=file.name, media_type="application/zip", headers=NO_STORE)
