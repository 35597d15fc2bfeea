"""What tests of several folders share: a dataset of matting samples small enough for them, made once, and a run on it."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

LONGEST = (
    "browser/test_photo_tab.py",
    "browser/test_workbench_labels.py",
    "unit/training/test_character_experiments.py",
    "unit/training/test_loop.py",
    "browser/test_workbench_pages.py",
    "integration/test_accounts.py",
    "unit/training/test_launch.py",
    "integration/test_label_loop.py",
    "unit/engines/test_seethrough.py",
    "unit/training/test_layering_objective.py",
    "browser/test_workbench_canvas.py",
    "unit/data_tools/live2d/synthetic/test_character.py",
    "unit/experts/test_served_segmenter.py",
    "browser/test_training_tab.py",
    "browser/test_workbench_files.py",
    "unit/test_registry_faults.py",
    "unit/annotator/test_labels.py",
    "unit/training/test_processes.py",
    "browser/test_login.py",
    "unit/test_command_line.py",
    "unit/training/test_part_segmentation.py",
    "unit/training/test_publishing.py",
    "browser/test_character_tab.py",
)
"""The files that take longest, longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files: what is left for the end is short, and no worker waits long for another."""
    place = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(LONGEST)))


@pytest.fixture(scope="session", autouse=True)
def _devices_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The runs of tests wait for no other run on this computer, and no other waits for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIWI_DEVICES", str(tmp_path_factory.mktemp("devices")))
        yield


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that all workers read and none changes: the first to ask has it made, others wait for it meanwhile."""
    base = factory.getbasetemp()
    own = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"{name}_made_once"  # what workers do is not beside it
    folder, done = own / name, own / "done"
    own.mkdir(exist_ok=True)
    with FileLock(own / "lock"):
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # what a worker left that failed
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """16 training and 6 evaluation samples of objects drawn by code, half of the former with a prior."""
    from tests.unit.training.tiny import make_samples

    return made_once(tmp_path_factory, "matting", lambda folder: make_samples(folder, 16, 6))


@pytest.fixture(scope="session")
def whole(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of `tiny_job`, from the first step to the last without a break."""
    from tests.unit.training.tiny import tiny_job
    from training.loop import train

    return made_once(tmp_path_factory, "whole_runs", lambda folder: train(tiny_job(samples), folder / "whole")) / "whole"
