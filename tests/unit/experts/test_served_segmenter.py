"""A matting network through the door of the registry: what is served answers, else the classical method."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from liwi.experts.matting_checkpoint import load
from liwi.experts.matting_network import MattingNetwork
from liwi.experts.served_segmenter import CLASSICAL, KIND, ServedSegmenter
from liwi.experts.unet import UNetSettings
from liwi.experts.weights import WeightsError, save_weights
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.registry import Registry
from liwi.registry_errors import SmokeTestFailed
from liwi.registry_serving import Served
from liwi.types import BoundingBox
from tests.unit.registry_kinds import DATASET, JOB

SQUARE = np.full((40, 40, 3), 30, np.uint8)
SQUARE[10:30, 10:30] = 220
AROUND = BoundingBox(8, 8, 32, 32)
NOISE = np.random.default_rng(3).integers(0, 255, (64, 80, 3)).astype(np.uint8)
IN_NOISE = BoundingBox(10, 10, 60, 50)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", shipped=None)


def matting_folder(folder: Path, bias: float = 0.0) -> Path:
    """An untrained network, which repeats the classical answer, with something added to every log-odds."""
    torch.manual_seed(0)
    network = MattingNetwork(UNetSettings(widths=(32,), blocks=(1,), attentions=(0,), details=4))
    torch.nn.init.constant_(network.get_parameter("correction.bias"), bias)
    save_weights(network, folder / "matting_compact", {})
    return folder


def answers_classically(segmenter: ServedSegmenter) -> bool:
    classical = ClassicalSegmenter().segment(NOISE, IN_NOISE)
    return segmenter.answers == CLASSICAL and np.array_equal(segmenter.segment(NOISE, IN_NOISE), classical)


def started(registry: Registry) -> ServedSegmenter:
    """The segmenter of an app that was started just now."""
    return ServedSegmenter(Served(registry, KIND))


def test_what_is_promoted_answers_without_a_restart_and_damage_falls_back(registry: Registry, tmp_path: Path) -> None:
    segmenter = started(registry)
    assert answers_classically(segmenter)
    folder = matting_folder(tmp_path / "good")
    record = registry.publish(folder, kind="matting", job=JOB, dataset=DATASET, metrics={"alpha_iou": 0.9}, who="Ada")
    assert answers_classically(segmenter)
    registry.promote(record.id, reason="the first", who="Ada")
    assert segmenter.answers == record.id
    np.testing.assert_array_equal(segmenter.segment(SQUARE, AROUND) > 0.5, SQUARE[..., 0] == 220)
    assert segmenter.segment(NOISE, IN_NOISE).shape == NOISE.shape[:2]
    weights = registry.folder(record.id) / "matting_compact.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(b"damaged")
    assert answers_classically(started(registry))


def test_a_network_that_misses_everything_is_not_published(registry: Registry, tmp_path: Path) -> None:
    blind = matting_folder(tmp_path / "blind", bias=-1e4)
    with pytest.raises(SmokeTestFailed, match="WeightsError: The network misses a red angle"):
        registry.publish(blind, kind="matting", job=JOB, dataset=DATASET, metrics={}, who="Ada")


def test_a_registry_whose_log_is_damaged_leaves_the_classical_method_answering(registry: Registry) -> None:
    registry.root.mkdir()
    (registry.root / "log.jsonl").write_text("scribble\n")
    segmenter = started(registry)
    assert answers_classically(segmenter)
    np.testing.assert_array_equal(segmenter.segment(SQUARE, AROUND) > 0.5, SQUARE[..., 0] == 220)


def test_a_file_too_many_and_changed_weights_are_refused(tmp_path: Path) -> None:
    folder = matting_folder(tmp_path / "run")
    (folder / "more.safetensors").write_bytes((folder / "matting_compact.safetensors").read_bytes())
    with pytest.raises(WeightsError, match=r"one \.safetensors file.*found 2"):
        load(folder)
    (folder / "more.safetensors").unlink()
    tensors = load_file(folder / "matting_compact.safetensors")
    del tensors["correction.bias"]
    save_file(tensors, folder / "matting_compact.safetensors")
    with pytest.raises(WeightsError, match=r"matting_compact\.safetensors is not what"):
        load(folder)
