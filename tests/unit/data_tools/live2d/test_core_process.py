"""Cubism Core may crash, hang or be fed anything: the program goes on and says what happened."""

import os
import random
from pathlib import Path

import numpy as np
import psutil
import pytest

from data_tools.live2d.core_process import CoreProcess
from data_tools.live2d.cubism_core import ENVIRONMENT_VARIABLE, find_library
from data_tools.live2d.description import UnreadableModel
from data_tools.live2d.moc3_writer import write_moc3
from data_tools.live2d.reader import open_model
from data_tools.live2d.rendering import render
from liwi.errors import EngineUnavailable, LiwiError
from tests.unit.data_tools.live2d.models import BLUE, RED, puppet, square, write_model

MOC = write_moc3(puppet([square("a", (0, 0, 90, 90), RED, shift=5), square("b", (50, 50, 90, 90), BLUE, clipped_by=("a",))]))
REST = np.float32([0, 0, 1])
PARTS = np.ones(4, np.float32)


_of_other_tests: set[psutil.Process] = set()


@pytest.fixture(autouse=True)
def remember_the_workers_of_other_tests() -> None:
    """Fixtures of a whole session keep models open."""
    _of_other_tests.clear()
    _of_other_tests.update(workers())


def workers() -> list[psutil.Process]:
    """The workers that this test has started."""
    children = [child for child in psutil.Process().children() if "data_tools.live2d.worker" in " ".join(child.cmdline())]
    return [child for child in children if child not in _of_other_tests]


def test_the_library_is_found_without_importing_the_package() -> None:
    library = find_library()
    assert library is not None
    assert library.parent.name == "live2d"


def test_an_evaluation_is_what_the_keyforms_say() -> None:
    core = CoreProcess(MOC)
    try:
        state = core.evaluate(np.float32([30, 0, 1]), PARTS)
        assert core.description.mesh_ids == ["a", "b"]
        np.testing.assert_allclose(state.vertices[0][0], [-0.5 + 5 / 200, 0.5], atol=1e-5)
        assert state.render_orders.tolist() == [0, 1]
    finally:
        core.close()


def test_a_worker_that_dies_is_started_again() -> None:
    core = CoreProcess(MOC)
    try:
        before = core.evaluate(REST, PARTS)
        (worker,) = workers()
        worker.kill()
        worker.wait()
        with pytest.raises(UnreadableModel, match="crashed"):
            core.evaluate(REST, PARTS)
        after = core.evaluate(REST, PARTS)
        np.testing.assert_array_equal(before.vertices[0], after.vertices[0])
    finally:
        core.close()


def test_a_worker_that_hangs_is_ended() -> None:
    core = CoreProcess(MOC, pose_seconds=0.3)
    try:
        (worker,) = workers()
        worker.suspend()
        with pytest.raises(UnreadableModel, match=r"did not finish within 0\.3 s"):
            core.evaluate(REST, PARTS)
        assert not workers()
    finally:
        core.close()


def test_a_worker_without_enough_memory_ends_in_an_error() -> None:
    with pytest.raises(UnreadableModel):
        CoreProcess(MOC + bytes(40 * 2**20), megabytes=64)
    assert not workers()


def test_no_worker_is_left_behind(tmp_path: Path) -> None:
    with open_model(write_model(tmp_path, [square("a", (0, 0, 9, 9), RED)])):
        assert len(workers()) == 1
    assert not workers()


def test_a_worker_ends_when_nobody_asks_any_more(tmp_path: Path) -> None:
    character = open_model(write_model(tmp_path, [square("a", (0, 0, 9, 9), RED)]))
    (worker,) = workers()
    evaluator = character._evaluator
    assert isinstance(evaluator, CoreProcess)
    assert evaluator._process is not None
    assert evaluator._process.stdin is not None
    evaluator._process.stdin.close()
    assert worker.wait(timeout=60) == 0
    character.close()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"MOC3", b"MOC3\x01" + bytes(2000), b"MOC3\xff" + bytes(2000), MOC[:-200], MOC[:1000]]
)
def test_what_is_no_moc3_is_refused(content: bytes) -> None:
    with pytest.raises(UnreadableModel, match="not a readable Cubism model"):
        CoreProcess(content)


def test_without_core_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, os.devnull)
    with pytest.raises(EngineUnavailable, match="pip install live2d-py"):
        CoreProcess(MOC)


def test_a_library_that_is_not_core_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libother.so").write_bytes(b"no library")
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "libother.so"))
    with pytest.raises(EngineUnavailable, match=r"'libother\.so' cannot be loaded"):
        CoreProcess(MOC)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """A damaged copy: bytes or numbers changed near the head or anywhere, or the end cut off."""
    changed = bytearray(content)
    how = chance.choice(["bytes", "head", "number", "cut", "zeros"])
    reach = min(len(changed), 2500) if how == "head" else len(changed)
    match how:
        case "bytes" | "head":
            for _ in range(chance.choice([1, 3, 30])):
                changed[chance.randrange(reach)] = chance.randrange(256)
        case "number":
            place = chance.randrange(reach - 4) // 4 * 4
            changed[place : place + 4] = chance.choice([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\x80\x7f", b"\0\0\xc0\x7f"])
        case "cut":
            del changed[chance.randrange(reach) :]
        case _:
            place = chance.randrange(reach)
            changed[place : place + 64] = bytes(len(changed[place : place + 64]))
    return bytes(changed)


def test_damaged_models_are_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(0)
    path = write_model(tmp_path, [square("a", (0, 0, 90, 90), RED, shift=5), square("b", (50, 50, 90, 90), BLUE, clipped_by=("a",))])
    read = 0
    for _ in range(60):
        (tmp_path / "sample.moc3").write_bytes(mutated(MOC, chance))
        try:
            with open_model(path) as character:
                model = character.pose({parameter.id: parameter.maximum for parameter in character.model.parameters})
                render(model, character.pyramid, 64)
            read += 1
        except LiwiError as error:
            assert len(str(error)) > 40
    assert 10 < read < 60
    assert not workers()
    assert len(list(tmp_path.iterdir())) == 5
