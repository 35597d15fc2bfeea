"""`python -m liwi checkpoints` as a person types it."""

from pathlib import Path

import pytest

from liwi.__main__ import main
from liwi.checkpoint_kinds import KINDS
from liwi.registry import Registry
from tests.unit.registry_kinds import KINDS as TEST_KINDS
from tests.unit.registry_kinds import open_registry, publish_vector


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The registry that the environment names, in which vectors are a kind."""
    monkeypatch.setitem(KINDS, "vector", TEST_KINDS["vector"])
    monkeypatch.delenv("LIWI_CHECKPOINTS", raising=False)
    monkeypatch.setenv("LIWI_DATA", str(tmp_path))
    return open_registry(tmp_path / "checkpoints")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["liwi", "checkpoints", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def test_a_checkpoint_is_listed_shown_promoted_rolled_back_and_retired(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "list", "--kind", "vector") == 0
    assert "No checkpoint" in capsys.readouterr().out
    first, second = publish_vector(registry, 0.25).id, publish_vector(registry, 0.75).id
    assert run(monkeypatch, "promote", first, "--reason", "the first", "--who", "Ada") == 0
    assert run(monkeypatch, "promote", second, "--reason", "better") == 0
    shown = capsys.readouterr().out
    assert "0.2500 ->     0.7500 +0.5000" in shown
    assert f"Served as 'vector': {second}, before: {first}." in shown
    assert run(monkeypatch, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines if line.endswith("(ships with the app)")] == ["served", "served"]
    first_line, second_line = (line for line in lines if line.startswith("vector-"))
    assert first_line.split()[:2] == [first, "retired"]
    assert second_line.split()[:2] == [second, "served"]
    assert run(monkeypatch, "rollback", "vector", "--reason", "worse on hair") == 0
    assert run(monkeypatch, "retire", second, "--reason", "worse on hair") == 0
    assert run(monkeypatch, "show", second) == 0
    shown = capsys.readouterr().out
    for told in ("retired", "CC0-1.0", "matting_tiny", "2" * 64, "3" * 64, "model.safetensors", f"served now  {first}", "worse on hair"):
        assert told in shown
    assert run(monkeypatch, "verify") == 0
    assert "4 checkpoints, all as they were published." in capsys.readouterr().out


def test_mistakes_are_one_clear_line(registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = publish_vector(registry, 0.25).id
    for arguments, message in (
        (["show", "../../etc"], "There is no checkpoint"),
        (["promote", checkpoint, "--reason", " "], "reason is needed"),
        (["rollback", "vector", "--reason", "x"], "nothing to roll back"),
    ):
        assert run(monkeypatch, *arguments) == 2
        shown = capsys.readouterr().err
        assert message in shown
        assert "Traceback" not in shown
    assert run(monkeypatch, "promote", checkpoint) == 2
    assert "--reason" in capsys.readouterr().err


def test_verify_names_what_is_damaged(registry: Registry, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint = publish_vector(registry, 0.25).id
    (registry.folder(checkpoint) / "job.json").unlink()
    assert run(monkeypatch, "verify") == 1
    assert "'job.json'" in capsys.readouterr().err


def test_the_folder_can_be_named_by_flag_and_by_variable(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = publish_vector(registry, 0.25).id
    monkeypatch.setenv("LIWI_CHECKPOINTS", str(tmp_path / "elsewhere"))
    assert run(monkeypatch, "list") == 0
    assert checkpoint not in capsys.readouterr().out
    assert run(monkeypatch, "list", "--registry", str(registry.root)) == 0
    assert checkpoint in capsys.readouterr().out
