"""A dataset of matting samples small enough for tests, made once, and a run on it that nothing interrupts."""

from pathlib import Path

import pytest

from tests.unit.training.tiny import make_samples, tiny_job


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 training and 6 evaluation samples of objects drawn by code, half of the former with a prior."""
    return make_samples(tmp_path_factory.mktemp("matting"), 16, 6)


@pytest.fixture(scope="session")
def whole(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of `tiny_job`, from the first step to the last without a break."""
    from training.loop import train

    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(tiny_job(samples), folder)
    return folder
