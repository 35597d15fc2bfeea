"""The photo tab's layout, and which event calls which handler of `liwi.ui.photo_handlers`."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from liwi.ui.examples import PHOTOGRAPHS
from liwi.ui.photo_handlers import PhotoHandlers, PhotoServices
from liwi.ui.project_handlers import Manifest
from liwi.ui.stage import Stage
from liwi.ui.stage_tab import QUIET, build_exporting, build_opening, new_token, shown_while_running, wire_project


def build_photo_tab(services: PhotoServices) -> None:
    """Add the photo tab's components and events to the Blocks being built."""
    handlers = PhotoHandlers(services)
    token = new_token(services.workspace)
    opening = build_opening("photo", "Open a picture, or try one of these", PHOTOGRAPHS)
    with gr.Row(elem_classes="liwi-bar", equal_height=True):
        shadow = gr.Checkbox(True, label="Lift shadows too", container=False, scale=1, min_width=170, elem_id="photo-shadow")
        counts = [(f"Without a box, find up to {count} subject{'s' * (count > 1)}", count) for count in range(1, 7)]
        subjects = gr.Dropdown(counts, value=2, label="Subjects", container=False, scale=3, min_width=260, elem_id="photo-subjects")
        exporting = build_exporting("photo")
    stage = Stage(elem_id="photo-stage", height="max(430px, calc(100vh - 262px))", opens_by=opening.upload.elem_id or "")
    wire_project(handlers, stage, token, opening, exporting)

    @shown_while_running
    def cut(project: str | None, value: Any, extract_shadow: bool, count: float) -> Iterator[Manifest]:
        yield from handlers.cut(project, value, extract_shadow, int(count))

    @shown_while_running
    def recut(project: str | None, value: Any, extract_shadow: bool, event: gr.EventData) -> Iterator[Manifest]:
        yield from handlers.recut(project, value, str(event._data.get("id", "")), extract_shadow)

    stage.run_requested(cut, [token, stage, shadow, subjects], stage, concurrency_id="engine", concurrency_limit=2, **QUIET)
    stage.recut_requested(recut, [token, stage, shadow], stage, concurrency_id="engine", **QUIET)
