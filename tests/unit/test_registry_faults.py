"""Killed processes, full disks and races: the registry stays readable, and what was served is served still."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from liwi.registry import Registry
from liwi.registry_errors import RegistryUnusable
from liwi.registry_log import ActKind
from tests.unit.registry_kinds import open_registry, publish_vector, vector_folder

ROOT = Path(__file__).parents[2]
Answer = dict[str, Any]
Order = Callable[..., Answer]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with one checkpoint that is served and one candidate, to be copied; and a run to publish."""
    folder = tmp_path_factory.mktemp("world")
    registry = open_registry(folder / "registry")
    first = publish_vector(registry, 0.1)
    publish_vector(registry, 0.2)
    registry.promote(first.id, reason="the first", who="Ada")
    vector_folder(folder / "run", 0.3)
    return folder


@pytest.fixture(scope="module")
def order() -> Iterator[Order]:
    """Gives an order to the nursery."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.unit.registry_nursery"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:

        def ask(root: Path, act: str, arguments: Answer, **fate: int | str) -> Answer:
            assert nursery.stdin is not None
            assert nursery.stdout is not None
            nursery.stdin.write(json.dumps({"root": str(root), "act": act, "arguments": arguments, **fate}) + "\n")
            nursery.stdin.flush()
            answer: Answer = json.loads(nursery.stdout.readline())
            return answer

        yield ask


def act_on(world: Path, act: str) -> Answer:
    registry = open_registry(world / "registry")
    _, second = (record.id for record in registry.records())
    match act:
        case "publish":
            return {"folder": str(world / "run")}
        case "promote" | "retire":
            return {"what": second, "reason": "why not"}
        case _:
            return {"what": "vector", "reason": "why not", "seen": None}


def what_it_says(registry: Registry) -> tuple[object, ...]:
    serving = registry.serving("vector")
    return serving and serving.id, tuple((record.id, record.status) for record in registry.records()), len(registry.acts())


def files_in(root: Path) -> set[tuple[str, int]]:
    """Names and sizes; the random names of folders that are being filled are all alike."""
    found = [(path.relative_to(root).as_posix(), path.stat().st_size) for path in root.rglob("*") if path.is_file()]
    return {(re.sub(r"^\.staging-\w+", ".staging", name), size) for name, size in found}


@pytest.mark.parametrize("act", ["publish", "promote", "rollback", "retire"])
def test_killed_before_any_file_operation_an_act_has_happened_or_not_and_can_be_repeated(
    tmp_path: Path, world: Path, order: Order, act: str
) -> None:
    """The states that kills would leave are copied out of one process that goes on; a few real kills show that these are the states."""
    arguments, before = act_on(world, act), what_it_says(open_registry(world / "registry"))
    whole, copies, killed = tmp_path / "whole", tmp_path / "copies", tmp_path / "killed"
    shutil.copytree(world / "registry", whole)
    assert order(whole, act, arguments, copies=str(copies)) == {"killed": False, "message": "done"}
    operations = len(list(copies.iterdir()))
    for operation in {2, operations // 2, operations}:
        shutil.copytree(world / "registry", killed)
        assert order(killed, act, arguments, kill_at=operation)["killed"]
        assert files_in(killed) == files_in(copies / str(operation))
        killed.rename(copies / f"{operation} killed")
    outcomes = []
    for root in sorted(copies.iterdir()):
        registry = open_registry(root)
        assert all("interrupted" in finding.problem for finding in registry.verify())
        outcomes.append(what_it_says(registry))
        if len(outcomes) % 8 == 0 or outcomes[-1] != before or "killed" in root.name:
            repeated = order(root, act, arguments)["message"]
            assert repeated == "done" or outcomes[-1] != before, repeated
            assert registry.verify() == []
    assert set(outcomes) <= {before, what_it_says(open_registry(whole))}
    assert before in outcomes
    assert len(outcomes) >= 4


@pytest.mark.parametrize("act", ["publish", "promote", "rollback", "retire"])
def test_on_a_full_disk_nothing_changes_and_the_person_is_told(tmp_path: Path, world: Path, order: Order, act: str) -> None:
    arguments, before = act_on(world, act), what_it_says(open_registry(world / "registry"))
    size = (world / "registry" / "log.jsonl").stat().st_size
    for most_bytes in (size, size + 1, size + 100) if act != "publish" else (10, 90, size + 1):
        root = tmp_path / str(most_bytes) / "registry"
        shutil.copytree(world / "registry", root)
        answer = order(root, act, arguments, most_bytes=most_bytes)
        assert answer["message"].startswith("RegistryUnusable: The checkpoint registry")
        assert "cannot be written (File too large)" in answer["message"]
        assert (root / "log.jsonl").read_bytes() == (world / "registry" / "log.jsonl").read_bytes()
        assert what_it_says(open_registry(root)) == before
        assert not list(root.glob(".staging-*"))
        assert order(root, act, arguments)["message"] == "done"


def race(root: Path, statements: list[str]) -> list[str]:
    """Run each statement in a process of its own, all at once; what each prints last."""
    begin = "import sys; from pathlib import Path; from tests.unit.registry_kinds import *; from liwi.errors import LiwiError\n"
    begin += f"registry = open_registry(Path({str(root)!r})); print('ready', flush=True); sys.stdin.readline()\n"
    programs = [begin + f"try: print({each})\nexcept LiwiError as error: print(type(error).__name__, error)" for each in statements]
    started = [
        subprocess.Popen([sys.executable, "-c", each], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for each in programs
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate(timeout=60)[0].strip() for process in started]


def test_of_two_processes_that_promote_at_once_one_wins_and_the_other_hears_of_it(tmp_path: Path) -> None:
    registry = open_registry(tmp_path / "registry")
    ids = [publish_vector(registry, value, kind="slow").id for value in (0.1, 0.2)]
    answers = race(registry.root, [f"registry.promote({each!r}, reason='mine', who='{each[-1]}').checkpoint" for each in ids])
    (winner,) = [answer for answer in answers if answer in ids]
    (loser,) = [answer for answer in answers if answer not in ids]
    serving = registry.serving("slow")
    assert serving is not None
    assert serving.id == winner
    assert loser.startswith("PromotionConflict")
    assert winner in loser
    assert [act.act for act in registry.acts()].count(ActKind.PROMOTE) == 1


def test_processes_that_publish_the_same_at_once_make_one_checkpoint(tmp_path: Path) -> None:
    registry = open_registry(tmp_path / "registry")
    run = vector_folder(tmp_path / "run", 0.5)
    publish = f"registry.publish(Path({str(run)!r}), kind='vector', job=JOB, dataset=DATASET, metrics={{}}, who='Ada').id"
    answers = race(registry.root, [publish] * 3)
    assert answers == [registry.records()[0].id] * 3
    assert len(registry.acts()) == 1
    assert registry.verify() == []


def test_a_reader_never_sees_anything_half_done(tmp_path: Path, world: Path) -> None:
    shutil.copytree(world / "registry", tmp_path / "registry")
    registry = open_registry(tmp_path / "registry")
    first, second = (record.id for record in registry.records())
    third = open_registry(tmp_path / "elsewhere")
    expected = publish_vector(third, 0.3, 0.5).id
    cycle = f"registry.promote({second!r}, reason='up', who='Ada'); registry.rollback('vector', reason='down', who='Ada')"
    publish = f"registry.publish(Path({str(tmp_path / 'runs' / 'vector-0.3-0.5')!r}), kind='vector', job=JOB, dataset=DATASET, "
    publish += "metrics={'iou': 0.3, 'loss': 1.0}, who='Ada', licence='CC0-1.0')"
    program = f"from pathlib import Path; from tests.unit.registry_kinds import *\nregistry = open_registry(Path({str(registry.root)!r}))\n"
    program += f"for _ in range(4): {cycle}\n{publish}"
    seen, num_looks = set(), 0
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as writer:
        while writer.poll() is None:
            serving = registry.serving("vector")
            assert serving is not None
            assert [each for each in registry.verify() if "interrupted" not in each.problem] == []
            seen |= {serving.id, *(record.id for record in registry.records())}
            num_looks += 1
    assert writer.returncode == 0
    assert seen | {expected} == {first, second, expected}
    assert num_looks > 10
    assert len(registry.acts()) == 3 + 4 * 2 + 1
    assert registry.verify() == []


def test_folders_that_were_never_finished_are_ignored(tmp_path: Path) -> None:
    registry = open_registry(tmp_path / "registry")
    real = publish_vector(registry, 0.5)
    vector_folder(registry.root / ".staging-0123456789ab", 1.0)
    vector_folder(registry.root / "vector-0123456789ab", 1.0)
    (registry.root / "vector-ffffffffffff").mkdir()
    assert [record.id for record in registry.records()] == [real.id]
    assert {finding.checkpoint for finding in registry.verify()} == {"vector-0123456789ab", "vector-ffffffffffff"}


def test_a_damaged_log_changes_nothing_and_says_which_line(tmp_path: Path) -> None:
    registry = open_registry(tmp_path / "registry")
    checkpoint = publish_vector(registry, 0.5).id
    log = registry.root / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b"Ada", b"Eve"))
    damaged = log.read_bytes()
    for attempt in (
        lambda: registry.serving("vector"),
        lambda: registry.promote(checkpoint, reason="up", who="Ada"),
        lambda: publish_vector(registry, 0.75),
        registry.verify,
    ):
        with pytest.raises(RegistryUnusable, match=r"line 1 .*seal does not fit"):
            attempt()
    assert log.read_bytes() == damaged
