"""Pieces of fragments on their pictures: which pixels each piece holds, and the refusal of pieces that hold none."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from annotator.access import acting_user, model_of
from annotator.database import Database
from annotator.pictures import PictureStore
from annotator.schema import ModelArtMesh
from annotator.values import Change, Role
from data_tools.live2d.pieces import Piece, check_crossings, owners
from liwi.errors import InputError


def check_changes(database: Database, pictures: PictureStore, actor: str, changes: Sequence[Change]) -> None:
    """Refuse changes with a piece that shows nothing of its fragment, or with outlines that cannot be cut.

    Args:
        database: open.
        pictures: of the fragments.
        actor: at least an annotator.
        changes: what the person asks for; those without pieces are not looked at.

    Raises:
        InputError: names the fragment and the piece.
        AccessDenied: the person is no annotator.
    """
    wanted = {change.art_mesh_id: change.value.pieces for change in changes if change.value.pieces}
    if not wanted:
        return
    with database.read() as session:
        acting_user(session, actor, Role.ANNOTATOR)
        meshes = session.scalars(select(ModelArtMesh).where(ModelArtMesh.id.in_(wanted))).all()
        sizes = {mesh.model_id: model_of(session, mesh.model_id) for mesh in meshes}
    for mesh in meshes:
        model = sizes[mesh.model_id]
        for number in empty_pieces(pictures, mesh, wanted[mesh.id], (model.width, model.height)):
            raise InputError(
                f"Piece {number} of {mesh.mesh_id[:60]!r} holds no pixel of it, or later pieces hold them all. "
                "Draw its outline over the fragment."
            )


def empty_pieces(pictures: PictureStore, mesh: ModelArtMesh, pieces: Sequence[Piece], size: tuple[int, int]) -> list[int]:
    """Numbers, from 1, of the pieces that hold no pixel of a fragment.

    Args:
        pictures: where the fragment's picture is.
        mesh: the fragment.
        pieces: all of its pieces.
        size: width and height of the model's picture.

    Raises:
        InputError: the outlines cross each other too often to be cut.
    """
    check_crossings(pieces)
    if not pieces or mesh.picture is None:
        return list(range(1, len(pieces) + 1))
    alpha = pictures.load(mesh.picture)[..., 3]
    held = set(np.unique(owners(pieces, size, box_of(mesh))[alpha > 0]).tolist())
    return [number for number in range(1, len(pieces) + 1) if number not in held]


def share_out(
    alpha: NDArray[np.bool_], mesh: ModelArtMesh, pieces: Sequence[Piece], size: tuple[int, int]
) -> Mapping[int, NDArray[np.bool_]]:
    """What of a fragment's mask is the rest (0) and each piece (from 1): masks of the same shape; those without a pixel are left out.

    Args:
        alpha: (h, w) bool, in the fragment's box.
        mesh: the fragment.
        pieces: of it.
        size: width and height of the model's picture.
    """
    if not pieces:
        return {0: alpha}
    owner = owners(pieces, size, box_of(mesh))
    masks = {number: alpha & (owner == number) for number in range(len(pieces) + 1)}
    return {number: mask for number, mask in masks.items() if mask.any()}


def box_of(mesh: ModelArtMesh) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a fragment in the model's picture; zeros where it has no pixel."""
    return mesh.left or 0, mesh.top or 0, mesh.right or 0, mesh.bottom or 0
