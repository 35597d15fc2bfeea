"""What a person corrects of a character's layers: which part a layer is, and which layers are one. Immutable steps, as in `liwi.editing`.

A corrected layer gets a new id: it is another layer, which the panel takes over as it comes, name and all. Deleting a part is
`liwi.editing.delete_layer`; order, names and visibility are the panel's.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from liwi.editing import Document
from liwi.errors import InputError
from liwi.imaging.compositing import to_uint8
from liwi.seethrough.body_parts import AnyBodyPart, Side
from liwi.seethrough.stratification import part_name
from liwi.types import Layer, LayerRole, LayerStack, new_layer_id


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
