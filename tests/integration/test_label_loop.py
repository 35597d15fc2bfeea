"""The loop closes: what people correct in the workbench becomes a checkpoint whose guesses about new models are better."""

from itertools import chain, count
from pathlib import Path

from annotator.claims import claim
from annotator.guessing import guess_again, models_to_guess
from annotator.labels import relabel
from annotator.queries import ModelView, queue, view_model
from annotator.values import Change, LabelValue
from data_tools.character_dataset import Split
from data_tools.labeling.combining import COMBINED, SEGMENTER
from liwi.seethrough.body_parts import BodyPart
from tests.label_loop import (
    ANNOTATOR,
    Workbench,
    bring_in,
    correct,
    draw_for,
    draw_models,
    hand_over,
    look,
    open_workbench,
    train_and_promote,
)

TEXTURE = 256
SEEDS = (3000, 3024, 3002, 3003, 3004)
"""Whoever comes next is drawn if these are of the wrong splits, as after a change of the drawing."""

SCHEDULE = {"batch_size": 8, "warm_up": 2, "device": "cpu", "threads": 1, "precision": "no", "loaders": 0}
TINY = {
    "model": {"kind": "compact", "widths": [32, 32], "blocks": [1, 1], "attentions": [0, 0], "details": 8, "side": 64},
    "data": {"entropy": 10.0, "exclusive": 1.0, "behind": 0.0, "turn": 0.0},
    "optimizer": {"learning_rate": 5e-3, "average": 0.9},
    "evaluate": {"every": 1000},
    "checkpoints": {"every": 1000},
    "record": {"pictures": False},
}


def views(workbench: Workbench, project: str) -> list[ModelView]:
    entries, _ = queue(workbench.database, ANNOTATOR)
    return [view_model(workbench.database, ANNOTATOR, entry.pass_id) for entry in entries if entry.project == project]


def versions(view: ModelView, source: str) -> set[str]:
    return {guess.model_version for guesses in view.predictions.values() for guess in guesses if guess.source == source}


def test_corrected_labels_become_a_checkpoint_that_guesses_better(tmp_path: Path) -> None:
    models, truth = draw_for(tmp_path / "drawn", chain(SEEDS, count(3050)), {Split.TRAIN: 4, Split.VALIDATION: 1}, texture_size=TEXTURE)
    new, truth_of_new = draw_models(tmp_path / "new", (3101, 3102), texture_size=TEXTURE)
    with open_workbench(tmp_path / "data") as workbench:
        bring_in(workbench, "labelled", models[:2])
        assert not any(versions(view, SEGMENTER) for view in views(workbench, "labelled")), "nobody serves yet"
        correct(workbench, "labelled", truth)
        hand_over(workbench, "labelled", tmp_path / "first")
        job = {**TINY, "schedule": {**SCHEDULE, "steps": 3}}
        start = train_and_promote(workbench, tmp_path / "first", tmp_path / "parts", tmp_path / "run", job, start=None)

        bring_in(workbench, "new", new)
        before = look(workbench, "new", truth_of_new)
        one = views(workbench, "new")[0]
        assert versions(one, SEGMENTER) == {start} == versions(one, COMBINED)
        assert all(guesses[0].source == COMBINED for guesses in one.predictions.values()), "what weighs all counts as the best guess"
        claim(workbench.database, ANNOTATOR, one.pass_id)
        decided = Change(one.art_meshes[0].id, 0, LabelValue.of(BodyPart.WINGS))
        relabel(workbench.database, ANNOTATOR, one.pass_id, "a-decision", [decided])

        bring_in(workbench, "labelled", models[2:])
        corrected = correct(workbench, "labelled", truth)
        assert 0 < corrected.num_corrected <= corrected.num
        export = hand_over(workbench, "labelled", tmp_path / "all")
        job = {**TINY, "schedule": {**SCHEDULE, "steps": 70}}
        better = train_and_promote(workbench, tmp_path / "all", tmp_path / "more_parts", tmp_path / "more", job, start=start)
        record = workbench.registry.record(better)
        assert (record.parent, record.dataset.labels_sha256) == (start, export.sha256)

        assert models_to_guess(workbench.database, ANNOTATOR, "labelled") == [], "what is accepted needs no guess"
        found = models_to_guess(workbench.database, ANNOTATOR, "new")
        done = guess_again(workbench.database, workbench.stores, ANNOTATOR, found, workbench.registry)
        assert (len(done.done), done.answered_by, done.problems) == (2, better, [])
        assert sum(done.num_changed) > 0
        after = look(workbench, "new", truth_of_new)
        assert after.share_right > before.share_right + 0.1, (before, after)
        again = view_model(workbench.database, ANNOTATOR, one.pass_id)
        assert versions(again, SEGMENTER) == {better}
        assert {mesh: saved.value for mesh, saved in again.labels.items()} == {decided.art_mesh_id: decided.value}
