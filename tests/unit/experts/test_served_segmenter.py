"""What is served answers; where nothing is, or it is damaged, the classical segmenter does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from liwi.experts.matting_network import MattingNetwork, MattingNetworkSettings
from liwi.experts.served_segmenter import ServedSegmenter
from liwi.experts.weights import save_weights
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.registry import DatasetReference, JobReference, Registry
from liwi.types import BoundingBox

PICTURE = np.random.default_rng(3).integers(0, 255, (64, 80, 3)).astype(np.uint8)
BOX = BoundingBox(10, 10, 60, 50)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry", shipped=None)


def publish(registry: Registry, folder: Path) -> str:
    """A network that answers the prior, so that its smoke test passes; its id."""
    torch.manual_seed(0)
    network = MattingNetwork(MattingNetworkSettings(widths=(32,), blocks=(1,), attentions=(0,), details=4))
    save_weights(network, folder / "network", {})
    record = registry.publish(
        folder, kind="matting", job=JobReference("j", "0" * 64), dataset=DatasetReference("d", "0" * 64), metrics={}, who="test"
    )
    return record.id


def test_where_nothing_is_served_the_classical_segmenter_answers(registry: Registry) -> None:
    served = ServedSegmenter(registry)
    assert served.answers == "classical"
    assert np.array_equal(served.segment(PICTURE, BOX), ClassicalSegmenter().segment(PICTURE, BOX))


def test_what_is_promoted_answers_without_a_restart_and_damage_falls_back(registry: Registry, tmp_path: Path) -> None:
    served = ServedSegmenter(registry)
    assert served.answers == "classical"
    checkpoint = publish(registry, tmp_path / "export")
    registry.promote(checkpoint, reason="a test", who="test")
    assert served.answers == checkpoint
    assert served.segment(PICTURE, BOX).shape == PICTURE.shape[:2]
    weights = next((tmp_path / "registry" / checkpoint).glob("*.safetensors"))
    weights.chmod(0o644)
    weights.write_bytes(b"damaged")
    fresh = ServedSegmenter(registry)
    assert np.array_equal(fresh.segment(PICTURE, BOX), ClassicalSegmenter().segment(PICTURE, BOX))
    assert fresh.answers == "classical"
