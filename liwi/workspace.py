"""Whose picture is whose, and when it is forgotten.

Each opened picture is a `Project` under a random token that nobody can guess; whoever holds the token sees the picture, nobody else does.
A project and its folder disappear a set time after their last use, and at the end of the app. When too many are open, the one that was
left alone the longest goes first.
"""

import contextlib
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from liwi.errors import InputError
from liwi.progress import CancelToken
from liwi.session import EditingSession

TOKEN_BYTES = 16
"""128 random bits in each token."""


@dataclass(eq=False)
class Project:
    """One opened picture.

    Attributes:
        token: names the project in URLs.
        name: the upload's file name, for display and for export names.
        session: the editing session.
        folder: for exports; removed with the project.
        cancel: stops the work under way; None while there is none.
    """

    token: str
    name: str
    session: EditingSession
    folder: Path
    last_used: float = 0.0
    cancel: CancelToken | None = None


class Workspace:
    """All opened pictures.

    Args:
        root: folder to keep project folders in; a private temporary one where None.
        retention_seconds: how long a project is kept after its last use.
        max_projects: how many are kept at the same time.
        clock: seconds that never run backwards; tests pass their own.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        retention_seconds: float = 3600.0,
        max_projects: int = 12,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if root is not None:
            root.mkdir(parents=True, exist_ok=True)
        self.root = Path(tempfile.mkdtemp(prefix="liwi-", dir=root)).resolve()
        self.retention_seconds = retention_seconds
        self._max_projects = max_projects
        self._clock = clock
        self._projects: dict[str, Project] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()

    def open(self, session: EditingSession, name: str) -> Project:
        """Keep a session under a new token."""
        self.sweep()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        folder = self.root / token
        folder.mkdir()
        project = Project(token, name, session, folder, self._clock())
        with self._lock:
            self._projects[token] = project
            surplus = sorted(self._projects.values(), key=lambda each: each.last_used)[: max(0, len(self._projects) - self._max_projects)]
        for old in surplus:
            self.close(old.token)
        return project

    def get(self, token: str | None) -> Project:
        """The project under ``token``, marked as used now.

        Raises:
            InputError: there is none (any more).
        """
        with self._lock:
            project = self._projects.get(token or "")
            if project is None:
                raise InputError("This picture is no longer here: it was left alone too long, or the app was restarted. Open it again.")
            project.last_used = self._clock()
            return project

    def holds(self, token: str) -> bool:
        """Whether a project is open under ``token``; does not count as use."""
        return token in self._projects

    def close(self, token: str | None) -> None:
        """Forget a project and delete its folder. Unknown tokens are ignored."""
        with self._lock:
            project = self._projects.pop(token or "", None)
        if project is not None:
            shutil.rmtree(project.folder, ignore_errors=True)

    def sweep(self) -> int:
        """Close what was left alone too long.

        Returns:
            How many projects were closed.
        """
        now = self._clock()
        with self._lock:
            expired = [token for token, each in self._projects.items() if now - each.last_used > self.retention_seconds]
        for token in expired:
            self.close(token)
        return len(expired)

    def start_sweeping(self) -> threading.Thread:
        """Sweep in the background until `shutdown`."""
        interval = max(1.0, min(60.0, self.retention_seconds / 4))

        def sweep_until_closed() -> None:
            while not self._closed.wait(interval):
                self.sweep()

        thread = threading.Thread(target=sweep_until_closed, name="workspace-sweep", daemon=True)
        thread.start()
        return thread

    def shutdown(self) -> None:
        """Forget everything and remove the folder."""
        self._closed.set()
        for token in list(self._projects):
            self.close(token)
        with contextlib.suppress(OSError):
            shutil.rmtree(self.root)

    def __len__(self) -> int:
        return len(self._projects)
