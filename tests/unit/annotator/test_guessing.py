"""Guess again: machines say anew what they think, people's labels stay."""

from pathlib import Path

import pytest

from annotator.claims import claim
from annotator.database import Database
from annotator.errors import AccessDenied, NotFound
from annotator.first_labels import RULES_VERSION
from annotator.guessing import guess_again, models_to_guess
from annotator.imports import import_models
from annotator.labels import relabel
from annotator.model_files import ModelStore
from annotator.predictions import Guess, Opinion, record_predictions, replace_predictions
from annotator.queries import view_model
from annotator.reviews import accept, submit
from annotator.stores import Stores
from data_tools.labeling.combining import COMBINED
from liwi.errors import Cancelled
from liwi.progress import CancelToken
from liwi.registry import Registry
from liwi.seethrough.body_parts import BodyPart
from tests.unit.annotator.squares import write_squares
from tests.unit.annotator.workbench import add_models, meshes_of, new_id, to

FACE, NOSE = BodyPart.FACE, BodyPart.NOSE


def test_without_a_segmenter_the_rules_speak_and_people_are_not_touched(database: Database, tmp_path: Path) -> None:
    stores, registry = Stores.below(tmp_path / "kept"), Registry(tmp_path / "registry", shipped=None)
    paths = [write_squares(tmp_path / name, left) for name, left in (("one", 20), ("two", 60))]
    done = import_models(database, stores, "ann", "default", paths, checkpoints=registry)
    assert (len(done.imported), done.problems) == (2, [])
    red = meshes_of(database, 1)[0]
    claim(database, "ann", 1)
    relabel(database, "ann", 1, new_id(), [to(red, NOSE)])
    record_predictions(database, "ann", 1, "old", {COMBINED: [Guess(red, FACE, None, 0.7)]})
    assert view_model(database, "vera", 1).predictions[red][0].part == FACE
    found = models_to_guess(database, "ann", "default")
    again = guess_again(database, stores, "ann", found, registry)
    assert (again.answered_by, again.done, again.problems) == ("", [1, 2], [])
    assert again.num_changed == [1, 0], "of the first, what the old checkpoint said is gone"
    view = view_model(database, "vera", 1)
    assert {guess.model_version for said in view.predictions.values() for guess in said} == {RULES_VERSION}
    assert {mesh: saved.value.part for mesh, saved in view.labels.items()} == {red: NOSE}

    elsewhere = Stores(stores.pictures, ModelStore(tmp_path / "empty"))
    lost = guess_again(database, elsewhere, "ann", found, None)
    assert (lost.done, [name for name, _ in lost.problems]) == ([], ["one", "two"])
    stopped = CancelToken()
    stopped.cancel()
    with pytest.raises(Cancelled):
        guess_again(database, stores, "ann", found, None, cancel=stopped)
    with pytest.raises(AccessDenied):
        guess_again(database, stores, "vera", found, None)


def test_a_project_is_guessed_as_far_as_nobody_has_accepted_it(database: Database) -> None:
    passes = add_models(database, 3)
    claim(database, "ann", passes[1])
    relabel(database, "ann", passes[1], new_id(), [to(mesh, FACE) for mesh in meshes_of(database, passes[1])])
    submit(database, "ann", passes[1])
    assert models_to_guess(database, "ann", "default") == [1, 2, 3]
    accept(database, "rita", passes[1])
    assert models_to_guess(database, "ann", "default") == [1, 3]
    with pytest.raises(NotFound):
        models_to_guess(database, "ann", "another")
    with pytest.raises(AccessDenied):
        models_to_guess(database, "vera", "default")


def test_what_has_weighed_the_others_counts_first_and_decides_the_doubt(database: Database) -> None:
    (model,) = add_models(database)
    first, second, third = meshes_of(database, model)
    rules = Opinion("place", "1", [Guess(first, FACE, None, 0.9), Guess(second, FACE, None, 0.8)])
    changed = replace_predictions(database, "ann", model, [rules, Opinion("segmenter", "a", [Guess(first, NOSE, None, 0.95)])])
    assert changed == 2
    view = view_model(database, "vera", model)
    assert view.predictions[first][0].part == NOSE
    assert view.model.uncertainty == pytest.approx((1 + 0.2 + 1) / 3), "sources disagree, one says something, nobody does"
    both = Opinion(COMBINED, "a", [Guess(first, FACE, None, 0.6), Guess(second, FACE, None, 0.8), Guess(third, None, None, 0.5)])
    changed = replace_predictions(database, "ann", model, [rules, Opinion("segmenter", "b", [Guess(first, NOSE, None, 0.95)]), both])
    assert changed == 2, "the nose is a face again, and the third is nothing"
    view = view_model(database, "vera", model)
    assert [(guess.part, guess.source, guess.model_version) for guess in view.predictions[first]] == [
        ("face", COMBINED, "a"),
        ("nose", "segmenter", "b"),
        ("face", "place", "1"),
    ]
    assert view.model.uncertainty == pytest.approx((0.4 + 0.2 + 0.5) / 3)
