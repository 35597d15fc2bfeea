"""A run inside the engine, on one composite."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from data_tools.dataset import write_dataset
from data_tools.samples import LayeredSample
from liwi.evaluation.report import evaluate
from liwi.types import BoundingBox
from training.measuring import engine_of


@pytest.fixture
def benchmark(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    background = rng.integers(90, 140, (90, 120, 3)).astype(np.uint8)
    disc = np.zeros((90, 120, 4), np.uint8)
    y, x = np.mgrid[:90, :120]
    disc[(x - 60) ** 2 + (y - 45) ** 2 < 25**2] = (210, 50, 40, 255)
    shadow = np.full((90, 120, 3), 65535, np.uint16)
    write_dataset(
        tmp_path / "bench",
        [LayeredSample("one", background, (disc,), (BoundingBox(33, 18, 87, 72),), shadow, "photo")],
        {"split": "test", "seed": 0},
    )
    return tmp_path / "bench"


def test_an_untrained_network_measures_as_its_prior_does(whole: Path, benchmark: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    summary = evaluate(engine_of(run), benchmark, tmp_path / "report")
    assert summary["num_failed"] == 0
    assert summary["overall"]["alpha_iou"] > 0.9
    assert (tmp_path / "report" / "index.html").is_file()
