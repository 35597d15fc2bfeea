"""Benchmark folders and folders of photographs are read, or refused with the reason."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from liwi.errors import InputError, PictureError
from liwi.evaluation.benchmarks import BenchmarkError, open_benchmark
from liwi.types import BoundingBox, Hint
from tests.unit.evaluation.conftest import BOX, make_sample


def photographs(folder: Path, table: object, name: str = "cat.png") -> Path:
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (40, 30), (10, 20, 30)).save(folder / name)
    (folder / "boxes.json").write_text(json.dumps(table))
    return folder


def test_a_benchmark_gives_the_samples_that_were_written(folder: Path) -> None:
    benchmark = open_benchmark(folder)
    assert (len(benchmark), benchmark.has_truth, benchmark.title) == (2, True, "Composites (test, seed 0)")
    first, second = benchmark
    sample = make_sample("one")
    assert (first.name, first.kind, second.kind, first.boxes) == ("one", "photo", "clip art", (BOX,))
    assert first.truth is not None
    assert np.array_equal(first.source, sample.source) and np.array_equal(first.truth.foregrounds[0], sample.foregrounds[0])
    assert first.truth.shadow_factor[20, 42, 0] == pytest.approx(0.5, abs=1e-4) and first.truth.shadow_factor[0, 0, 0] == 1


def test_photographs_come_with_boxes_hints_and_credit(tmp_path: Path) -> None:
    table = {"cat.png": {"boxes": [[1, 2, 20, 25]], "keep": ["5,6"], "drop": ["1,1 2,2"], "note": "whiskers", "credit": "somebody"}}
    (case,) = open_benchmark(photographs(tmp_path, table))
    assert case.truth is None and case.kind == "photograph" and case.note == "whiskers; somebody"
    assert case.boxes == (BoundingBox(1, 2, 20, 25),)
    assert case.hints == (Hint("keep", ((5, 6),)), Hint("drop", ((1, 1), (2, 2))))


def test_a_plain_list_of_boxes_is_enough(tmp_path: Path) -> None:
    (case,) = open_benchmark(photographs(tmp_path, {"cat.png": [[1, 2, 20, 25], [3, 3, 9, 9]]}))
    assert len(case.boxes) == 2


def test_a_file_outside_the_folder_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "secret.png")
    with pytest.raises(BenchmarkError, match="not a file of its own folder"):
        list(open_benchmark(photographs(tmp_path / "inside", {"../secret.png": [[0, 0, 2, 2]]})))


@pytest.mark.parametrize("boxes", [[[1, 2, 3]], [["a", 2, 3, 4]], [7], [[5, 5, 5, 9]]])
def test_boxes_that_are_none_are_refused_by_name(tmp_path: Path, boxes: object) -> None:
    with pytest.raises(InputError, match=r"box|cat\.png"):
        list(open_benchmark(photographs(tmp_path, {"cat.png": boxes})))


def test_a_missing_photograph_is_named(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"dog\.png"):
        list(open_benchmark(photographs(tmp_path, {"dog.png": [[1, 2, 20, 25]]})))


def test_a_folder_of_something_else_says_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match=r"data_tools composites.*boxes\.json"):
        open_benchmark(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "other"}'])
def test_a_manifest_that_is_damaged_or_foreign_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(BenchmarkError, match=r"manifest\.json"):
        open_benchmark(tmp_path)


def test_a_sample_that_lacks_a_file_is_named(folder: Path) -> None:
    (folder / "two" / "background.png").unlink()
    with pytest.raises(BenchmarkError, match=r"two/background\.png"):
        list(open_benchmark(folder))
