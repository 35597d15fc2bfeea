"""Each test runs on SQLite and on a real PostgreSQL, which the tests start for themselves in a temporary folder."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from annotator.database import Database, open_database
from tests.unit.annotator.workbench import add_people


class Clock:
    """Time that stands still until a test turns it."""

    def __init__(self) -> None:
        self.now = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


def postgresql_programs() -> Path | None:
    """The folder with initdb and postgres; None if PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).parent if named else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder with the socket of a running PostgreSQL."""
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql); tests/run does so")
    owner = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="annotator-", dir="/tmp") as name:
        if owner is not None:
            shutil.chown(name, owner)
        data = f"{name}/data"
        quiet = {"user": owner, "cwd": name, "check": True, "stdout": subprocess.DEVNULL}
        subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], **quiet)  # type: ignore[call-overload]
        options = f"-c listen_addresses='' -c unix_socket_directories='{name}' -c fsync=off"
        subprocess.run([programs / "pg_ctl", "-D", data, "-w", "-l", f"{name}/log", "-o", options, "start"], **quiet)  # type: ignore[call-overload]
        try:
            yield name
        finally:
            subprocess.run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **quiet)  # type: ignore[call-overload]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/annotations.db"
    folder = request.getfixturevalue("postgresql")
    name = f"annotations_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(host=folder, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://postgres@/{name}?host={folder}"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(url: str, clock: Clock) -> Iterator[Database]:
    """Open, with people in it."""
    database = open_database(url, clock=clock)
    add_people(database)
    yield database
    database.close()
