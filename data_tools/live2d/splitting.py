"""Splits ArtMeshes into pieces, in every pose: ArtMeshes of their own that share the texture, drawn one after the other in its place.

What is split is drawn as before: the triangles are cut along the outlines without a seam (`cutting`), so each pixel is drawn by one
piece, as the whole drew it. Only where an ArtMesh lies over itself may another of its layers come to the front.

The ArtMesh itself becomes the rest: it keeps its index and id, and is not drawn where nothing is left of it. The pieces come after all
others. Whatever the ArtMesh clips, the rest and the pieces clip together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.cutting import Cutter
from data_tools.live2d.model import ArtMesh, Live2DModel
from data_tools.live2d.ordering import in_sequence
from data_tools.live2d.pieces import GRID, Piece, contains
from data_tools.live2d.view import View
from liwi.seethrough.body_parts import BodyPart, Side


@dataclass(frozen=True, eq=False, slots=True)
class Shape:
    """A part of a mesh's area.

    Attributes:
        of: (V, 3) int64: of which of the mesh's corners each corner of the shape is the mean.
        shares: (V, 3) float64: how much of each.
        triangles: (T, 3) int32.
    """

    of: NDArray[np.int64]
    shares: NDArray[np.float64]
    triangles: NDArray[np.int32]

    def taken(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What holds at the shape's corners: (V, 2) float32, of (mesh's corners, 2) float32."""
        return np.einsum("vk,vkd->vd", self.shares, values[self.of].astype(np.float64)).astype(np.float32)


@dataclass(frozen=True, eq=False, slots=True)
class SplitMesh:
    """How an ArtMesh is split.

    Attributes:
        index: its place in the model.
        ids: of the pieces; unique in the model.
        pieces: as they were drawn.
        shapes: of the rest and of each piece; without a triangle where nothing belongs to it.
    """

    index: int
    ids: tuple[str, ...]
    pieces: tuple[Piece, ...]
    shapes: tuple[Shape, ...]


def split_meshes(rest: Live2DModel, pieces: Mapping[str, Sequence[Piece]]) -> tuple[SplitMesh, ...]:
    """Cut ArtMeshes along outlines.

    Args:
        rest: the model at rest, of which the outlines speak.
        pieces: by the ArtMesh's id; ids of no ArtMesh are ignored.

    Raises:
        InputError: outlines would make too many triangles.
    """
    taken = {mesh.id for mesh in rest.art_meshes}
    found = []
    for mesh in rest.art_meshes:
        own = tuple(pieces.get(mesh.id, ()))
        if own:
            ids = tuple(_free_id(f"{mesh.id}#{number}", taken) for number in range(1, len(own) + 1))
            found.append(SplitMesh(mesh.index, ids, own, _shapes(mesh, own, rest)))
    return tuple(found)


def with_pieces(posed: Live2DModel, splits: Sequence[SplitMesh]) -> Live2DModel:
    """A pose with pieces as ArtMeshes of their own, each drawn right after what is left of theirs.

    Args:
        posed: the model at some pose.
        splits: from `split_meshes` of the same model.

    Returns:
        The pose with the pieces after all of its own ArtMeshes; the same object if nothing is split.
    """
    if not splits:
        return posed
    meshes = list(posed.art_meshes)
    followers: dict[int, list[int]] = {}
    for split in splits:
        whole = meshes[split.index]
        for name, shape in zip(split.ids, split.shapes[1:], strict=True):
            followers.setdefault(split.index, []).append(len(meshes))
            meshes.append(_shaped(whole, shape, index=len(meshes), id=name))
        meshes[split.index] = _shaped(whole, split.shapes[0], index=whole.index, id=whole.id)
    clipping = [replace(mesh, clipped_by=_joined(mesh.clipped_by, followers)) for mesh in meshes]
    offscreens = tuple(replace(offscreen, clipped_by=_joined(offscreen.clipped_by, followers)) for offscreen in posed.offscreens)
    sequence = [index for mesh in posed.back_to_front for index in (mesh.index, *followers.get(mesh.index, ()))]
    return in_sequence(replace(posed, art_meshes=tuple(clipping), offscreens=offscreens), sequence)


def parts_of_pieces(splits: Sequence[SplitMesh]) -> dict[str, tuple[BodyPart | None, Side | None]]:
    """Part and side of the pieces, by the ids that `with_pieces` gives them."""
    return {name: (piece.part, piece.side) for split in splits for name, piece in zip(split.ids, split.pieces, strict=True)}


def _shapes(mesh: ArtMesh, pieces: tuple[Piece, ...], rest: Live2DModel) -> tuple[Shape, ...]:
    square = View.square(rest, 1)
    places = (mesh.vertices.astype(np.float64) - [square.left, square.top]) * (square.scale * GRID)
    cutter = Cutter(places, mesh.triangles.astype(np.int64))
    for piece in pieces:
        cutter.cut(np.array(piece.polygon, np.float64))
    owner = np.zeros(len(cutter.corners), np.int64)
    for number, piece in enumerate(pieces, 1):
        owner[contains(piece.polygon, cutter.centres)] = number
    of, shares = cutter.means()
    return tuple(_shape(of, shares, cutter.corners[owner == number]) for number in range(len(pieces) + 1))


def _shape(of: NDArray[np.int64], shares: NDArray[np.float64], corners: NDArray[np.int64]) -> Shape:
    used, numbers = np.unique(corners, return_inverse=True)
    return Shape(of[used], shares[used], numbers.reshape(-1, 3).astype(np.int32))


def _shaped(mesh: ArtMesh, shape: Shape, **changes: object) -> ArtMesh:
    fields = {"vertices": shape.taken(mesh.vertices), "uvs": shape.taken(mesh.uvs), "triangles": shape.triangles, **changes}
    return replace(mesh, **fields)  # type: ignore[arg-type]


def _joined(clips: tuple[int, ...], followers: Mapping[int, Sequence[int]]) -> tuple[int, ...]:
    return tuple(index for clip in clips for index in (clip, *followers.get(clip, ())))


def _free_id(wanted: str, taken: set[str]) -> str:
    while wanted in taken:
        wanted += "'"
    taken.add(wanted)
    return wanted
