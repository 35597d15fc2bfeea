"""The checkpoint registry: the only door through which a checkpoint reaches the demo.

    <registry>/log.jsonl     every act, see `liwi.registry_log`; statuses and what is served follow from it
               <id>/         one checkpoint, see `liwi.checkpoints`; never changed
               lock          held by whoever writes

What serves is what somebody promoted, with a reason; nothing is ever served for being the latest. Checkpoints that come with the program
lie in a registry of their own, `SHIPPED`: they serve until something is promoted here, and a rollback returns to them. The program never
writes there; who makes a release does, with ``--registry``. No torch here: a checkpoint is loaded by the loader of its kind, in a fresh
process first.
"""

import contextlib
import hashlib
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from liwi.checkpoint_files import check_files, copy_files, sync_folder, write_new
from liwi.checkpoint_kinds import KINDS, KindEntry
from liwi.checkpoint_smoke import smoke_test
from liwi.checkpoints import MAX_TEXT, RECORD, CheckpointRecord, DatasetReference, JobReference
from liwi.registry_errors import CheckpointDamaged, CheckpointRefused, PromotionConflict, RegistryUnusable, SmokeTestFailed
from liwi.registry_log import LOG, Act, ActKind, ReadLog, RegistryState, append_act, read_log
from liwi.registry_reading import SHIPPED, Comparison, Finding, RegistryReader

__all__ = ["SHIPPED", "Act", "AsSeen", "Comparison", "DatasetReference", "Finding", "JobReference", "Registry"]

LOCK_SECONDS = 20.0
"""How long an act waits for another one to end; each holds the lock for milliseconds."""

_STAGING = ".staging-"
_ABANDONED_SECONDS = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class AsSeen:
    """What was served when a person decided: an act that would overtake somebody else's is refused."""

    served: str | None


class Registry(RegistryReader):
    """A registry folder. Safe for several threads and processes; nothing is written before the first act.

    Args:
        root, shipped, kinds: see `RegistryReader`.
        clock: seconds since 1970; tests pass their own.
    """

    def __init__(
        self,
        root: Path,
        *,
        shipped: Path | None = SHIPPED,
        kinds: Mapping[str, KindEntry] = KINDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(root, shipped=shipped, kinds=kinds)
        self._clock: Final = clock

    def publish(
        self,
        folder: Path,
        *,
        kind: str,
        job: JobReference,
        dataset: DatasetReference,
        metrics: Mapping[str, float],
        who: str,
        parent: str | None = None,
        licence: str = "",
    ) -> CheckpointRecord:
        """Copy a folder of .safetensors and .json files into the registry, as a candidate, after its smoke test.

        The same checkpoint published again is the one that is there, mended if it was damaged: a retry after an interruption is safe.

        Args:
            folder: flat, nothing else in it; not changed.
            kind: what it would serve as; a key of ``kinds``.
            job, dataset, metrics, parent, licence: see `CheckpointRecord`.
            who: the person.

        Raises:
            CheckpointRefused: the folder, the kind, or what is said about it cannot be taken; names what.
            SmokeTestFailed: it does not load or work; this is recorded too.
            RegistryUnusable: the registry cannot be read or written.
        """
        entry, who = self._kind(kind), _text("name of the person", who)
        self.acts()
        with self._staging() as staging:
            with _writing(self.root):
                files = copy_files(folder, staging)
                record = _identified(CheckpointRecord("", kind, parent, job, dataset, dict(metrics), files, self._now(), licence))
                write_new(staging / RECORD, record.to_json())
                sync_folder(staging)
            if not self._is_whole(record.id):
                self._smoke(staging, entry, record, who)
                self._place(staging, record, who)
        return self.record(record.id)

    def promote(self, checkpoint: str, *, reason: str, who: str, seen: AsSeen | None = None) -> Act:
        """Let a checkpoint serve its kind, after checking its files and its smoke test once more.

        Args:
            checkpoint: the id.
            reason: why; kept.
            who: the person.
            seen: what was served when they decided; what is served now where None.

        Returns:
            The act, with the metrics beside those of what was served.

        Raises:
            CheckpointRefused: no reason, unknown kind, retired by hand, or served already.
            CheckpointDamaged: the files are not those that were published.
            SmokeTestFailed: it does not load or work here; this is recorded too.
            PromotionConflict: somebody else changed what is served since; says who, what and why.
            UnknownCheckpoint, RegistryUnusable: as everywhere.
        """
        reason, who = _text("reason", reason), _text("name of the person", who)
        acts = self.acts()
        state = self._state(acts)
        kind = self._require(checkpoint, state).kind
        seen = seen or AsSeen(state.serving(kind))
        _check_seen(f"{checkpoint!r} was not promoted", kind, seen, state, acts)
        record = self._promotable(checkpoint, state)
        check_files(self._folder(checkpoint), record)
        self._smoke(self._folder(checkpoint), self._kind(kind), record, who)
        with self._acting() as (log, state):  # again, for the smoke test took a while
            _check_seen(f"{checkpoint!r} was not promoted", kind, seen, state, log.acts)
            metrics = self._compare(self._promotable(checkpoint, state), state).metrics
            return self._append(Act(ActKind.PROMOTE, kind, checkpoint, seen.served, who, self._now(), reason, metrics), log)

    def rollback(self, kind: str, *, reason: str, who: str, seen: AsSeen | None = None) -> Act:
        """Serve again what was served before; nothing, where the first promotion is rolled back.

        Args:
            kind: of checkpoint.
            reason, who, seen: as in `promote`.

        Raises:
            CheckpointRefused: no reason, or nothing was promoted here.
            CheckpointDamaged: the files of the earlier one are not those that were published. Retire it to go back further.
            PromotionConflict: somebody else changed what is served since ``seen``.
            RegistryUnusable: as everywhere.
        """
        reason, who = _text("reason", reason), _text("name of the person", who)
        with self._acting() as (log, state):
            served, before = state.serving(kind), state.before(kind)
            _check_seen("Nothing was rolled back", kind, seen or AsSeen(served), state, log.acts)
            if not state.stacks.get(kind):
                raise CheckpointRefused(f"Nothing of the kind {kind[:60]!r} was promoted here, so there is nothing to roll back.")
            if before is not None:
                check_files(self._folder(before), self._record(before, state))
            return self._append(Act(ActKind.ROLLBACK, kind, before, served, who, self._now(), reason), log)

    def retire(self, checkpoint: str, *, reason: str, who: str) -> Act:
        """Take a checkpoint out for good: it is never served again, also by no rollback. Its files stay.

        Raises:
            CheckpointRefused: no reason, retired by hand before, or served now.
            UnknownCheckpoint, RegistryUnusable: as everywhere.
        """
        reason, who = _text("reason", reason), _text("name of the person", who)
        with self._acting() as (log, state):
            kind = self._require(checkpoint, state).kind
            served = state.serving(kind)
            if served == checkpoint:
                raise CheckpointRefused(f"{checkpoint!r} is served now. Promote another one or roll back first, then retire it.")
            if checkpoint in state.withdrawn:
                raise CheckpointRefused(f"{checkpoint!r} was retired before.")
            return self._append(Act(ActKind.RETIRE, kind, checkpoint, served, who, self._now(), reason), log)

    def _kind(self, kind: str) -> KindEntry:
        if kind not in self.kinds:
            raise CheckpointRefused(f"There is no kind of checkpoint {kind[:60]!r}. Kinds: {', '.join(sorted(self.kinds)) or 'none'}.")
        return self.kinds[kind]

    def _promotable(self, checkpoint: str, state: RegistryState) -> CheckpointRecord:
        record = self._record(checkpoint, state)
        self._kind(record.kind)
        if checkpoint in state.withdrawn:
            raise CheckpointRefused(f"{checkpoint!r} was retired by hand and is never served again. Train and publish another one.")
        if state.serving(record.kind) == checkpoint:
            raise CheckpointRefused(f"{checkpoint!r} is served already.")
        return record

    def _smoke(self, folder: Path, entry: KindEntry, record: CheckpointRecord, who: str) -> None:
        """Run the smoke test; a failure is recorded before it is raised."""
        try:
            smoke_test(folder, entry)
        except SmokeTestFailed as error:
            with contextlib.suppress(RegistryUnusable), self._acting() as (log, state):  # why it failed matters more than the log
                served = state.serving(record.kind)
                self._append(Act(ActKind.REFUSE, record.kind, record.id, served, who, self._now(), str(error)), log)
            raise

    def _is_whole(self, checkpoint: str) -> bool:
        state = self._state(self.acts())
        with contextlib.suppress(CheckpointDamaged):
            if checkpoint in state.published:
                check_files(self._folder(checkpoint), self._record(checkpoint, state))
                return True
        return False

    def _place(self, staging: Path, record: CheckpointRecord, who: str) -> None:
        """Put a tested checkpoint in its place, and record it."""
        with self._acting() as (log, state):
            if self._is_whole(record.id):
                return  # somebody else published the same just now
            target, old = self.root / record.id, staging.with_name(f"{staging.name}-old")
            digest = hashlib.sha256((staging / RECORD).read_bytes()).hexdigest()
            if target.exists():
                target.rename(old)  # damaged, or left by a process that was killed here
            staging.rename(target)
            sync_folder(self.root)
            served = state.serving(record.kind)
            self._append(Act(ActKind.PUBLISH, record.kind, record.id, served, who, self._now(), record_sha256=digest), log)
            shutil.rmtree(old, ignore_errors=True)

    def _append(self, act: Act, log: ReadLog) -> Act:
        append_act(self.root / LOG, act, log)
        return act

    @contextmanager
    def _staging(self) -> Iterator[Path]:
        """A new folder in the registry that readers ignore; what processes that were killed left behind is removed."""
        with _writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            for path in self.root.glob(f"{_STAGING}*"):
                with contextlib.suppress(FileNotFoundError):  # another process may be faster
                    if time.time() - path.stat().st_mtime > _ABANDONED_SECONDS:
                        shutil.rmtree(path, ignore_errors=True)
            staging = self.root / f"{_STAGING}{secrets.token_hex(6)}"
            staging.mkdir()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    @contextmanager
    def _acting(self) -> Iterator[tuple[ReadLog, RegistryState]]:
        """Hold the registry's lock, with the log as it is now."""
        with _writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(self.root / "lock", timeout=LOCK_SECONDS):
                    log = read_log(self.root / LOG)
                    yield log, self._state(log.acts)
            except Timeout as error:
                raise RegistryUnusable(
                    f"The checkpoint registry {str(self.root)!r} has been busy for {LOCK_SECONDS:g} s. Try again; nothing was changed."
                ) from error

    def _now(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Turn what the disk refuses into words."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise RegistryUnusable(
            f"The checkpoint registry {str(root)!r} cannot be written ({why}). Free some space or mend its permissions, then try again. "
            "Nothing was changed: what was served is served still."
        ) from error


def _identified(record: CheckpointRecord) -> CheckpointRecord:
    """The record under its id, checked."""
    try:
        replace(record, id=f"{record.kind}-{'0' * 12}").check()
    except (TypeError, AttributeError, ValueError) as error:
        raise CheckpointRefused(f"The checkpoint cannot be published: {error}.") from error
    return record.identified()


def _text(what: str, given: str) -> str:
    text = " ".join("".join(each if each.isprintable() else " " for each in given).split())
    if not 1 <= len(text) <= MAX_TEXT:
        raise CheckpointRefused(f"A {what} is needed, of 1 to {MAX_TEXT} characters: it stays in the log. Got {len(text)} characters.")
    return text


def _check_seen(undone: str, kind: str, seen: AsSeen, state: RegistryState, acts: tuple[Act, ...]) -> None:
    """Raise `PromotionConflict` where something else is served by now; the message begins with what was not done."""
    served = state.serving(kind)
    if served == seen.served:
        return
    by = next((act for act in reversed(acts) if act.kind == kind and act.act in {ActKind.PROMOTE, ActKind.ROLLBACK}), None)
    who = f" by {by.who} at {by.at} ({by.reason})" if by else ""
    raise PromotionConflict(
        f"{undone}: in the meantime what is served as {kind!r} changed from {seen.served or 'nothing'} to {served or 'nothing'}{who}. "
        "Compare again, and repeat what you want."
    )
