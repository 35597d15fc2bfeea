"""A checkpoint registry as its readers see it: what is served, what there is, and whether it is whole. No lock, no writing, no torch."""

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from liwi.checkpoint_files import check_files, read_plain
from liwi.checkpoint_kinds import KINDS, KindEntry
from liwi.checkpoints import MAX_JSON_BYTES, RECORD, CheckpointRecord, is_id
from liwi.registry_errors import CheckpointDamaged, CheckpointRefused, UnknownCheckpoint
from liwi.registry_log import LOG, Act, RegistryState, read_log, stamp

SHIPPED = Path(__file__).parent / "shipped"
"""The checkpoints that come with the program; a registry like any other, which the app never writes to."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A checkpoint beside what is served.

    Attributes:
        served: id of what is served; None for nothing.
        metrics: name -> (as served, of this checkpoint), None where one of them lacks it; in the order of the names.
        same_data: whether both were trained on the same export; if not, the numbers may be of different held-out parts.
    """

    served: str | None
    metrics: Mapping[str, tuple[float | None, float | None]]
    same_data: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with one checkpoint, in words for a person."""

    checkpoint: str
    problem: str


class RegistryReader:
    """A registry folder that is only read. Safe for several threads, and while other processes write.

    Args:
        root: its folder; one that does not exist is empty.
        shipped: a registry whose served checkpoints serve until something is promoted in ``root``; None for none.
        kinds: the table of kinds.

    Attributes:
        root, kinds: as given.
        shipped: the registry of what came with the program; None where there is none, or this is it.
    """

    def __init__(self, root: Path, *, shipped: Path | None = SHIPPED, kinds: Mapping[str, KindEntry] = KINDS) -> None:
        self.root = root.expanduser().resolve()
        self.kinds = kinds
        is_apart = shipped is not None and shipped.resolve() != self.root
        self.shipped: RegistryReader | None = RegistryReader(shipped, shipped=None, kinds=kinds) if shipped and is_apart else None

    def stamp(self) -> object:
        """Something that differs after every act; costs microseconds, so that each request may ask."""
        return stamp(self.root / LOG), self.shipped.stamp() if self.shipped else None

    def acts(self) -> tuple[Act, ...]:
        """Every act of this registry, in order; those of the shipped one are not among them.

        Raises:
            RegistryUnusable: the log cannot be read.
        """
        return read_log(self.root / LOG).acts

    def state(self) -> RegistryState:
        """What follows from every act: what is served, and what a rollback would serve.

        Raises:
            RegistryUnusable: the log cannot be read.
        """
        return self._state(self.acts())

    def serving(self, kind: str) -> CheckpointRecord | None:
        """What is served for a kind; None for nothing.

        Raises:
            RegistryUnusable: the log cannot be read.
            CheckpointDamaged: the record of what is served cannot be read.
        """
        state = self._state(self.acts())
        served = state.serving(kind)
        return None if served is None else self._record(served, state)

    def record(self, checkpoint: str) -> CheckpointRecord:
        """One checkpoint.

        Raises:
            UnknownCheckpoint: there is none of this id.
            CheckpointDamaged: its record cannot be read.
            RegistryUnusable: the log cannot be read.
        """
        return self._record(checkpoint, self._state(self.acts()))

    def records(self) -> list[CheckpointRecord]:
        """Every checkpoint whose record can be read, in the order they were published; `verify` names the others."""
        state, found = self._state(self.acts()), []
        for checkpoint in state.published:
            with contextlib.suppress(CheckpointDamaged):
                found.append(self._record(checkpoint, state))
        return found

    def folder(self, checkpoint: str) -> Path:
        """The folder of a published checkpoint.

        Raises:
            UnknownCheckpoint: there is none of this id.
        """
        self._require(checkpoint, self._state(self.acts()))
        return self._folder(checkpoint)

    def came_with_the_program(self, checkpoint: str) -> bool:
        """Whether a checkpoint is one of those in `shipped`."""
        return self.shipped is not None and checkpoint in self.shipped.state().published

    def lineage(self, checkpoint: str) -> list[CheckpointRecord]:
        """A checkpoint, its parent, and so on, as far as the registry knows them."""
        state = self._state(self.acts())
        found = [self._record(checkpoint, state)]
        while (parent := found[-1].parent) and parent in state.published and parent not in {each.id for each in found}:
            found.append(self._record(parent, state))
        return found

    def compare(self, checkpoint: str) -> Comparison:
        """The metrics of a checkpoint beside those of what is served for its kind; a damaged one that is served counts as without any."""
        state = self._state(self.acts())
        return self._compare(self._record(checkpoint, state), state)

    def check(self, checkpoint: str) -> CheckpointRecord:
        """Compare every byte of a checkpoint with what was published.

        Raises:
            CheckpointDamaged: something differs; names the file.
            UnknownCheckpoint, RegistryUnusable: as in `record`.
        """
        record = self.record(checkpoint)
        check_files(self._folder(checkpoint), record)
        return record

    def verify(self) -> list[Finding]:
        """Check every checkpoint, and look for what interrupted acts left behind; empty when all is well.

        Raises:
            RegistryUnusable: the log itself is damaged.
        """
        published, findings = self._state(self.acts()).published, []
        for checkpoint in published:
            try:
                self.check(checkpoint)
            except CheckpointDamaged as error:
                findings.append(Finding(checkpoint, str(error)))
        names = sorted(path.name for path in self.root.iterdir()) if self.root.is_dir() else []
        left = [name for name in names if is_id(name) and name not in published]
        return findings + [Finding(name, "left by a publishing that was interrupted; ignored. Publish it again.") for name in left]

    def _state(self, acts: tuple[Act, ...]) -> RegistryState:
        return RegistryState.after(acts, self.shipped.state() if self.shipped else None)

    def _require(self, checkpoint: str, state: RegistryState) -> Act:
        """The act that published a checkpoint."""
        if checkpoint not in state.published:
            raise UnknownCheckpoint(f"There is no checkpoint {checkpoint[:60]!r}. List them: python -m liwi checkpoints list")
        return state.published[checkpoint]

    def _folder(self, checkpoint: str) -> Path:
        """Where a published checkpoint lies; its id was checked when the log was read."""
        own = self.root / checkpoint
        return self.shipped._folder(checkpoint) if self.shipped and not own.is_dir() else own

    def _record(self, checkpoint: str, state: RegistryState) -> CheckpointRecord:
        published = self._require(checkpoint, state)
        try:
            content = read_plain(self._folder(checkpoint) / RECORD, MAX_JSON_BYTES)
            record = CheckpointRecord.from_json(content)  # first, so that a newer version is called by its name
        except (OSError, CheckpointRefused, CheckpointDamaged) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CheckpointDamaged(f"The record of the checkpoint {checkpoint!r} cannot be read: {why}") from error
        if hashlib.sha256(content).hexdigest() != published.record_sha256 or record.id != checkpoint or record.kind != published.kind:
            raise CheckpointDamaged(f"The record of the checkpoint {checkpoint!r} is not the one that was published. Publish it again.")
        return replace(record, status=state.status(checkpoint))

    def _compare(self, record: CheckpointRecord, state: RegistryState) -> Comparison:
        served, serving = state.serving(record.kind), None
        with contextlib.suppress(CheckpointDamaged, UnknownCheckpoint):
            serving = self._record(served, state) if served else None
        before = serving.metrics if serving else {}
        names = sorted({*before, *record.metrics})
        metrics = {name: (before.get(name), record.metrics.get(name)) for name in names}
        return Comparison(served, metrics, serving is not None and serving.dataset.sha256 == record.dataset.sha256)
