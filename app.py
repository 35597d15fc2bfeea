"""LiWi Studio: `python app.py` opens the app. `python app.py --help` lists the flags; environment variables: `liwi/settings.py`."""

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import atexit
import dataclasses
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from annotator.access import LOCAL_USER
from annotator.database import open_database
from annotator.people import admit, checked_default_role, is_admin
from annotator.recorded_exports import recorded_exports
from annotator.stores import Stores
from annotator.ui.api import WorkbenchServices, workbench_routes
from annotator.ui.tab import build_workbench_tab
from liwi.errors import LiwiError
from liwi.heap import share_one_heap
from liwi.registry import Registry
from liwi.registry_reading import RegistryReader
from liwi.runtime import start_warm_up
from liwi.settings import Settings
from liwi.ui.auth import open_access
from liwi.ui.demo import CSS, FurtherTab, build_demo
from liwi.workspace import Workspace
from training.admin_tab import build_training_tab
from training.launch import Launcher
from training.run_here import ThisMachine
from training.run_on_hub import HuggingFaceJobs
from training.ui.api import TrainingServices, training_routes


def launch(settings: Settings, *, open_browser: bool = False) -> None:
    """Build the services and the page, and serve until interrupted."""
    share_one_heap()  # before the threads that engines work in
    role = checked_default_role(settings.default_role)
    database = open_database(settings.database or settings.data / "annotations.db")
    access = open_access(settings, LOCAL_USER, partial(admit, database, admins=settings.admins, default=role))
    workspace = Workspace(settings.workspace, retention_seconds=settings.retention_minutes * 60, max_projects=settings.max_projects)
    atexit.register(workspace.shutdown)
    workspace.start_sweeping()
    checkpoints = RegistryReader(settings.checkpoint_registry)
    workbench = WorkbenchServices(
        database, Stores.below(settings.data), access.person_of, needs_login=access.needs_login, checkpoints=checkpoints
    )
    atexit.register(workbench.jobs.close)
    hub, admin = HuggingFaceJobs.from_settings(settings), partial(is_admin, database)
    launcher = Launcher(settings.runs, [ThisMachine(settings.runs), *([hub] if hub else [])])
    training = TrainingServices(
        launcher, Registry(settings.checkpoint_registry), settings.datasets, access.person_of, admin, partial(recorded_exports, database)
    )
    atexit.register(training.works.close)
    tabs = [
        FurtherTab("Labels", "labels", build_workbench_tab, workbench_routes(workbench)),
        FurtherTab("Training", "training", build_training_tab, training_routes(training), shown_to=admin),
    ]
    blocks, routes = build_demo(settings, workspace, tabs, accounts=access.needs_login)
    launcher.recover()
    blocks.queue(default_concurrency_limit=8, max_size=64).launch(
        server_name=settings.host,
        server_port=settings.port,
        inbrowser=open_browser,
        css=CSS,
        footer_links=[],
        ssr_mode=False,
        share=False,  # whatever the environment says: a tunnel would lead others past the accounts
        run_history=False,  # it would keep every call's pictures in the browser, and slow the page down with each
        max_file_size=f"{settings.max_upload_mb}mb",
        blocked_paths=[str(path.resolve()) for path in (settings.data, settings.runs, settings.passwords) if path is not None],
        auth_dependency=access.person_of,
        app_kwargs={"routes": [*access.routes, *routes], "middleware": access.middleware},
        prevent_thread_lock=True,
    )
    start_warm_up()  # after the page answers, which it should do first
    blocks.block_thread()


def main(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.", min=0, max=65535)] = None,
    workspace: Annotated[Path | None, typer.Option(help="Folder for what people upload and export.")] = None,
    engine: Annotated[str | None, typer.Option(help="An engine from `python -m liwi engines`.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that is kept: the workbench's database and pictures.")] = None,
    database: Annotated[str | None, typer.Option(help="URL of a PostgreSQL for the workbench.")] = None,
    passwords: Annotated[Path | None, typer.Option(help="Password file, see `python -m liwi password`; turns the login on.")] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
) -> None:
    """Open LiWi Studio."""
    given: dict[str, Any] = {"host": host, "port": port, "workspace": workspace, "engine": engine}
    given |= {"data": data, "database": database, "passwords": passwords}
    try:
        settings = Settings.from_environment(os.environ)
        settings = dataclasses.replace(settings, **{name: value for name, value in given.items() if value is not None})
        launch(settings, open_browser=browser and not settings.space)
    except LiwiError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    typer.run(main)
