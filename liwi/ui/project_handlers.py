"""What every tab with a stage does when a person acts: open, undo, redo, delete, cancel, export. No layout and no Gradio here.

The stage does everything that needs no engine in the browser; the handlers answer its events. Each reads what the stage sent, acts on the
person's own `Project`, and returns a new manifest. Long work is a generator: it reports progress, can be cancelled, and shows each layer
as it comes. What a tab can do beyond this is in its own handlers.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from liwi.errors import Cancelled, InputError, LiwiError
from liwi.export import FORMATS, RIGGING, export
from liwi.export.names import safe_stem
from liwi.imaging.io import load_picture
from liwi.progress import CancelToken, Progress
from liwi.protocols import Decomposer
from liwi.runtime import WarmUp, wait_until_warm, warm_up_state
from liwi.session import MAX_STEPS, EditingSession
from liwi.ui.manifest import StageState, Step, build_manifest, busy_manifest, read_stage
from liwi.ui.tiles import TileStore
from liwi.workspace import Project, Workspace

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepDone:
    """One of several steps is finished; the others go on."""

    number: int


@dataclass(frozen=True, slots=True)
class _Done:
    """The work is finished; notes for the person."""

    notes: tuple[str, ...]


Events = queue.Queue[Progress | StepDone | _Done | BaseException]
Work = Callable[[Events, CancelToken], tuple[str, ...]]


class ProjectHandlers:
    """The event handlers that tabs share, free of layout. Every message a person sees is made here or in what inherits it.

    Args:
        workspace: keeps the open pictures.
        tiles: serves their layers.
        new_engine: makes the engine of a picture that is opened.
        shows_shadow: whether S is part of what a person edits; where it is not, it is neither shown nor exported.
    """

    def __init__(self, workspace: Workspace, tiles: TileStore, new_engine: Callable[[], Decomposer], *, shows_shadow: bool = True) -> None:
        self._workspace, self._tiles, self._new_engine = workspace, tiles, new_engine
        self._shows_shadow = shows_shadow

    def open(self, path: Path, previous: str | None = None) -> tuple[Manifest, str]:
        """Open a picture file in place of the person's previous project. Returns the stage's value and the new project's token."""
        picture = load_picture(path)
        project = self._workspace.open(EditingSession(picture, self._new_engine()), path.stem)
        self._workspace.close(previous)
        return self._manifest(project, "replace", message=" ".join(picture.notes) or None), project.token

    def keep_panel(self, token: str | None, value: object) -> None:
        """Remember the panel's state, so that exports honour it."""
        self._take_over(token, value)

    def delete(self, token: str | None, value: object, layer_ids: list[str]) -> Manifest:
        """Delete layers; their pixels return to where they were cut from."""
        project, _ = self._take_over(token, value)
        return self._answer(project, "edit", lambda: project.session.delete([str(each) for each in layer_ids]))

    def undo(self, token: str | None, value: object, steps: int = 1) -> Manifest:
        """Undo the last ``steps`` steps that Python made."""
        project, _ = self._take_over(token, value)
        return self._answer(project, "undo", lambda: _repeat(project.session.undo, steps))

    def redo(self, token: str | None, value: object, steps: int = 1) -> Manifest:
        """Redo them."""
        project, _ = self._take_over(token, value)
        return self._answer(project, "redo", lambda: _repeat(project.session.redo, steps))

    def cancel(self, token: str | None) -> None:
        """Ask the work under way to stop."""
        if token:
            project = self._workspace.get(token)
            if project.cancel is not None:
                project.cancel.cancel()

    def export(self, token: str | None, value: object, suffix: str) -> str:
        """Write the picture as the panel shows it. Returns the URL under which it can be downloaded, see `liwi.ui.downloads`."""
        project, _ = self._take_over(token, value)
        if suffix not in {known.suffix for known in (*FORMATS, *RIGGING) if known.suffix}:
            raise InputError(f"There is no export format {suffix!r}.")
        written = export(project.session.decomposition, project.folder / f"{safe_stem(project.name)}{suffix}")
        return f"/exports/{project.token}/{quote(written.name)}"

    def _take_over(self, token: str | None, value: object) -> tuple[Project, StageState]:
        """The person's project, brought up to date with the panel."""
        if not token:
            raise InputError("Open a picture first.")
        project, state = self._workspace.get(token), read_stage(value)
        if state.panel:
            project.session.set_panel(state.panel, state.shadow_visible and self._shows_shadow)
        return project, state

    def _manifest(self, project: Project, step: Step, *, message: str | None = None, consumed: Sequence[str] | None = None) -> Manifest:
        return build_manifest(project, self._tiles, step, message=message, consumed=consumed, with_shadow=self._shows_shadow)

    def _answer(self, project: Project, step: Step, act: Callable[[], None], label: str | None = None) -> Manifest:
        act()
        return {**self._manifest(project, step, consumed=()), "label": label}

    def _run(
        self, project: Project, work: Work, step_ids: Sequence[str] = (), used_ids: Sequence[str] = (), *, name: str = "cut"
    ) -> Iterator[Manifest]:
        """Do ``work`` on a thread and yield what the stage should show until it is done.

        Args:
            project: whose session changes.
            work: puts its progress into the queue, and returns notes for the person.
            step_ids: the stage's ids of what each `StepDone` uses up, in order.
            used_ids: used up when the work is done.
            name: what is being done, as a thread's name.
        """
        if project.cancel is not None:
            raise InputError("Something is being worked on already. Wait for it, or cancel it.")
        cancel = project.cancel = CancelToken()
        events: Events = queue.Queue()

        def run() -> None:
            try:
                wait_until_warm(cancel)
                events.put(_Done(work(events, cancel)))
            except BaseException as error:
                events.put(error)

        def show(message: str | None = None, *, consumed: Sequence[str] = ()) -> Manifest:
            return self._manifest(project, "edit", message=message, consumed=consumed)

        shown, previews = show(), dict[str, str]()
        threading.Thread(target=run, name=name, daemon=True).start()
        try:
            yield busy_manifest(shown, Progress(_first_stage(), 0, 1))
            while True:
                match events.get():
                    case Progress(preview=preview) as progress:
                        if preview is not None:
                            previews[preview.name] = self._tiles.add(project.token, "preview", preview.rgba)
                        yield busy_manifest(shown, progress, previews)
                    case StepDone(number):
                        shown = show(consumed=step_ids[number : number + 1])
                        yield busy_manifest(shown, Progress("Cut out", 1, 1))
                    case _Done(notes):
                        yield show(" ".join(notes) or None, consumed=used_ids)  # boxes that were skipped stay, to be drawn better
                        return
                    case Cancelled():
                        yield show("Stopped. What was finished is kept.")
                        return
                    case LiwiError() as error:
                        yield show(str(error))
                        return
                    case error:
                        yield show("Something went wrong here. Nothing was lost; try again, or undo. The log has the details.")
                        raise error
        finally:
            cancel.cancel()  # the page may have gone away: nobody waits for the rest
            project.cancel = None


def _repeat(act: Callable[[], None], times: int) -> None:
    for _ in range(max(1, min(MAX_STEPS, times))):
        act()


def _first_stage() -> str:
    waiting = warm_up_state() is WarmUp.RUNNING
    return "Getting ready: the first time on a computer this takes about a minute" if waiting else "Starting"
