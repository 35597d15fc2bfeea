"""The stage's script as text: what it must never contain, and what Gradio finds in it."""

import re
from pathlib import Path

import pytest

import liwi.ui.stage
from liwi.types import BlendMode
from liwi.ui.stage import Stage
from liwi.ui.stage.component import SCRIPTS, stage_script
from tests.browser.stage_app import EVENTS

FOLDER = Path(liwi.ui.stage.__file__).parent


def test_every_script_file_is_part_of_the_script() -> None:
    assert sorted(path.stem for path in (FOLDER / "js").glob("*.js")) == sorted(SCRIPTS)


@pytest.mark.parametrize("danger", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser"])
def test_the_script_never_turns_text_into_markup_or_code(danger: str) -> None:
    assert danger not in stage_script()


def test_the_script_loads_nothing_from_elsewhere() -> None:
    addresses = set(re.findall(r"https?://[^\"'` )]+", stage_script()))
    assert addresses == {"http://www.w3.org/2000/svg"}


def test_the_template_holds_no_placeholder() -> None:
    stage = Stage(render=False)
    assert "${" not in stage.html_template
    assert "{{" not in stage.html_template
    assert stage.css_template == ""


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_can_be_listened_to_and_is_documented(name: str) -> None:
    assert callable(getattr(Stage(render=False), name))
    assert f"``{name}``" in (Stage.__doc__ or "")


def test_every_blend_mode_has_a_canvas_operation() -> None:
    script = stage_script()
    operations = script[script.index("const BLEND_OPERATIONS") : script.index("const BLEND_LABELS")]
    for mode in BlendMode:
        assert re.search(rf'["\s]{mode.value}"?:', operations), mode
