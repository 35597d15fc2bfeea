"""How far two people agree who labelled the same ArtMeshes independently: Cohen's kappa and the confusion table."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Two people's labels of the same ArtMeshes, compared.

    Attributes:
        num_pairs: how many ArtMeshes both labelled.
        observed: share of them with the same class, in [0, 1]; 0 without any.
        kappa: Cohen's kappa: 1 = always the same, 0 = as often as chance; None where it is undefined, that is without any pair, or where
            both used one and the same class throughout.
        confusion: (class of the first, class of the second) to how many; only pairs that occur.
    """

    num_pairs: int
    observed: float
    kappa: float | None
    confusion: dict[tuple[str, str], int]


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
