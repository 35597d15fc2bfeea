"""Predictions for whole models, read through Cubism Core."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_tools.__main__ import app
from data_tools.labeling.accuracy import Accuracy, source_kind
from data_tools.labeling.files import check_folder
from data_tools.labeling.labeler import PartPrediction, label_art_meshes
from data_tools.live2d.labels import read_labels
from data_tools.live2d.puppet import Binding
from data_tools.live2d.reader import open_model
from data_tools.live2d.synthetic.export import synthesize, write_model
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side
from tests.unit.data_tools.live2d import models
from tests.unit.data_tools.live2d.models import EYE, RED, square

SEEDS = (100, 101)
"""Of one character with telling part names and one with none."""


@pytest.fixture(scope="module")
def characters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("characters")
    for seed in SEEDS:
        model = synthesize(seed, texture_size=256)
        write_model(model, folder / model.name)
    return folder


@pytest.fixture(scope="module")
def labelled(characters: Path) -> Iterator[dict[int, tuple[tuple[PartPrediction, ...], Accuracy]]]:
    found = {}
    for seed, path in zip(SEEDS, sorted(characters.rglob("*.model3.json")), strict=True):
        with open_model(path) as character:
            predictions = label_art_meshes(character)
        accuracy = Accuracy()
        accuracy.add(predictions, read_labels(path.parent / "labels.json").parts)
        found[seed] = predictions, accuracy
    yield found


@pytest.mark.parametrize("seed", SEEDS)
def test_most_art_meshes_are_labelled_rightly_with_or_without_names(
    labelled: dict[int, tuple[tuple[PartPrediction, ...], Accuracy]], seed: int
) -> None:
    predictions, accuracy = labelled[seed]
    assert accuracy.num_meshes == len(predictions)
    assert accuracy.share_right >= 0.8


def test_every_prediction_has_a_score_and_says_where_it_came_from(
    labelled: dict[int, tuple[tuple[PartPrediction, ...], Accuracy]],
) -> None:
    for predictions, accuracy in labelled.values():
        assert all(0 <= guess.score <= 1 for guess in predictions)
        assert all(source_kind(guess.source) != "nothing known" or guess.score == 0 for guess in predictions)
        assert sum(accuracy.sources.values()) == sum(accuracy.scores.values()) == len(predictions)


def test_a_folder_is_measured_as_the_sum_of_its_models(
    characters: Path, labelled: dict[int, tuple[tuple[PartPrediction, ...], Accuracy]]
) -> None:
    whole = check_folder(characters)
    assert whole.pairs == sum((accuracy.pairs for _, accuracy in labelled.values()), start=type(whole.pairs)())


def test_the_parameter_that_moves_an_art_mesh_names_part_and_side(tmp_path: Path) -> None:
    shut = square("m1", (60, 60, 80, 80), RED, shift=10)
    blinking = {"positions": shut.positions[[0, 1]], "bindings": (Binding(EYE.id, (0, 1)),), "opacities": shut.opacities[:2]}
    path = models.write_model(
        tmp_path, [square("m2", (0, 0, 200, 200), RED, part="PartArmA"), square("m1", (60, 60, 80, 80), RED, **blinking)]
    )
    with open_model(path) as character:
        arm, eye = label_art_meshes(character)
    assert (arm.part, source_kind(arm.source)) == (BodyPart.HANDWEAR, "name rule")
    assert (eye.part, eye.side, eye.source) == (BodyPart.EYELASH, Side.LEFT, "moved by ParamEyeLOpen")


def test_the_command_writes_a_file_that_is_read_as_labels(characters: Path, tmp_path: Path) -> None:
    model = min(characters.rglob("*.model3.json"))
    out = tmp_path / "new" / "guess.json"
    result = CliRunner().invoke(app, ["live2d", "label", str(model), "--out", str(out)])
    assert result.exit_code == 0, result.output
    document = json.loads(out.read_text("utf-8"))
    labels = read_labels(out)
    assert labels.parts.keys() == read_labels(model.parent / "labels.json").parts.keys()
    assert all(entry["source"] and 0 <= entry["score"] <= 1 for entry in document["art_meshes"].values())


def test_the_command_measures_a_folder(characters: Path) -> None:
    result = CliRunner().invoke(app, ["live2d", "label", str(characters), "--check"])
    assert result.exit_code == 0, result.output
    assert "% right" in result.output.splitlines()[-1]
    assert "front hair" in result.output


def test_a_folder_without_labels_is_an_error_for_people(tmp_path: Path) -> None:
    models.write_model(tmp_path, [square("m1", (0, 0, 10, 10), RED)])
    with pytest.raises(InputError, match="labels to measure against"):
        check_folder(tmp_path)


def test_where_nothing_has_a_name_the_rules_know_what_answers_to_touches_alone(tmp_path: Path) -> None:
    path = write_model(synthesize(SEEDS[0], texture_size=256, nameless=True), tmp_path)
    truth = read_labels(tmp_path / "labels.json").parts
    with open_model(path) as character:
        predictions = label_art_meshes(character)
        assert {parameter.id.removeprefix("Param").isdecimal() for parameter in character.model.parameters} == {True}
    assert {guess.art_mesh for guess in predictions if guess.score > 0} == {name for name, (part, _) in truth.items() if part is None}
