"""`TrainingPage`: the whole tab, drawn by the browser; it calls the routes of `training.ui.api`."""

from pathlib import Path
from typing import Any

import gradio as gr

from liwi.ui.stage.component import HERE as STAGE
from liwi.ui.stage.component import component_script, joined_files

HERE = Path(__file__).parent

SHARED = ("dom",)
"""Plain-JavaScript files of the stage that this page uses."""

SCRIPTS = ("calls", "words", "controls", "chart", "works", "list", "run", "compare", "form", "serving", "main")
"""Plain-JavaScript files in `js/`, in the order in which they are joined after the shared ones."""

STYLES = ("page", "parts")


def training_script() -> str:
    """The JavaScript of the page: every file, with its style sheets as a constant."""
    styles = {"TRAINING_CSS": joined_files(HERE / "css", STYLES, "css")}
    return component_script(styles, joined_files(STAGE / "js", SHARED, "js"), joined_files(HERE / "js", SCRIPTS, "js"))


class TrainingPage(gr.HTML):
    """Runs, new runs, and what serves. It has no value: what it shows comes from the JSON routes, which answer admins alone.

    Attributes on the page for tests: ``document.querySelector(".liwi-training").__training``.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Make the page; ``kwargs`` as for `gr.HTML`."""
        super().__init__(
            value=None,
            html_template='<div class="liwi-training"></div>',
            css_template="",
            js_on_load=training_script(),
            apply_default_css=False,
            **kwargs,
        )
