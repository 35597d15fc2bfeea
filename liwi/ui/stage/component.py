"""`Stage`: the canvas and layer panel that the tabs share."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

HERE = Path(__file__).parent

SCRIPTS = (
    "dom", "state", "geometry", "history", "pictures", "renderer", "compare", "picking", "outlines", "overlay", "prompts", "gestures",
    "tools", "spread", "panel", "rows", "side_rows", "toolbar", "keyboard", "help", "server", "dropping", "hooks", "main",
)  # fmt: skip
"""Plain-JavaScript files in `js/`, in the order in which they are joined."""


STYLES = ("stage", "panel")
"""Style sheets in `css/`."""


def joined_files(folder: Path, names: Iterable[str], ending: str) -> str:
    """The text of ``folder/<name>.<ending>`` for every name, one after the other."""
    return "\n".join((folder / f"{name}.{ending}").read_text(encoding="utf-8") for name in names)


def component_script(constants: Mapping[str, object], *sources: str) -> str:
    """JavaScript sources inside one function scope, after constants, which are written as JSON."""
    written = [f"const {name} = {json.dumps(value, ensure_ascii=False)};" for name, value in constants.items()]
    return '(() => {\n"use strict";\n' + "\n".join([*written, *sources]) + "\n})();"


WORDS = {
    "empty": "Then draw a box around anything in it, and it becomes a layer of its own.",
    "box": "Drag a box around a thing, then press Enter.",
    "work": "Find subjects",
    "workBoxes": "Cut out",
    "workHint": "No box drawn: the main subjects are proposed",
}
"""What the stage says of the work that a tab does with it."""


TOOLS = ("move", "box", "keep", "drop", "hand")
"""What the pointer can do."""


def stage_script(words: Mapping[str, str] | None = None, tools: Iterable[str] = TOOLS, opens_by: str = "") -> str:
    """The JavaScript of the stage: every file of `SCRIPTS`, with the style sheets, the words and the tools as constants.

    Args:
        words: in place of those of `WORDS`.
        tools: those of `TOOLS` that are there.
        opens_by: see `Stage`.
    """
    constants: dict[str, object] = {"STAGE_CSS": joined_files(HERE / "css", STYLES, "css")}
    constants |= {"STAGE_WORDS": {**WORDS, **(words or {})}, "STAGE_TOOLS": list(tools), "STAGE_OPENS_BY": opens_by}
    return component_script(constants, joined_files(HERE / "js", SCRIPTS, "js"))


class Stage(gr.HTML):
    """Canvas and layer panel, drawn by the browser; Python hears about results.

    All coordinates are whole source pixels, clipped to the canvas; boxes are half-open ``[left, top, right, bottom]``; lists of layers
    stand back to front.

    **Value, from Python** (None: the empty state)::

        {"revision": int,                      # grows with every step; the same number again changes no layer
         "step": "edit" | "undo" | "redo" | "replace",
         "canvas": {"width": int, "height": int},
         "source_url": str | None,             # for before/after
         "layers": [{"id", "name", "role": "background" | "foreground", "url", "extent": [l, t, r, b] | None,
                     "prompt_box": [l, t, r, b] | None, "visible", "opacity", "blend", "locked",
                     "depth": float in [0, 1] | None,     # optional; layers that have one can be spread apart
                     "depth_url": str | None}],           # optional; the layer in greys, shown instead where a person asks for depth
         "shadow": {"multiply_url": str | None, "add_url": str | None, "extent": [l, t, r, b], "visible": bool} | None,
         "message": str | None,                # shown in the status line
         "label": str | None,                  # optional: what the step is called in the history, where the stage did not ask for it
         "can_undo": bool, "can_redo": bool,   # only used while the browser's own history is empty
         "consumed": [ids] | "all",            # optional: boxes and hints that this step used up (ids also later, with the same revision)
         "busy": {"stage": str, "done": int, "total": int} | None}   # optional, see ``busy``

    A picture behind a URL may be smaller than its extent; it is drawn scaled to it. Give a new URL to every new picture.

    * ``"replace"``: another picture. History is cleared, the view fitted, the panel's state taken from the manifest.
    * ``"edit"``: a step that can be undone. Layers that the browser knows keep *its* panel state and order (a person may have gone on
      while Python worked); new ones stand above the layer that they follow in the manifest, and are selected. Where the panel then
      differs from the manifest, ``panel_changed`` follows. Without ``consumed``, the boxes and hints of the last request are taken away.
    * ``"undo"``, ``"redo"``: the answer to ``undo_requested``, ``redo_requested``. The browser restores the panel, boxes and hints that it
      remembers from before (after) the step.

    **Value, to Python** (as an event's input): the manifest, and::

        "prompts": {"boxes": [{"id", "box", "name"}],
                    "hints": [{"id", "kind": "keep" | "drop", "path": [[x, y], ...], "radius", "layer": id of the layer to refine | None}]},
        "selected": [ids], "panel": [{"id", "name", "visible", "opacity", "blend", "locked"}], "shadow_visible": bool

    **Events.** Listen with ``stage.run_requested(fn, inputs, outputs, trigger_mode="multiple", show_progress="hidden")``; ``fn`` takes
    ``event: gr.EventData``, and reads ``event.boxes`` and so on. Every event also carries ``revision``, ``panel`` and ``shadow_visible``.

    ==================== ========================== ====================================================================
    event                data                       when
    ==================== ========================== ====================================================================
    ``run_requested``    boxes, hints, recut=None   Enter or Cut out; no boxes: propose the main subjects
    ``recut_requested``  id, hints                  Enter or Refine, when hints were drawn for a layer and no box waits
    ``delete_requested`` ids                        Delete, with layers selected (never locked ones or the background)
    ``undo_requested``   steps                      undo reached a step made by Python; ``steps``: how many revisions it spans
    ``redo_requested``   steps                      the same for redo
    ``panel_changed``    -                          0.4 s after the panel's state changed
    ``cancel_requested`` -                          Cancel, while busy
    ==================== ========================== ====================================================================

    ``busy`` may also be sent alone, without the manifest: ``gr.update(busy={"stage": "Filling the background", "done": 2, "total": 5})``,
    and ``gr.update(busy=False)`` at the end (Gradio drops None from updates). Work is shown while either of the two says so.

    Attributes on the page for tests: ``document.querySelector(".liwi-stage").__stage``.
    """

    def __init__(
        self,
        value: dict[str, Any] | None = None,
        *,
        height: str = "min(78vh, 900px)",
        words: Mapping[str, str] | None = None,
        tools: Iterable[str] | None = None,
        opens_by: str = "",
        **kwargs: Any,
    ) -> None:
        """Make a stage.

        Args:
            value: the manifest, or None.
            height: CSS length of the whole component.
            words: in place of those of `WORDS` that are wrong for the tab.
            tools: those of `TOOLS` that the tab has a use for; None for all.
            opens_by: the ``elem_id`` of the `gr.File` that gets what a person drops on the stage, or pastes; empty: nothing is taken.
            kwargs: as for `gr.HTML` (``elem_id``, ``visible``, ``scale``, ...).
        """
        kwargs.setdefault("busy", False)
        super().__init__(
            value=value,
            html_template=f'<div class="liwi-stage" style="--stage-height: {height}"></div>',
            css_template="",
            js_on_load=stage_script(words, TOOLS if tools is None else tools, opens_by),
            apply_default_css=False,
            **kwargs,
        )

    def api_info(self) -> dict[str, Any]:
        """The value is an object."""
        return {"type": "object"}
