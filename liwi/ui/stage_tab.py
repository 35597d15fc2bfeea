"""The layout that tabs with a stage share: opening a picture, exporting it, and the events that `liwi.ui.project_handlers` answers."""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from liwi.errors import LiwiError
from liwi.export import FORMATS, RIGGING
from liwi.ui.examples import Example
from liwi.ui.project_handlers import Manifest, ProjectHandlers
from liwi.ui.stage import Stage
from liwi.workspace import Workspace

P = ParamSpec("P")
R = TypeVar("R")

QUIET: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", "api_visibility": "private"}
"""How the stage's own events are listened to: it shows what is going on itself."""

_DOWNLOAD = "(url) => { if (url) { const a = document.createElement('a'); a.href = url; a.download = ''; a.click(); } return url; }"


@dataclass(frozen=True, slots=True)
class Opening:
    """The components for opening a picture."""

    panel: gr.Accordion
    upload: gr.File
    examples: gr.Gallery
    offered: Sequence[Example]


@dataclass(frozen=True, slots=True)
class Exporting:
    """The components for exporting it."""

    suffix: gr.Dropdown
    button: gr.Button


def build_opening(prefix: str, title: str, offered: Sequence[Example]) -> Opening:
    """The panel for dropping a picture or taking an example.

    Args:
        prefix: of the elements' ids.
        title: of the panel.
        offered: the examples.
    """
    with gr.Accordion(title, elem_id=f"{prefix}-open") as panel, gr.Row(equal_height=True):
        upload = gr.File(label="Drop a picture here", file_types=["image"], height=128, scale=2, elem_id=f"{prefix}-upload")
        examples = gr.Gallery(
            [(str(example.path), example.title) for example in offered],
            label="Examples",
            show_label=False,
            columns=max(4, len(offered)),
            rows=1,
            height=128,
            object_fit="cover",
            allow_preview=False,
            interactive=False,
            buttons=[],
            scale=3,
            elem_id=f"{prefix}-examples",
        )
    return Opening(panel, upload, examples, offered)


def build_exporting(prefix: str, *, rigging: bool = False) -> Exporting:
    """The menu of formats and the button, in the row being built.

    Args:
        prefix: of the elements' ids.
        rigging: whether those that are for a character's parts are offered too.
    """
    offered = (*FORMATS, *RIGGING) if rigging else FORMATS
    formats = [(f"{known.name} ({known.suffix})", known.suffix) for known in offered if known.suffix]
    suffix = gr.Dropdown(
        formats, value=formats[0][1], label="Export as", container=False, scale=2, min_width=170, elem_id=f"{prefix}-format"
    )
    return Exporting(suffix, gr.Button("Export", scale=1, min_width=110, size="md", elem_id=f"{prefix}-export"))


def new_token(workspace: Workspace) -> gr.State:
    """The state that holds whose project is open; it is closed when the person leaves."""
    return gr.State(None, time_to_live=workspace.retention_seconds, delete_callback=workspace.close)


def wire_project(handlers: ProjectHandlers, stage: Stage, token: gr.State, opening: Opening, exporting: Exporting) -> None:
    """Connect what every tab can do with an open picture."""
    _wire_opening(handlers, stage, token, opening)

    @shown
    def delete(project: str | None, value: Any, event: gr.EventData) -> Manifest:
        return handlers.delete(project, value, list(event._data.get("ids", [])))

    @shown
    def undo(project: str | None, value: Any, event: gr.EventData) -> Manifest:
        return handlers.undo(project, value, int(event._data.get("steps", 1)))

    @shown
    def redo(project: str | None, value: Any, event: gr.EventData) -> Manifest:
        return handlers.redo(project, value, int(event._data.get("steps", 1)))

    url = gr.Textbox(visible=False)
    stage.delete_requested(delete, [token, stage], stage, **QUIET)
    stage.undo_requested(undo, [token, stage], stage, **QUIET)
    stage.redo_requested(redo, [token, stage], stage, **QUIET)
    stage.panel_changed(shown(handlers.keep_panel), [token, stage], None, **QUIET)
    stage.cancel_requested(shown(handlers.cancel), [token], None, queue=False, **QUIET)
    exporting.button.click(
        shown(handlers.export), [token, stage, exporting.suffix], url, show_progress="minimal", api_visibility="private"
    ).success(None, url, url, js=_DOWNLOAD)


def _wire_opening(handlers: ProjectHandlers, stage: Stage, token: gr.State, opening: Opening) -> None:
    upload, examples, panel = opening.upload, opening.examples, opening.panel

    def open_upload(path: str | None, previous: str | None) -> dict[Any, Any]:
        """A file that cannot be opened is explained and makes room for another; what was open stays."""
        try:
            if path is None:
                raise LiwiError("Choose a picture file: PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF.")
            manifest, opened = handlers.open(Path(path), previous)
        except LiwiError as error:
            gr.Warning(str(error))
            return {upload: None}
        finally:
            if path is not None:
                with contextlib.suppress(OSError):
                    Path(path).unlink()  # the project holds the picture now; the upload need not outlive this moment
        return {stage: manifest, token: opened, upload: None, panel: _folded()}

    @shown
    def open_example(previous: str | None, event: gr.SelectData) -> tuple[Manifest, str | None]:
        return handlers.open(opening.offered[int(event.index) % len(opening.offered)].path, previous)

    upload.upload(open_upload, [upload, token], [stage, token, upload, panel], show_progress="minimal", api_visibility="private")
    examples.select(open_example, [token], [stage, token], **QUIET).success(_folded, None, panel, **QUIET)


def _folded() -> dict[str, Any]:
    """What the panel for opening pictures becomes once one is open."""
    return gr.update(label="Open another picture", open=False)


def shown(handler: Callable[P, R]) -> Callable[P, R]:
    """Show a `LiwiError` to the person instead of a traceback."""

    @functools.wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except LiwiError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return call


def shown_while_running(handler: Callable[P, Iterator[R]]) -> Callable[P, Iterator[R]]:
    """`shown` for a generator."""

    @functools.wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        try:
            yield from handler(*args, **kwargs)
        except LiwiError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return call
