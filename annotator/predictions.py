"""What machines say about ArtMeshes, beside each other and never mixed with what people say; and how uncertain that leaves each one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select, update

from annotator.access import acting_user, model_of
from annotator.database import Database
from annotator.drawing import smallness
from annotator.errors import NotFound
from annotator.schema import Model, ModelArtMesh, Prediction
from annotator.values import Role, checked_text
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side


@dataclass(frozen=True, slots=True)
class Guess:
    """A part prediction, as it goes into the database.

    Attributes:
        art_mesh_id: the row of the ArtMesh.
        part: the class; None for "shows nothing".
        side: the character's own.
        score: in [0, 1].
    """

    art_mesh_id: int
    part: BodyPart | None
    side: Side | None
    score: float


def record_predictions(database: Database, actor: str, model_id: int, model_version: str, guesses: Mapping[str, Sequence[Guess]]) -> None:
    """Keep what sources say about a model, each in place of what the same source and version said before.

    The uncertainty of an ArtMesh is 1 where sources disagree or nobody says anything, else 1 - the best score; one that is hidden or shows
    fewer than `annotator.drawing.TINY` pixels is at least as uncertain as its smallness. That of the model is the mean.

    Args:
        database: open.
        actor: at least an annotator.
        model_id: whose ArtMeshes.
        model_version: of the rules or the checkpoint; at most 100 characters.
        guesses: by source, e.g. "part names", of at most 100 characters; at most one per source and ArtMesh.

    Raises:
        InputError: a score is out of range, or a name too long or empty.
        NotFound: an ArtMesh is none of the model's.
    """
    said_now = [(source, guess) for source, of_source in guesses.items() for guess in of_source]
    if any(not 0 <= guess.score <= 1 for _, guess in said_now):
        raise InputError("The score of a prediction must lie in [0, 1].")
    if any(not 1 <= len(checked_text(name, "The source")) <= 100 for name in (*guesses, model_version)):
        raise InputError("A prediction needs a source and a version of 1 to 100 characters.")
    with database.write() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        model = model_of(session, model_id, lock=True)
        meshes = {mesh.id: mesh for mesh in session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id))}
        if not {guess.art_mesh_id for _, guess in said_now} <= meshes.keys():
            raise NotFound("A prediction is about an ArtMesh that is none of this model.")
        own = select(ModelArtMesh.id).where(ModelArtMesh.model_id == model_id)
        same = (Prediction.source.in_(list(guesses)), Prediction.model_version == model_version, Prediction.art_mesh_id.in_(own))
        session.execute(delete(Prediction).where(*same))
        shared = {"model_version": model_version, "at": database.clock()}
        rows = [{**asdict(guess), "source": source, **shared} for source, guess in said_now]
        if rows:
            session.execute(insert(Prediction), rows)
        said: dict[int, list[Prediction]] = defaultdict(list)
        for row in session.scalars(select(Prediction).where(Prediction.art_mesh_id.in_(own))):
            said[row.art_mesh_id].append(row)
        doubts = {mesh.id: _doubt(mesh, said[mesh.id]) for mesh in meshes.values()}
        if doubts:
            session.execute(update(ModelArtMesh), [{"id": mesh_id, "uncertainty": doubt} for mesh_id, doubt in doubts.items()])
        session.execute(update(Model).where(Model.id == model.id).values(uncertainty=sum(doubts.values()) / max(1, len(doubts))))


def _doubt(mesh: ModelArtMesh, said: Sequence[Prediction]) -> float:
    if not said or len({row.part for row in said}) > 1:
        return 1.0
    return max(1 - max(row.score for row in said), smallness(mesh.num_visible))
