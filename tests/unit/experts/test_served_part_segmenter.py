"""Part networks through the door of the registry: what is served answers, else what ships, else nobody."""

from pathlib import Path

import numpy as np
import pytest
import torch

from liwi.errors import EngineUnavailable
from liwi.experts.part_checkpoint import NETWORKS
from liwi.experts.part_network import PartNetwork, PartNetworkSettings
from liwi.experts.served_part_segmenter import KIND, ServedPartSegmenter
from liwi.experts.weights import save_weights
from liwi.registry import Registry
from liwi.registry_serving import Served
from tests.characters import draw_doll
from tests.unit.registry_kinds import DATASET, JOB


def write_network(folder: Path, seed: int) -> Path:
    """An untrained network at the smallest size."""
    torch.manual_seed(seed)
    network = PartNetwork(PartNetworkSettings(widths=(32,), blocks=(1,), attentions=(0,), details=4, side=32))
    save_weights(network, folder / "part_segmentation_tiny", {}, NETWORKS["compact"])
    return folder


def publish(registry: Registry, folder: Path, seed: int) -> str:
    return registry.publish(write_network(folder, seed), kind=KIND, job=JOB, dataset=DATASET, metrics={"iou": 0.5}, who="Ada").id


def test_what_is_promoted_answers_and_damage_leaves_what_ships(tmp_path: Path) -> None:
    shipped = Registry(tmp_path / "shipped", shipped=None)
    registry = Registry(tmp_path / "registry", shipped=shipped.root)
    segmenter = ServedPartSegmenter(Served(registry, KIND))
    doll = draw_doll(0.5).rgba
    assert not segmenter.available
    with pytest.raises(EngineUnavailable, match="no weights for body parts"):
        segmenter.segment_parts(doll)
    first = publish(shipped, tmp_path / "program", 1)
    shipped.promote(first, reason="ships", who="Ada")
    assert segmenter.available
    assert segmenter.answers == first
    from_program = segmenter.segment_parts(doll)
    assert from_program.shape == (19, *doll.shape[:2])
    second = publish(registry, tmp_path / "run", 2)
    assert segmenter.answers == first
    registry.promote(second, reason="better", who="Ada")
    anew = ServedPartSegmenter(Served(registry, KIND))
    assert anew.answers == second
    assert not np.array_equal(anew.segment_parts(doll), from_program)
    damage(registry, second)
    np.testing.assert_array_equal(ServedPartSegmenter(Served(registry, KIND)).segment_parts(doll), from_program)
    damage(shipped, first)
    with pytest.raises(EngineUnavailable, match=f"{second}.*damaged"):
        ServedPartSegmenter(Served(registry, KIND)).segment_parts(doll)


def damage(registry: Registry, checkpoint: str) -> None:
    weights = registry.folder(checkpoint) / "part_segmentation_tiny.safetensors"
    weights.chmod(0o644)
    weights.write_bytes(b"damaged")
