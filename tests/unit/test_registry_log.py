"""The log of acts: a line has happened whole or not at all, and any change to it is noticed."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liwi.checkpoints import CheckpointStatus
from liwi.registry_errors import RegistryUnusable
from liwi.registry_log import MAX_LOG_BYTES, Act, ActKind, ReadLog, RegistryState, append_act, read_log, stamp

IDS = [f"matting-{digit * 12}" for digit in "abc"]
AT = "2026-11-22T08:00:00+00:00"


def act(kind: ActKind, checkpoint: str | None, previous: str | None = None, reason: str = "") -> Act:
    metrics = {"iou": (None, 0.5)} if kind is ActKind.PROMOTE else {}
    return Act(kind, "matting", checkpoint, previous, "Ada Löwe", AT, reason, metrics, "0" * 64 if kind is ActKind.PUBLISH else "")


STORY = [
    act(ActKind.PUBLISH, IDS[0]),
    act(ActKind.PROMOTE, IDS[0], None, "the first\r\n\u2028 of all"),
    act(ActKind.PUBLISH, IDS[1]),
    act(ActKind.PROMOTE, IDS[1], IDS[0], "better"),
    act(ActKind.ROLLBACK, IDS[0], IDS[1], "worse"),
    act(ActKind.REFUSE, "matting-" + "d" * 12, IDS[0], "the smoke test failed"),
    act(ActKind.RETIRE, IDS[1], IDS[0], "hands"),
]


def write(path: Path, acts: list[Act]) -> bytes:
    for each in acts:
        append_act(path, each, read_log(path))
    return path.read_bytes()


def test_acts_come_back_as_they_were_written(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", STORY)
    assert list(read_log(tmp_path / "log.jsonl").acts) == STORY


def test_every_beginning_of_a_log_reads_as_the_acts_whose_lines_are_complete(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    content = write(path, STORY[:4])
    for length in range(len(content) + 1):
        path.write_bytes(content[:length])
        assert list(read_log(path).acts) == STORY[: content[:length].count(b"\n")]


def test_after_an_unfinished_line_the_next_act_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    content = write(path, STORY)
    start = content.rindex(b"\n", 0, -1) + 1
    for length in range(start, len(content) - 1, 7):
        path.write_bytes(content[:length])
        append_act(path, STORY[-1], read_log(path))
        assert path.read_bytes() == content


def test_any_changed_byte_of_a_log_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    content = write(path, STORY[:3])
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        with pytest.raises(RegistryUnusable, match="damaged"):
            read_log(path)


def test_a_line_taken_out_of_the_middle_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = write(path, STORY).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[3:]))
    with pytest.raises(RegistryUnusable, match="line 3"):
        read_log(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[" * 200_000 + b"\n", "line 1"),
        (b"{}\n", "version is unknown"),
        (b"null\n", "no JSON object"),
        (b"\xff\xfe\n", "line 1"),
        (json.dumps({"version": 2, "act": "merge"}).encode() + b"\n", "newer LiWi Studio"),
        (b'{"version":1,"seal":"x","metrics":{},"act":"publish","kind":"m","checkpoint":"../../x"}\n', "line 1"),
        (b" " * (MAX_LOG_BYTES + 1), "it is no log"),
    ],
    ids=["deep", "empty object", "null", "no text", "newer", "hostile id", "huge"],
)
def test_a_log_that_is_none_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    with pytest.raises(RegistryUnusable, match=message):
        read_log(path)


def test_links_and_folders_are_no_log(tmp_path: Path) -> None:
    write(tmp_path / "real", STORY[:1])
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    for name in ("link", "folder"):
        with pytest.raises(RegistryUnusable):
            read_log(tmp_path / name)
    assert read_log(tmp_path / "nothing") == ReadLog()


def test_the_stamp_differs_after_every_act(tmp_path: Path) -> None:
    path, stamps = tmp_path / "log.jsonl", []
    for each in STORY:
        stamps.append(stamp(path))
        append_act(path, each, read_log(path))
    assert len({*stamps, stamp(path)}) == len(STORY) + 1


@given(st.lists(st.tuples(st.sampled_from(["promote", "rollback", "retire"]), st.sampled_from(IDS)), max_size=12))
def test_promote_then_rollback_changes_nothing_whatever_happened_before(steps: list[tuple[str, str]]) -> None:
    base = RegistryState.after([act(ActKind.PUBLISH, IDS[0]), act(ActKind.PROMOTE, IDS[0])])
    acts = [act(ActKind.PUBLISH, each) for each in IDS[1:]]
    for step, checkpoint in steps:
        state = RegistryState.after(acts, base)
        serving = state.serving("matting")
        if step == "promote" and checkpoint not in state.withdrawn and serving != checkpoint:
            promoted = [*acts, act(ActKind.PROMOTE, checkpoint, serving)]
            after = RegistryState.after(promoted, base)
            assert after.serving("matting") == checkpoint
            assert after.before("matting") == serving
            undone = RegistryState.after([*promoted, act(ActKind.ROLLBACK, serving, checkpoint)], base)
            assert undone.serving("matting") == serving
            acts = promoted
        elif step == "rollback" and state.stacks.get("matting"):
            expected = state.before("matting")
            acts.append(act(ActKind.ROLLBACK, expected, serving))
            assert RegistryState.after(acts, base).serving("matting") == expected
        elif step == "retire" and serving != checkpoint:
            acts.append(act(ActKind.RETIRE, checkpoint, serving))
    state = RegistryState.after(acts, base)
    assert state.serving("matting") not in state.withdrawn
    assert sum(state.status(each) is CheckpointStatus.SERVED for each in IDS) == (state.serving("matting") is not None)
