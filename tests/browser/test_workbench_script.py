"""The workbench's script as text: what it must never contain, its words in three languages, and the colours of the classes."""

import json
import re
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from annotator.ui.component import HERE, SCRIPTS, SHARED, STAGE, Workbench, workbench_script
from liwi.seethrough.body_parts import BodyPart

SEEN = {
    "normal": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    "tritan": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
}
"""Linear RGB as people with each kind of colour vision see it (Machado, Oliveira and Fernandes 2009, severity 1)."""


@pytest.fixture(scope="module")
def script() -> str:
    """The whole script."""
    return workbench_script()


def texts(script: str) -> dict[str, dict[str, str]]:
    """The interface texts in the script: key -> language -> text."""
    start = script.index("const TEXTS = ") + len("const TEXTS = ")
    return dict(json.loads(script[start : script.index(";\n", start)]))


def colours() -> dict[str, str]:
    """The colour of every class."""
    return dict(re.findall(r'"([a-z ]+)": "(#[0-9a-f]{6})"', (HERE / "js" / "colours.js").read_text(encoding="utf-8")))


def oklab(colour: str, seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """100 x OKLab of "#rrggbb" as a person with some colour vision sees it."""
    value = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.clip(seen @ np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4), 0, 1)
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.asarray(100 * np.array(lab) @ np.cbrt(np.array(cones) @ linear))


@pytest.mark.parametrize("danger", ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser"])
def test_the_script_never_turns_text_into_markup_or_code(script: str, danger: str) -> None:
    assert danger not in script


def test_the_script_loads_nothing_from_elsewhere(script: str) -> None:
    assert set(re.findall(r"https?://[^\"'` )]+", script)) == {"http://www.w3.org/2000/svg"}


def test_the_template_holds_no_placeholder() -> None:
    bench: Any = Workbench(render=False)
    assert "${" not in bench.html_template
    assert "{{" not in bench.html_template


def test_every_script_file_is_joined_and_every_name_is_declared_once() -> None:
    assert sorted(path.stem for path in (HERE / "js").glob("*.js")) == sorted(SCRIPTS)
    files = [STAGE / "js" / f"{name}.js" for name in SHARED] + [HERE / "js" / f"{name}.js" for name in SCRIPTS]
    declared = [
        name
        for file in files
        for name in re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    ]
    assert sorted(declared) == sorted(set(declared))


def test_every_text_stands_in_three_languages(script: str) -> None:
    assert [key for key, text in texts(script).items() if set(text) != {"en", "zh", "ja"} or not all(text.values())] == []


def test_every_text_that_the_script_names_exists(script: str) -> None:
    named = set(re.findall(r'\bt\("([a-z_.]+)"', script)) | set(re.findall(r'\b(?:word|named)\([\w.]+, "([a-z_.]+)"', script))
    commands = re.findall(r'add\("(?:view|show|choose|tour)", "([a-z.]+)"', script)
    assert len(commands) > 20
    assert (named | {f"key.{command}" for command in commands}) - set(texts(script)) == set()


def test_every_class_has_a_colour() -> None:
    assert set(colours()) == {*map(str, BodyPart), "nothing"}


def test_classes_of_one_colour_differ_by_stripes() -> None:
    source = (HERE / "js" / "colours.js").read_text(encoding="utf-8")
    striped = set(re.findall(r'"([a-z ]+)"', source[source.index("const STRIPED") : source.index("const NO_CLASS_COLOUR")]))
    looks = [(colour, name in striped) for name, colour in colours().items()]
    assert len(set(looks)) == len(looks) == 24


@pytest.mark.parametrize("vision", SEEN)
def test_two_colours_are_told_apart_with_every_colour_vision(vision: str) -> None:
    found = sorted(set(colours().values()) - {colours()["nothing"]})
    assert len(found) == 12
    places = {colour: oklab(colour, SEEN[vision]) for colour in found}
    assert min(float(np.linalg.norm(places[one] - places[other])) for one, other in combinations(found, 2)) > 11
