"""Measuring engines whose results are known by hand; failures are results."""

from dataclasses import replace

import numpy as np
import pytest

from liwi.errors import Cancelled, PromptError
from liwi.evaluation.benchmarks import Case
from liwi.evaluation.measurement import Measurement, measure, summarise
from liwi.evaluation.memory import measure_peak
from liwi.progress import CancelToken, ReportProgress, ignore_progress
from liwi.types import BoundingBox, Decomposition, DecompositionRequest
from tests.unit.evaluation.conftest import Knowing, Lazy, make_sample, take_apart


class Failing(Knowing):
    """Raises what it is told to, after the work."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        super().decompose(request, report=report, cancel=cancel)
        raise self._error


class FirstBoxMissing(Knowing):
    """Finds nothing in the first box."""

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        return super().decompose(replace(request, boxes=request.boxes[1:]), report=report, cancel=cancel)


def test_the_truth_gets_perfect_figures(case: Case) -> None:
    measurement, decomposition = measure(Knowing(), case)
    figures = measurement.figures
    assert decomposition is not None and measurement.error is None
    assert figures["alpha_iou"] == 1 and figures["texture"] == 1 and figures["boundary_error"] is None
    for key in ("foreground_rgb_l1", "layer_l1", "background_covered", "background_shadow", "background_rim", "background_elsewhere"):
        assert figures[key] == 0
    assert figures["background_shadow_ratio"] == 0 and figures["background_elsewhere_ratio"] is None  # untouched, it would be 0 as well
    assert figures["recomposition_error"] == 0 and figures["export_error"] == 0
    assert figures["seconds"] is not None and figures["seconds"] >= 0


def test_the_whole_box_and_an_untouched_background_get_the_figures_worked_out_by_hand(case: Case) -> None:
    figures = measure(Lazy(), case)[0].figures
    assert figures["alpha_iou"] == pytest.approx(20 * 20 / (24 * 24))
    assert figures["foreground_rgb_l1"] == 0
    assert figures["background_covered_ratio"] == 1 and figures["background_shadow_ratio"] == 1
    sample = make_sample("one")
    inside = np.s_[15:35, 40:46]
    expected = np.abs(sample.source[inside].astype(int) - sample.background[inside]).mean() / 255
    assert figures["background_shadow"] == pytest.approx(expected) and 0.3 < expected < 0.4  # half of 150..199


def test_what_was_cut_too_much_counts_elsewhere_but_not_in_the_open(case: Case) -> None:
    class Spilling(Lazy):
        """Besides, paints the background black in all of the box."""

        def decompose(
            self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
        ) -> Decomposition:
            done = super().decompose(request, report=report, cancel=cancel)
            black = done.source.copy()
            black[request.boxes[0].slices] = 0
            return take_apart(request, black, done.stack.foregrounds[0].rgba, self.name)

    figures = measure(Spilling(), case)[0].figures
    assert (figures["background_elsewhere"] or 0) > 0 and figures["background_open"] == 0


def test_a_layer_is_found_by_its_box_whatever_the_order(case: Case) -> None:
    assert case.truth is not None
    other = BoundingBox(0, 0, 5, 5)
    nothing = np.zeros_like(case.truth.foregrounds[0])
    both = replace(case, boxes=(other, case.boxes[0]), truth=replace(case.truth, foregrounds=(nothing, case.truth.foregrounds[0])))
    assert measure(FirstBoxMissing(), both)[0].figures["alpha_iou"] == 1  # nothing asked for and nothing found agree


def test_a_failure_counts_as_having_found_nothing(case: Case) -> None:
    measurement, decomposition = measure(Failing(PromptError("Nothing stands out.")), case)
    assert decomposition is None and measurement.error == "Nothing stands out." and measurement.details is None
    assert measurement.figures["alpha_iou"] == 0 and measurement.figures["background_shadow_ratio"] == 1


def test_a_bug_is_reported_with_its_traceback_and_not_raised(case: Case) -> None:
    measurement, _ = measure(Failing(ZeroDivisionError("oops")), case)
    assert measurement.error == "ZeroDivisionError: oops"
    assert measurement.details is not None and "Traceback" in measurement.details


def test_stopping_stops(case: Case) -> None:
    with pytest.raises(Cancelled):
        measure(Failing(Cancelled("Stopped.")), case)


def test_means_leave_out_what_is_missing_and_ratios_are_of_means() -> None:
    first = Measurement("a", "photo", {"alpha_iou": 0.5, "background_shadow": 0.1, "background_shadow_untouched": 0.2, "peak_memory": 5})
    second = Measurement("b", "photo", {"alpha_iou": 1.0, "background_shadow": 0.1, "background_shadow_untouched": 0.6, "peak_memory": 9})
    third = Measurement("c", "photo", {"alpha_iou": 0.0, "background_shadow": None, "background_shadow_untouched": None})
    summary = summarise([first, second, third])
    assert summary["alpha_iou"] == pytest.approx(0.5)
    assert summary["background_shadow"] == pytest.approx(0.1)
    assert summary["background_shadow_ratio"] == pytest.approx(0.2 / 0.8)
    assert summary["peak_memory"] == 9 and summary["texture"] is None


def test_peak_memory_sees_what_was_held_and_given_back() -> None:
    with measure_peak() as small:
        pass
    with measure_peak() as large:
        block = np.ones(64 * 2**20, np.uint8)
        del block
    assert large.mebibytes > 50 and small.mebibytes < 30
