"""A run's best checkpoint becomes a candidate of the registry, and answers when it is promoted."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from liwi.experts.learned_segmenter import LearnedSegmenter
from liwi.registry import Registry
from liwi.registry_serving import Served
from liwi.types import BoundingBox
from tests.unit.training.tiny import tiny_job
from training.checkpoints import describe_checkpoint, list_checkpoints
from training.errors import RunError
from training.publishing import find_best, publish
from training.run_folder import JOB, hold, open_run


def test_from_run_to_what_answers(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    shutil.rmtree(run / "export")
    registry = Registry(tmp_path / "registry", shipped=None)
    record = publish(run, registry, licence="Apache-2.0", who="test")
    best = max(
        (describe_checkpoint(path) for path in list_checkpoints(run) if describe_checkpoint(path)["metrics"]),
        key=lambda facts: facts["metrics"]["alpha_iou"],
    )
    assert record.metrics["step"] == best["step"]
    assert record.metrics["alpha_iou"] == best["metrics"]["alpha_iou"]
    assert (record.kind, record.licence, record.job.name) == ("matting", "Apache-2.0", "run")
    assert Served[LearnedSegmenter](registry, "matting").get() is None
    registry.promote(record.id, reason="a test", who="test")
    holding = Served[LearnedSegmenter](registry, "matting").get()
    assert holding is not None
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    assert holding.model.segment(picture, BoundingBox(10, 10, 50, 50)).shape == (64, 64)


def test_less_can_be_better(whole: Path) -> None:
    most, least = (find_best(whole, "error", less_is_better=less) for less in (False, True))
    assert most is not None
    assert least is not None
    assert least.metrics["error"] <= most.metrics["error"]
    assert find_best(whole, "beauty", less_is_better=False) is None


def test_a_run_that_was_never_measured_says_how_far_to_train(samples: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with hold(run):
        open_run(run, tiny_job(samples))
    with pytest.raises(RunError, match="first evaluation, at step 4"):
        publish(run, Registry(tmp_path / "registry", shipped=None), licence="x", who="test")


def test_a_run_that_is_being_trained_is_left_alone(whole: Path, tmp_path: Path) -> None:
    with hold(whole), pytest.raises(RunError, match="Another process"):
        publish(whole, Registry(tmp_path / "registry", shipped=None), licence="x", who="test")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=JOB):
        publish(tmp_path, Registry(tmp_path / "registry", shipped=None), licence="x", who="test")
