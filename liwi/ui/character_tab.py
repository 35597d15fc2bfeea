"""The layout of the tab Characters, and which event calls which handler of `liwi.ui.character_handlers`."""

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from liwi.engines import AUTO, EngineChoice
from liwi.seethrough.body_parts import LAYER_PARTS, BodyPart
from liwi.ui.character_handlers import COMPACT, GENERATING, MAX_STEPS, CharacterHandlers, CharacterServices, Choices
from liwi.ui.examples import CHARACTERS
from liwi.ui.project_handlers import Manifest
from liwi.ui.stage import Stage
from liwi.ui.stage_tab import QUIET, build_exporting, build_opening, new_token, shown, shown_while_running, wire_project

WORDS = {
    "empty": "An illustration of one character: its body parts become layers of their own, completed where they are hidden.",
    "box": "Drag a box around the character, or press Enter to take the whole figure apart.",
    "work": "Take apart",
    "workBoxes": "Take apart",
    "workHint": "No box drawn: the whole figure is taken apart",
}
"""What the stage says differently here, see `liwi.ui.stage.Stage`."""

_ABOUT = (
    "One character per picture. What is seen stays as it was, pixel for pixel. What is hidden is made up. "
    "Parts, sides and order can be wrong: select layers and relabel, merge or split them, drag rows to reorder."
)

_SIDES = [("No side", ""), ("The character's left", "left"), ("The character's right", "right")]
_STRATA = [
    ("In two by depth: hair, arms, top, bottom", 2),
    ("As many as the depth shows clearly", 0),
    ("Not cut by depth", 1),
    ("In three by depth", 3),
]


@dataclass(frozen=True, slots=True)
class CharacterTab:
    """What the page around the tab needs of it.

    Attributes:
        choice: which engine would answer for what is chosen now.
        engine: the component with which it is chosen.
    """

    choice: Callable[[object], EngineChoice]
    engine: gr.Dropdown


@dataclass(frozen=True, slots=True)
class _Options:
    engine: gr.Dropdown
    others: tuple[gr.components.Component, ...]

    @property
    def inputs(self) -> list[Any]:
        """In the order of `Choices`."""
        return [self.engine, *self.others]


def build_character_tab(services: CharacterServices) -> CharacterTab:
    """Add the tab's components and events to the Blocks being built."""
    handlers = CharacterHandlers(services)
    token = new_token(services.workspace)
    opening = build_opening("character", "Open an illustration, or try one of these", CHARACTERS)
    options = _build_options(handlers.lacking())
    with gr.Row(elem_classes="liwi-bar", equal_height=True):
        parts = [("Body part ...", ""), *((each.value.capitalize(), each.value) for each in LAYER_PARTS)]
        part = gr.Dropdown(parts, value="", label="Body part", container=False, scale=2, min_width=180, elem_id="character-part")
        side = gr.Dropdown(_SIDES, value="", label="Side", container=False, scale=2, min_width=120, elem_id="character-side")
        name_it, join, cut, again = (
            gr.Button(text, scale=1, min_width=width, size="md", elem_id=f"character-{name}")
            for text, name, width in (("Relabel", "relabel", 80), ("Merge", "merge", 70), ("Split", "split", 60), ("Remake", "remake", 80))
        )
        exporting = build_exporting("character", rigging=True)
    height, opens_by = "max(430px, calc(100vh - 352px))", opening.upload.elem_id or ""
    stage = Stage(elem_id="character-stage", height=height, words=WORDS, tools=("move", "box", "hand"), opens_by=opens_by)
    about = gr.HTML(_about(""), elem_classes="liwi-top", elem_id="character-about")
    wire_project(handlers, stage, token, opening, exporting)

    @shown_while_running
    def take_apart(project: str | None, value: Any, *chosen: Any) -> Iterator[tuple[Manifest, Any]]:
        for manifest in handlers.take_apart(project, value, Choices(*chosen)):
            yield manifest, gr.skip()
        yield gr.skip(), _about(handlers.origin(project))

    @shown_while_running
    def make_anew(project: str | None, value: Any, *chosen: Any) -> Iterator[Manifest]:
        yield from handlers.make_anew(project, value, Choices(*chosen))

    limits: dict[str, Any] = {"concurrency_id": "engine", "concurrency_limit": 2, **QUIET}
    stage.run_requested(take_apart, [token, stage, *options.inputs], [stage, about], **limits)
    again.click(make_anew, [token, stage, *options.inputs], stage, **limits)
    name_it.click(shown(handlers.relabel), [token, stage, part, side], stage, **QUIET)
    join.click(shown(handlers.merge), [token, stage], stage, **QUIET)
    cut.click(shown(handlers.split), [token, stage], stage, **QUIET)
    return CharacterTab(handlers.choice, options.engine)


def _build_options(lacking: str) -> _Options:
    """How the figure is taken apart, folded away.

    Args:
        lacking: why the engine with a part diffusion cannot run; empty where it can.
    """
    with gr.Accordion("Options", open=False, elem_id="character-options"):
        hint = f"{GENERATING} cannot run here: {lacking}." if lacking else ""
        with gr.Row(equal_height=True):
            engines = [
                ("The best that is ready", AUTO),
                (f"{GENERATING}: generates what is hidden", GENERATING),
                (f"{COMPACT}: quick, on any computer", COMPACT),
            ]
            engine = gr.Dropdown(engines, value=AUTO, label="Engine", scale=3, min_width=220, elem_id="character-engine")
            tags = [(part.value.capitalize(), part.value) for part in BodyPart]
            parts = gr.Dropdown(
                tags,
                value=[],
                multiselect=True,
                label=f"Layers to make ({GENERATING}; none chosen: all)",
                scale=5,
                min_width=280,
                elem_id="character-parts",
            )
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, scale=1, min_width=90, elem_id="character-seed")
            steps = gr.Number(
                0,
                label="Steps (0: the model's)",
                precision=0,
                minimum=0,
                maximum=MAX_STEPS,
                scale=1,
                min_width=150,
                elem_id="character-steps",
            )
        with gr.Row(equal_height=True):
            strata = gr.Dropdown(
                _STRATA, value=2, label="Parts in front of and behind others", scale=3, min_width=240, elem_id="character-strata"
            )
            footwear = gr.Checkbox(False, label="Cut shoes by depth too", scale=1, min_width=180, elem_id="character-footwear")
            head = gr.Checkbox(True, label="Look at the head again, enlarged", scale=2, min_width=220, elem_id="character-head")
        gr.HTML(f'<p class="liwi-about">{html.escape(hint)}</p>', visible=bool(hint), elem_classes="liwi-top")
    return _Options(engine, (parts, seed, steps, strata, footwear, head))


def _about(origin: str) -> str:
    """The lines below the stage: who made what is on it, and what nobody should expect."""
    return f'<p class="liwi-about">{html.escape(origin)} {_ABOUT}</p>'
