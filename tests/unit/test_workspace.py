"""Who sees what, and for how long."""

from pathlib import Path

import pytest

from liwi.engines.embedded import EmbeddedDecomposer
from liwi.errors import InputError
from liwi.imaging.io import Picture
from liwi.session import EditingSession
from liwi.workspace import Workspace
from tests.pictures import meadow


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def workspace(tmp_path: Path, clock: Clock) -> Workspace:
    return Workspace(tmp_path, retention_seconds=100, max_projects=3, clock=clock)


def session() -> EditingSession:
    return EditingSession(Picture(meadow((40, 30))), EmbeddedDecomposer())


def test_a_project_is_found_by_its_token_alone(workspace: Workspace) -> None:
    first, second = workspace.open(session(), "a"), workspace.open(session(), "b")
    assert workspace.get(first.token) is first
    assert first.token != second.token
    assert len(first.token) >= 22
    for wrong in ("", None, first.token[:-1], "../" + first.token):
        with pytest.raises(InputError, match="no longer here"):
            workspace.get(wrong)


def test_what_is_left_alone_is_deleted_with_its_files(workspace: Workspace, clock: Clock) -> None:
    used, left = workspace.open(session(), "used"), workspace.open(session(), "left")
    (left.folder / "export.psd").write_bytes(b"x")
    clock.now = 60
    workspace.get(used.token)
    clock.now = 120
    assert workspace.sweep() == 1
    assert not left.folder.exists()
    assert workspace.holds(used.token)
    assert not workspace.holds(left.token)


def test_the_longest_unused_project_makes_room(workspace: Workspace, clock: Clock) -> None:
    projects = []
    for number in range(4):
        clock.now = number
        projects.append(workspace.open(session(), str(number)))
    assert [workspace.holds(project.token) for project in projects] == [False, True, True, True]


def test_nothing_is_left_after_shutdown(workspace: Workspace) -> None:
    project = workspace.open(session(), "a")
    (project.folder / "file").write_bytes(b"x")
    workspace.shutdown()
    assert not workspace.root.exists()
    assert len(workspace) == 0
