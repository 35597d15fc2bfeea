"""What serves is swapped without a restart; requests under way finish on what they began with."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.checkpoint_kinds import KindEntry
from liwi.registry import Registry
from liwi.registry_errors import CheckpointDamaged
from liwi.registry_serving import RETRY_SECONDS, Holding, Served, served_in
from tests.unit.registry_kinds import KINDS, open_registry, publish_vector

Vector = NDArray[np.float32]
LOADS: list[Path] = []
GATE = threading.Event()
GATE.set()


def load_at_the_gate(folder: Path) -> Vector:
    """The loader of vectors, which waits for the gate and remembers what it loaded."""
    from tests.unit.registry_kinds import load_vector

    LOADS.append(folder)
    assert GATE.wait(30)
    return load_vector(folder)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    LOADS.clear()
    return open_registry(tmp_path / "registry")


@pytest.fixture
def watched(registry: Registry) -> Registry:
    """The same registry as a running app sees it, with the gated loader."""
    vectors = KindEntry(f"{__name__}:load_at_the_gate", KINDS["vector"].smoke, "A vector.")
    return Registry(registry.root, shipped=None, kinds={"vector": vectors})


def held(served: Served[Vector]) -> Holding[Vector]:
    holding = served.get()
    assert holding is not None
    return holding


def test_nothing_is_loaded_before_its_first_use_and_then_once(registry: Registry, watched: Registry) -> None:
    checkpoint = publish_vector(registry, 0.5).id
    registry.promote(checkpoint, reason="up", who="Ada")
    served = Served[Vector](watched, "vector")
    assert served.status.loaded is None
    assert LOADS == []
    threads = [threading.Thread(target=served.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held(served).record.id == checkpoint
    assert float(held(served).model[0]) == 0.5
    assert len(LOADS) == 1


def test_nothing_served_is_none_until_something_is_promoted_and_after_it_is_rolled_back(registry: Registry, watched: Registry) -> None:
    served = Served[Vector](watched, "vector")
    assert served.get() is None
    checkpoint = publish_vector(registry, 0.5).id
    assert served.get() is None
    registry.promote(checkpoint, reason="up", who="Ada")
    assert held(served).record.id == checkpoint
    registry.rollback("vector", reason="down", who="Ada")
    served.get()
    assert served.wait(30)
    assert served.get() is None
    assert served.status.problem == ""


def test_a_promotion_is_loaded_behind_requests_that_go_on_with_the_old_one(registry: Registry, watched: Registry) -> None:
    old, new = publish_vector(registry, 0.25).id, publish_vector(registry, 0.75).id
    registry.promote(old, reason="up", who="Ada")
    served = Served[Vector](watched, "vector")
    under_way = held(served)
    registry.promote(new, reason="better", who="Ada")
    GATE.clear()
    try:
        assert held(served).record.id == old  # while the new one is held back by the gate
        assert served.status.loading
        assert held(served).record.id == old
    finally:
        GATE.set()
    assert served.wait(30)
    assert held(served).record.id == new
    assert float(held(served).model[0]) == 0.75
    assert (under_way.record.id, float(under_way.model[0])) == (old, 0.25)
    assert len(LOADS) == 2


def test_one_that_cannot_be_loaded_leaves_the_old_one_serving_and_says_so(registry: Registry, watched: Registry) -> None:
    now = [0.0]
    old, new = publish_vector(registry, 0.25).id, publish_vector(registry, 0.75).id
    registry.promote(old, reason="up", who="Ada")
    served = Served[Vector](watched, "vector", clock=lambda: now[0])
    held(served)
    registry.promote(new, reason="better", who="Ada")
    (registry.folder(new) / "model.safetensors").rename(registry.root / "aside")
    held(served)
    assert served.wait(30)
    assert held(served).record.id == old
    assert new in served.status.problem
    assert "model.safetensors" in served.status.problem
    (registry.root / "aside").rename(registry.folder(new) / "model.safetensors")
    assert held(served).record.id == old
    now[0] = RETRY_SECONDS
    held(served)
    assert served.wait(30)
    assert held(served).record.id == new
    assert served.status.problem == ""


def test_a_damaged_registry_leaves_the_old_one_serving(registry: Registry, watched: Registry) -> None:
    registry.promote(publish_vector(registry, 0.25).id, reason="up", who="Ada")
    served = Served[Vector](watched, "vector")
    old = held(served)
    with (registry.root / "log.jsonl").open("ab") as log:
        log.write(b"scribble\n")
    held(served)
    assert served.wait(30)
    assert held(served) is old
    assert "line 3" in served.status.problem


def test_with_nothing_older_a_damaged_checkpoint_is_an_error_at_each_use(registry: Registry, watched: Registry) -> None:
    checkpoint = publish_vector(registry, 0.25).id
    registry.promote(checkpoint, reason="up", who="Ada")
    (registry.folder(checkpoint) / "model.safetensors").unlink()
    served = Served[Vector](watched, "vector")
    for _ in range(3):
        with pytest.raises(CheckpointDamaged, match=r"'vector' cannot be loaded.*model\.safetensors"):
            served.get()
    assert LOADS == []


def test_what_ships_answers_where_nothing_else_can_be_loaded_unless_it_was_retired(tmp_path: Path) -> None:
    shipped = open_registry(tmp_path / "shipped")
    first = publish_vector(shipped, 0.25).id
    shipped.promote(first, reason="ships", who="Ada")
    registry = open_registry(tmp_path / "registry", shipped=shipped.root)
    better = publish_vector(registry, 0.75).id
    registry.promote(better, reason="better", who="Ada")
    (registry.folder(better) / "model.safetensors").unlink()
    served = Served[Vector](registry, "vector")
    assert held(served).record.id == first
    assert better in served.status.problem
    log = registry.root / "log.jsonl"
    acts = log.read_bytes()
    log.write_bytes(b"scribble\n")
    served = Served[Vector](registry, "vector")
    assert served.available
    assert held(served).record.id == first
    assert "line 1" in served.status.problem
    log.write_bytes(acts)
    registry.retire(first, reason="bad hands", who="Ada")
    with pytest.raises(CheckpointDamaged, match=better):
        Served[Vector](registry, "vector").get()


def test_what_several_engines_use_is_loaded_once(tmp_path: Path) -> None:
    assert served_in(tmp_path / "registry", "matting") is served_in(tmp_path / "x" / ".." / "registry", "matting")
    assert served_in(tmp_path / "registry", "matting") is not served_in(tmp_path / "registry", "part_segmentation")


def test_asking_for_what_serves_reads_nothing_again(registry: Registry, watched: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    registry.promote(publish_vector(registry, 0.25).id, reason="up", who="Ada")
    served = Served[Vector](watched, "vector")
    held(served)
    asked: list[str] = []
    monkeypatch.setattr(watched, "serving", asked.append)
    for _ in range(100):
        held(served)
    assert served.wait(30)
    assert asked == []
    assert len(LOADS) == 1
