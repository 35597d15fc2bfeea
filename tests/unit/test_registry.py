"""Publishing, promoting, rolling back and retiring checkpoints."""

import json
import os
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


def test_a_promotion_serves_compares_and_is_logged(registry: Registry) -> None:
    first, second = publish_vector(registry, 0.5), publish_vector(registry, 0.75)
    registry.promote(first.id, reason="the first", who="Ada")
    comparison = registry.compare(second.id)
    act = registry.promote(second.id, reason=" better\n by far ", who="Bea")
    assert comparison.served == first.id
    assert comparison.same_data
    assert dict(comparison.metrics) == dict(act.metrics) == {"iou": (0.5, 0.75), "loss": (1.0, 1.0)}
    assert (act.who, act.reason, act.previous, act.checkpoint) == ("Bea", "better by far", first.id, second.id)
    assert registry.acts()[-1] == act
    assert served(registry) == second.id
    assert registry.record(first.id).status is CheckpointStatus.RETIRED
    assert registry.record(second.id).status is CheckpointStatus.SERVED


def test_promote_then_rollback_is_the_identity_on_what_serves(registry: Registry) -> None:
    checkpoints = [publish_vector(registry, value).id for value in (0.1, 0.2, 0.3)]
    publish_vector(registry, 0.4, kind="slow")
    before: list[str | None] = []
    for checkpoint in checkpoints:
        before.append(served(registry))
        registry.promote(checkpoint, reason="up", who="Ada")
    while before:
        registry.rollback("vector", reason="down", who="Ada")
        assert served(registry) == before.pop()
        assert served(registry, "slow") is None
    with pytest.raises(CheckpointRefused, match="nothing to roll back"):
        registry.rollback("vector", reason="down", who="Ada")


def test_what_was_rolled_back_can_be_promoted_again(registry: Registry) -> None:
    first, second = publish_vector(registry, 0.1).id, publish_vector(registry, 0.2).id
    for checkpoint in (first, second):
        registry.promote(checkpoint, reason="up", who="Ada")
    registry.rollback("vector", reason="by mistake", who="Ada")
    registry.promote(second, reason="it was fine", who="Ada")
    assert served(registry) == second
    registry.rollback("vector", reason="no, it was not", who="Ada")
    assert served(registry) == first


def test_what_is_retired_by_hand_is_never_served_again(registry: Registry) -> None:
    first, second, third = (publish_vector(registry, value).id for value in (0.1, 0.2, 0.3))
    for checkpoint in (first, second, third):
        registry.promote(checkpoint, reason="up", who="Ada")
    with pytest.raises(CheckpointRefused, match="served now"):
        registry.retire(third, reason="bad hands", who="Ada")
    registry.retire(second, reason="bad hands", who="Ada")
    registry.rollback("vector", reason="down", who="Ada")
    assert served(registry) == first
    with pytest.raises(CheckpointRefused, match="never served again"):
        registry.promote(second, reason="up", who="Ada")
    with pytest.raises(CheckpointRefused, match="retired before"):
        registry.retire(second, reason="bad hands", who="Ada")
    assert registry.record(second).status is CheckpointStatus.RETIRED


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
    newer = publish_vector(shipped, 0.3).id
    shipped.promote(newer, reason="the next release", who="Ada")
    assert served(registry) == newer
    assert [act.act for act in registry.acts()] == [ActKind.PUBLISH, ActKind.PROMOTE, ActKind.ROLLBACK]


@pytest.mark.parametrize("nothing", ["", "  \n\t ", "x" * 1001])
def test_every_act_needs_a_reason_of_sensible_length(registry: Registry, nothing: str) -> None:
    record = publish_vector(registry, 0.5)
    for act in (registry.promote, registry.retire, registry.rollback):
        with pytest.raises(CheckpointRefused, match="reason is needed"):
            act("vector" if act == registry.rollback else record.id, reason=nothing, who="Ada")
    assert len(registry.acts()) == 1


def test_two_decisions_on_the_same_sight_are_one_act_and_one_conflict_that_names_it(registry: Registry) -> None:
    first, second = publish_vector(registry, 0.1).id, publish_vector(registry, 0.2).id
    seen = AsSeen(served(registry))
    registry.promote(first, reason="mine is best", who="Ada", seen=seen)
    with pytest.raises(PromotionConflict, match=rf"{second}.*from nothing to {first} by Ada.*mine is best"):
        registry.promote(second, reason="mine is best", who="Bea", seen=seen)
    with pytest.raises(PromotionConflict, match="Nothing was rolled back"):
        registry.rollback("vector", reason="away", who="Bea", seen=seen)
    assert served(registry) == first


@pytest.mark.parametrize("name", ["model.safetensors", "job.json", "record.json"])
def test_any_changed_byte_of_a_checkpoint_is_noticed_and_bars_it_from_serving(registry: Registry, name: str) -> None:
    checkpoint = publish_vector(registry, 0.5).id
    path = registry.folder(checkpoint) / name
    content = path.read_bytes()
    path.chmod(0o644)
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(CheckpointDamaged, match=checkpoint):
            registry.check(checkpoint)
    with pytest.raises(CheckpointDamaged):
        registry.promote(checkpoint, reason="up", who="Ada")
    assert [finding.checkpoint for finding in registry.verify()] == [checkpoint]
    assert len(registry.acts()) == 1


def test_files_that_vanish_appear_or_become_links_are_noticed(registry: Registry, tmp_path: Path) -> None:
    checkpoint = publish_vector(registry, 0.5).id
    folder = registry.folder(checkpoint)
    (folder / "more.json").write_text("{}")
    with pytest.raises(CheckpointDamaged, match=r"too many 'more\.json'"):
        registry.check(checkpoint)
    (folder / "more.json").unlink()
    (folder / "job.json").rename(tmp_path / "job.json")
    with pytest.raises(CheckpointDamaged, match=r"lacks the file 'job\.json'"):
        registry.check(checkpoint)
    (folder / "job.json").symlink_to(tmp_path / "job.json")
    with pytest.raises(CheckpointDamaged, match="no plain file"):
        registry.check(checkpoint)


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


def test_a_rollback_to_damaged_files_is_refused_and_serves_on(registry: Registry) -> None:
    first, second = publish_vector(registry, 0.1).id, publish_vector(registry, 0.2).id
    for checkpoint in (first, second):
        registry.promote(checkpoint, reason="up", who="Ada")
    (registry.folder(first) / "model.safetensors").unlink()
    with pytest.raises(CheckpointDamaged, match=first):
        registry.rollback("vector", reason="down", who="Ada")
    assert served(registry) == second


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


def test_a_real_network_passes_the_smoke_test_and_a_wrong_one_is_told_which_tensor(registry: Registry, tmp_path: Path) -> None:
    def publish(folder: Path) -> str:
        return registry.publish(folder, kind="network", job=JOB, dataset=DATASET, metrics={}, who="Ada").id

    promoted = publish(network_folder(tmp_path / "good"))
    registry.promote(promoted, reason="up", who="Ada")
    wrong = network_folder(tmp_path / "wrong", width=8)
    (wrong / "network.json").write_text('{"width": 4}')
    with pytest.raises(SmokeTestFailed, match=r"layers\.0\.weight.*\(8, 3, 3, 3\) float16, expected \(4, 3, 3, 3\) float16"):
        publish(wrong)
    assert served(registry, "network") == promoted


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
    ],
)
def test_what_is_said_about_a_checkpoint_is_checked(registry: Registry, tmp_path: Path, changed: dict[str, object], message: str) -> None:
    said = {"kind": "vector", "job": JOB, "dataset": DATASET, "metrics": {}, "who": "Ada"} | changed
    with pytest.raises(CheckpointRefused, match=message):
        registry.publish(vector_folder(tmp_path / "run", 0.5), **said)  # type: ignore[arg-type]
    assert registry.acts() == ()


def test_hostile_and_unknown_ids_name_nothing(registry: Registry) -> None:
    publish_vector(registry, 0.5)
    for hostile in ("../runs", "/etc", "", ".", "vector-0123456789ab/..", "vector-" + "0" * 12, "a\x00b"):
        check_nothing_is_named(registry, hostile)


def check_nothing_is_named(registry: Registry, hostile: str) -> None:
    for act in (registry.record, registry.folder, registry.check, registry.compare, registry.lineage):
        with pytest.raises(UnknownCheckpoint):
            act(hostile)
    for change in (registry.promote, registry.retire):
        with pytest.raises(UnknownCheckpoint):
            change(hostile, reason="why not", who="Ada")


def test_a_checkpoint_of_a_kind_that_is_gone_is_listed_but_not_promoted(registry: Registry) -> None:
    checkpoint = publish_vector(registry, 0.5).id
    without = Registry(registry.root, shipped=None, kinds={})
    assert [record.id for record in without.records()] == [checkpoint]
    with pytest.raises(CheckpointRefused, match=r"no kind.*'vector'\. Kinds: none"):
        without.promote(checkpoint, reason="up", who="Ada")


def test_one_unreadable_record_does_not_hide_the_others(registry: Registry) -> None:
    good, bad = publish_vector(registry, 0.1).id, publish_vector(registry, 0.2).id
    path = registry.folder(bad) / "record.json"
    newer = json.loads(path.read_text()) | {"version": 2}
    path.chmod(0o644)
    path.write_text(json.dumps(newer))
    assert [record.id for record in registry.records()] == [good]
    assert "newer LiWi Studio" in registry.verify()[0].problem
    assert bad == registry.verify()[0].checkpoint


def test_a_registry_that_cannot_be_written_says_so_and_serves_on(registry: Registry, tmp_path: Path) -> None:
    checkpoint = publish_vector(registry, 0.5).id
    registry.promote(checkpoint, reason="up", who="Ada")
    (registry.root / "lock").unlink(missing_ok=True)
    (registry.root / "lock").mkdir()
    with pytest.raises(RegistryUnusable, match="cannot be written"):
        publish_vector(registry, 0.25)
    assert served(registry) == checkpoint
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a file where a folder should be")
    with pytest.raises(RegistryUnusable, match="cannot be written"):
        open_registry(in_the_way / "registry").retire(checkpoint, reason="away", who="Ada")
