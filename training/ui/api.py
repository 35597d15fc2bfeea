"""The routes of the training tab. Every one asks first who is there, and whether they are an admin.

POST /training/api/<name>                     calls the function of that name in `training.ui.functions`; JSON there and back
GET  /training/pictures/<run>/<step>/<name>   a picture that a run wrote
"""

import re
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from liwi.errors import ExportError, InputError, LiwiError
from liwi.registry_errors import PromotionConflict, RegistryError, RegistryUnusable
from liwi.ui.jobs import UnknownJob
from liwi.ui.json_routes import NO_STORE, guarded, read_json, refusal
from training.errors import RunError, TrainingStopped
from training.job_form import wrong_key
from training.run_folder import PICTURES
from training.ui.functions import FUNCTIONS
from training.ui.services import NotAdmin, TrainingServices

__all__ = ["TrainingServices", "training_routes"]

PICTURE = re.compile(r"step_[0-9]{1,12}/[A-Za-z0-9_][\w.-]{0,99}\.(png|webp)", re.ASCII)


def training_routes(services: TrainingServices) -> list[Route]:
    """The routes to pass to ``launch(app_kwargs={"routes": ...})``."""

    def route(path: str, handler: Any, method: str) -> Route:
        return Route(path, guarded(partial(handler, services), services.person_of, error_answer), methods=[method])

    return [
        route("/training/api/{name}", _call, "POST"),
        route("/training/pictures/{run}/{step}/{name}", _picture, "GET"),
    ]


def error_answer(error: LiwiError) -> Response:
    """The answer to a request that failed with this error."""
    match error:
        case NotAdmin():
            return refusal("denied", str(error), 403)
        case UnknownJob():
            return refusal("not_found", str(error), 404)
        case PromotionConflict():
            return refusal("conflict", str(error), 409)
        case RegistryUnusable():
            return refusal("unusable", str(error), 503)
        case InputError() | ExportError() | RegistryError() | RunError() | TrainingStopped():
            return refusal("input", str(error), 400, key=wrong_key(error))
        case _:
            return refusal("internal", str(error), 500)


async def _call(services: TrainingServices, person: str, request: Request) -> Response:
    await run_in_threadpool(services.demand_admin, person)
    function = FUNCTIONS.get(request.path_params["name"])
    if function is None:
        raise UnknownJob("There is no such function. Load the page again.")
    body = await read_json(request)
    return JSONResponse(await run_in_threadpool(function, services, person, body), headers=NO_STORE)


async def _picture(services: TrainingServices, person: str, request: Request) -> Response:
    await run_in_threadpool(services.demand_admin, person)
    wanted = request.path_params
    path = await run_in_threadpool(_picture_path, services, wanted["run"], f"{wanted['step']}/{wanted['name']}")
    return FileResponse(path, media_type=f"image/{path.suffix[1:]}", headers={**NO_STORE, "X-Content-Type-Options": "nosniff"})


def _picture_path(services: TrainingServices, run: str, name: str) -> Path:
    folder = services.launcher.folder(run).resolve() / PICTURES
    path = (folder / name).resolve()
    if not PICTURE.fullmatch(name) or not path.is_relative_to(folder) or not path.is_file():
        raise UnknownJob("This run has no such picture.")
    return path
