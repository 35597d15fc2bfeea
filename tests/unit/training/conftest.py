"""A dataset of matting samples small enough for tests, made once, and a run on it that nothing interrupts."""

from pathlib import Path

import pytest

from data_tools.matting.dataset import OBJECTS, finish, write_objects, write_shard
from data_tools.matting.objects import Purpose, drawn
from tests.unit.training.tiny import tiny_job


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 training and 6 evaluation samples of objects drawn by code, half of the former with a prior."""
    folder = tmp_path_factory.mktemp("matting")
    write_objects(folder / OBJECTS, list(drawn(30, 3)), [])
    counts = {Purpose.TRAIN: (16, 0.5), Purpose.EVALUATION: (6, 1.0)}
    names = [write_shard(folder, purpose, 0, count, seed=3, prior_share=share) for purpose, (count, share) in counts.items()]
    finish(folder, names, {"seed": 3})
    return folder


@pytest.fixture(scope="session")
def whole(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of `tiny_job`, from the first step to the last without a break."""
    from training.loop import train

    folder = tmp_path_factory.mktemp("runs") / "whole"
    train(tiny_job(samples), folder)
    return folder
