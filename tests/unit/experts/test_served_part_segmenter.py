"""Part networks through the door of the registry: what is served answers, else what ships, else nobody."""

from pathlib import Path

import numpy as np
import pytest
import torch

from liwi.errors import EngineUnavailable
from liwi.experts.answering import SHIPPED
from liwi.experts.part_checkpoint import NETWORKS
from liwi.experts.part_network import PartNetwork, PartNetworkSettings
from liwi.experts.served_part_segmenter import KIND, ServedPartSegmenter
from liwi.experts.weights import save_weights
from liwi.registry import Registry
from tests.characters import draw_doll
from tests.unit.registry_kinds import DATASET, JOB


def write_network(folder: Path, seed: int) -> Path:
    """An untrained network at the smallest size."""
    torch.manual_seed(seed)
    network = PartNetwork(PartNetworkSettings(widths=(32,), blocks=(1,), attentions=(0,), details=4, side=32))
    save_weights(network, folder / "part_segmentation_tiny", {}, NETWORKS["compact"])
    return folder


def test_what_is_promoted_answers_and_damage_leaves_the_shipped_weights(tmp_path: Path) -> None:
    shipped = tmp_path / "shipped"
    registry = Registry(tmp_path / "registry", shipped=None)
    segmenter = ServedPartSegmenter(registry, shipped)
    doll = draw_doll(0.5).rgba
    assert not segmenter.available
    with pytest.raises(EngineUnavailable, match="no weights for body parts"):
        segmenter.segment_parts(doll)
    write_network(shipped / KIND, 1)
    assert segmenter.available
    assert segmenter.answers == SHIPPED
    from_program = segmenter.segment_parts(doll)
    assert from_program.shape == (19, *doll.shape[:2])
    record = registry.publish(write_network(tmp_path / "run", 2), kind=KIND, job=JOB, dataset=DATASET, metrics={"iou": 0.5}, who="Ada")
    assert segmenter.answers == SHIPPED
    registry.promote(record.id, reason="the first", who="Ada")
    assert segmenter.answers == record.id
    assert not np.array_equal(segmenter.segment_parts(doll), from_program)
    weights = registry.folder(record.id) / "part_segmentation_tiny.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(b"damaged")
    np.testing.assert_array_equal(ServedPartSegmenter(registry, shipped).segment_parts(doll), from_program)
