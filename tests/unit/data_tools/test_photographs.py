"""Photographs are found in their packages and come with boxes inside them."""

import json
from pathlib import Path

import pytest
from PIL import Image

from data_tools import photographs
from data_tools.packages import PackageError, package_root
from liwi.evaluation.benchmarks import open_benchmark


@pytest.fixture
def from_scikit_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The entries whose pictures are installed here, so that no package is downloaded."""
    entries = photographs.TABLE.read_text().split("[[photograph]]")[1:]
    table = tmp_path / "table.toml"
    table.write_text("".join("[[photograph]]" + entry for entry in entries if '"scikit-image"' in entry))
    monkeypatch.setattr(photographs, "TABLE", table)
    return table


@pytest.mark.usefixtures("from_scikit_image")
def test_every_box_lies_inside_its_photograph(tmp_path: Path) -> None:
    names = photographs.collect_photographs(tmp_path / "out", tmp_path)
    boxes = json.loads((tmp_path / "out" / "boxes.json").read_text())
    assert list(boxes) == names
    for name in names:
        with Image.open(tmp_path / "out" / name) as picture:
            width, height = picture.size
        for left, top, right, bottom in boxes[name]["boxes"]:
            assert 0 <= left < right <= width
            assert 0 <= top < bottom <= height
    assert len(open_benchmark(tmp_path / "out")) == len(names)


def test_a_picture_that_has_moved_is_named(from_scikit_image: Path, tmp_path: Path) -> None:
    from_scikit_image.write_text(from_scikit_image.read_text().replace("coffee.png", "tea.png"))
    assert package_root("scikit-image", tmp_path).is_dir()
    with pytest.raises(PackageError, match=r"tea\.png"):
        photographs.collect_photographs(tmp_path / "out", tmp_path)
