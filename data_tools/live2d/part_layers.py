"""The parts of a drawn character: each one complete on its own, what is seen of it, and how near its fragments lie.

A part is drawn alone: the same drawing as the whole character's, with the ArtMeshes of all other parts left out (they still clip). So
blend modes and offscreen parts act as they do in the whole, but inside the part: an ArtMesh that multiplies or adds changes nothing
outside of its own part, as a layer with straight alpha cannot.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.model import BlendMode
from data_tools.live2d.pseudo_depth import MIN_ALPHA, order_depth, overlap_depth
from data_tools.live2d.rendering import RenderedCharacter, RenderedMesh, render
from data_tools.live2d.textures import TexturePyramid
from data_tools.live2d.view import View
from data_tools.samples import ArtMeshLabel, PartLayer
from liwi.errors import InputError
from liwi.seethrough.body_parts import FINE_OF, BodyPart, CoarseBodyPart, Side
from liwi.types import BoundingBox

COVERING = (BlendMode.NORMAL, BlendMode.EXTENDED)
"""Blend modes of ArtMeshes that hide what lies below; the others only brighten or darken it."""


def label_meshes(character: RenderedCharacter, labels: Mapping[str, tuple[BodyPart | None, Side | None]]) -> tuple[ArtMeshLabel, ...]:
    """What is known of every ArtMesh that has a pixel, back to front.

    Args:
        character: the drawn pose.
        labels: part and side by the ArtMesh's id; ids that are missing count as not labelled.

    Raises:
        InputError: there are more ArtMeshes than 16 bits can number.
    """
    model = character.model
    if len(model.art_meshes) >= 2**16 - 1:
        raise InputError(f"The model {model.name!r} has {len(model.art_meshes)} ArtMeshes; at most {2**16 - 2} can be numbered.")
    orders, overlaps = order_depth(character), overlap_depth(character)
    found = []
    for drawn in character.meshes:
        mesh = model.art_meshes[drawn.index]
        part, side = labels.get(mesh.id, (None, None))
        overlap = float(overlaps[mesh.index])
        seen = drawn.visible_pixels if mesh.blend in COVERING else 0.0
        found.append(
            ArtMeshLabel(
                index=mesh.index,
                id=mesh.id,
                part=part,
                side=side,
                order=round(float(orders[mesh.index]), 6),
                overlap=None if np.isnan(overlap) else round(overlap, 6),
                visible_pixels=round(seen, 2),
            )
        )
    return tuple(found)


def part_layers(character: RenderedCharacter, pyramid: TexturePyramid, meshes: tuple[ArtMeshLabel, ...]) -> tuple[PartLayer, ...]:
    """Draw every part alone: those of the 23-class taxonomy, then "hair" and "eyes" of the 19-class one.

    Args:
        character: the drawn pose, all of it.
        pyramid: the model's textures.
        meshes: from `label_meshes`.

    Returns:
        In the order of `data_tools.samples.SAMPLE_TAGS`; parts without a pixel are missing.
    """
    layers: dict[str, PartLayer | None] = {}
    for part in BodyPart:
        layers[part.value] = _draw_part(character, pyramid, part.value, {mesh.index for mesh in meshes if mesh.part is part})
    for coarse, fines in FINE_OF.items():
        if len(fines) > 1:
            layers[coarse.value] = _combined(character, pyramid, coarse, [layers[fine.value] for fine in fines], meshes)
    return tuple(layer for layer in layers.values() if layer is not None)


def _combined(
    character: RenderedCharacter,
    pyramid: TexturePyramid,
    coarse: CoarseBodyPart,
    fine: list[PartLayer | None],
    meshes: tuple[ArtMeshLabel, ...],
) -> PartLayer | None:
    present = [layer for layer in fine if layer is not None]
    if len(present) == 1:  # the same pixels under another name
        return PartLayer(coarse.value, present[0].box, present[0].rgba, present[0].visible, present[0].fragments)
    return _draw_part(character, pyramid, coarse.value, {mesh.index for mesh in meshes if mesh.part and mesh.part.coarse is coarse})


def _draw_part(character: RenderedCharacter, pyramid: TexturePyramid, tag: str, indices: set[int]) -> PartLayer | None:
    boxes = [mesh.box for mesh in character.meshes if mesh.index in indices]
    if not boxes:
        return None
    left, top = min(box.left for box in boxes), min(box.top for box in boxes)
    size = max(box.right for box in boxes) - left, max(box.bottom for box in boxes) - top
    model, whole = character.model, character.view
    own = tuple(mesh if mesh.index in indices else replace(mesh, visible=False) for mesh in model.art_meshes)
    view = View(size, whole.scale, whole.left + left / whole.scale, whole.top + top / whole.scale)
    pixels = render(replace(model, art_meshes=own), pyramid, view).rgba
    pixels[pixels[..., 3] == 0] = 0
    inner = BoundingBox.around(pixels[..., 3])
    if inner is None:
        return None
    box = BoundingBox(left + inner.left, top + inner.top, left + inner.right, top + inner.bottom)
    drawn = [mesh for mesh in character.meshes if mesh.index in indices and model.art_meshes[mesh.index].blend in COVERING]
    visible, fragments = _seen(drawn, character.top_mesh.shape)
    rgba = np.ascontiguousarray(pixels[inner.slices])
    shown = rgba[..., 3] > 0
    return PartLayer(tag, box, rgba, visible[box.slices] * shown, fragments[box.slices] * shown)


def _seen(drawn: list[RenderedMesh], shape: tuple[int, ...]) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Shares summed up, and the number of the ArtMesh in front; a faint pixel belongs to one only where none covers it."""
    visible = np.zeros(shape, np.uint16)
    fragments = np.zeros(shape, np.uint16)
    firm = np.zeros(shape, bool)
    for mesh in drawn:
        alpha, place = mesh.rgba[..., 3], mesh.box.slices
        visible[place] += mesh.visible
        covered = alpha >= MIN_ALPHA
        fragments[place][covered | ((alpha > 0) & ~firm[place])] = mesh.index + 1
        firm[place] |= covered
    return np.minimum(visible, 255).astype(np.uint8), fragments
