"""Labels for ArtMeshes that nothing else speaks for, from those around them (paper 2, appendix A): three stages, in this order.

1. *Name match*: a word of the artist's that labelled ArtMeshes share ("suika_01" is what "suika_02" is).
2. *Sibling vote*: the majority of the labelled ArtMeshes in the same part.
3. *Parent vote*: the majority below the enclosing part, then below the one around that, up to the root.

Votes count with their scores, come from evidence alone and never from other votes, so the order of the ArtMeshes does not matter.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from data_tools.labeling.part_names import normalise
from liwi.seethrough.body_parts import BodyPart

MIN_MAJORITY = 0.5
"""Of the weight, that the winner of a name match or a sibling vote must exceed or reach."""

_GENERIC = frozenset(["part", "parts", "artmesh", "mesh", "psd", "group", "layer", "folder", "skinning", "left", "right", "copy", "new"])


@dataclass(frozen=True, slots=True)
class Node:
    """An ArtMesh in the part tree.

    Attributes:
        names: of the ArtMesh and of the part that holds it.
        path: of its parts, outermost first; ids are unique in a model.
        part: what evidence says; None: nothing of the character, or not labelled.
        score: of the evidence, in [0, 1]; 0: not labelled.
    """

    names: tuple[str, ...]
    path: tuple[str, ...]
    part: BodyPart | None
    score: float


@dataclass(frozen=True, slots=True)
class Vote:
    """What the neighbours say.

    Attributes:
        part: the winner; None if they show nothing of the character.
        share: of the weight that it got, in (0, 1].
        source: "name match 'word'", "sibling vote 3/4" or "parent vote 9/12 in 'PartHead'".
        levels: how far up the voters were: 0 for the same part.
    """

    part: BodyPart | None
    share: float
    source: str
    levels: int


def propagate(nodes: Sequence[Node]) -> list[Vote | None]:
    """The vote of the others for every ArtMesh, labelled or not; None where no stage finds a labelled one."""
    words = [_own_words(node) for node in nodes]
    return [_match(index, nodes, words) or _climb(index, nodes) for index in range(len(nodes))]


def _match(index: int, nodes: Sequence[Node], words: Sequence[frozenset[str]]) -> Vote | None:
    for word in sorted(words[index], key=lambda word: (-len(word), word)):
        others = [other for other in range(len(nodes)) if other != index and word in words[other]]
        vote = _count([nodes[other] for other in others], lambda _: f"name match {word!r}", 0)  # noqa: B023
        if vote and vote.share > MIN_MAJORITY and len(others) < len(nodes) / 2:
            return vote
    return None


def _climb(index: int, nodes: Sequence[Node]) -> Vote | None:
    path = nodes[index].path
    siblings = [node for place, node in enumerate(nodes) if place != index and node.path == path]
    vote = _count(siblings, lambda count: f"sibling vote {count}", 0)
    if vote and vote.share >= MIN_MAJORITY:
        return vote
    for level in range(len(path), -1, -1):
        around = path[:level]
        below = [node for place, node in enumerate(nodes) if place != index and node.path[:level] == around]
        where = f"in {around[-1]!r}" if around else "in the whole model"
        vote = _count(below, lambda count: f"parent vote {count} {where}", len(path) - level + 1)  # noqa: B023
        if vote:
            return vote
    return None


def _count(voters: Sequence[Node], describe: Callable[[str], str], levels: int) -> Vote | None:
    weights: Counter[BodyPart | None] = Counter()
    for node in voters:
        if node.score > 0:
            weights[node.part] += node.score  # type: ignore[assignment]
    if not weights:
        return None
    winner = max(weights, key=lambda part: (weights[part], str(part)))
    labelled = [node for node in voters if node.score > 0]
    agreeing = sum(node.part == winner for node in labelled)
    return Vote(winner, weights[winner] / sum(weights.values()), describe(f"{agreeing}/{len(labelled)}"), levels)


def _own_words(node: Node) -> frozenset[str]:
    found = re.findall(r"[a-z]{3,}|[^\x00-\x7f\W]{2,}", " ".join(map(_spaced, node.names)).lower())
    return frozenset(found) - _GENERIC


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", normalise(name))
