"""What the documents say is true: commands, flags, variables, formats and files exist as named."""

import re
import runpy
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from liwi.__main__ import app as command_line
from liwi.export import FORMATS
from liwi.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PACKAGES = ("liwi", "data_tools", "annotator", "training")


def fenced_blocks(language: str) -> list[str]:
    fences = re.split(r"(?m)^```(\w*)\n?", README)  # text, language, code, "", text, language, code, "", ...
    return [code for opened, code in zip(fences[1::4], fences[2::4], strict=False) if opened == language]


def commands() -> list[str]:
    return [line.partition("#")[0].strip() for block in fenced_blocks("bash") for line in block.splitlines()]


def help_of(module: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What ``python -m module words --help`` prints. In this process: starting one for each command would take minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [module, *words, "--help"])
        patch.delitem(sys.modules, f"{module}.__main__", raising=False)  # else runpy warns that it was imported before
        patch.setattr(sys, "excepthook", sys.excepthook)  # Typer sets its own
        patch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    shown = capsys.readouterr()
    assert not ended.value.code, shown.err
    return shown.out


@pytest.mark.parametrize("command", commands())
def test_every_command_names_modules_flags_and_files_that_exist(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    for script in re.findall(r"(?:python|bash) ([\w/]+(?:\.py)?)(?= |$)", command):
        assert (ROOT / script).exists(), f"{command}: no {script}"
    for module, subcommand in re.findall(r"python -m (\w+) ((?:(?:live2d|seethrough|layering|checkpoints) )?\w+)", command):
        shown = help_of(module, subcommand.split(), capsys)
        for flag in re.findall(r"--[\w-]+", command):
            assert flag in shown, f"{module} {subcommand} has no {flag}"


def test_every_environment_variable_is_documented_and_read() -> None:
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    in_code = {name for path in sources for name in re.findall(r"LIWI_[A-Z_]+", path.read_text())}
    assert in_code == set(re.findall(r"LIWI_[A-Z_]+", README))
    defaults = Settings()
    assert f"{defaults.host}, {defaults.port}" in README


def test_every_export_format_is_documented() -> None:
    for known in FORMATS:
        assert f"`{known.suffix}`" in README or not known.suffix


def test_the_tree_names_every_module_and_no_other() -> None:
    tree = next(block for block in fenced_blocks("") if "data_tools/" in block)
    named = set(re.findall(r"\w+\.py\b", tree))
    modules = {path.name for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path.name != "__init__.py"}
    assert named == modules | {"app.py"}


def test_the_python_example_runs_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = fenced_blocks("python")
    (tmp_path / "photo.jpg").write_bytes((ROOT / "liwi/ui/examples/coffee.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {})
    assert "assert" in example


def test_the_command_line_helps() -> None:
    shown = CliRunner().invoke(command_line, ["--help"])
    assert shown.exit_code == 0
    for command in ("decompose", "engines", "evaluate"):
        assert command in shown.output


def test_glossary_terms_are_in_order() -> None:
    terms = re.findall(r"(?m)^\| \*\*(.+?)\*\*", (ROOT / "liwi/GLOSSARY.md").read_text())
    assert len(terms) > 30
    assert terms == sorted(terms, key=str.lower)


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = [int(number) for number in re.findall(r"(?m)^\*\*(\d+)\.", (ROOT / "liwi/DECISIONS.md").read_text())]
    assert numbers == list(range(1, len(numbers) + 1))
