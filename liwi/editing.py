"""Taking a picture apart step by step: cut, cut again with corrections, delete, undo.

Works with any `Decomposer`: each step gives the engine one box on one picture (the background, or the layer that the box lies inside), and
merges what comes back into the stack. Steps are values: a `Document` never changes, so undo is keeping the one before.

A box inside an object that was already cut takes its piece out of that object: the piece becomes a layer in front of it, and the object is
completed underneath. Every other box works on the background as the last box left it, so later layers stand further back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError, PromptError
from liwi.progress import CancelToken, ReportProgress, ignore_progress
from liwi.protocols import Decomposer
from liwi.types import BoundingBox, Decomposition, DecompositionRequest, Hint, Layer, LayerRole, LayerStack, Provenance

MIN_BOX_SIDE = 4
"""Smallest side of a box that can select something, in pixels."""

SAME_BOX_IOU = 0.9
"""Two boxes that overlap more than this are meant for the same object."""

_INSIDE_COVER = 0.5
"""A box lies inside a layer when the layer covers at least this share of it ..."""

_INSIDE_AREA = 0.6
"""... and the box is at most this share of the layer's own box."""


@dataclass(frozen=True, eq=False)
class Cut:
    """What one cut did, so that it can be undone out of order and done again with more hints.

    Attributes:
        target_id: the layer it was cut from.
        box, hints: the prompts.
        region: where the target changed; None where it did not.
        before, after: (h, w, 4) uint8, the target inside ``region``.
    """

    target_id: str
    box: BoundingBox
    hints: tuple[Hint, ...]
    region: BoundingBox | None
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Document:
    """A decomposition together with how its layers were cut. Immutable."""

    decomposition: Decomposition
    cuts: Mapping[str, Cut] = field(default_factory=dict)

    @classmethod
    def start(cls, image: NDArray[np.uint8], mask: NDArray[np.uint8] | None = None) -> "Document":
        """A document with nothing cut yet: the background is the picture itself."""
        opaque = np.full(image.shape[:2], 255, np.uint8)
        background = Layer(np.dstack([image, opaque]), LayerRole.BACKGROUND, "Background", id="background")
        return cls(Decomposition(image, LayerStack((background,)), Provenance("none", "1"), mask))

    def with_stack(self, stack: LayerStack, cuts: Mapping[str, Cut] | None = None) -> "Document":
        """The same picture with another stack, and other cuts where given."""
        return Document(self.decomposition.with_stack(stack), self.cuts if cuts is None else cuts)


@dataclass(frozen=True, slots=True)
class CutOptions:
    """How to cut, apart from where.

    Attributes:
        name: the new layer's name; None numbers it.
        extract_shadow: whether the object's shadow leaves the background.
        seed: makes the result repeatable.
        steps, text: for engines that sample or read, see `DecompositionRequest`.
    """

    name: str | None = None
    extract_shadow: bool = True
    seed: int = 0
    steps: int | None = None
    text: str = ""


def cut_box(
    document: Document,
    box: BoundingBox,
    engine: Decomposer,
    *,
    hints: tuple[Hint, ...] = (),
    options: CutOptions | None = None,
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
) -> Document:
    """Cut the object in ``box`` out of the background, or out of the layer that the box lies inside.

    Raises:
        PromptError: the box lies outside the picture, is too small, or repeats one that was cut already.
        Cancelled: ``cancel`` was set while working.
    """
    box = check_box(box, document.decomposition.size)
    _refuse_repeated(document, box)
    target = _choose_target(document, box)
    return _cut_from(document, target, box, hints, options or CutOptions(), engine, report, cancel)


def recut(
    document: Document,
    layer_id: str,
    hints: tuple[Hint, ...],
    engine: Decomposer,
    *,
    options: CutOptions | None = None,
    report: ReportProgress = ignore_progress,
    cancel: CancelToken | None = None,
) -> Document:
    """Cut a layer again, with ``hints`` added to those it was cut with. Its id, name, place and panel state stay.

    Raises:
        InputError: the layer was not cut with a box (the background, an imported layer).
    """
    layer, cut = document.decomposition.stack[layer_id], document.cuts.get(layer_id)
    if cut is None:
        raise InputError(f"{layer.name!r} was not cut with a box, so it cannot be cut again. Draw a box around what you want instead.")
    position = document.decomposition.stack.index(layer_id)
    restored = delete_layer(document, layer_id)
    target = _target_or_background(restored, cut.target_id)
    again = _cut_from(restored, target, cut.box, (*cut.hints, *hints), options or CutOptions(), engine, report, cancel)
    new = next(found for found in again.decomposition.stack if found.id not in {old.id for old in restored.decomposition.stack})
    kept = replace(layer, rgba=new.rgba)
    stack = again.decomposition.stack.remove(new.id).insert(position, kept)
    cuts = {layer_id if key == new.id else key: value for key, value in again.cuts.items()}
    return again.with_stack(stack, cuts)


def delete_layer(document: Document, layer_id: str) -> Document:
    """Delete a layer; its pixels, and the shadow that was removed on its account, return to what it was cut from.

    Those of a body part go to the layer below it.

    Raises:
        InputError: the layer is the background, or the only one.
    """
    stack = document.decomposition.stack
    layer = stack[layer_id]
    if layer.role is LayerRole.BACKGROUND:
        raise InputError("The background cannot be deleted: it is what everything else was cut from. Hide it instead.")
    cut = document.cuts.get(layer_id)
    target = _target_or_background(document, cut.target_id if cut else "") if cut or layer.part is None else layer_below(document, layer_id)
    returned = _take_back(target, cut) if cut and cut.target_id == target.id else _flatten_onto(target, layer)
    cuts = {key: value for key, value in document.cuts.items() if key != layer_id}
    return document.with_stack(stack.remove(layer_id).replace(returned), cuts)


def layer_below(document: Document, layer_id: str) -> Layer:
    """The nearest layer behind this one that it overlaps, else the nearest behind it, else the nearest in front.

    Raises:
        InputError: there is no other layer.
    """
    layers = document.decomposition.stack.layers
    place = document.decomposition.stack.index(layer_id)
    extent = layers[place].extent
    behind = layers[:place][::-1]
    touched = (each for each in behind if extent is not None and each.extent is not None and each.extent.intersect(extent))
    found = next(touched, None) or next(iter((*behind, *layers[place + 1 :])), None)
    if found is None:
        raise InputError("This is the only layer; its pixels have nowhere to go. Hide it instead.")
    return found


def check_box(box: BoundingBox, size: tuple[int, int]) -> BoundingBox:
    """Clip a box to the picture.

    Raises:
        PromptError: nothing of it lies inside, or what does is too small to hold anything.
    """
    inside = box.intersect(BoundingBox.of_size(size))
    if inside is None:
        raise PromptError(f"The box {box} lies outside the picture, which is {size[0]} x {size[1]} pixels. Draw it inside.")
    if min(inside.width, inside.height) < MIN_BOX_SIDE:
        raise PromptError(
            f"The box {box} covers only {inside.width} x {inside.height} pixels. Draw it around the whole object, "
            f"at least {MIN_BOX_SIDE} x {MIN_BOX_SIDE}."
        )
    return inside


def assign_hints(hints: tuple[Hint, ...], boxes: tuple[BoundingBox, ...]) -> list[tuple[Hint, ...]]:
    """Give each hint to the smallest box that holds its first point, else to the box whose centre is nearest."""
    assigned: list[list[Hint]] = [[] for _ in boxes]
    for hint in hints:
        x, y = hint.path[0]

        def distance(index: int, x: int = x, y: int = y) -> tuple[bool, float]:
            box = boxes[index]
            if box.contains(x, y):
                return False, box.area
            return True, (box.left + box.right - 2 * x) ** 2 + (box.top + box.bottom - 2 * y) ** 2

        assigned[min(range(len(boxes)), key=distance)].append(hint)
    return [tuple(each) for each in assigned]


def _refuse_repeated(document: Document, box: BoundingBox) -> None:
    for layer in document.decomposition.stack.foregrounds:
        if layer.box is not None and layer.box.iou(box) > SAME_BOX_IOU:
            raise PromptError(
                f"The box {box} holds {layer.name!r}, which is cut out already. "
                "To improve it, select that layer and add keep or drop points; to start over, delete it first."
            )


def _choose_target(document: Document, box: BoundingBox) -> Layer:
    """The frontmost layer that the box lies inside, else the background."""
    for layer in reversed(document.decomposition.stack.foregrounds):
        if layer.box is None or box.area > _INSIDE_AREA * layer.box.area:
            continue
        if float(np.mean(layer.rgba[box.slices][..., 3] > 127)) >= _INSIDE_COVER:
            return layer
    return _target_or_background(document, "")


def _target_or_background(document: Document, layer_id: str) -> Layer:
    stack = document.decomposition.stack
    target = next((layer for layer in stack if layer.id == layer_id), None) or stack.background
    if target is None:
        raise InputError("This stack has no background to cut from.")
    return target


def _cut_from(
    document: Document,
    target: Layer,
    box: BoundingBox,
    hints: tuple[Hint, ...],
    options: CutOptions,
    engine: Decomposer,
    report: ReportProgress,
    cancel: CancelToken | None,
) -> Document:
    """Give the engine the target's pixels and one box, and merge what comes back."""
    whole = document.decomposition
    on_background = target.role is LayerRole.BACKGROUND
    request = DecompositionRequest(
        image=target.rgba[..., :3],
        mask=whole.mask if on_background else target.rgba[..., 3],
        boxes=(box,),
        hints=hints,
        names=(options.name or _next_name(whole.stack),),
        extract_shadow=options.extract_shadow,
        seed=options.seed,
        steps=options.steps,
        text=options.text,
    )
    part = engine.decompose(request, report=report, cancel=cancel)
    rest = part.stack.background
    if rest is None or not part.stack.foregrounds:
        raise PromptError(f"Nothing could be cut out of the box {box}. Draw it closer around the object, or add a keep point on it.")
    remaining = replace(target, rgba=rest.rgba if on_background else _complete_under(target, rest, part.stack.foregrounds))
    pieces = part.stack.foregrounds if on_background else tuple(_clip_to(target, piece) for piece in part.stack.foregrounds)
    stack = whole.stack.replace(remaining)
    for piece in reversed(pieces):
        stack = stack.insert(stack.index(target.id) + 1, piece)
    record = _record(target, remaining, box, hints)
    provenance = replace(
        part.provenance, seconds=whole.provenance.seconds + part.provenance.seconds, notes=whole.provenance.notes + part.provenance.notes
    )
    merged = replace(whole, stack=stack, provenance=provenance)
    return Document(merged, {**document.cuts, **{piece.id: record for piece in pieces}})


def _record(target: Layer, remaining: Layer, box: BoundingBox, hints: tuple[Hint, ...]) -> Cut:
    region = BoundingBox.around(_differs(target.rgba, remaining.rgba))
    if region is None:
        nothing = np.zeros((0, 0, 4), np.uint8)
        return Cut(target.id, box, hints, None, nothing, nothing)
    return Cut(target.id, box, hints, region, target.rgba[region.slices].copy(), remaining.rgba[region.slices].copy())


def _differs(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W) bool: where two RGBA pictures differ, compared as 32-bit words."""
    return np.ascontiguousarray(first).view(np.uint32)[..., 0] != np.ascontiguousarray(second).view(np.uint32)[..., 0]


def _next_name(stack: LayerStack) -> str:
    taken = {layer.name for layer in stack}
    return next(name for name in (f"Object {number}" for number in range(1, len(stack) + 2)) if name not in taken)


def _clip_to(target: Layer, piece: Layer) -> Layer:
    """A piece of a layer has alpha only where the layer has."""
    rgba = piece.rgba.copy()
    rgba[..., 3] = np.minimum(rgba[..., 3], target.rgba[..., 3])
    return replace(piece, rgba=rgba)


def _complete_under(target: Layer, rest: Layer, pieces: tuple[Layer, ...]) -> NDArray[np.uint8]:
    """The target without its pieces: engine's colours, and an outline that closes smoothly where a piece was cut from the edge."""
    from liwi.imaging.inpainting import SmoothInpainter

    rgba = rest.rgba.copy()
    rgba[..., 3] = target.rgba[..., 3]
    cover = np.max([piece.rgba[..., 3] for piece in pieces], axis=0)
    region = BoundingBox.around(cover)
    if region is None:
        return rgba
    around = region.expand(max(4, max(region.width, region.height) // 4)).intersect(BoundingBox.of_size(target.size))
    assert around is not None  # it holds the region
    alpha = rgba[..., 3][around.slices]
    filled = SmoothInpainter().fill(np.repeat(alpha[..., None], 3, axis=2), cover[around.slices] > 5)[..., 0]
    # Half is the best guess of where an outline runs through a hole; a steep ramp keeps it smooth.
    closed = np.clip((filled.astype(np.float32) - 127.5) * 4 + 127.5, 0, 255).astype(np.uint8)
    hidden = cover[around.slices] > 5
    rgba[..., 3][around.slices] = np.where(hidden, np.minimum(closed, np.where(alpha > 0, 255, 0)), alpha)
    return rgba


def _take_back(target: Layer, cut: Cut) -> Layer:
    """Undo what the cut did to its target, keeping what later cuts did there."""
    if cut.region is None:
        return target
    rgba = target.rgba.copy()
    now = rgba[cut.region.slices].astype(np.int16)
    rgba[cut.region.slices] = np.clip(now + cut.before.astype(np.int16) - cut.after, 0, 255).astype(np.uint8)
    return replace(target, rgba=rgba)


def _flatten_onto(target: Layer, layer: Layer) -> Layer:
    """Composite a layer whose own target is gone onto another."""
    if layer.extent is None:
        return target
    rgba = target.rgba.copy()
    pair = LayerStack((replace(target, id="below"), replace(layer, id="above")))
    rgba[layer.extent.slices] = np.rint(pair.composite(layer.extent) * 255).astype(np.uint8)
    return replace(target, rgba=rgba)
