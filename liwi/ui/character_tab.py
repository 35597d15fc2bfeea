"""The layout of the tab Characters, and which event calls which handler of `liwi.ui.character_handlers`."""

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from liwi.seethrough.body_parts import LAYER_PARTS
from liwi.ui.character_handlers import CharacterHandlers, CharacterServices
from liwi.ui.examples import CHARACTERS
from liwi.ui.project_handlers import Manifest
from liwi.ui.stage import Stage
from liwi.ui.stage_tab import QUIET, build_exporting, build_opening, new_token, shown, shown_while_running, wire_project

WORDS = {
    "empty": "Open an illustration of one character. Its body parts become layers of their own, completed where they are hidden.",
    "box": "Drag a box around the character, or press Enter to take the whole figure apart.",
    "work": "Take apart",
    "workBoxes": "Take apart",
    "workHint": "No box drawn: the whole figure is taken apart",
}
"""What the stage says differently here, see `liwi.ui.stage.Stage`."""

_ABOUT = (
    "One character per picture. What is seen stays as it was, pixel for pixel. What is hidden is a guess: outlines and plain colours, "
    "without line art or pattern. Parts, sides and order can be wrong: select layers and relabel or merge them, drag rows to reorder."
)

_SIDES = [("No side", ""), ("The character's left", "left"), ("The character's right", "right")]


def build_character_tab(services: CharacterServices) -> None:
    """Add the tab's components and events to the Blocks being built."""
    handlers = CharacterHandlers(services)
    token = new_token(services.workspace)
    opening = build_opening("character", "Open an illustration", CHARACTERS)
    with gr.Row(elem_classes="liwi-bar", equal_height=True):
        parts = [("Body part of the selected layers", ""), *((each.value.capitalize(), each.value) for each in LAYER_PARTS)]
        part = gr.Dropdown(parts, value="", label="Body part", container=False, scale=2, min_width=190, elem_id="character-part")
        side = gr.Dropdown(_SIDES, value="", label="Side", container=False, scale=2, min_width=160, elem_id="character-side")
        name_it = gr.Button("Relabel", scale=1, min_width=90, size="md", elem_id="character-relabel")
        merge = gr.Button("Merge", scale=1, min_width=80, size="md", elem_id="character-merge")
        exporting = build_exporting("character")
    stage = Stage(elem_id="character-stage", height="max(430px, calc(100vh - 306px))", words=WORDS, tools=("move", "box", "hand"))
    about = gr.HTML(_about(""), elem_classes="liwi-top", elem_id="character-about")
    wire_project(handlers, stage, token, opening, exporting)

    @shown_while_running
    def take_apart(project: str | None, value: Any) -> Iterator[tuple[Manifest, Any]]:
        for manifest in handlers.take_apart(project, value):
            yield manifest, gr.skip()
        yield gr.skip(), _about(handlers.origin(project))

    stage.run_requested(take_apart, [token, stage], [stage, about], concurrency_id="engine", concurrency_limit=2, **QUIET)
    name_it.click(shown(handlers.relabel), [token, stage, part, side], stage, **QUIET)
    merge.click(shown(handlers.merge), [token, stage], stage, **QUIET)


def _about(origin: str) -> str:
    """The lines below the stage: who made what is on it, and what nobody should expect."""
    return f'<p class="liwi-about">{html.escape(origin)} {_ABOUT}</p>'
