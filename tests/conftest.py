"""What tests of several folders share: a dataset of matting samples small enough for them, made once, and a run on it."""

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session", autouse=True)
def _devices_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The runs of tests wait for no other run on this computer, and no other waits for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIWI_DEVICES", str(tmp_path_factory.mktemp("devices")))
        yield


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 training and 6 evaluation samples of objects drawn by code, half of the former with a prior."""
    from tests.unit.training.tiny import make_samples

    return make_samples(tmp_path_factory.mktemp("matting"), 16, 6)


@pytest.fixture(scope="session")
def whole(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of `tiny_job`, from the first step to the last without a break."""
    from tests.unit.training.tiny import tiny_job
    from training.loop import train

    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(tiny_job(samples), folder)
    return folder
