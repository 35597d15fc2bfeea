"""How right predictions are: against the true labels that lie beside synthetic characters, or against people's."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from data_tools.labeling.labeler import PartPrediction
from liwi.seethrough.body_parts import BodyPart, Side

NOTHING = "nothing"
"""Name of the class of what shows nothing, in tables."""


@dataclass
class Accuracy:
    """Counts over the ArtMeshes of one or more models.

    Attributes:
        pairs: (true class, predicted class), `NOTHING` for none; a guess that knows nothing predicts "unknown".
        sources: (kind of source, whether the class was right).
        scores: (tenth of the score, whether the class was right).
        sides: (whether the true label has a side, whether the predicted one equals it), where the class was right.
    """

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    sources: Counter[tuple[str, bool]] = field(default_factory=Counter)
    scores: Counter[tuple[int, bool]] = field(default_factory=Counter)
    sides: Counter[tuple[bool, bool]] = field(default_factory=Counter)

    def add(self, predictions: Sequence[PartPrediction], truth: Mapping[str, tuple[BodyPart | None, Side | None]]) -> None:
        """Count a model; ArtMeshes without a true label are left out. A guess that knows nothing is wrong."""
        for guess in predictions:
            if guess.art_mesh not in truth:
                continue
            part, side = truth[guess.art_mesh]
            predicted = (guess.part or NOTHING) if guess.score > 0 else "unknown"
            right = predicted == (part or NOTHING)
            self.pairs[str(part or NOTHING), str(predicted)] += 1
            self.sources[source_kind(guess.source), right] += 1
            self.scores[min(int(guess.score * 10), 9), right] += 1
            if right:
                self.sides[side is not None, guess.side == side] += 1

    @property
    def num_meshes(self) -> int:
        """ArtMeshes counted."""
        return self.pairs.total()

    @property
    def share_right(self) -> float:
        """Of the ArtMeshes, in [0, 1]."""
        return sum(count for (true, guess), count in self.pairs.items() if true == guess) / max(self.num_meshes, 1)

    def rates(self, name: str) -> tuple[int, float | None, float | None]:
        """ArtMeshes of a class, its precision and its recall; None where there is nothing to divide by."""
        true = sum(count for (truth, _), count in self.pairs.items() if truth == name)
        guessed = sum(count for (_, guess), count in self.pairs.items() if guess == name)
        both = self.pairs[name, name]
        return true, both / guessed if guessed else None, both / true if true else None

    def lines(self) -> Iterator[str]:
        """A table for people."""
        yield f"{'class':12} {'count':>6} {'precision':>9} {'recall':>7}"
        for name in (*map(str, BodyPart), NOTHING):
            count, precision, recall = self.rates(name)
            if count or precision is not None:
                yield f"{name:12} {count:6} {_percent(precision):>9} {_percent(recall):>7}"
        for title, counts in (("source", self.sources), ("score", self.scores)):
            for key in sorted({key for key, _ in counts}, key=str):
                right, wrong = counts[key, True], counts[key, False]  # type: ignore[index]
                what = f"{key / 10:.1f} to {(key + 1) / 10:.1f}" if isinstance(key, int) else key
                yield f"{title} {what}: {right + wrong} ArtMeshes, {_percent(right / (right + wrong))} right"
        sided = self.sides[True, True] + self.sides[True, False]
        yield f"sides: {_percent(self.sides[True, True] / sided if sided else None)} of {sided} right; " + (
            f"{self.sides[False, False]} of {self.sides[False, False] + self.sides[False, True]} without a side got one"
        )
        yield f"{self.num_meshes} ArtMeshes, {_percent(self.share_right)} right"


def source_kind(source: str) -> str:
    """The first of "name rule", "motion", "place", "name match", "sibling vote", "parent vote", "hit area", "combined" in a source."""
    if "moved by" in source:
        return "name rule + motion" if source.startswith("name rule") else "motion"
    kinds = ("name rule", "place", "name match", "sibling vote", "parent vote", "hit area", "combined")
    kind = next((kind for kind in kinds if source.startswith(kind)), "nothing known")
    return f"{kind} + place" if kind == "name rule" and source.endswith((", place", ", draw order")) else kind


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"
