"""The report: JSON and a page, complete, and harmless whatever things are called."""

import json
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from liwi.errors import ExportError
from liwi.evaluation.pictures import LONG_SIDE, on_checkerboard, shrink
from liwi.evaluation.report import evaluate
from liwi.progress import Progress
from tests.unit.evaluation.conftest import Knowing, Lazy
from tests.unit.evaluation.test_measurement import Failing

HOSTILE = "<script>alert(1)<!--.png"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text outside of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def test_the_report_holds_every_case_figure_and_picture(folder: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    summary = evaluate(Knowing(), folder, tmp_path / "out", report_progress=seen.append, baselines=[Lazy()])
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert summary == report["runs"][0]["summary"]
    assert summary["overall"]["alpha_iou"] == 1 and summary["kinds"]["clip art"]["num_cases"] == 1 and summary["num_failed"] == 0
    assert report["runs"][1]["summary"]["overall"]["alpha_iou"] == pytest.approx(400 / 576, abs=1e-6)
    assert [case["name"] for case in report["runs"][0]["cases"]] == ["one", "two"]
    assert any(each.stage == "knowing: two" and each.total == 2 for each in seen)
    elements = Elements((tmp_path / "out" / "index.html").read_text())
    images = elements.all("img")
    assert len(images) == 2 * 7  # source, two alphas, cut-out, two backgrounds, S
    for image in images:
        file = tmp_path / "out" / str(image["src"])
        with Image.open(file) as picture:
            assert picture.size == (int(image["width"] or 0), int(image["height"] or 0))
    assert elements.text.count("Alpha IoU") >= 4 and "knowing 1" in elements.text and "lazy 1" in elements.text


def test_the_page_needs_no_network_and_reads_in_the_dark(folder: Path, tmp_path: Path) -> None:
    evaluate(Knowing(), folder, tmp_path / "out")
    page = (tmp_path / "out" / "index.html").read_text()
    assert "http://" not in page and "https://" not in page
    assert "prefers-color-scheme: dark" in page and "default-src 'none'" in page


def test_photographs_without_truth_are_shown_with_layers_and_background(tmp_path: Path) -> None:
    photographs = tmp_path / "photos"
    photographs.mkdir()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(photographs / "a.png")
    (photographs / "boxes.json").write_text(json.dumps({"a.png": {"boxes": [[10, 10, 34, 34]], "keep": ["12,12"], "credit": "nobody"}}))
    summary = evaluate(Lazy(), photographs, tmp_path / "out")
    (case,) = json.loads((tmp_path / "out" / "report.json").read_text())["runs"][0]["cases"]
    assert [picture["caption"] for picture in case["pictures"]] == ["source, with box", "cut-out", "background", "S, grey = 0"]
    assert case["note"] == "nobody" and case["figures"]["export_error"] == 0 and "alpha_iou" not in case["figures"]
    assert summary["overall"]["alpha_iou"] is None


def test_hostile_names_notes_and_messages_are_text(tmp_path: Path) -> None:
    photographs = tmp_path / "photos"
    photographs.mkdir()
    Image.new("RGB", (60, 40)).save(photographs / HOSTILE)
    evil = '"><img src=x onerror=alert(2)>'
    (photographs / "boxes.json").write_text(json.dumps({HOSTILE: {"boxes": [[1000, 1000, 1100, 1100]], "note": evil, "credit": "\ud800"}}))

    message = f"</script><script>alert(3)</script>{evil}"
    summary = evaluate(Failing(RuntimeError(message)), photographs, tmp_path / "out")
    elements = Elements((tmp_path / "out" / "index.html").read_text())
    assert summary["num_failed"] == 1
    assert len(elements.all("script")) == 1 and not any("onerror" in attributes for _, attributes in elements.found)
    assert HOSTILE in elements.text and evil in elements.text and message in elements.text
    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == ["000_0.webp", "index.html", "report.json"]


def test_a_report_replaces_an_earlier_one(folder: Path, tmp_path: Path) -> None:
    evaluate(Lazy(), folder, tmp_path / "out")
    evaluate(Knowing(), folder, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "report.json").read_text())["runs"][0]["summary"]["engine"] == "knowing"


def test_a_report_that_cannot_be_written_says_so(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(ExportError, match="cannot be written"):
        evaluate(Knowing(), folder, tmp_path / "taken")


def test_pictures_are_small_and_transparency_shows_the_board() -> None:
    assert max(shrink(np.zeros((2000, 900, 3), np.uint8), LONG_SIDE).shape) == LONG_SIDE
    board = on_checkerboard(np.zeros((96, 96, 4), np.uint8))
    assert len(np.unique(board)) == 2
    opaque = np.full((96, 96, 4), 255, np.uint8)
    assert (on_checkerboard(opaque) == 255).all()
