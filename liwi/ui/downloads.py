"""Exports on their way to the person: ``/exports/<project token>/<file name>``, as a download, while the project is open."""

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from liwi.errors import InputError
from liwi.workspace import Workspace


def download_route(workspace: Workspace) -> Route:
    """The Starlette route that serves the files in project folders, and nothing else."""

    def serve(request: Request) -> Response:
        try:
            folder = workspace.get(request.path_params["token"]).folder
        except InputError as error:
            return PlainTextResponse(str(error), status_code=404)
        name = request.path_params["name"]
        # Compared with what is there rather than joined to a path: no name leads out of the folder.
        file = next((path for path in folder.iterdir() if path.name == name and path.is_file()), None)
        if file is None:
            return PlainTextResponse("This export is no longer here. Export again.", status_code=404)
        return FileResponse(file, filename=name, headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})

    return Route("/exports/{token}/{name}", serve, methods=["GET"])
