"""The log of acts, from which everything follows that can change in a registry: what is served, and each checkpoint's status.

An act is one line of JSON in ``log.jsonl``, appended under the registry's lock and brought to the disk before anybody is told. It has
happened once its line is complete; a line that a killed process or a full disk left unfinished has not, and the next act takes its
place. So there is no second file that could disagree, and no moment at which a reader sees half an act. Each line ends with a seal, a
hash of itself and of all lines before it, so that a changed byte is noticed.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from liwi.checkpoint_files import read_plain, sync_folder
from liwi.checkpoints import CheckpointStatus, dump, is_id, load_json
from liwi.registry_errors import CheckpointDamaged, CheckpointRefused, RegistryUnusable

LOG = "log.jsonl"
VERSION = 1
MAX_LOG_BYTES = 64 * 2**20
"""Tens of thousands of acts."""


class ActKind(StrEnum):
    """What somebody did."""

    PUBLISH = "publish"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    RETIRE = "retire"
    REFUSE = "refuse"
    """The registry's own: a smoke test failed."""


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the log.

    Attributes:
        act: what was done.
        kind: of which kind of checkpoint.
        checkpoint: which one it was done to; after a rollback the one that is served again, None for none.
        previous: what was served when it was done.
        who: the person.
        at: ISO 8601 in UTC.
        reason: the person's, or why the registry refused.
        metrics: name -> [as served before, as promoted]; None where one of them lacks it. For promotions.
        record_sha256: of the record's file. For what was published.
    """

    act: ActKind
    kind: str
    checkpoint: str | None
    previous: str | None
    who: str
    at: str
    reason: str = ""
    metrics: Mapping[str, tuple[float | None, float | None]] = field(default_factory=lambda: MappingProxyType({}))
    record_sha256: str = ""


@dataclass(slots=True)
class RegistryState:
    """What follows from a sequence of acts.

    Attributes:
        published: the act that published each checkpoint, by id, in order; what came with the program first.
        shipped: by kind, what is served before anything was promoted here: it came with the program.
        stacks: by kind, what was promoted here and not rolled back, the one served now at the end.
        withdrawn: ids that were retired by hand.
        promoted: ids that were ever promoted.
    """

    published: dict[str, Act] = field(default_factory=dict)
    shipped: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    withdrawn: set[str] = field(default_factory=set)
    promoted: set[str] = field(default_factory=set)

    @classmethod
    def after(cls, acts: Iterable[Act], base: "RegistryState | None" = None) -> "RegistryState":
        """The state after these acts, on top of what ``base`` serves."""
        state = cls()
        if base is not None:
            state.shipped = {kind: served for kind in base.stacks if (served := base.serving(kind)) is not None}
            state.published = {each: act for each, act in base.published.items() if each in state.shipped.values()}
            state.promoted = set(state.published)
        for act in acts:
            state._apply(act)
        return state

    def serving(self, kind: str) -> str | None:
        """The id of what is served for a kind. What came with an earlier release of the program and is gone is passed over."""
        return next((each for each in reversed(self.stacks.get(kind, ())) if each in self.published), self._shipped(kind))

    def before(self, kind: str) -> str | None:
        """What a rollback of a kind would serve: the last one before, without those that were retired by hand."""
        known = [each for each in self.stacks.get(kind, ()) if each in self.published]
        return next((each for each in reversed(known[:-1]) if each not in self.withdrawn), self._shipped(kind))

    def status(self, checkpoint: str) -> CheckpointStatus:
        """The status of a published checkpoint."""
        if self.serving(self.published[checkpoint].kind) == checkpoint:
            return CheckpointStatus.SERVED
        return CheckpointStatus.RETIRED if checkpoint in self.withdrawn | self.promoted else CheckpointStatus.CANDIDATE

    def _shipped(self, kind: str) -> str | None:
        shipped = self.shipped.get(kind)
        return None if shipped in self.withdrawn else shipped

    def _apply(self, act: Act) -> None:
        stack, checkpoint = self.stacks.get(act.kind, ()), act.checkpoint
        match act.act:
            case ActKind.PUBLISH if checkpoint:
                self.published[checkpoint] = act
            case ActKind.PROMOTE if checkpoint:
                self.promoted.add(checkpoint)
                self.stacks[act.kind] = (*stack, checkpoint)
            case ActKind.ROLLBACK:
                stack = stack[:-1]
                while stack and stack[-1] != checkpoint:
                    stack = stack[:-1]
                self.stacks[act.kind] = stack
            case ActKind.RETIRE if checkpoint:
                self.withdrawn.add(checkpoint)
            case _:
                pass


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What a log holds.

    Attributes:
        acts: in order.
        seal: of the last line; empty for none.
        num_bytes: of the complete lines; whatever follows never happened.
    """

    acts: tuple[Act, ...] = ()
    seal: str = ""
    num_bytes: int = 0


def stamp(path: Path) -> tuple[int, int, int] | None:
    """Something that differs after every act, at the price of one look at the file's entry; None where there is no log."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_log(path: Path) -> ReadLog:
    """Read the complete lines of a log; one that does not exist is empty.

    Raises:
        RegistryUnusable: it cannot be read, a line was changed, or a newer version wrote it.
    """
    try:
        content = read_plain(path, MAX_LOG_BYTES)
    except FileNotFoundError:
        return ReadLog()
    except (OSError, CheckpointRefused) as error:
        raise RegistryUnusable(f"The checkpoint registry's log {str(path)!r} cannot be read ({error}).") from error
    if len(content) > MAX_LOG_BYTES:
        raise RegistryUnusable(f"The checkpoint registry's log {str(path)!r} has more than {MAX_LOG_BYTES // 2**20} MB: it is no log.")
    complete = content[: content.rfind(b"\n") + 1]
    acts: list[Act] = []
    seal = ""
    for number, line in enumerate(complete.splitlines(keepends=True), start=1):
        try:
            act, seal = _parse(line, seal)
        except (CheckpointDamaged, TypeError, ValueError, KeyError, AttributeError) as error:
            raise RegistryUnusable(
                f"The checkpoint registry is damaged: line {number} of {str(path)!r} is not what was written there ({str(error)[:200]}). "
                "Put back a copy of that file, or move the registry's folder away to begin anew. What is loaded is served on."
            ) from error
        acts.append(act)
    _check_tail(content[len(complete) :], seal, path)
    return ReadLog(tuple(acts), seal, len(complete))


def append_act(path: Path, act: Act, log: ReadLog) -> None:
    """Append an act to the log that was just read as ``log``, under the registry's lock.

    Raises:
        OSError: the disk refuses; then the act has not happened.
    """
    line = _render(act, log.seal)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0), 0o644)
    try:
        if os.fstat(descriptor).st_size != log.num_bytes:
            os.ftruncate(descriptor, log.num_bytes)  # what an act left behind that never happened
        os.lseek(descriptor, log.num_bytes, os.SEEK_SET)
        try:
            written = 0
            while written < len(line):
                written += os.write(descriptor, line[written:])
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, log.num_bytes)
            raise
    finally:
        os.close(descriptor)
    if is_new:
        sync_folder(path.parent)


def _check_tail(tail: bytes, seal: str, path: Path) -> None:
    """What follows the last complete line is the beginning of a line; a whole line whose end was changed is damage."""
    with contextlib.suppress(CheckpointDamaged, TypeError, ValueError, KeyError, AttributeError):
        _parse(tail[:-1] + b"\n", seal)
        raise RegistryUnusable(
            f"The checkpoint registry is damaged: the end of the last line of {str(path)!r} was changed. Put back a copy of that file."
        )


def _render(act: Act, seal: str) -> bytes:
    fields: dict[str, Any] = {name: getattr(act, name) for name in Act.__slots__}
    body = {"version": VERSION, **fields, "metrics": {name: list(pair) for name, pair in act.metrics.items()}}
    return dump({**body, "seal": _seal(body, seal)}) + b"\n"


def _seal(body: dict[str, Any], before: str) -> str:
    return hashlib.sha256(before.encode() + dump(body)).hexdigest()


def _parse(line: bytes, before: str) -> tuple[Act, str]:
    document = load_json(line)
    version = document.pop("version", None)
    if version != VERSION:
        newer = isinstance(version, int) and version > VERSION
        raise ValueError(f"version {version}, by a newer LiWi Studio; update to read it" if newer else "its version is unknown")
    seal = document.pop("seal")
    metrics = {str(name): (pair[0], pair[1]) for name, pair in document.pop("metrics").items()}
    act = Act(**{**document, "act": ActKind(document["act"]), "metrics": metrics})
    if act.checkpoint is not None and not is_id(act.checkpoint):
        raise ValueError(f"no id: {act.checkpoint[:60]!r}")
    if _render(act, before) != line:
        raise ValueError("its seal does not fit")
    return act, seal
