"""First labels by machine: what part names, motion and place say about a model that has just been imported, as predictions."""

from collections import defaultdict

from sqlalchemy import select

from annotator.database import Database
from annotator.predictions import Guess, record_predictions
from annotator.schema import ModelArtMesh
from data_tools.labeling.labeler import label_art_meshes
from data_tools.live2d.reader import OpenedModel

RULES_VERSION = "1"
"""Of the rules in `data_tools.labeling`; a new number keeps what the old rules said beside it."""

_LONGEST_SOURCE = 100


def predict_first_labels(database: Database, actor: str, model_id: int, character: OpenedModel) -> int:
    """Record a prediction for every ArtMesh about which the rules know something, each under the source that it comes from.

    Args:
        database: open.
        actor: at least an annotator.
        model_id: the model, already imported.
        character: the same model, open.

    Returns:
        How many predictions were recorded.
    """
    with database.read() as session:
        meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id))
        rows = {mesh.mesh_id: mesh.id for mesh in meshes}
    by_source: dict[str, list[Guess]] = defaultdict(list)
    for said in label_art_meshes(character):
        if said.score > 0 and said.art_mesh in rows:
            by_source[said.source[:_LONGEST_SOURCE]].append(Guess(rows[said.art_mesh], said.part, said.side, said.score))
    if by_source:
        record_predictions(database, actor, model_id, RULES_VERSION, by_source)
    return sum(map(len, by_source.values()))
