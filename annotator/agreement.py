"""How far two people agree who labelled the same ArtMeshes independently: Cohen's kappa and the confusion table.

A piece that somebody has cut out of an ArtMesh is compared as if it were an ArtMesh: with the piece of the other that covers about the
same, else with what the other says about the whole.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from annotator.values import LabelValue
from data_tools.live2d.pieces import overlap

LEAST_OVERLAP = 0.5
"""Pieces that share less of what either encloses are not the same piece."""


@dataclass(frozen=True)
class Agreement:
    """Two people's labels of the same ArtMeshes, compared.

    Attributes:
        num_pairs: how many ArtMeshes, and pieces of them, both labelled.
        observed: share of them with the same class, in [0, 1]; 0 without any.
        kappa: Cohen's kappa: 1 = always the same, 0 = as often as chance; None where it is undefined, that is without any pair, or where
            both used one and the same class throughout.
        confusion: (class of the first, class of the second) to how many; only pairs that occur.
    """

    num_pairs: int
    observed: float
    kappa: float | None
    confusion: dict[tuple[str, str], int]


def compared(first: LabelValue, second: LabelValue) -> list[tuple[str, str]]:
    """The classes that two people gave the same things of one ArtMesh: what is left of it, then the pieces of either.

    Args:
        first, second: decided labels.
    """
    pairs = [(_class(first), _class(second))]
    matches = sorted(
        ((overlap(one, other), a, b) for a, one in enumerate(first.pieces) for b, other in enumerate(second.pieces)), reverse=True
    )
    partner: dict[int, int] = {}
    for score, a, b in matches:
        if score >= LEAST_OVERLAP and a not in partner and b not in partner.values():
            partner[a] = b
    for a, piece in enumerate(first.pieces):
        pairs.append((str(piece.part or "nothing"), str(second.pieces[partner[a]].part or "nothing") if a in partner else _class(second)))
    alone = [piece for b, piece in enumerate(second.pieces) if b not in partner.values()]
    return pairs + [(_class(first), str(piece.part or "nothing")) for piece in alone]


def _class(value: LabelValue) -> str:
    return str(value.part or value.kind)


def measure_agreement(pairs: Sequence[tuple[str, str]]) -> Agreement:
    """Compare two people.

    Args:
        pairs: for each ArtMesh the class that the first and the second gave it.
    """
    confusion = Counter(pairs)
    if not pairs:
        return Agreement(0, 0.0, None, {})
    first, second = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    observed = sum(count for (one, other), count in confusion.items() if one == other) / len(pairs)
    expected = sum(first[name] * second[name] for name in first) / len(pairs) ** 2
    kappa = (observed - expected) / (1 - expected) if expected < 1 else None
    return Agreement(len(pairs), observed, kappa, dict(confusion))
