"""What machines say about ArtMeshes, beside each other and never mixed with what people say; and how uncertain that leaves each one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.orm import Session

from annotator.access import acting_user, model_of
from annotator.database import Database
from annotator.drawing import smallness
from annotator.errors import NotFound
from annotator.schema import Model, ModelArtMesh, Prediction
from annotator.values import Role, checked_text
from data_tools.labeling.combining import COMBINED
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


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one source says about a model.

    Attributes:
        source: for people, e.g. "segmenter"; 1 to 100 characters.
        model_version: of the rules or the checkpoint; 1 to 100 characters.
        guesses: at most one per ArtMesh.
    """

    source: str
    model_version: str
    guesses: Sequence[Guess]


def record_predictions(database: Database, actor: str, model_id: int, model_version: str, guesses: Mapping[str, Sequence[Guess]]) -> None:
    """Keep what sources say about a model, each in place of what the same source and version said before.

    The uncertainty of an ArtMesh is 1 where sources disagree or nobody says anything, else 1 - the best score; where the source
    `data_tools.labeling.combining.COMBINED` has weighed the others, 1 - its score. One that is hidden or shows fewer than
    `annotator.drawing.TINY` pixels is at least as uncertain as its smallness. That of the model is the mean.

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
    opinions = [Opinion(source, model_version, said) for source, said in guesses.items()]
    _check(opinions)
    with database.write() as session:
        meshes = _locked_meshes(session, actor, model_id)
        same = (Prediction.source.in_(list(guesses)), Prediction.model_version == model_version)
        session.execute(delete(Prediction).where(Prediction.art_mesh_id.in_(list(meshes)), *same))
        _insert(session, meshes, opinions, database.clock())
        _update_uncertainty(session, model_id, meshes)


def replace_predictions(database: Database, actor: str, model_id: int, opinions: Sequence[Opinion]) -> int:
    """Keep what machines say about a model in place of all that machines said before. Labels of people stay as they are.

    Arguments, uncertainty and errors as for `record_predictions`.

    Returns:
        Of how many ArtMeshes the best guess is of another class now.
    """
    _check(opinions)
    with database.write() as session:
        meshes = _locked_meshes(session, actor, model_id)
        before = {mesh: said[0].part for mesh, said in predictions_of(session, model_id).items()}
        session.execute(delete(Prediction).where(Prediction.art_mesh_id.in_(list(meshes))))
        _insert(session, meshes, opinions, database.clock())
        now = {mesh: said[0].part for mesh, said in _update_uncertainty(session, model_id, meshes).items()}
        return sum((mesh in before, before.get(mesh)) != (mesh in now, now.get(mesh)) for mesh in meshes)


def predictions_of(session: Session, model_id: int) -> dict[int, list[Prediction]]:
    """What machines say about a model, by row of the ArtMesh; first what has weighed all the others, then by score."""
    query = select(Prediction).join(ModelArtMesh, ModelArtMesh.id == Prediction.art_mesh_id).where(ModelArtMesh.model_id == model_id)
    weighed: ColumnElement[Any] = Prediction.source == COMBINED
    found: dict[int, list[Prediction]] = defaultdict(list)
    for row in session.scalars(query.order_by(weighed.desc(), Prediction.score.desc(), Prediction.id)):
        found[row.art_mesh_id].append(row)
    return dict(found)


def _check(opinions: Sequence[Opinion]) -> None:
    if any(not 0 <= guess.score <= 1 for opinion in opinions for guess in opinion.guesses):
        raise InputError("The score of a prediction must lie in [0, 1].")
    names = [name for opinion in opinions for name in (opinion.source, opinion.model_version)]
    if any(not 1 <= len(checked_text(name, "The source")) <= 100 for name in names):
        raise InputError("A prediction needs a source and a version of 1 to 100 characters.")


def _locked_meshes(session: Session, actor: str, model_id: int) -> Mapping[int, ModelArtMesh]:
    """The ArtMeshes of a model, by row, kept from every other change until the transaction ends."""
    acting_user(session, actor, Role.ANNOTATOR)
    model_of(session, model_id, lock=True)
    return {mesh.id: mesh for mesh in session.scalars(select(ModelArtMesh).where(ModelArtMesh.model_id == model_id))}


def _insert(session: Session, meshes: Mapping[int, ModelArtMesh], opinions: Sequence[Opinion], at: int) -> None:
    rows = [
        {**asdict(guess), "source": one.source, "model_version": one.model_version, "at": at} for one in opinions for guess in one.guesses
    ]
    if not {row["art_mesh_id"] for row in rows} <= meshes.keys():
        raise NotFound("A prediction is about an ArtMesh that is none of this model.")
    if rows:
        session.execute(insert(Prediction), rows)


def _update_uncertainty(session: Session, model_id: int, meshes: Mapping[int, ModelArtMesh]) -> Mapping[int, Sequence[Prediction]]:
    """Of a model and its ArtMeshes, after what is said of them now, which is returned."""
    said = predictions_of(session, model_id)
    doubts = {mesh.id: _doubt(mesh, said.get(mesh.id, [])) for mesh in meshes.values()}
    if doubts:
        session.execute(update(ModelArtMesh), [{"id": mesh_id, "uncertainty": doubt} for mesh_id, doubt in doubts.items()])
    session.execute(update(Model).where(Model.id == model_id).values(uncertainty=sum(doubts.values()) / max(1, len(doubts))))
    return said


def _doubt(mesh: ModelArtMesh, said: Sequence[Prediction]) -> float:
    if not said or (said[0].source != COMBINED and len({row.part for row in said}) > 1):
        return 1.0
    return max(1 - said[0].score, smallness(mesh.num_visible))
