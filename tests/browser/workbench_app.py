"""A small app around the real `Workbench`, its routes and a real database of synthetic characters, for the workbench's browser tests.

The characters are drawn and imported once (`import_characters`); every app works on a copy of that database, so that what one module's
tests label is not seen by another's. Who asks is what the cookie ``person`` says, else the local user, an admin.
"""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from playwright.sync_api import Page
from starlette.routing import Route

from annotator.access import LOCAL_USER, ensure_local_user
from annotator.database import Database, open_database
from annotator.imports import import_synthetic
from annotator.stores import Stores
from annotator.ui.api import WorkbenchServices, workbench_routes
from annotator.ui.component import Workbench

SEEDS = (3, 4, 5)
TEXTURE_SIZE = 512
READY = "() => Boolean(document.querySelector('.liwi-workbench')?.__workbench)"
DRAWN = """(passId) => {
    const page = document.querySelector('.liwi-workbench').__workbench;
    return page.model.passId === passId && page.ready !== false;
}"""


@dataclass
class WorkbenchApp:
    """What the tests see: the app's address, its database and stores, and the passes over its models."""

    database: Database
    stores: Stores
    pass_ids: list[int]
    height: str = "800px"
    address: str = ""

    def blocks(self) -> gr.Blocks:
        """The page: the workbench alone."""
        with gr.Blocks(fill_width=True) as blocks:
            Workbench(elem_id="workbench", height=self.height)
        return blocks

    def routes(self) -> list[Route]:
        """The routes of the workbench."""
        person = lambda request: request.cookies.get("person", LOCAL_USER)  # noqa: E731
        return workbench_routes(WorkbenchServices(self.database, self.stores, person))


def import_characters(folder: Path) -> None:
    """Draw the characters and import them into ``folder``; takes seconds for each."""
    database = open_database(folder / "annotations.db")
    report = import_synthetic(database, Stores.below(folder), ensure_local_user(database), "default", SEEDS, texture_size=TEXTURE_SIZE)
    assert len(report.imported) == len(SEEDS)
    assert report.problems == []


def copied_app(files: Path, folder: Path) -> WorkbenchApp:
    """An app on a copy, in ``folder``, of what `import_characters` made in ``files``."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(files / "annotations.db")) as source:
        source.execute("VACUUM INTO ?", (str(folder / "annotations.db"),))
        pass_ids = [int(row[0]) for row in source.execute("SELECT id FROM pass ORDER BY id")]
    shutil.copytree(files / "pictures", folder / "pictures")
    return WorkbenchApp(open_database(folder / "annotations.db"), Stores.below(folder), pass_ids)


def open_workbench(page: Page, app: WorkbenchApp) -> None:
    """Load the page and wait for the workbench to stand."""
    page.goto(app.address, timeout=60_000)  # a busy machine is no failure
    page.wait_for_function(READY, timeout=30_000)


def open_model(page: Page, pass_id: int) -> None:
    """Open a model in the workbench and wait until all of it is drawn."""
    page.evaluate("async (passId) => { await document.querySelector('.liwi-workbench').__workbench.openModel(passId); }", pass_id)
    page.wait_for_function(DRAWN, arg=pass_id)


def ask(page: Page, expression: str, value: Any = None) -> Any:
    """Evaluate a JavaScript function of (workbench hooks, value) in the page, and return its answer."""
    call = f"(value) => ({expression})(document.querySelector('.liwi-workbench').__workbench, value)"
    return page.evaluate(call, value)
