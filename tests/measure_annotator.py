"""How the workbench's database stands up to many people at once, to a full table, and to being killed.

python -m tests.measure_annotator writers [--url URL] [--processes 8] [--changes 1000]
python -m tests.measure_annotator queue   [--url URL] [--models 10000] [--meshes 200]
python -m tests.measure_annotator kill    [--url URL] [--rounds 10]
"""

import argparse
import multiprocessing
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from annotator.claims import claim
from annotator.database import open_database
from annotator.errors import LabelConflict
from annotator.labels import relabel
from annotator.queries import queue
from annotator.schema import CurrentLabel, Label, Operation
from annotator.values import Change, LabelValue
from liwi.seethrough.body_parts import BodyPart
from tests.unit.annotator.workbench import ADMIN, add_models, add_people, all_labels, meshes_of, new_id

HOT_ROWS = 50


@dataclass(frozen=True)
class Writings:
    """What one writer did: the version it saw for each confirmed operation, conflicts, and seconds per confirmed operation."""

    seen: dict[str, tuple[int, int]]
    num_conflicts: int
    seconds: list[float]


def write_changes(url: str, pass_id: int, num_changes: int, seed: int) -> Writings:
    """Label hot rows like a browser tab that knows only what it was told; each tenth operation is sent twice."""
    chance = random.Random(seed)
    seen: dict[str, tuple[int, int]] = {}
    seconds, num_conflicts = [], 0
    with closing(open_database(url)) as database:
        meshes = meshes_of(database, pass_id)[:HOT_ROWS]
        versions = dict.fromkeys(meshes, 0)
        while len(seen) < num_changes:
            mesh, operation_id = chance.choice(meshes), new_id()
            change = Change(mesh, versions[mesh], LabelValue.of(chance.choice(list(BodyPart))))
            begin = time.perf_counter()
            try:
                outcome = relabel(database, ADMIN, pass_id, operation_id, [change])
            except LabelConflict as conflict:
                versions[mesh] = conflict.conflicts[0].current.version
                num_conflicts += 1
                continue
            seconds.append(time.perf_counter() - begin)
            if len(seen) % 10 == 0:
                assert relabel(database, ADMIN, pass_id, operation_id, [change]) == outcome
            seen[operation_id] = (mesh, versions[mesh])
            versions[mesh] = outcome.saved[0].version
    return Writings(seen, num_conflicts, seconds)


def check_chain(labels: list[Label], seen: dict[str, tuple[int, int]]) -> None:
    """Every confirmed change is there once, and replaced exactly the label that its writer saw."""
    assert {label.operation_id for label in labels} == seen.keys()
    assert len(labels) == len(seen)
    last: dict[int, Label] = {}
    for label in labels:
        before = last.get(label.art_mesh_id)
        assert (label.art_mesh_id, label.version - 1) == seen[label.operation_id]
        assert label.replaced_id == (before.id if before else None)
        assert label.version == (before.version if before else 0) + 1
        last[label.art_mesh_id] = label


def run_writers(url: str, num_processes: int, num_changes: int) -> list[Writings]:
    """Several processes label the same rows at once; afterwards the chain of labels is checked."""
    with closing(open_database(url)) as database:
        add_people(database)
        pass_id = add_models(database, 1, HOT_ROWS)[0]
        claim(database, ADMIN, pass_id)
    with multiprocessing.get_context("spawn").Pool(num_processes) as pool:
        done = pool.starmap(write_changes, [(url, pass_id, num_changes, seed) for seed in range(num_processes)])
    with closing(open_database(url)) as database:
        check_chain(all_labels(database), {key: value for one in done for key, value in one.seen.items()})
        with database.read() as session:
            newest = dict(session.execute(select(Label.art_mesh_id, func.max(Label.version)).group_by(Label.art_mesh_id)).all())
            assert newest == dict(session.execute(select(CurrentLabel.art_mesh_id, CurrentLabel.version)).all())
    return done


def write_until_killed(url: str, pass_id: int) -> None:
    """Label without end, and say each confirmed operation."""
    with closing(open_database(url)) as database:
        meshes = meshes_of(database, pass_id)
        with database.read() as session:
            versions = dict(session.execute(select(CurrentLabel.art_mesh_id, CurrentLabel.version)).all())
        while True:
            operation_id = new_id()
            print("sending", operation_id, flush=True)
            changes = [Change(mesh, versions.get(mesh, 0), LabelValue.of(random.choice(list(BodyPart)))) for mesh in meshes]
            versions = {saved.art_mesh_id: saved.version for saved in relabel(database, ADMIN, pass_id, operation_id, changes).saved}
            print("saved", operation_id, flush=True)


def kill_writers(url: str, rounds: int) -> tuple[int, int]:
    """Kill -9 a writer again and again; returns the confirmed operations and how many of them are missing or incomplete."""
    with closing(open_database(url)) as database:
        add_people(database)
        pass_id = add_models(database, 1, 20)[0]
        claim(database, ADMIN, pass_id)
    said: Counter[str] = Counter()
    for number in range(rounds):
        code = f"from tests.measure_annotator import write_until_killed; write_until_killed({url!r}, {pass_id})"
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(10 + number)]
            time.sleep(random.random() * 0.02)
            process.send_signal(signal.SIGKILL)
            lines += process.stdout.readlines()
        said.update(line.strip() for line in lines if line.endswith("\n"))
    saved = {line.removeprefix("saved ") for line in said if line.startswith("saved ")}
    sent = {line.removeprefix("sending ") for line in said if line.startswith("sending ")}
    with closing(open_database(url)) as database, database.read() as session:
        stored = dict(session.execute(select(Label.operation_id, func.count()).group_by(Label.operation_id)).all())
        operations = set(session.scalars(select(Operation.id)))
        if database.url.startswith("sqlite"):
            assert session.connection().exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert operations == stored.keys() <= sent
    return len(saved), sum(stored.get(operation_id) != 20 for operation_id in saved) + sum(count != 20 for count in stored.values())


def time_queue(url: str, num_models: int, num_meshes: int) -> list[float]:
    """Seconds of 20 different pages of the queue."""
    with closing(open_database(url)) as database:
        add_people(database)
        for _ in range(0, num_models, 500):
            add_models(database, min(500, num_models), num_meshes)
        seconds = []
        for page in range(20):
            begin = time.perf_counter()
            entries, num = queue(database, ADMIN, project_id=1 if page % 2 else None, offset=page * 400, limit=100)
            seconds.append(time.perf_counter() - begin)
            assert (len(entries), num) == (min(100, max(0, num_models - page * 400)), num_models)
        return seconds


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["writers", "queue", "kill"])
    parser.add_argument("--url", help="an empty database; a temporary SQLite file if not given")
    for name, default in (("processes", 8), ("changes", 1000), ("models", 10_000), ("meshes", 200), ("rounds", 10)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite:///{folder}/annotations.db"
        begin = time.perf_counter()
        if given.what == "writers":
            done = run_writers(url, given.processes, given.changes)
            times = sorted(second for one in done for second in one.seconds)
            percentiles = [f"{1000 * times[int(share * (len(times) - 1))]:.1f}" for share in (0.5, 0.95, 0.99, 1)]
            conflicts = sum(one.num_conflicts for one in done)
            print(f"{len(times)} changes, 0 lost, 0 locked, {conflicts} conflicts, all seen; p50/p95/p99/max {'/'.join(percentiles)} ms")
        elif given.what == "kill":
            saved, missing = kill_writers(url, given.rounds)
            print(f"{given.rounds} kills: {saved} confirmed operations of 20 labels, {missing} missing or incomplete")
        else:
            times = time_queue(url, given.models, given.meshes)
            median, longest = 1000 * sorted(times)[10], 1000 * max(times)
            print(f"{given.models} models x {given.meshes} ArtMeshes: queue page {median:.0f} ms, at most {longest:.0f} ms")
        print(f"{time.perf_counter() - begin:.1f} s in all")


if __name__ == "__main__":
    main()
