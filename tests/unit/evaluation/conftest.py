"""A small benchmark folder, and engines whose results are known by hand."""

from pathlib import Path

import numpy as np
import pytest

from data_tools.dataset import write_dataset
from data_tools.samples import LayeredSample
from liwi.evaluation.benchmarks import Case, open_benchmark
from liwi.progress import CancelToken, Progress, ReportProgress, ignore_progress
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Layer, LayerRole, LayerStack, Provenance

BOX = BoundingBox(18, 8, 42, 32)


def make_sample(name: str, kind: str = "photo") -> LayeredSample:
    """A red square of 20 x 20 px on a textured grey wall of 60 x 40 px, with a shadow of factor 0.5 to its right."""
    rng = np.random.default_rng(7)
    background = rng.integers(150, 200, (40, 60, 3), dtype=np.uint8)
    square = np.zeros((40, 60, 4), np.uint8)
    square[10:30, 20:40] = (200, 20, 30, 255)
    factor = np.full((40, 60, 3), 65535, np.uint16)
    factor[15:35, 40:46] = 32768
    return LayeredSample(name, background, (square,), (BOX,), factor, kind)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A benchmark of two pictures."""
    write_dataset(tmp_path / "bench", [make_sample("one"), make_sample("two", "clip art")], {"split": "test", "seed": 0})
    return tmp_path / "bench"


@pytest.fixture
def case(folder: Path) -> Case:
    return next(iter(open_benchmark(folder)))


def take_apart(request: DecompositionRequest, background: np.ndarray, rgba: np.ndarray, name: str) -> Decomposition:
    opaque = np.dstack([background, np.full(background.shape[:2], 255, np.uint8)])
    front = Layer(rgba, LayerRole.FOREGROUND, "Object 1", box=request.boxes[0])
    return Decomposition(request.image, LayerStack((Layer(opaque, LayerRole.BACKGROUND, "Background"), front)), Provenance(name, "1"))


def announce(report: ReportProgress, cancel: CancelToken | None) -> None:
    """What every engine does before it works."""
    report(Progress("Thinking", 0, 1))
    if cancel is not None:
        cancel.check()


class Knowing:
    """Gives the true layers."""

    name = "knowing"
    version = "1"

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        announce(report, cancel)
        sample = make_sample("one")
        return take_apart(request, sample.background, sample.foregrounds[0], self.name)


class Lazy:
    """Takes the whole box as the object and leaves the background as it is."""

    name = "lazy"
    version = "1"

    def decompose(
        self, request: DecompositionRequest, *, report: ReportProgress = ignore_progress, cancel: CancelToken | None = None
    ) -> Decomposition:
        announce(report, cancel)
        rgba = np.zeros((*request.image.shape[:2], 4), np.uint8)
        inside = request.boxes[0].slices
        rgba[inside] = np.dstack([request.image[inside], np.full((24, 24), 255, np.uint8)])
        return take_apart(request, request.image, rgba, self.name)
