"""A workbench served over HTTP, with people and models in it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from annotator.database import open_database
from annotator.stores import Stores
from annotator.ui.api import WorkbenchServices, workbench_routes
from tests.integration.serving import served
from tests.integration.workbench_client import Server
from tests.unit.annotator.conftest import Clock
from tests.unit.annotator.workbench import add_models, add_people, meshes_of


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def filled_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models of three ArtMeshes; the admin "local", the annotators "ann" and "bob", the reviewer "rita", the viewer "vera"."""
    folder = tmp_path_factory.mktemp("filled")
    with closing(open_database(folder / "open.db", clock=Clock())) as database:
        add_people(database)
        add_models(database, 3)
        with closing(sqlite3.connect(folder / "open.db")) as connection:
            connection.execute("VACUUM INTO ?", (str(folder / "whole.db"),))
    return folder / "whole.db"


@pytest.fixture
def server(tmp_path: Path, clock: Clock, filled_database: Path) -> Iterator[Server]:
    """A workbench on a copy of `filled_database`."""
    file = tmp_path / "annotations.db"
    shutil.copy(filled_database, file)
    with closing(open_database(file, clock=clock)) as database:
        passes = [1, 2, 3]
        person_of = lambda request: request.headers.get("x-person")  # noqa: E731
        services = WorkbenchServices(database, Stores.below(tmp_path), person_of, max_upload_mb=3)
        with served(workbench_routes(services)) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield Server(address, client, services, file, passes, {one: meshes_of(database, one) for one in passes})
        services.jobs.close()
