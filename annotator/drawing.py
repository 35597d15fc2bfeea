"""Takes from an open Live2D model what the workbench keeps: part tree, and every ArtMesh with a picture of its own."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from annotator.pictures import PictureStore
from data_tools.live2d.model import ArtMesh, Live2DModel, Part
from data_tools.live2d.reader import OpenedModel
from data_tools.live2d.rendering import RenderedMesh, render

PICTURE_SIDE = 1024
"""Side of the square in which models are drawn, in pixels."""

SEEN_SHARE = 128
"""Of 255: from which share on a pixel counts as seen, or as covered."""

TINY = 64
"""Fewer seen pixels than this make a fragment uncertain."""


@dataclass(frozen=True, slots=True)
class DrawnMesh:
    """An ArtMesh with the hash of its picture and its box; None and zeros where it has no pixel. Counts in pixels."""

    mesh: ArtMesh
    picture: str | None
    box: tuple[int, int, int, int] | None
    num_pixels: int
    num_visible: int


@dataclass(frozen=True, slots=True)
class DrawnModel:
    """A model as the workbench keeps it; ``size`` is that of its picture, width and height."""

    name: str
    size: tuple[int, int]
    picture: str
    parts: tuple[Part, ...]
    meshes: tuple[DrawnMesh, ...]


def smallness(num_visible: int) -> float:
    """How much an ArtMesh with so few seen pixels asks for a look for that alone, in [0, 1]."""
    return 1 - min(num_visible, TINY) / TINY


def draw_model(opened: OpenedModel, pictures: PictureStore) -> DrawnModel:
    """Draw a model at rest and keep its pictures. ArtMeshes that are hidden at rest are drawn as if they were shown.

    Args:
        opened: the model.
        pictures: where they go.

    Raises:
        InputError: a texture is damaged.
        DatabaseUnusable: the pictures cannot be written.
    """
    model, pyramid = opened.model, opened.pyramid
    shown = render(model, pyramid, PICTURE_SIDE)
    found = {mesh.index: mesh for mesh in shown.meshes}
    revealed = _revealed(model)
    if revealed is not model:
        hidden = {mesh.index for mesh in model.art_meshes if not mesh.drawn}
        found |= {mesh.index: mesh for mesh in render(revealed, pyramid, PICTURE_SIDE).meshes if mesh.index in hidden}
    meshes = tuple(_keep(mesh, found.get(mesh.index), pictures) for mesh in model.art_meshes)
    return DrawnModel(model.name, shown.view.size, pictures.save(shown.rgba), model.parts, meshes)


def _revealed(model: Live2DModel) -> Live2DModel:
    if all(mesh.drawn or not len(mesh.triangles) for mesh in model.art_meshes):
        return model
    return replace(model, art_meshes=tuple(mesh if mesh.drawn else replace(mesh, visible=True, opacity=1.0) for mesh in model.art_meshes))


def _keep(mesh: ArtMesh, drawn: RenderedMesh | None, pictures: PictureStore) -> DrawnMesh:
    if drawn is None:
        return DrawnMesh(mesh, None, None, 0, 0)
    box = (drawn.box.left, drawn.box.top, drawn.box.right, drawn.box.bottom)
    num_visible = _count(drawn.visible) if mesh.drawn else 0
    return DrawnMesh(mesh, pictures.save(drawn.rgba), box, _count(drawn.rgba[..., 3]), num_visible)


def _count(values: NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(values >= SEEN_SHARE))
