"""First labels by machine: what part names, motion and place say about a model that has just been imported, as predictions."""

from collections import defaultdict
from pathlib import Path

from sqlalchemy import select

from annotator.database import Database
from annotator.predictions import PartPrediction, record_predictions
from annotator.schema import ModelArtMesh
from data_tools.labeling.labeler import label_art_meshes
from data_tools.live2d.reader import open_model

RULES_VERSION = "1"
"""Of the rules in `data_tools.labeling`; a new number keeps what the old rules said beside it."""

_LONGEST_SOURCE = 100


def predict_first_labels(database: Database, actor: str, model_id: int, path: Path) -> int:
    """Record a prediction for every ArtMesh about which the rules know something, each under the source that it comes from.

    Args:
        database: open.
        actor: at least an annotator.
        model_id: the model, already imported.
        path: its file.

    Returns:
        How many predictions were recorded.

    Raises:
        Live2DError: the file cannot be read any more.
    """
    with database.read() as session:
        meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id))
        rows = {mesh.mesh_id: mesh.id for mesh in meshes}
    by_source: dict[str, list[PartPrediction]] = defaultdict(list)
    with open_model(path) as character:
        for guess in label_art_meshes(character):
            if guess.score > 0 and guess.art_mesh in rows:
                by_source[guess.source[:_LONGEST_SOURCE]].append(PartPrediction(rows[guess.art_mesh], guess.part, guess.side, guess.score))
    for source, predictions in by_source.items():
        record_predictions(database, actor, model_id, source, RULES_VERSION, predictions)
    return sum(map(len, by_source.values()))
