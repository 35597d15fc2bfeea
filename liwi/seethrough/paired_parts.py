"""Complete parts that come in pairs, each cut into its two sides, so that what belongs to one eye, ear or leg has one side.

Eyes are cut together with brows, lashes, whites and irides, and legs with their shoes: then ``irides-l`` always lies on ``eyewhite-l``,
which rigging tools clip it to.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from liwi.prompts import BoundingBox
from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart, Side
from liwi.seethrough.complete_parts import CompletePart, union_box
from liwi.seethrough.part_labels import nearest_labels
from liwi.seethrough.sides import MIDDLE, axis_through, split_sides

Float32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

PAIRS: tuple[frozenset[str], ...] = (
    frozenset({CoarseBodyPart.EYES, BodyPart.EYEWHITE, BodyPart.IRIDES, BodyPart.EYELASH, BodyPart.EYEBROW}),
    frozenset({BodyPart.EARS, BodyPart.EARWEAR}),
    frozenset({BodyPart.HANDWEAR}),
    frozenset({BodyPart.LEGWEAR, BodyPart.FOOTWEAR}),
)
"""Classes of which there is a left and a right one, those together that are cut together."""


def split_pairs(parts: Sequence[CompletePart]) -> list[CompletePart]:
    """Cut every part that comes in pairs and has no side yet.

    Returns:
        The other parts as they are; of the pairs, every pixel with any alpha is in exactly one side, as it was.
    """
    if not parts:
        return []
    whole = union_box(parts)
    axis = _axis(parts, whole)
    split: dict[int, list[CompletePart]] = {}
    for pair in PAIRS:
        members = [index for index, part in enumerate(parts) if part.side is None and part.part.value in pair]
        if members:
            split.update(zip(members, _split([parts[index] for index in members], whole, axis), strict=True))
    return [each for index, part in enumerate(parts) for each in split.get(index, [part])]


def _axis(parts: Sequence[CompletePart], whole: BoundingBox) -> Float32:
    """(whole.height,) float32: the middle of the figure, in the columns of ``whole``."""
    figure = np.zeros((whole.height, whole.width), bool)
    middle = [np.zeros_like(figure) for _ in MIDDLE]
    for part in parts:
        there = part.box.translate(-whole.left, -whole.top).slices
        figure[there] |= part.firm
        for group, mask in zip(MIDDLE, middle, strict=True):
            if _coarse(part.part) in group:
                mask[there] |= part.firm
    return axis_through(middle, figure)


def _coarse(part: AnyBodyPart) -> CoarseBodyPart:
    return part if isinstance(part, CoarseBodyPart) else part.coarse


def _split(members: Sequence[CompletePart], whole: BoundingBox, axis: Float32) -> list[list[CompletePart]]:
    """The sides of each member; which pixel has which side is decided for all of them together."""
    box = union_box(members)
    firm = np.zeros((box.height, box.width), bool)
    rgb = np.zeros((box.height, box.width, 3), np.uint8)
    depth = np.zeros((box.height, box.width), np.float32)
    for part in sorted(members, key=lambda each: each.median_depth or 0.0):
        there = part.box.translate(-box.left, -box.top).slices
        rgb[there][part.firm] = part.rgba[..., :3][part.firm]
        firm[there] |= part.firm
        if part.depth is not None:
            depth[there][part.firm] = part.depth[part.firm]
    has_depth = all(part.depth is not None for part in members)
    here = axis[box.top - whole.top : box.bottom - whole.top] - (box.left - whole.left)
    sides = split_sides(firm, here.astype(np.float32), rgb, depth if has_depth else None)
    on_left = nearest_labels(sides[Side.LEFT].astype(np.int16), firm) > 0 if Side.LEFT in sides else np.zeros_like(firm)
    return [_sides_of(part, on_left[part.box.translate(-box.left, -box.top).slices]) for part in members]


def _sides_of(part: CompletePart, left: Mask) -> list[CompletePart]:
    alpha = part.rgba[..., 3]
    halves = ((Side.RIGHT, part.with_alpha(alpha * ~left)), (Side.LEFT, part.with_alpha(alpha * left)))
    return [replace(half, side=side) for side, half in halves if half is not None]
