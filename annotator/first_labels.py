"""First labels by machine: what names, motion and place say about a model, and what a part segmenter sees of it, as predictions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from annotator.database import Database
from annotator.predictions import Guess, Opinion, replace_predictions
from annotator.schema import ModelArtMesh
from data_tools.labeling.combining import COMBINED, SEGMENTER, combine
from data_tools.labeling.labeler import PartPrediction, label_art_meshes
from data_tools.labeling.seen_parts import look_at_parts
from data_tools.live2d.reader import OpenedModel
from liwi.errors import LiwiError
from liwi.experts.served_part_segmenter import KIND
from liwi.protocols import PartSegmenter
from liwi.registry_reading import RegistryReader
from liwi.registry_serving import Holding, Served

RULES_VERSION = "1"
"""Of the rules in `data_tools.labeling`, beside what they say."""

_LONGEST = 100
"""Of the names of sources and versions."""


def serving_segmenter(registry: RegistryReader | None) -> Holding[PartSegmenter] | None:
    """The part segmenter that a registry serves at this moment, loaded for one piece of work that it shall do alone, whatever is promoted
    meanwhile; None where nobody answers, also where PyTorch is missing: the rules need neither.
    """
    try:
        return Served[PartSegmenter](registry, KIND).get() if registry is not None else None
    except (LiwiError, ImportError):
        return None


def predict_first_labels(
    database: Database, actor: str, model_id: int, character: OpenedModel, segmenter: Holding[PartSegmenter] | None = None
) -> int:
    """Record what machines say about every ArtMesh of which they know something, in place of what they said before.

    Each guess stands under the source that it comes from: the rules' own, "segmenter", and what both together say, which counts as the
    best guess. Without a segmenter there are the rules alone.

    Args:
        database: open.
        actor: at least an annotator.
        model_id: the model, already imported.
        character: the same model, open.
        segmenter: see `serving_segmenter`.

    Returns:
        Of how many ArtMeshes the best guess is of another class than before.
    """
    with database.read() as session:
        meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id))
        rows = {mesh.mesh_id: mesh.id for mesh in meshes}
    rules = label_art_meshes(character)
    by_source: dict[str, list[PartPrediction]] = defaultdict(list)
    for said in rules:
        if said.score > 0:
            by_source[said.source[:_LONGEST]].append(said)
    opinions = [_opinion(source, RULES_VERSION, said, rows) for source, said in by_source.items()]
    if segmenter is not None:
        alone, both = combine(character.model, rules, look_at_parts(character, segmenter.model))
        opinions.append(_opinion(SEGMENTER, segmenter.record.id, alone, rows))
        opinions.append(_opinion(COMBINED, segmenter.record.id, both, rows))
    return replace_predictions(database, actor, model_id, opinions)


def _opinion(source: str, version: str, said: Sequence[PartPrediction], rows: Mapping[str, int]) -> Opinion:
    guesses = [Guess(rows[each.art_mesh], each.part, each.side, each.score) for each in said if each.art_mesh in rows]
    return Opinion(source, version[:_LONGEST], guesses)
