"""The loop from labels to better labels, step by step, with the real workbench, trainer and registry: what tests and measurements share.

A scripted annotator, who knows the true labels, goes through the models of a project: guesses that are right are accepted, wrong ones put
right; a reviewer accepts the model. Everything goes through the functions that the pages call.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annotator.access import LOCAL_USER, ensure_local_user, set_user
from annotator.claims import claim
from annotator.database import Database, open_database
from annotator.export_formats import ExportFormat
from annotator.exports import ExportReport, export_labels
from annotator.imports import import_models
from annotator.labels import relabel
from annotator.queries import ModelView, queue, view_model
from annotator.reviews import accept, submit
from annotator.stores import Stores
from annotator.values import Change, LabelValue, Role
from data_tools.character_dataset import Split, split_of
from data_tools.live2d.labels import OWN_LABELS, identify, read_labels
from data_tools.live2d.synthetic.export import synthesize, write_model
from data_tools.parts.commands import make
from liwi.experts.served_part_segmenter import KIND
from liwi.registry import Registry
from liwi.seethrough.body_parts import BodyPart, Side
from training.job import Job, parse_job
from training.loop import train
from training.publishing import publish

ANNOTATOR, REVIEWER = "ann", "rita"
Truth = Mapping[str, Mapping[str, tuple[BodyPart | None, Side | None]]]
"""By name of the model: by id of the ArtMesh: what it is."""


@dataclass(frozen=True)
class Workbench:
    """A workbench with an annotator and a reviewer, and the registry that its guesses come from."""

    database: Database
    stores: Stores
    registry: Registry


@dataclass(frozen=True)
class Guessed:
    """How right the machine's best guesses were.

    Attributes:
        num: fragments.
        num_right: of the right class.
        num_corrected: where class or side had to be put right, or there was no guess.
    """

    num: int
    num_right: int
    num_corrected: int

    @property
    def share_right(self) -> float:
        """In [0, 1]."""
        return self.num_right / max(1, self.num)


@contextmanager
def open_workbench(folder: Path) -> Iterator[Workbench]:
    """One in a folder, which may have been used before. Nothing that ships with the program answers in it."""
    with closing(open_database(folder / "annotations.db")) as database:
        ensure_local_user(database)
        set_user(database, LOCAL_USER, ANNOTATOR, Role.ANNOTATOR)
        set_user(database, LOCAL_USER, REVIEWER, Role.REVIEWER)
        yield Workbench(database, Stores.below(folder), Registry(folder / "checkpoints", shipped=None))


def draw_models(folder: Path, seeds: Sequence[int], *, texture_size: int = 512, nameless: bool = True) -> tuple[list[Path], dict[str, Any]]:
    """Characters drawn by code, and their true labels; what is there already is not drawn again."""
    paths, truth = [], {}
    for seed in seeds:
        name = f"character_{seed:04d}"
        path = folder / name / f"{name}.model3.json"
        if not path.is_file():
            write_model(synthesize(seed, texture_size=texture_size, nameless=nameless), path.parent)
        paths.append(path)
        truth[name] = read_labels(path.parent / OWN_LABELS).parts
    return paths, truth


def draw_for(folder: Path, seeds: Iterable[int], wanted: Mapping[Split, int], **options: Any) -> tuple[list[Path], dict[str, Any]]:
    """Draw characters, one seed after the other, until there are enough of each split; others are drawn, too, and left out."""
    left, paths, truth = dict(wanted), [], {}
    for seed in seeds:
        (path,), own = draw_models(folder, [seed], **options)
        split = split_of(identify(path).moc_sha256)
        if left.get(split, 0) > 0:
            left[split] -= 1
            paths.append(path)
            truth |= own
        if not any(left.values()):
            break
    return paths, truth


def bring_in(workbench: Workbench, project: str, paths: Sequence[Path]) -> None:
    """Import models with what the machine guesses."""
    done = import_models(workbench.database, workbench.stores, ANNOTATOR, project, paths, checkpoints=workbench.registry)
    assert not done.problems, done.problems


def look(workbench: Workbench, project: str, truth: Truth) -> Guessed:
    """How right the guesses are of those models of a project whose true labels are given."""
    return _sum([_compare(view, truth[view.model.stem])[0] for view in _views(workbench, project, truth)])


def correct(workbench: Workbench, project: str, truth: Truth) -> Guessed:
    """Label the models whose true labels are given as they truly are, and accept them; those accepted already are only counted."""
    found = []
    for view in _views(workbench, project, truth):
        guessed, values = _compare(view, truth[view.model.stem])
        found.append(guessed)
        if not view.can_edit:
            continue
        claim(workbench.database, ANNOTATOR, view.pass_id)
        versions = {mesh: saved.version for mesh, saved in view.labels.items()}
        changes = [Change(mesh, versions.get(mesh, 0), value) for mesh, value in values.items()]
        relabel(workbench.database, ANNOTATOR, view.pass_id, str(uuid.uuid4()), changes)
        submit(workbench.database, ANNOTATOR, view.pass_id)
        accept(workbench.database, REVIEWER, view.pass_id)
    return _sum(found)


def hand_over(workbench: Workbench, project: str, out: Path) -> ExportReport:
    """Export what was accepted as a dataset: labels and models."""
    return export_labels(workbench.database, workbench.stores, ANNOTATOR, project, out, kind=ExportFormat.DATASET)


def train_and_promote(
    workbench: Workbench, dataset: Path, pictures: Path, run: Path, wanted: Mapping[str, Any], *, start: str | None, heads: int = 1
) -> str:
    """From an exported dataset to the checkpoint that serves: pictures, a run, a candidate, a promotion. What is done is not done again.

    Args:
        workbench: whose registry it is.
        dataset: from `hand_over`.
        pictures: folder for the part pictures.
        run: folder for the run.
        wanted: the job's tables but for its dataset.
        start: the checkpoint that training goes on from; None for a fresh network.
        heads: busts and heads beside each whole figure.

    Returns:
        The id of the checkpoint.
    """
    registry = workbench.registry
    make(pictures, [], 0, labelled=[(dataset, None)], heads=heads, side=wanted["model"]["side"])
    train(job_on(pictures, wanted, None if start is None else registry.folder(start)), run)
    record = publish(run, registry, licence="Apache-2.0", who=REVIEWER)
    serving = registry.serving(KIND)
    if serving is None or serving.id != record.id:
        registry.promote(record.id, reason="It has learnt from more labels.", who=REVIEWER)
    return record.id


def job_on(pictures: Path, wanted: Mapping[str, Any], start_from: Path | None) -> Job:
    """The job of a run on part pictures, from a checkpoint's folder or from nothing."""
    model = {**wanted["model"], **({} if start_from is None else {"start_from": str(start_from)})}
    return parse_job({"objective": "part_segmentation", "dataset": str(pictures), **wanted, "model": model})


def _views(workbench: Workbench, project: str, truth: Truth) -> list[ModelView]:
    entries, num = queue(workbench.database, ANNOTATOR, limit=500)
    assert num == len(entries)
    views = [view_model(workbench.database, ANNOTATOR, entry.pass_id) for entry in entries if entry.project == project]
    return [view for view in views if view.model.stem in truth]


def _compare(view: ModelView, truth: Mapping[str, tuple[BodyPart | None, Side | None]]) -> tuple[Guessed, Mapping[int, LabelValue]]:
    """How right the best guesses are, and the true label of every fragment, by its row."""
    right = corrected = 0
    values = {}
    for mesh in view.art_meshes:
        part, side = truth[mesh.mesh_id]
        guesses = view.predictions.get(mesh.id)
        same = bool(guesses) and guesses is not None and guesses[0].part == part
        right += same
        corrected += not (same and guesses is not None and guesses[0].side == side)
        values[mesh.id] = LabelValue.of(part, side)
    return Guessed(len(view.art_meshes), right, corrected), values


def _sum(found: Sequence[Guessed]) -> Guessed:
    return Guessed(sum(one.num for one in found), sum(one.num_right for one in found), sum(one.num_corrected for one in found))
