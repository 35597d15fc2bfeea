"""The guide to the labels tab names tests, commands and keys that exist."""

import re
from pathlib import Path

from typer.testing import CliRunner

from annotator.__main__ import app

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "annotator/README.md").read_text("utf-8")
SCRIPTS = "\n".join(path.read_text("utf-8") for path in (ROOT / "annotator/ui/js").glob("*.js"))


def test_every_test_that_is_named_exists() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", GUIDE))
    assert len(named) > 25
    assert [name for name in sorted(named) if f"def {name}(" not in sources] == []


def test_every_key_that_is_named_is_a_key_of_the_page() -> None:
    named = set(re.findall(r"`(Alt\+[A-Z0-9]|Shift\+[A-Z]|Ctrl\+\w+|Delete|[a-z])`", GUIDE))
    assert len(named) > 8
    assert [key for key in sorted(named) if f'"{key.lower()}"' not in SCRIPTS.lower()] == []


def test_the_commands_take_the_flags_that_are_named() -> None:
    for command, flags in re.findall(r"python -m annotator (\w+) \w+ (.*)", GUIDE):
        shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
        assert [flag for flag in re.findall(r"--\w+", flags) if flag not in shown] == []
