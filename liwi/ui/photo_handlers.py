"""What the photo tab does when a person acts: open, cut, cut again, delete, undo, export. No layout and no Gradio here.

The stage does everything that needs no engine in the browser; the handlers answer its events. Each reads what the stage sent, acts on the
person's own `Project`, and returns a new manifest. Cutting is a generator: it reports progress, can be cancelled, and shows each layer
as it comes.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from liwi.engines import create_engine
from liwi.errors import Cancelled, InputError, LiwiError
from liwi.export import FORMATS, export
from liwi.export.names import safe_stem
from liwi.imaging.io import load_picture
from liwi.progress import CancelToken, Progress
from liwi.runtime import WarmUp, wait_until_warm, warm_up_state
from liwi.session import MAX_STEPS, CutRequest, EditingSession
from liwi.ui.manifest import StageState, Step, build_manifest, busy_manifest, read_stage
from liwi.ui.tiles import TileStore
from liwi.workspace import Project, Workspace

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Step:
    """A box was cut; the others go on."""

    number: int


@dataclass(frozen=True, slots=True)
class _Done:
    """The work is finished; notes for the person."""

    notes: tuple[str, ...]


Events = queue.Queue[Progress | _Step | _Done | BaseException]
Work = Callable[[Events, CancelToken], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class PhotoServices:
    """What the tab needs from the app."""

    workspace: Workspace
    tiles: TileStore
    engine: str = "auto"


class PhotoHandlers:
    """The tab's event handlers, free of layout. Every message a person sees is made here."""

    def __init__(self, services: PhotoServices) -> None:
        self._services = services

    def open(self, path: Path, previous: str | None = None) -> tuple[Manifest, str]:
        """Open a picture file in place of the person's previous project. Returns the stage's value and the new project's token."""
        picture = load_picture(path)
        project = self._services.workspace.open(EditingSession(picture, create_engine(self._services.engine)), path.stem)
        self._services.workspace.close(previous)
        return build_manifest(project, self._services.tiles, "replace", message=" ".join(picture.notes) or None), project.token

    def cut(self, token: str | None, value: object, extract_shadow: bool, subjects: int) -> Iterator[Manifest]:
        """Cut the boxes drawn on the stage, or the main subjects where there are none."""
        project, state = self._take_over(token, value)
        hints, hint_ids = state.hints_for(None)
        request = CutRequest(state.boxes, hints, state.names, extract_shadow, max(1, min(10, subjects)))

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            return project.session.cut(request, report=events.put, cancel=cancel, on_step=lambda number: events.put(_Step(number)))

        yield from self._run(project, work, state.box_ids, hint_ids)

    def recut(self, token: str | None, value: object, layer_id: str, extract_shadow: bool) -> Iterator[Manifest]:
        """Cut a layer again with the hints drawn on the stage for it."""
        project, state = self._take_over(token, value)
        hints, hint_ids = state.hints_for(layer_id)
        if not hints:
            raise InputError("Mark what to keep and what to drop first: choose the Keep or Drop tool and click on the picture.")

        def work(events: Events, cancel: CancelToken) -> tuple[str, ...]:
            project.session.recut(layer_id, hints, extract_shadow=extract_shadow, report=events.put, cancel=cancel)
            return ()

        yield from self._run(project, work, (), hint_ids)

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
            project = self._services.workspace.get(token)
            if project.cancel is not None:
                project.cancel.cancel()

    def export(self, token: str | None, value: object, suffix: str) -> str:
        """Write the picture as the panel shows it. Returns the URL under which it can be downloaded, see `DownloadRoute`."""
        project, _ = self._take_over(token, value)
        if suffix not in {known.suffix for known in FORMATS if known.suffix}:
            raise InputError(f"There is no export format {suffix!r}.")
        written = export(project.session.decomposition, project.folder / f"{safe_stem(project.name)}{suffix}")
        return f"/exports/{project.token}/{quote(written.name)}"

    def _take_over(self, token: str | None, value: object) -> tuple[Project, StageState]:
        """The person's project, brought up to date with the panel."""
        if not token:
            raise InputError("Open a picture first.")
        project, state = self._services.workspace.get(token), read_stage(value)
        if state.panel:
            project.session.set_panel(state.panel, state.shadow_visible)
        return project, state

    def _answer(self, project: Project, step: Step, act: Callable[[], None]) -> Manifest:
        act()
        return build_manifest(project, self._services.tiles, step, consumed=())

    def _run(self, project: Project, work: Work, box_ids: Sequence[str], hint_ids: Sequence[str]) -> Iterator[Manifest]:
        """Do ``work`` on a thread and yield what the stage should show until it is done.

        Args:
            box_ids: the stage's ids of the boxes being cut, in order; each is used up when its step comes.
            hint_ids: used up when the work is done.
        """
        if project.cancel is not None:
            raise InputError("Something is being cut already. Wait for it, or cancel it.")
        cancel = project.cancel = CancelToken()
        events: Events = queue.Queue()

        def run() -> None:
            try:
                wait_until_warm(cancel)
                events.put(_Done(work(events, cancel)))
            except BaseException as error:
                events.put(error)

        def show(message: str | None = None, *, consumed: Sequence[str] = ()) -> Manifest:
            return build_manifest(project, self._services.tiles, "edit", message=message, consumed=consumed)

        shown = show()
        threading.Thread(target=run, name="cut", daemon=True).start()
        try:
            yield busy_manifest(shown, Progress(_first_stage(), 0, 1))
            while True:
                match events.get():
                    case Progress() as progress:
                        yield busy_manifest(shown, progress)
                    case _Step(number):
                        shown = show(consumed=box_ids[number : number + 1])
                        yield busy_manifest(shown, Progress("Cut out", 1, 1))
                    case _Done(notes):
                        yield show(" ".join(notes) or None, consumed=hint_ids)  # boxes that were skipped stay, to be drawn better
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
