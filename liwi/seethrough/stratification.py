"""Which part lies in front of which: hair cut into front and back, and all regions of a figure back to front (paper 2, section 4.3).

The paper sorts by predicted depth. Without a depth network the order is that of the classes, as artists draw them, and hair, which lies
on both sides of the face, is cut where its strands are: flooded from the hair that surely hangs before the face and from the hair that
surely hangs behind the shoulders. Both are guesses that a person can change in the panel.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.seethrough.body_parts import FINE_OF, AnyBodyPart, BodyPart, CoarseBodyPart, Side
from liwi.seethrough.eye_parts import split_eye
from liwi.seethrough.sides import PAIRED, figure_axis, split_sides

UInt8 = NDArray[np.uint8]
Labels = NDArray[np.int16]
Mask = NDArray[np.bool_]

BACK_TO_FRONT: tuple[AnyBodyPart, ...] = (
    BodyPart.WINGS,
    BodyPart.TAIL,
    BodyPart.BACK_HAIR,
    BodyPart.LEGWEAR,
    BodyPart.FOOTWEAR,
    BodyPart.NECK,
    BodyPart.TOPWEAR,
    BodyPart.BOTTOMWEAR,
    BodyPart.OBJECTS,
    BodyPart.HANDWEAR,
    BodyPart.NECKWEAR,
    BodyPart.EARS,
    BodyPart.FACE,
    BodyPart.NOSE,
    BodyPart.MOUTH,
    BodyPart.EYEWHITE,
    BodyPart.IRIDES,
    CoarseBodyPart.EYES,
    BodyPart.EYELASH,
    BodyPart.EARWEAR,
    BodyPart.EYEWEAR,
    BodyPart.EYEBROW,
    CoarseBodyPart.HAIR,
    BodyPart.FRONT_HAIR,
    BodyPart.HEADWEAR,
)
"""Every class that a layer may have, the farthest first."""

_PLACE = {part: place for place, part in enumerate(BACK_TO_FRONT)}

_HEAD = tuple(
    part.class_index
    for part in (CoarseBodyPart.FACE, CoarseBodyPart.EYES, CoarseBodyPart.EYEWEAR, CoarseBodyPart.NOSE, CoarseBodyPart.MOUTH)
)

_FACE_MARGIN = 0.12
"""How far beside the face, in widths of the face, hair still surely belongs to its front."""

_BACK_DISTANCE = 0.22
"""How far beside the face hair below the eyes surely hangs behind it."""

_NECK_REACH = 0.06
"""How near to the neck hair below the chin surely hangs behind it."""


@dataclass(frozen=True, eq=False)
class PartRegion:
    """Where one layer of a figure is seen.

    Attributes:
        part, side: what it is.
        visible: (h, w) bool, at the working size; disjoint from every other region's.
    """

    part: AnyBodyPart
    side: Side | None
    visible: Mask

    @property
    def name(self) -> str:
        """See `part_name`."""
        return part_name(self.part, self.side)


def part_name(part: AnyBodyPart, side: Side | None) -> str:
    """What a layer is called: the tag, with ``-l`` or ``-r`` for a side, which is what rigging tools look for in a PSD."""
    return part.value if side is None else f"{part.value}-{side.value[0]}"


def back_to_front(regions: Sequence[PartRegion]) -> list[PartRegion]:
    """Regions in the order in which they are drawn; of equal parts the larger one first."""
    return sorted(regions, key=lambda region: (_PLACE[region.part], -int(region.visible.sum()), region.name))


def pseudo_depth(part: AnyBodyPart) -> float:
    """The default depth of a part: 0 for the farthest class, 1 for the nearest."""
    return _PLACE[part] / (len(BACK_TO_FRONT) - 1)


def part_regions(labels: Labels, rgb: UInt8) -> list[PartRegion]:
    """The regions that a figure's layers are made of: hair in front and behind, pairs by side, eyes in four, every other class as it is.

    Args:
        labels: (h, w) int16, see `liwi.seethrough.part_labels`.
        rgb: (h, w, 3) uint8, the figure's colours.

    Returns:
        In no particular order; together they hold every labelled pixel once.
    """
    axis = figure_axis(labels)
    regions = []
    for coarse in CoarseBodyPart:
        mask = labels == coarse.class_index
        if not mask.any():
            continue
        if coarse is CoarseBodyPart.HAIR:
            front = front_hair(labels, rgb)
            regions += [PartRegion(part, None, hair) for part, hair in _strata(front, mask & ~front) if hair.any()]
        elif coarse in PAIRED:
            for side, half in split_sides(mask, axis, rgb).items():
                pieces = split_eye(half, rgb) if coarse is CoarseBodyPart.EYES else {}
                regions += [PartRegion(part, side, piece) for part, piece in pieces.items()]
                if not pieces:
                    regions.append(PartRegion(_layer_part(coarse), side, half))
        else:
            regions.append(PartRegion(_layer_part(coarse), None, mask))
    return regions


def _strata(front: Mask, back: Mask) -> tuple[tuple[BodyPart, Mask], tuple[BodyPart, Mask]]:
    return (BodyPart.FRONT_HAIR, front), (BodyPart.BACK_HAIR, back)


def _layer_part(coarse: CoarseBodyPart) -> AnyBodyPart:
    """The class of version 3 where it is the same one, else the class of version 2."""
    return FINE_OF[coarse][0] if len(FINE_OF[coarse]) == 1 else coarse


def front_hair(labels: Labels, rgb: UInt8) -> Mask:
    """Which of the hair hangs in front of face and shoulders.

    Args:
        labels: (h, w) int16, see `liwi.seethrough.part_labels`.
        rgb: (h, w, 3) uint8, the figure's colours.

    Returns:
        (h, w) bool, inside the hair. All of it where no face is seen: then nobody can say what is behind.
    """
    hair = labels == CoarseBodyPart.HAIR.class_index
    head = np.isin(labels, _HEAD)
    if not hair.any() or not head.any():
        return hair
    front, back = _hair_seeds(hair, head, labels == CoarseBodyPart.NECK.class_index)
    if not front.any():
        return np.zeros_like(hair)
    if not back.any():
        return hair
    markers = np.full(hair.shape, 3, np.int32)
    markers[hair] = 0
    markers[front], markers[back] = 1, 2
    cv2.watershed(cv2.GaussianBlur(np.ascontiguousarray(rgb), (3, 3), 0), markers)
    flooded = np.where(markers == 1, 1, np.where(markers == 2, 2, 0)).astype(np.uint8)
    for _ in range(2):  # the lines between floods, one or two pixels wide
        flooded = np.where(flooded > 0, flooded, cv2.dilate(flooded, np.ones((3, 3), np.uint8)))
    return hair & (flooded == 1)


def _hair_seeds(hair: Mask, head: Mask, neck: Mask) -> tuple[Mask, Mask]:
    """(h, w) bool each: hair that surely hangs in front, and hair that surely hangs behind."""
    rows, columns = np.nonzero(head)
    top, bottom = np.percentile(rows, (2, 99.5))
    left, right = np.percentile(columns, (0.5, 99.5))
    width = max(1.0, right - left)
    y, x = np.mgrid[: hair.shape[0], : hair.shape[1]].astype(np.float32)
    beside = np.maximum(left - x, x - right) / width
    middle = (top + bottom) / 2
    front = hair & (y < middle) & (beside < _FACE_MARGIN)
    back = hair & (y > middle) & (beside > _BACK_DISTANCE)
    if neck.any():
        reach = max(1, round(_NECK_REACH * width))
        back |= hair & (cv2.dilate(neck.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)) > 0) & (y > bottom)
    return front, back
