"""Gives a model another order of drawing than the artist's, as a person has decided it, at every pose.

An *order* is a place between the artist's at rest, in thousandths (`PLACES`): the ArtMesh that is drawn first at rest lies at 1000, the
second at 2000; what a person gives 1500 is drawn between the two. Cubism's own draw orders cannot say that: a hundred ArtMeshes of one
model share the value 500.

Poses change the artist's order (an arm comes in front). What a person has moved then goes along with the ArtMesh right behind it at rest.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import replace

from data_tools.live2d.model import Live2DModel

PLACES = 1000
"""From one place of the artist's order to the next."""

LAST_ORDER = PLACES * 2**16
"""Largest order; more ArtMeshes than 16 bits can number are not labelled."""


def order_at_rest(render_order: int) -> int:
    """The order of an ArtMesh that nobody has moved."""
    return PLACES * (render_order + 1)


def reordered(posed: Live2DModel, rest: Live2DModel, orders: Mapping[str, int]) -> Live2DModel:
    """A pose with some ArtMeshes drawn elsewhere. All others keep the order that they have in the pose.

    ArtMeshes that lie in an offscreen part stay in it, and others never come to lie in the middle of one: the nearest place outside is
    taken.

    Args:
        posed: the model at some pose.
        rest: the same model at rest, of which the orders speak.
        orders: by the ArtMesh's id; ids that are missing are not moved, ids of no ArtMesh are ignored.

    Returns:
        The pose with other render orders; the draw orders stay the artist's. The same object if nothing is moved.
    """
    moved = {mesh.index: (orders[mesh.id], mesh.render_order) for mesh in rest.art_meshes if mesh.id in orders}
    if not moved:
        return posed
    stays = [mesh.index for mesh in posed.back_to_front if mesh.index not in moved]
    slot_of = {index: slot for slot, index in enumerate(stays)}
    fixed = [mesh for mesh in rest.back_to_front if mesh.index not in moved]
    keys = [(order_at_rest(mesh.render_order), mesh.render_order) for mesh in fixed]
    queue = []
    for index, key in moved.items():
        at = bisect_left(keys, key)
        slot = slot_of[fixed[at - 1].index] + 1 if at else 0
        queue.append((_outside_of_offscreens(posed, index, slot, stays), key, index))
    sequence: list[int] = []
    start = 0
    for slot, _, index in sorted(queue):
        sequence += [*stays[start:slot], index]
        start = slot
    return in_sequence(posed, [*sequence, *stays[start:]])


def _outside_of_offscreens(model: Live2DModel, index: int, slot: int, stays: list[int]) -> int:
    """The nearest place that leaves every offscreen part, outermost first, with all that is its own and nothing else."""
    for offscreen in model.offscreens:
        inside = [place for place, other in enumerate(stays) if _lies_in(model, other, offscreen.part)]
        if not inside:
            continue
        first, last = inside[0], inside[-1] + 1
        if _lies_in(model, index, offscreen.part):
            slot = min(max(slot, first), last)
        elif first < slot < last:
            slot = last
    return slot


def _lies_in(model: Live2DModel, index: int, part: int) -> bool:
    place = model.art_meshes[index].part
    while place is not None and place != part:
        place = model.parts[place].parent
    return place == part


def in_sequence(model: Live2DModel, sequence: list[int]) -> Live2DModel:
    """The model with its ArtMeshes, all of them, drawn in this order of their indices, back to front."""
    place_of = {index: place for place, index in enumerate(sequence)}
    meshes = tuple(replace(mesh, render_order=place_of[mesh.index]) for mesh in model.art_meshes)
    offscreens = []
    for offscreen in model.offscreens:
        inside = [place for index, place in place_of.items() if _lies_in(model, index, offscreen.part)]
        offscreens.append(replace(offscreen, place=min(inside)) if inside else offscreen)
    return replace(model, art_meshes=meshes, offscreens=tuple(offscreens))
