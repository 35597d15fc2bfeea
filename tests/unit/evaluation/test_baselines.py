"""The reference points behave as engines do."""

from pathlib import Path

import numpy as np
import pytest

from liwi.errors import Cancelled, InputError, PromptError
from liwi.evaluation.baselines import GrabCutBaseline, OracleBaseline
from liwi.evaluation.benchmarks import Case, open_benchmark
from liwi.evaluation.measurement import measure
from liwi.progress import CancelToken
from liwi.types import BoundingBox, DecompositionRequest

# numba compiles pymatting's kernels at their first use on a computer
pytestmark = pytest.mark.filterwarnings("ignore::numba.NumbaWarning")


@pytest.mark.parametrize("name", ["grabcut", "oracle"])
def test_a_red_square_on_a_grey_wall_is_easy(folder: Path, name: str) -> None:
    engine = GrabCutBaseline() if name == "grabcut" else OracleBaseline(folder)
    for case in open_benchmark(folder):
        figures = measure(engine, case)[0].figures
        assert (figures["alpha_iou"] or 0) > 0.9
        assert figures["recomposition_error"] == 0 and figures["export_error"] == 0
        assert (figures["background_covered_ratio"] or 1) < 0.6


def test_the_same_seed_gives_the_same_layers(case: Case) -> None:
    request = DecompositionRequest(case.source, boxes=case.boxes)
    first, second = GrabCutBaseline().decompose(request), GrabCutBaseline().decompose(request)
    assert np.array_equal(first.stack.foregrounds[0].rgba, second.stack.foregrounds[0].rgba)


def test_a_box_that_reaches_over_the_edge_or_holds_everything_works(case: Case) -> None:
    for box in (BoundingBox(-10, -10, 30, 30), BoundingBox(0, 0, 60, 40)):
        done = GrabCutBaseline().decompose(DecompositionRequest(case.source, boxes=(box,)))
        assert np.array_equal(done.recompose(), case.source)


def test_without_a_box_or_outside_the_picture_it_says_so(case: Case) -> None:
    with pytest.raises(PromptError, match="needs a box"):
        GrabCutBaseline().decompose(DecompositionRequest(case.source))
    with pytest.raises(PromptError, match="outside"):
        GrabCutBaseline().decompose(DecompositionRequest(case.source, boxes=(BoundingBox(100, 100, 120, 120),)))


def test_it_can_be_stopped(case: Case) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        GrabCutBaseline().decompose(DecompositionRequest(case.source, boxes=case.boxes), cancel=token)


def test_the_oracle_knows_its_own_benchmark_only(folder: Path, case: Case) -> None:
    with pytest.raises(InputError, match="only knows"):
        OracleBaseline(folder).decompose(DecompositionRequest(case.source[::-1].copy(), boxes=case.boxes))
