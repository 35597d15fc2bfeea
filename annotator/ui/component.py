"""`Workbench`: the whole tab, drawn by the browser. It shares the stage's canvas and calls the routes of `annotator.ui.api`."""

import json
from pathlib import Path
from typing import Any

import gradio as gr

from liwi.ui.stage.component import HERE as STAGE
from liwi.ui.stage.component import component_script, joined_files

HERE = Path(__file__).parent

SHARED = ("dom", "geometry", "pictures", "renderer", "picking", "outlines", "gestures", "hooks")
"""Plain-JavaScript files of the stage that the workbench draws with."""

SCRIPTS = (
    "bus", "memory", "words", "api", "commands", "hotkeys", "model",
    "controls", "toast", "session", "pages", "navigation", "queue_page", "queue_rows", "model_bar", "jobs", "files", "uploading",
    "importing", "exporting", "guessing", "progress_page", "agreement", "review", "review_rows", "people", "arrival",
    "colours", "pieces", "selection", "visibility", "cuts", "scene", "package", "tint", "overlay", "pointer", "carry", "tip", "search",
    "tree_rows", "tree", "tree_hands", "tours", "previews", "fragment_menu", "toolbar", "canvas",
    "ordering", "cutting",
    "labels", "keeping", "sending", "merging", "undoing", "claim", "conflicts", "saving_state", "key_list", "palette", "menu", "deciding",
    "clipping", "inspector", "class_buttons", "marks", "fragment_history", "accept_many", "mirror", "copying", "labelling",
    "main",
)  # fmt: skip
"""Plain-JavaScript files in `js/`, in the order in which they are joined after the shared ones."""

STYLES = ("frame", "controls", "pages", "jobs", "reading", "canvas", "tree", "labels")
TEXTS = ("frame", "pages", "canvas", "labels")
"""Files in `texts/`: key -> language -> text."""


def workbench_script() -> str:
    """The JavaScript of the workbench: every file, with style sheets and texts as constants."""
    texts: dict[str, dict[str, str]] = {}
    for name in TEXTS:
        texts |= json.loads((HERE / "texts" / f"{name}.json").read_text(encoding="utf-8"))
    constants = {"WORKBENCH_CSS": joined_files(HERE / "css", STYLES, "css"), "TEXTS": texts}
    return component_script(constants, joined_files(STAGE / "js", SHARED, "js"), joined_files(HERE / "js", SCRIPTS, "js"))


class Workbench(gr.HTML):
    """The annotation workbench. It has no value: what it shows comes from the JSON routes, as the person who is logged in may see it.

    Attributes on the page for tests: ``document.querySelector(".liwi-workbench").__workbench``.
    """

    def __init__(self, *, height: str = "calc(100vh - 136px)", **kwargs: Any) -> None:
        """Make the workbench.

        Args:
            height: CSS length of the whole component.
            kwargs: as for `gr.HTML` (``elem_id``, ``visible``, ...).
        """
        super().__init__(
            value=None,
            html_template=f'<div class="liwi-workbench" style="--workbench-height: {height}"></div>',
            css_template="",
            js_on_load=workbench_script(),
            apply_default_css=False,
            **kwargs,
        )
