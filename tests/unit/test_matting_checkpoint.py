"""A matting network goes through the registry's door as the app's own table of kinds says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from liwi.experts.matting_checkpoint import load
from liwi.experts.matting_network import MattingNetwork, MattingNetworkSettings
from liwi.experts.served_segmenter import ServedSegmenter
from liwi.experts.weights import WeightsError, save_weights
from liwi.registry import Registry
from liwi.registry_errors import SmokeTestFailed
from liwi.registry_reading import RegistryReader
from liwi.types import BoundingBox
from tests.unit.registry_kinds import DATASET, JOB

SETTINGS = MattingNetworkSettings(widths=(32,), blocks=(1,), attentions=(0,), details=4)
SQUARE = np.full((40, 40, 3), 30, np.uint8)
SQUARE[10:30, 10:30] = 220
AROUND = BoundingBox(8, 8, 32, 32)


def matting_folder(folder: Path, bias: float = 0.0) -> Path:
    """An untrained network, which repeats the classical answer, with something added to every log-odds."""
    torch.manual_seed(0)
    network = MattingNetwork(SETTINGS)
    torch.nn.init.constant_(network.get_parameter("correction.bias"), bias)
    save_weights(network, folder / "matting_compact", {})
    return folder


def test_a_network_is_published_promoted_and_served_and_one_that_misses_everything_is_not(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "registry", shipped=None)
    good, blind = matting_folder(tmp_path / "good"), matting_folder(tmp_path / "blind", bias=-1e4)
    record = registry.publish(good, kind="matting", job=JOB, dataset=DATASET, metrics={"alpha_iou": 0.9}, who="Ada")
    registry.promote(record.id, reason="the first", who="Ada")
    with pytest.raises(SmokeTestFailed, match="WeightsError: The network misses a red angle"):
        registry.publish(blind, kind="matting", job=JOB, dataset=DATASET, metrics={}, who="Ada")
    segmenter = ServedSegmenter(registry)
    assert segmenter.answers == record.id
    np.testing.assert_array_equal(segmenter.segment(SQUARE, AROUND) > 0.5, SQUARE[..., 0] == 220)


def test_a_registry_whose_log_is_damaged_leaves_the_classical_method_answering(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("scribble\n")
    segmenter = ServedSegmenter(RegistryReader(tmp_path, shipped=None))
    assert segmenter.answers == "classical"
    np.testing.assert_array_equal(segmenter.segment(SQUARE, AROUND) > 0.5, SQUARE[..., 0] == 220)


def test_a_tensor_too_few_and_a_file_too_many_are_named(tmp_path: Path) -> None:
    folder = matting_folder(tmp_path / "run")
    (folder / "more.safetensors").write_bytes((folder / "matting_compact.safetensors").read_bytes())
    with pytest.raises(WeightsError, match=r"one \.safetensors file.*found 2"):
        load(folder)
    (folder / "more.safetensors").unlink()
    tensors = load_file(folder / "matting_compact.safetensors")
    del tensors["correction.bias"]
    save_file(tensors, folder / "matting_compact.safetensors")
    with pytest.raises(WeightsError):
        load(folder)
