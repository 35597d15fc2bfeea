"""Which rows of labels count in a pass, and what a row says. Reads only; `annotator.labels` writes."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from annotator.schema import CurrentLabel, Label, Pass
from annotator.values import TAKEN_BACK, LabelKind, LabelValue, SavedLabel
from data_tools.live2d.pieces import read_pieces
from liwi.seethrough.body_parts import BodyPart, Side


def current_labels(session: Session, found: Pass, art_mesh_ids: Iterable[int] | None = None) -> dict[int, Label]:
    """The labels that count in a pass, by ArtMesh; those of these ArtMeshes, or all."""
    query = select(Label).join(CurrentLabel, CurrentLabel.label_id == Label.id).where(CurrentLabel.pass_id == found.id)
    if art_mesh_ids is not None:
        query = query.where(CurrentLabel.art_mesh_id.in_(list(art_mesh_ids)))
    return {label.art_mesh_id: label for label in session.scalars(query)}


def value_of(label: Label | None) -> LabelValue:
    """What a row says; `TAKEN_BACK` for none."""
    if label is None:
        return TAKEN_BACK
    part = BodyPart(label.part) if label.part is not None else None
    side = Side(label.side) if label.side is not None else None
    pieces = read_pieces(label.pieces, "the label")
    return LabelValue(LabelKind(label.kind), part, side, label.unsure, label.comment, label.order, pieces)


def version_of(label: Label | None) -> int:
    """The version to name in the next change; 0 for no label."""
    return label.version if label is not None else 0


def saved_label(label: Label) -> SavedLabel:
    """A row as callers see it."""
    return SavedLabel(label.art_mesh_id, label.version, value_of(label))
