from importlib import import_module
from pathlib import Path

import pytest

from liwi.errors import ExportError
from liwi.export import FORMATS, check_target, export
from liwi.export.archive import read_folder, read_zip
from tests.unit.export.pictures import plain_decomposition

SIGNATURES = {".psd": b"8BPS", ".ora": b"PK", ".pptx": b"PK", ".zip": b"PK"}


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_suffix_chooses_the_format_and_missing_folders_are_made(tmp_path: Path, known) -> None:
    target = tmp_path / "new" / f"出力{known.suffix.upper()}"
    written = export(plain_decomposition(), str(target))
    assert written == target
    if known.suffix:
        assert written.read_bytes().startswith(SIGNATURES[known.suffix])
    else:
        assert (written / "manifest.json").is_file()
    assert [path.name for path in target.parent.iterdir()] == [target.name]
    export(plain_decomposition(), target)  # again, over the first


def test_folder_and_zip_come_back(tmp_path: Path) -> None:
    made = plain_decomposition()
    assert [layer.name for layer in read_zip(export(made, tmp_path / "a.zip")).stack] == ["background", "disc", "box"]
    assert [layer.id for layer in read_folder(export(made, tmp_path / "a")).stack] == ["background", "disc", "box"]


def test_an_unknown_suffix_is_refused_with_the_allowed_ones(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"'\.xcf'.*\.psd, \.ora, \.pptx, \.zip"):
        export(plain_decomposition(), tmp_path / "a.xcf")
    assert list(tmp_path.iterdir()) == []


def test_check_target_speaks_up_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder.psd").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    for name, message in (
        ("folder.psd", "is a folder"),
        ("full", "not a previous export"),
        ("file", "is a file"),
        ("a.b", "no known format"),
    ):
        with pytest.raises(ExportError, match=message):
            check_target(tmp_path / name)
    assert check_target(tmp_path / "new").suffix == ""
    assert check_target(f"{tmp_path}/with.dot/").name == "Folder"
    assert check_target("a.PSD").name == "Photoshop"


def test_writers_of_the_table_exist() -> None:
    for known in FORMATS:
        module, function = known.writer.split(":")
        assert callable(getattr(import_module(module), function))
        assert known.description.endswith(".")
