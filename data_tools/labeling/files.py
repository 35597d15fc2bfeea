"""Predictions as a file, and whole folders measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from data_tools.labeling.accuracy import Accuracy
from data_tools.labeling.combining import label_by_all
from data_tools.labeling.labeler import PartPrediction
from data_tools.live2d.labels import VERSION, LabelledModel, find_models
from data_tools.live2d.model import Live2DModel
from data_tools.live2d.reader import open_model
from data_tools.live2d.writing import json_text
from liwi.errors import InputError
from liwi.export.atomic import new_file
from liwi.protocols import PartSegmenter
from liwi.seethrough.body_parts import TaxonomyVersion


def describe_predictions(model: Live2DModel, predictions: Sequence[PartPrediction]) -> dict[str, Any]:
    """The document of a prediction file: a label file (`data_tools.live2d.labels`) with ``score`` and ``source`` for each ArtMesh."""
    meshes = {
        guess.art_mesh: {"part": guess.part, "side": guess.side, "score": guess.score, "source": guess.source} for guess in predictions
    }
    return {"version": VERSION, "taxonomy": TaxonomyVersion.V3.value, "model": model.name, "art_meshes": meshes}


def write_predictions(path: Path, model: Live2DModel, predictions: Sequence[PartPrediction]) -> None:
    """Write a prediction file; it is replaced as a whole or not at all.

    Raises:
        ExportError: the file cannot be written.
    """
    text = json_text(describe_predictions(model, predictions))
    with new_file(path) as partial:
        partial.write_bytes(text.encode())


def check_folder(models: Path, segmenter: PartSegmenter | None = None) -> Accuracy:
    """Label every model below a folder, by what a segmenter sees, too, where one is given, and count against the labels beside it.

    Raises:
        InputError: there is no model with labels, or a model cannot be read.
    """
    accuracy = Accuracy()
    reasons = []
    for found in find_models(models, models):
        if not isinstance(found, LabelledModel):
            reasons.append(f"{found.name}: {found.reason}")
            continue
        with open_model(found.path) as character:
            accuracy.add(label_by_all(character, segmenter), found.labels.parts)
    if not accuracy.num_meshes:
        raise InputError(f"No model in {str(models)!r} has labels to measure against. " + " ".join(reasons[:3]))
    return accuracy
