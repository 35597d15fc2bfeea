"""Publishing, promoting, rolling back and retiring checkpoints."""

import json
import os
import shutil
from pathlib import Path

import pytest

from liwi.checkpoints import MAX_JSON_BYTES, CheckpointStatus
from liwi.registry import AsSeen, JobReference, Registry
from liwi.registry_errors import (
    CheckpointDamaged,
    CheckpointRefused,
    PromotionConflict,
    RegistryUnusable,
    SmokeTestFailed,
    UnknownCheckpoint,
)
from liwi.registry_log import ActKind
from tests.unit.registry_kinds import DATASET, JOB, open_registry, publish_vector, vector_folder
from tests.unit.registry_networks import network_folder


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return open_registry(tmp_path / "registry")


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with three candidates, to be copied: publishing each takes a smoke test."""
    registry = open_registry(tmp_path_factory.mktemp("stock") / "registry")
    for value in (0.25, 0.5, 0.75):
        publish_vector(registry, value)
    return registry.root


@pytest.fixture
def stocked(stock: Path, tmp_path: Path) -> Registry:
    """A registry with three candidates, of rising metrics."""
    shutil.copytree(stock, tmp_path / "stocked")
    return open_registry(tmp_path / "stocked")


def candidates(registry: Registry) -> list[str]:
    return [record.id for record in registry.records()]


def served(registry: Registry, kind: str = "vector") -> str | None:
    record = registry.serving(kind)
    return record.id if record else None


def test_a_registry_that_nobody_wrote_to_is_empty_and_stays_unwritten(registry: Registry) -> None:
    assert (registry.records(), registry.acts(), registry.serving("vector"), registry.verify()) == ([], (), None, [])
    assert not registry.root.exists()


def test_what_is_published_is_a_candidate_with_its_provenance_and_serves_nothing(registry: Registry) -> None:
    record = publish_vector(registry, 0.5)
    assert record.status is CheckpointStatus.CANDIDATE
    assert record.id.startswith("vector-")
    chain = (("checkpoint", record.id), ("job", f"{JOB.name} {JOB.sha256}"), ("dataset", f"composites {'2' * 64}"), ("labels", "3" * 64))
    assert record.provenance == chain
    assert registry.serving("vector") is None
    assert {path.name for path in registry.folder(record.id).iterdir()} == {"record.json", "model.safetensors", "job.json"}
    assert registry.verify() == []


def test_the_same_checkpoint_published_twice_is_one(registry: Registry, tmp_path: Path) -> None:
    first = publish_vector(registry, 0.5)
    folder = tmp_path / "runs" / "vector-0.5"
    metrics = {"iou": 0.5, "loss": 1.0}
    again = registry.publish(folder, kind="vector", job=JOB, dataset=DATASET, metrics=metrics, who="Bea", licence="CC0-1.0")
    other = registry.publish(folder, kind="vector", job=JOB, dataset=DATASET, metrics={"iou": 0.6}, who="Bea", licence="CC0-1.0")
    assert again == first
    assert other.id != first.id
    assert [act.checkpoint for act in registry.acts()] == [first.id, other.id]


def test_a_promotion_serves_compares_and_is_logged(stocked: Registry) -> None:
    _, first, second = stocked.records()
    stocked.promote(first.id, reason="the first", who="Ada")
    comparison = stocked.compare(second.id)
    act = stocked.promote(second.id, reason=" better\n by\x1b\ud800 far ", who="Bea")
    assert comparison.served == first.id
    assert comparison.same_data
    assert dict(comparison.metrics) == dict(act.metrics) == {"iou": (0.5, 0.75), "loss": (1.0, 1.0)}
    assert (act.who, act.reason, act.previous, act.checkpoint) == ("Bea", "better by far", first.id, second.id)
    assert stocked.acts()[-1] == act
    assert served(stocked) == second.id
    assert stocked.record(first.id).status is CheckpointStatus.RETIRED
    assert stocked.record(second.id).status is CheckpointStatus.SERVED


def test_promote_then_rollback_is_the_identity_on_what_serves(stocked: Registry) -> None:
    before: list[str | None] = []
    for checkpoint in candidates(stocked):
        before.append(served(stocked))
        stocked.promote(checkpoint, reason="up", who="Ada")
    while before:
        stocked.rollback("vector", reason="down", who="Ada")
        assert served(stocked) == before.pop()
        assert served(stocked, "slow") is None
    with pytest.raises(CheckpointRefused, match="nothing to roll back"):
        stocked.rollback("vector", reason="down", who="Ada")


def test_what_was_rolled_back_can_be_promoted_again(stocked: Registry) -> None:
    first, second, _ = candidates(stocked)
    for checkpoint in (first, second):
        stocked.promote(checkpoint, reason="up", who="Ada")
    stocked.rollback("vector", reason="by mistake", who="Ada")
    stocked.promote(second, reason="it was fine", who="Ada")
    assert served(stocked) == second
    stocked.rollback("vector", reason="no, it was not", who="Ada")
    assert served(stocked) == first


def test_what_is_retired_by_hand_is_never_served_again(stocked: Registry) -> None:
    first, second, third = candidates(stocked)
    for checkpoint in (first, second, third):
        stocked.promote(checkpoint, reason="up", who="Ada")
    with pytest.raises(CheckpointRefused, match="served now"):
        stocked.retire(third, reason="bad hands", who="Ada")
    stocked.retire(second, reason="bad hands", who="Ada")
    stocked.rollback("vector", reason="down", who="Ada")
    assert served(stocked) == first
    with pytest.raises(CheckpointRefused, match="never served again"):
        stocked.promote(second, reason="up", who="Ada")
    with pytest.raises(CheckpointRefused, match="retired before"):
        stocked.retire(second, reason="bad hands", who="Ada")
    assert stocked.record(second).status is CheckpointStatus.RETIRED


def test_what_came_with_the_program_serves_until_something_is_promoted_here(tmp_path: Path) -> None:
    shipped = open_registry(tmp_path / "weights")
    old = publish_vector(shipped, 0.1).id
    shipped.promote(old, reason="ships", who="Ada")
    registry = open_registry(tmp_path / "registry", shipped=shipped.root)
    assert served(registry) == old
    assert not registry.root.exists()
    new = publish_vector(registry, 0.2, parent=old)
    registry.promote(new.id, reason="better", who="Ada")
    assert served(registry) == new.id
    assert [record.id for record in registry.lineage(new.id)] == [new.id, old]
    registry.rollback("vector", reason="worse", who="Ada")
    assert served(registry) == old
    with pytest.raises(CheckpointRefused, match="nothing to roll back"):
        registry.rollback("vector", reason="worse", who="Ada")
    assert registry.came_with_the_program(old)
    assert not registry.came_with_the_program(new.id)
    registry.promote(new.id, reason="better after all", who="Ada")
    registry.promote(old, reason="no, it is not", who="Ada")
    newer = publish_vector(shipped, 0.3).id
    shipped.promote(newer, reason="the next release", who="Ada")
    shutil.rmtree(shipped.root / old)  # a release need not carry what it no longer serves
    assert served(registry) == new.id
    registry.rollback("vector", reason="as it comes", who="Ada")
    assert served(registry) == newer
    assert [record.id for record in registry.records()] == [newer, new.id]
    assert registry.verify() == []


def test_what_ships_is_whole_and_serves(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    assert registry.verify() == []
    for kind in ("matting", "part_segmentation"):
        record = registry.serving(kind)
        assert record is not None
        assert registry.came_with_the_program(record.id)
        assert record.metrics["step"] > 1000
        assert record.licence.startswith("Apache-2.0")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("nothing", ["", "  \n\t ", "x" * 1001])
def test_every_act_needs_a_reason_of_sensible_length(stocked: Registry, nothing: str) -> None:
    for act in (stocked.promote, stocked.retire, stocked.rollback):
        with pytest.raises(CheckpointRefused, match="reason is needed"):
            act("vector" if act == stocked.rollback else candidates(stocked)[0], reason=nothing, who="Ada")
    assert len(stocked.acts()) == 3


def test_two_decisions_on_the_same_sight_are_one_act_and_one_conflict_that_names_it(stocked: Registry) -> None:
    first, second, _ = candidates(stocked)
    seen = AsSeen(served(stocked))
    stocked.promote(first, reason="mine is best", who="Ada", seen=seen)
    with pytest.raises(PromotionConflict, match=rf"{second}.*from nothing to {first} by Ada.*mine is best"):
        stocked.promote(second, reason="mine is best", who="Bea", seen=seen)
    with pytest.raises(PromotionConflict, match="Nothing was rolled back"):
        stocked.rollback("vector", reason="away", who="Bea", seen=seen)
    assert served(stocked) == first


@pytest.mark.parametrize("name", ["model.safetensors", "job.json", "record.json"])
def test_any_changed_byte_of_a_checkpoint_is_noticed_and_bars_it_from_serving(stocked: Registry, name: str) -> None:
    checkpoint = candidates(stocked)[0]
    path = stocked.folder(checkpoint) / name
    content = path.read_bytes()
    path.chmod(0o644)
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointDamaged, match=checkpoint):
            stocked.check(checkpoint)
    with pytest.raises(CheckpointDamaged):
        stocked.promote(checkpoint, reason="up", who="Ada")
    assert [finding.checkpoint for finding in stocked.verify()] == [checkpoint]
    assert len(stocked.acts()) == 3


def test_files_that_vanish_appear_or_become_links_are_noticed(stocked: Registry, tmp_path: Path) -> None:
    checkpoint = candidates(stocked)[0]
    folder = stocked.folder(checkpoint)
    (folder / "more.json").write_text("{}")
    with pytest.raises(CheckpointDamaged, match=r"too many 'more\.json'"):
        stocked.check(checkpoint)
    (folder / "more.json").unlink()
    (folder / "job.json").rename(tmp_path / "job.json")
    with pytest.raises(CheckpointDamaged, match=r"lacks the file 'job\.json'"):
        stocked.check(checkpoint)
    (folder / "job.json").symlink_to(tmp_path / "job.json")
    with pytest.raises(CheckpointDamaged, match="no plain file"):
        stocked.check(checkpoint)


def test_publishing_a_damaged_checkpoint_again_mends_it(registry: Registry, tmp_path: Path) -> None:
    checkpoint = publish_vector(registry, 0.5).id
    registry.promote(checkpoint, reason="up", who="Ada")
    (registry.folder(checkpoint) / "model.safetensors").unlink()
    assert registry.verify()
    folder, metrics = tmp_path / "runs" / "vector-0.5", {"iou": 0.5, "loss": 1.0}
    mended = registry.publish(folder, kind="vector", job=JOB, dataset=DATASET, metrics=metrics, who="Ada", licence="CC0-1.0")
    assert mended.id == checkpoint
    assert registry.verify() == []
    assert served(registry) == checkpoint


def test_a_rollback_to_damaged_files_is_refused_and_serves_on(stocked: Registry) -> None:
    first, second, _ = candidates(stocked)
    for checkpoint in (first, second):
        stocked.promote(checkpoint, reason="up", who="Ada")
    (stocked.folder(first) / "model.safetensors").unlink()
    with pytest.raises(CheckpointDamaged, match=first):
        stocked.rollback("vector", reason="down", who="Ada")
    assert served(stocked) == second


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("vector", (-1.0,), "ValueError: a vector must not begin below zero"),
        ("vector", (0.5, float("nan")), "the answer is no number"),
        ("hanging", (0.5,), "did not finish within 4 s"),
        ("crashing", (0.5,), "SIGABRT"),
        ("hoarding", (0.5,), r"needs more than 1024 MB|Unable to allocate"),
        ("chatty", (0.5,), "RuntimeError: no luck"),
        ("missing", (0.5,), "ModuleNotFoundError.*no_such_module"),
    ],
)
def test_a_failed_smoke_test_is_recorded_and_leaves_no_checkpoint(
    registry: Registry, kind: str, values: tuple[float, ...], message: str
) -> None:
    with pytest.raises(SmokeTestFailed, match=message):
        publish_vector(registry, *values, kind=kind)
    (act,) = registry.acts()
    assert (act.act, act.kind, act.who) == (ActKind.REFUSE, kind, "Ada")
    assert "smoke test failed" in act.reason
    assert registry.records() == []
    assert [path.name for path in registry.root.iterdir() if path.is_dir()] == []


def test_a_network_of_another_size_fails_the_smoke_test_which_names_the_tensor(registry: Registry, tmp_path: Path) -> None:
    folder = network_folder(tmp_path / "run", width=8)
    (folder / "network.json").write_text('{"width": 4}')
    with pytest.raises(SmokeTestFailed, match=r"layers\.0\.weight.*\(8, 3, 3, 3\) float16, expected \(4, 3, 3, 3\) float16"):
        registry.publish(folder, kind="network", job=JOB, dataset=DATASET, metrics={}, who="Ada")
    assert registry.records() == []


@pytest.mark.parametrize("name", ["model.pt", "weights.bin", ".hidden.json", "record.json", "notes.txt", "späth.json"])
def test_anything_but_safetensors_and_json_is_refused_by_name(registry: Registry, tmp_path: Path, name: str) -> None:
    folder = vector_folder(tmp_path / "run", 0.5)
    (folder / name).write_bytes(b"{}")
    with pytest.raises(CheckpointRefused, match=name.replace(".", r"\.")):
        registry.publish(folder, kind="vector", job=JOB, dataset=DATASET, metrics={}, who="Ada")
    assert registry.acts() == ()


def test_folders_with_links_folders_or_nothing_are_refused(registry: Registry, tmp_path: Path) -> None:
    linked, nested, huge = (vector_folder(tmp_path / name, 0.5) for name in ("linked", "nested", "huge"))
    (linked / "other.json").symlink_to("/etc/hostname")
    (nested / "folder.json").mkdir()
    (huge / "large.json").write_bytes(b" " * (MAX_JSON_BYTES + 1))
    os.mkfifo(vector_folder(tmp_path / "pipe", 0.5) / "endless.json")
    (tmp_path / "empty").mkdir()
    for name in ("linked", "nested", "huge", "pipe", "empty", "nowhere"):
        with pytest.raises(CheckpointRefused):
            registry.publish(tmp_path / name, kind="vector", job=JOB, dataset=DATASET, metrics={}, who="Ada")
    assert [path for path in registry.root.iterdir() if path.is_dir()] == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "unheard_of"}, "no kind of checkpoint 'unheard_of'. Kinds: chatty, "),
        ({"metrics": {"iou": float("nan")}}, "finite number"),
        ({"metrics": {"iou": 10**400}}, "finite number"),
        ({"metrics": {"": 1.0}}, "finite number"),
        ({"job": JobReference("x", "not a hash")}, "SHA-256"),
        ({"parent": "../../etc"}, "parent"),
        ({"who": ""}, "name of the person"),
        ({"licence": "x" * 2000}, "licence"),
        ({"licence": "CC0\x1b[2J"}, "licence"),
        ({"metrics": {"io\udc80u": 0.5}}, "printable name"),
    ],
)
def test_what_is_said_about_a_checkpoint_is_checked(registry: Registry, tmp_path: Path, changed: dict[str, object], message: str) -> None:
    said = {"kind": "vector", "job": JOB, "dataset": DATASET, "metrics": {}, "who": "Ada"} | changed
    with pytest.raises(CheckpointRefused, match=message):
        registry.publish(vector_folder(tmp_path / "run", 0.5), **said)  # type: ignore[arg-type]
    assert registry.acts() == ()


def test_hostile_and_unknown_ids_name_nothing(stocked: Registry) -> None:
    for hostile in ("../runs", "/etc", "", ".", "vector-0123456789ab/..", "vector-" + "0" * 12, "a\x00b"):
        check_nothing_is_named(stocked, hostile)


def check_nothing_is_named(registry: Registry, hostile: str) -> None:
    for act in (registry.record, registry.folder, registry.check, registry.compare, registry.lineage):
        with pytest.raises(UnknownCheckpoint):
            act(hostile)
    for change in (registry.promote, registry.retire):
        with pytest.raises(UnknownCheckpoint):
            change(hostile, reason="why not", who="Ada")


def test_a_checkpoint_of_a_kind_that_is_gone_is_listed_but_not_promoted(stocked: Registry) -> None:
    without = Registry(stocked.root, shipped=None, kinds={})
    assert candidates(without) == candidates(stocked)
    with pytest.raises(CheckpointRefused, match=r"no kind.*'vector'\. Kinds: none"):
        without.promote(candidates(stocked)[0], reason="up", who="Ada")


def test_one_unreadable_record_does_not_hide_the_others(stocked: Registry) -> None:
    good, bad, other = candidates(stocked)
    path = stocked.folder(bad) / "record.json"
    newer = json.loads(path.read_text()) | {"version": 2}
    path.chmod(0o644)
    path.write_text(json.dumps(newer))
    assert candidates(stocked) == [good, other]
    assert "newer LiWi Studio" in stocked.verify()[0].problem
    assert bad == stocked.verify()[0].checkpoint


def test_a_registry_that_cannot_be_written_says_so_and_serves_on(stocked: Registry, tmp_path: Path) -> None:
    checkpoint = candidates(stocked)[0]
    stocked.promote(checkpoint, reason="up", who="Ada")
    (stocked.root / "lock").unlink(missing_ok=True)
    (stocked.root / "lock").mkdir()
    with pytest.raises(RegistryUnusable, match="cannot be written"):
        publish_vector(stocked, 0.125)
    assert served(stocked) == checkpoint
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file where a folder should be")
    with pytest.raises(RegistryUnusable, match="cannot be written"):
        open_registry(in_the_way / "registry").retire(checkpoint, reason="away", who="Ada")
