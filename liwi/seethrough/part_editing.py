"""What a person corrects of a character's layers: what a layer is, which are one or two, and a part made anew. As in `liwi.editing`.

A corrected layer gets a new id: it is another layer, which the panel takes over as it comes, name and all. Deleting a part is
`liwi.editing.delete_layer`; order, names and visibility are the panel's.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liwi.editing import Document
from liwi.errors import InputError
from liwi.imaging.compositing import to_uint8
from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import AnyBodyPart, CoarseBodyPart, Side
from liwi.seethrough.complete_parts import CompletePart
from liwi.seethrough.depth_strata import StrataOptions, stratify
from liwi.seethrough.sides import MIDDLE, axis_through, split_sides
from liwi.seethrough.stratification import part_name
from liwi.types import Decomposition, Layer, LayerRole, LayerStack, new_layer_id


def relabel(document: Document, layer_ids: Sequence[str], part: AnyBodyPart, side: Side | None) -> Document:
    """Say what layers are. They take the part's name and keep their place and pixels.

    Raises:
        InputError: no layer was named, or one is gone or the background.
    """
    stack = document.decomposition.stack
    layers = {layer.id: layer.with_state(id=new_layer_id(), part=part, side=side) for layer in _parts(stack, layer_ids)}
    taken = {layer.name for layer in stack if layer.id not in layers}
    for layer_id, layer in layers.items():
        name = _free_name(part_name(part, side), taken)
        taken.add(name)
        layers[layer_id] = layer.with_state(name=name)
    return document.with_stack(LayerStack(tuple(layers.get(layer.id, layer) for layer in stack)))


def merge(document: Document, layer_ids: Sequence[str]) -> Document:
    """Make several layers one. It stands where the largest of them stood, and is what that one was.

    Raises:
        InputError: fewer than two layers were named, or one is gone or the background.
    """
    stack = document.decomposition.stack
    chosen = _parts(stack, layer_ids)
    if len(chosen) < 2:
        raise InputError("Select two or more layers to merge; Shift-click or Ctrl-click adds to the selection.")
    largest = max(chosen, key=lambda layer: int(np.count_nonzero(layer.rgba[..., 3])))
    rgba, whole = np.zeros_like(largest.rgba), largest.extent
    for layer in chosen:
        if layer.extent is not None:
            whole = layer.extent if whole is None else whole.union(layer.extent)
    if whole is not None:
        rgba[whole.slices] = to_uint8(LayerStack(chosen).composite(whole))
    merged = replace(largest, rgba=rgba, id=new_layer_id())
    gone = {layer.id for layer in chosen}
    kept = [merged if layer is largest else layer for layer in stack if layer is largest or layer.id not in gone]
    return document.with_stack(LayerStack(tuple(kept)))


def split(document: Document, layer_id: str) -> Document:
    """Cut a layer into the character's left and right; where it is on one side only, into what is nearer and what is farther.

    Every pixel keeps its colour, and the layers add up to what they did.

    Raises:
        InputError: the layer is gone or the background, or there is nothing to cut it by.
    """
    stack = document.decomposition.stack
    (layer,) = _parts(stack, [layer_id])
    halves = _by_side(stack, layer) or _by_depth(layer)
    if not halves:
        raise InputError(f"{layer.name!r} lies on one side of the character and has no depth to cut it by. Draw a box to take a piece out.")
    taken = {each.name for each in stack if each is not layer}
    named = []
    for half in halves:
        name = _free_name(part_name(half.part, half.side) if half.part else layer.name, taken)
        taken.add(name)
        named.append(half.with_state(name=name))
    place = stack.index(layer_id)
    return document.with_stack(LayerStack((*stack.layers[:place], *named, *stack.layers[place + 1 :])))


def replace_part(document: Document, layer_id: str, made: Decomposition) -> Document:
    """Put layers that were made anew in the place of a part's: where the old ones were seen, the picture stays what it was.

    Args:
        document: with the layer.
        layer_id: one of the part's layers; those of its other side are replaced too.
        made: holds the part's new layers.

    Raises:
        InputError: the layer is no body part, or nothing was made of it.
    """
    stack = document.decomposition.stack
    (layer,) = _parts(stack, [layer_id])
    old = {each.side: each for each in stack if each.part == layer.part and each.role is not LayerRole.BACKGROUND}
    fresh = [each for each in made.stack if each.part == layer.part and layer.part is not None]
    if not fresh:
        raise InputError(f"Nothing was made of {layer.name!r} this time. Try again: each try takes another seed.")
    layers = list(stack.layers)
    for new in fresh:
        before = old.get(new.side)
        if before is None:
            layers.insert(layers.index(layer) + 1, new.with_state(name=_free_name(new.name, {each.name for each in layers})))
            continue
        rgba = new.rgba.copy()
        lost = (before.rgba[..., 3] > rgba[..., 3]) & _seen(stack, before)
        rgba[lost] = before.rgba[lost]
        kept: dict[str, Any] = {
            "name": before.name,
            "visible": before.visible,
            "locked": before.locked,
            "opacity": before.opacity,
            "blend": before.blend,
        }
        layers[layers.index(before)] = replace(new, rgba=rgba, **kept)
    return document.with_stack(LayerStack(tuple(layers)))


def _seen(stack: LayerStack, layer: Layer) -> NDArray[np.bool_]:
    """(H, W) bool: where nothing opaque lies in front of a layer."""
    seen = layer.rgba[..., 3] > 0
    for front in stack.layers[stack.index(layer.id) + 1 :]:
        if front.extent is not None:
            seen[front.extent.slices] &= front.rgba[front.extent.slices][..., 3] < 255
    return seen


def _by_side(stack: LayerStack, layer: Layer) -> list[Layer]:
    """Both sides of a layer; empty where it is on one."""
    box = layer.extent
    if box is None or layer.side is not None:
        return []
    figure = np.zeros(layer.rgba.shape[:2], bool)
    middle = [np.zeros_like(figure) for _ in MIDDLE]
    for each in stack:
        if each.part is None or each.extent is None:
            continue
        here = each.extent.slices
        coarse = each.part if isinstance(each.part, CoarseBodyPart) else each.part.coarse
        for mask in (figure, *(mask for group, mask in zip(MIDDLE, middle, strict=True) if coarse in group)):
            mask[here] |= each.rgba[here][..., 3] > 127
    if not figure.any():
        figure |= layer.rgba[..., 3] > 0
    axis = axis_through(middle, figure)[box.top : box.bottom] - box.left
    rgba = layer.rgba[box.slices]
    depth = layer.depth.values if layer.depth is not None and layer.depth.box == box else None
    sides = split_sides(rgba[..., 3] > 0, axis.astype(np.float32), np.ascontiguousarray(rgba[..., :3]), depth)
    return [_with_pixels(layer, box, np.where(mask[..., None], rgba, 0), side) for side, mask in sides.items()] if len(sides) > 1 else []


def _by_depth(layer: Layer) -> list[Layer]:
    """What is farther and what is nearer of a layer, in this order; empty where it has no depth, or a flat one."""
    if layer.depth is None or layer.part is None:
        return []
    box = layer.depth.box
    part = CompletePart(layer.part, layer.side, box, np.ascontiguousarray(layer.rgba[box.slices]), layer.depth.values)
    strata = stratify(part, StrataOptions(2, frozenset({layer.part})))
    return [
        replace(_with_pixels(layer, each.box, each.rgba, layer.side), part=each.part, pseudo_depth=each.median_depth)
        for each in reversed(strata)
        if len(strata) > 1
    ]


def _with_pixels(layer: Layer, box: BoundingBox, pixels: NDArray[np.uint8], side: Side | None) -> Layer:
    rgba = np.zeros_like(layer.rgba)
    rgba[box.slices] = pixels
    return replace(layer, rgba=rgba, id=new_layer_id(), side=side)


def _parts(stack: LayerStack, layer_ids: Sequence[str]) -> tuple[Layer, ...]:
    """The named layers, back to front."""
    if not layer_ids:
        raise InputError("Select a layer first: click it in the panel, or on the picture with the Select tool.")
    wanted = {stack[layer_id].id for layer_id in layer_ids}
    chosen = tuple(layer for layer in stack if layer.id in wanted)
    if any(layer.role is LayerRole.BACKGROUND for layer in chosen):
        raise InputError("The background is no body part. Select other layers.")
    return chosen


def _free_name(name: str, taken: set[str]) -> str:
    candidates = (name, *(f"{name} {number}" for number in range(2, len(taken) + 3)))
    return next(candidate for candidate in candidates if candidate not in taken)
