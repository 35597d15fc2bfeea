"""Simulated clicks fall where a person's would, and are counted honestly."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from liwi.engines.embedded import EmbeddedDecomposer
from liwi.evaluation.benchmarks import Case, open_benchmark
from liwi.evaluation.clicks import measure_clicks, next_click


def test_the_next_click_falls_in_the_middle_of_the_largest_wrong_area() -> None:
    truth = np.zeros((50, 60), np.float32)
    truth[10:40, 10:40] = 1
    found = truth.copy()
    found[10:31, 10:31] = 0  # 21 x 21 missing
    found[2:6, 50:54] = 1  # 4 x 4 too much
    click = next_click(found, truth)
    assert click is not None and click.kind == "keep" and click.path == ((20, 20),)


def test_an_area_too_much_is_dropped() -> None:
    truth = np.zeros((30, 30), np.float32)
    found = truth.copy()
    found[5:14, 5:14] = 1
    click = next_click(found, truth)
    assert click is not None and click.kind == "drop" and click.path == ((9, 9),)


def test_nothing_wrong_needs_no_click() -> None:
    truth = np.zeros((30, 30), np.float32)
    truth[5:9] = 0.8
    assert next_click(np.where(truth > 0, np.float32(0.6), truth), truth) is None


def test_every_picture_below_the_bar_is_corrected_and_no_other(folder: Path) -> None:
    engine = EmbeddedDecomposer()
    assert measure_clicks(engine, open_benchmark(folder), good_enough=0.0) == []
    done = measure_clicks(engine, open_benchmark(folder), num_clicks=2, good_enough=1.0)
    assert {each.name for each in done} == {"one", "two"}
    assert all(len(each.ious) == 3 and all(0 <= iou <= 1 for iou in each.ious) for each in done)


def test_a_picture_without_truth_is_passed_over(case: Case) -> None:
    assert measure_clicks(EmbeddedDecomposer(), [replace(case, truth=None)], good_enough=1.0) == []
