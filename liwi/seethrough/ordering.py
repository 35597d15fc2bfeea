"""Which of a character's parts is drawn before which: predicted depth, corrected by what is always so (paper 2, section 4.2.2).

A part's depth is one number, its median. Where it contradicts the table `BEHIND`, a part moves: the largest parts are the surest, so they
keep their depth first, and every other is put into the room that those leave. Parts that the table does not compare stay by depth.

The table is a partial order: each of its pairs points forward in `liwi.seethrough.stratification.BACK_TO_FRONT`, so it has no circle. It
speaks of the nearest stratum of a class; what lies farther back, such as the inside of a collar, may well be behind the neck.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from liwi.seethrough.body_parts import AnyBodyPart, BodyPart, CoarseBodyPart, Side
from liwi.seethrough.stratification import BACK_TO_FRONT, pseudo_depth

BEHIND: Mapping[AnyBodyPart, tuple[AnyBodyPart, ...]] = MappingProxyType(
    {
        BodyPart.BACK_HAIR: (BodyPart.EARS, BodyPart.FACE, BodyPart.FRONT_HAIR),
        BodyPart.LEGWEAR: (BodyPart.FOOTWEAR, BodyPart.BOTTOMWEAR),
        BodyPart.NECK: (BodyPart.TOPWEAR, BodyPart.NECKWEAR, BodyPart.FACE),
        BodyPart.EARS: (BodyPart.FACE, BodyPart.EARWEAR),
        BodyPart.FACE: (
            *(BodyPart.NOSE, BodyPart.MOUTH, BodyPart.EYEWHITE, BodyPart.EYEBROW, BodyPart.EYEWEAR),
            *(CoarseBodyPart.EYES, CoarseBodyPart.HAIR, BodyPart.FRONT_HAIR),
        ),
        BodyPart.EYEWHITE: (BodyPart.IRIDES,),
        BodyPart.IRIDES: (BodyPart.EYELASH,),
        BodyPart.EYELASH: (BodyPart.EYEWEAR,),
        CoarseBodyPart.EYES: (BodyPart.EYEWEAR,),
        BodyPart.NOSE: (BodyPart.EYEWEAR,),
    }
)
"""Class to the classes that are in front of it wherever both are there.

Back hair and neck are not compared: locks that hang from behind over the shoulders belong to the back hair, in four of ten synthetic
characters. Neither are arms, clothes and held things: what a hand is in front of changes with every pose.
"""

_PLACE = {part: place for place, part in enumerate(BACK_TO_FRONT)}


@dataclass(frozen=True, slots=True)
class Placed:
    """What the order needs to know of a part.

    Attributes:
        part, side, stratum: what it is; stratum 0 is the nearest of its class and side.
        depth: 1 = nearest; None where nobody knows: then where its class usually is.
        weight: how sure the depth is, such as the part's area.
        name: tells equal parts apart; the order is the same every time.
    """

    part: AnyBodyPart
    side: Side | None
    stratum: int
    depth: float | None
    weight: float
    name: str

    @property
    def wished(self) -> float:
        """Its depth, or that of its class."""
        return pseudo_depth(self.part) if self.depth is None else self.depth


def is_behind(one: Placed, other: Placed) -> bool:
    """Whether ``one`` is always behind ``other``, in one step."""
    if one.part is other.part:
        return one.side is other.side and one.stratum > other.stratum
    return one.stratum == 0 and other.stratum == 0 and other.part in BEHIND.get(one.part, ())


def settled_depths(parts: Sequence[Placed]) -> list[float]:
    """The depths, moved as little as it takes.

    Args:
        parts: in any order.

    Returns:
        For each: none is less than that of a part which is always behind it. The wished ones where those already are so.
    """
    behind = _all_behind(parts)
    settled: dict[int, float] = {}
    for index in sorted(range(len(parts)), key=lambda each: (-parts[each].weight, _PLACE[parts[each].part], parts[each].name)):
        lowest = max((settled[each] for each in settled if each in behind[index]), default=float("-inf"))
        highest = min((settled[each] for each in settled if index in behind[each]), default=float("inf"))
        settled[index] = min(max(parts[index].wished, lowest), highest)
    return [settled[index] for index in range(len(parts))]


def drawing_order(parts: Sequence[Placed]) -> list[int]:
    """The places in ``parts``, the farthest first: by settled depth, and what is always behind before what is in front of it."""
    depths = settled_depths(parts)
    behind = _all_behind(parts)
    waits = [len(each) for each in behind]

    def key(index: int) -> tuple[float, int, int, str, int]:
        part = parts[index]
        return depths[index], _PLACE[part.part], -part.stratum, part.name, index

    ready = [key(index) for index in range(len(parts)) if not waits[index]]
    heapq.heapify(ready)
    order = []
    while ready:
        done = heapq.heappop(ready)[-1]
        order.append(done)
        for index in range(len(parts)):
            if done in behind[index]:
                waits[index] -= 1
                if not waits[index]:
                    heapq.heappush(ready, key(index))
    return order


def _all_behind(parts: Sequence[Placed]) -> list[frozenset[int]]:
    """For each part the places of all that are always behind it, directly or by way of classes that are not there.

    The way through absent classes matters: without irides, lashes are still in front of the white.
    """
    reached = {part: _reached(part) for part in {each.part for each in parts}}

    def behind(one: Placed, other: Placed) -> bool:
        if one.part is other.part:
            return is_behind(one, other)
        return one.stratum == 0 and other.stratum == 0 and other.part in reached[one.part]

    direct = [{index for index, one in enumerate(parts) if behind(one, other)} for other in parts]
    grown = True
    while grown:  # by way of strata of one class
        closed = [each.union(*(direct[index] for index in each)) for each in direct]
        grown, direct = closed != direct, closed
    return [frozenset(each) for each in direct]


def _reached(part: AnyBodyPart) -> frozenset[AnyBodyPart]:
    """Every class that is in front of this one, directly or by way of others."""
    found: set[AnyBodyPart] = set()
    pending = list(BEHIND.get(part, ()))
    while pending:
        nearer = pending.pop()
        if nearer not in found:
            found.add(nearer)
            pending += BEHIND.get(nearer, ())
    return frozenset(found)
