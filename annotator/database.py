"""Opens the database: SQLite in WAL mode, or PostgreSQL by URL. Migrations run at start-up.

SQLite lets one writer in at a time. A transaction that reads first and writes later cannot wait for its turn (its snapshot is stale), so
every writing transaction here takes the turn at once with ``BEGIN IMMEDIATE``; readers never wait. Threads of one process queue at a lock,
which is fairer than SQLite's waiting. ``synchronous=FULL``: what was confirmed survives a power cut. PostgreSQL locks rows instead
(``SELECT ... FOR UPDATE`` in the use cases, which SQLite ignores).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from annotator.errors import DatabaseUnusable

BUSY_SECONDS = 30
_MIGRATIONS = Path(__file__).parent / "migrations"
_ADVISORY_LOCK = 0x6C697769


def now_in_milliseconds() -> int:
    """The time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Database:
    """An open database at the newest revision; `open_database` makes one.

    Attributes:
        clock: gives the time in milliseconds since 1970; tests turn it.
        url: without a password, for messages.
    """

    def __init__(self, url: URL, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.url = url.render_as_string(hide_password=True)
        self._is_sqlite = url.get_backend_name() == "sqlite"
        self._writing = threading.Lock()
        self._reader = _make_engine(url, immediate=False)
        self._writer = _make_engine(url, immediate=True)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only reads, on one consistent state."""
        with self._explaining(), Session(self._reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are all saved when the block ends, or none if it raises.

        Raises:
            DatabaseUnusable: the disk is full, the database is read-only or cannot be reached; nothing was saved.
        """
        with self._turn(), self._explaining(), Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Give back all connections."""
        self._reader.dispose()
        self._writer.dispose()

    def migrate(self) -> None:
        """Bring the tables to the newest revision; a database of a newer program is refused."""
        with self._turn(), self._explaining(), self._writer.begin() as connection:
            if not self._is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            config = migration_config(connection)
            known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
            found = set(MigrationContext.configure(connection).get_current_heads())
            if not found <= known:
                raise DatabaseUnusable(
                    f"The database {self.url} is of a newer version of this program (revision {', '.join(sorted(found - known))}). "
                    "Update the program, or name another database."
                )
            command.upgrade(config, "head")
            connection.execute(text("UPDATE alembic_version SET version_num = version_num"))  # says at once that it is read-only

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._is_sqlite:
            yield
            return
        with self._writing:
            yield

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise DatabaseUnusable(_explanation(error, self.url)) from error


def open_database(url: str | Path, *, clock: Callable[[], int] = now_in_milliseconds) -> Database:
    """Open a database, made if there is none, and bring it to the newest revision.

    Args:
        url: the file of an SQLite database, or a URL: ``sqlite:///FILE``, ``postgresql://USER:PASSWORD@HOST/NAME``.
        clock: gives the time in milliseconds since 1970.

    Raises:
        DatabaseUnusable: it cannot be opened or written, is of another kind, or comes from a newer version of the program.
    """
    try:
        parsed = URL.create("sqlite", database=str(url)) if isinstance(url, Path) or "://" not in url else make_url(url)
    except ArgumentError:
        raise DatabaseUnusable("The URL of the database cannot be read. An example: postgresql://user:password@host/name") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseUnusable(f"Databases of kind {parsed.drivername!r} are not known here; SQLite and PostgreSQL are.")
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise DatabaseUnusable("An SQLite database needs a file; one in memory would lose every label.")
        if not parsed.database.startswith("file:"):
            try:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatabaseUnusable(f"The folder of {parsed.database!r} cannot be made ({error.strerror}).") from error
    try:
        database = Database(parsed, clock)
    except ImportError as error:
        raise DatabaseUnusable(f"For {parsed.drivername} a package is missing: pip install 'psycopg[binary]'.") from error
    try:
        database.migrate()
    except BaseException:
        database.close()
        raise
    return database


def migration_config(connection: Connection) -> Config:
    """What Alembic needs to know, with the connection that it shall use."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _make_engine(url: URL, *, immediate: bool) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # sqlite3 would begin transactions by itself, and too late
        for setting in (f"busy_timeout={BUSY_SECONDS * 1000}", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {setting}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _explanation(error: SQLAlchemyError, url: str) -> str:
    reason = str(error.orig if isinstance(error, DBAPIError) and error.orig else error).strip().splitlines()[0][:200]
    low = reason.lower()
    if "readonly" in low or "read-only" in low:
        cause = "may only be read. Give this program the right to write to it, or name another"
    elif "full" in low or "no space" in low:
        cause = "cannot grow: the disk is full. Make room and try again"
    elif "not a database" in low or "malformed" in low:
        cause = "is damaged or is no database. Restore it from a copy, or name another"
    elif "locked" in low:
        cause = f"was kept busy by another program for {BUSY_SECONDS} seconds. Try again"
    else:
        cause = "cannot be used"
    return f"The database {url} {cause} ({reason}). Nothing was saved."
