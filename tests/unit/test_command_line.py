"""`python -m liwi` as a person types it."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from liwi.__main__ import main
from tests.pictures import two_balls


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["liwi", *arguments])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "balls.png"
    Image.fromarray(two_balls()[0]).save(path)
    return path


def test_boxes_and_hints_become_layers_in_a_folder(monkeypatch: pytest.MonkeyPatch, photo: Path, tmp_path: Path) -> None:
    _, left, right = two_balls()
    out = tmp_path / "layers"
    code = run(
        monkeypatch, "decompose", str(photo), "--out", str(out), "--box", str(left), "--box", str(right), "--keep", "55,65", "--name", "Red"
    )
    assert code == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert [layer["name"] for layer in manifest["layers"]] == ["Background", "Object 1", "Red"]
    np.testing.assert_array_equal(np.asarray(Image.open(out / "source.png").convert("RGB")), two_balls()[0])


@pytest.mark.parametrize("suffix", [".psd", ".ora", ".pptx", ".zip"])
def test_the_suffix_chooses_the_format(monkeypatch: pytest.MonkeyPatch, photo: Path, tmp_path: Path, suffix: str) -> None:
    assert run(monkeypatch, "decompose", str(photo), "--out", str(tmp_path / f"x{suffix}"), "--box", str(two_balls()[1])) == 0
    assert (tmp_path / f"x{suffix}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "x.docx", "--box", "1,2,30,40"], ".psd"),
        (["--out", "x.psd", "--box", "1,2,30"], "four numbers"),
        (["--out", "x.psd", "--box", "900,900,950,950"], "outside the picture"),
        (["--out", "x.psd", "--keep", "a"], "hint"),
        (["--out", "x.psd", "--engine", "nothing"], "no engine"),
        (["--out", "x.psd", "--part", "face"], "for --engine seethrough"),
        (["--out", "x.psd", "--engine", "seethrough", "--strata", "many"], "1 to 4 strata"),
    ],
)
def test_mistakes_are_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "decompose", str(photo), *arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert "Traceback" not in shown
    assert not (tmp_path / "x.psd").exists()


def test_engines_are_listed_with_what_auto_means(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "engines") == 0
    shown = capsys.readouterr().out
    assert "embedded" in shown
    assert "auto" in shown
