"""The photo tab's layout, and which event calls which handler of `liwi.ui.photo_handlers`."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from liwi.errors import LiwiError
from liwi.export import FORMATS
from liwi.ui.examples import EXAMPLES
from liwi.ui.photo_handlers import Manifest, PhotoHandlers, PhotoServices
from liwi.ui.stage import Stage

P = ParamSpec("P")
R = TypeVar("R")

_DOWNLOAD = "(url) => { if (url) { const a = document.createElement('a'); a.href = url; a.download = ''; a.click(); } return url; }"


def build_photo_tab(services: PhotoServices) -> None:
    """Add the photo tab's components and events to the Blocks being built."""
    handlers = PhotoHandlers(services)
    token = gr.State(None, time_to_live=services.workspace.retention_seconds, delete_callback=services.workspace.close)
    with gr.Accordion("Open a picture", elem_id="photo-open") as opener, gr.Row(equal_height=True):
        upload = gr.File(label="Drop a picture here", file_types=["image"], height=128, scale=2, elem_id="photo-upload")
        examples = gr.Gallery(
            [(str(example.path), example.title) for example in EXAMPLES],
            label="Or try one of these",
            columns=len(EXAMPLES),
            rows=1,
            height=128,
            object_fit="cover",
            allow_preview=False,
            interactive=False,
            buttons=[],
            scale=3,
            elem_id="photo-examples",
        )
    with gr.Row(elem_classes="liwi-bar", equal_height=True):
        shadow = gr.Checkbox(True, label="Lift shadows too", container=False, scale=1, min_width=170, elem_id="photo-shadow")
        counts = [(f"Without a box, find up to {count} subject{'s' * (count > 1)}", count) for count in range(1, 7)]
        subjects = gr.Dropdown(counts, value=2, label="Subjects", container=False, scale=3, min_width=260, elem_id="photo-subjects")
        formats = [(f"{known.name} ({known.suffix})", known.suffix) for known in FORMATS if known.suffix]
        suffix = gr.Dropdown(
            formats, value=formats[0][1], label="Export as", container=False, scale=2, min_width=170, elem_id="photo-format"
        )
        export = gr.Button("Export", scale=1, min_width=110, size="md", elem_id="photo-export")
    stage = Stage(elem_id="photo-stage", height="max(430px, calc(100vh - 262px))")
    url = gr.Textbox(visible=False)
    _wire(handlers, stage, token, opener, upload, examples, shadow, subjects, suffix, export, url)


def _wire(
    handlers: PhotoHandlers,
    stage: Stage,
    token: gr.State,
    opener: gr.Accordion,
    upload: gr.File,
    examples: gr.Gallery,
    shadow: gr.Checkbox,
    subjects: gr.Dropdown,
    suffix: gr.Dropdown,
    export: gr.Button,
    url: gr.Textbox,
) -> None:
    quiet: dict[str, Any] = {"show_progress": "hidden", "trigger_mode": "multiple", "api_visibility": "private"}

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
        return {stage: manifest, token: opened, upload: None, opener: _folded()}

    @_shown
    def open_example(previous: str | None, event: gr.SelectData) -> tuple[Manifest, str | None]:
        return handlers.open(EXAMPLES[int(event.index) % len(EXAMPLES)].path, previous)

    @_shown_while_running
    def cut(project: str | None, value: Any, extract_shadow: bool, count: float) -> Iterator[Manifest]:
        yield from handlers.cut(project, value, extract_shadow, int(count))

    @_shown_while_running
    def recut(project: str | None, value: Any, extract_shadow: bool, event: gr.EventData) -> Iterator[Manifest]:
        yield from handlers.recut(project, value, str(event._data.get("id", "")), extract_shadow)

    @_shown
    def delete(project: str | None, value: Any, event: gr.EventData) -> Manifest:
        return handlers.delete(project, value, list(event._data.get("ids", [])))

    @_shown
    def undo(project: str | None, value: Any, event: gr.EventData) -> Manifest:
        return handlers.undo(project, value, int(event._data.get("steps", 1)))

    @_shown
    def redo(project: str | None, value: Any, event: gr.EventData) -> Manifest:
        return handlers.redo(project, value, int(event._data.get("steps", 1)))

    upload.upload(open_upload, [upload, token], [stage, token, upload, opener], show_progress="minimal", api_visibility="private")
    examples.select(open_example, [token], [stage, token], **quiet).success(_folded, None, opener, **quiet)
    stage.run_requested(cut, [token, stage, shadow, subjects], stage, concurrency_id="engine", concurrency_limit=2, **quiet)
    stage.recut_requested(recut, [token, stage, shadow], stage, concurrency_id="engine", **quiet)
    stage.delete_requested(delete, [token, stage], stage, **quiet)
    stage.undo_requested(undo, [token, stage], stage, **quiet)
    stage.redo_requested(redo, [token, stage], stage, **quiet)
    stage.panel_changed(_shown(handlers.keep_panel), [token, stage], None, **quiet)
    stage.cancel_requested(_shown(handlers.cancel), [token], None, queue=False, **quiet)
    export.click(_shown(handlers.export), [token, stage, suffix], url, show_progress="minimal", api_visibility="private").success(
        None, url, url, js=_DOWNLOAD
    )


def _folded() -> dict[str, Any]:
    """What the panel for opening pictures becomes once one is open."""
    return gr.update(label="Open another picture", open=False)


def _shown(handler: Callable[P, R]) -> Callable[P, R]:
    """Show a `LiwiError` to the person instead of a traceback."""

    @functools.wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except LiwiError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return call


def _shown_while_running(handler: Callable[P, Iterator[R]]) -> Callable[P, Iterator[R]]:
    """`_shown` for a generator."""

    @functools.wraps(handler)
    def call(*args: P.args, **kwargs: P.kwargs) -> Iterator[R]:
        try:
            yield from handler(*args, **kwargs)
        except LiwiError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return call
