"""How a person points at things: a box around the object, points and strokes that correct it. Both are also exported by `liwi.types`."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from liwi.errors import PromptError


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A half-open pixel box: x in [left, right), y in [top, bottom)."""

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.right <= self.left or self.bottom <= self.top:
            raise PromptError(
                f"The box {self.left},{self.top},{self.right},{self.bottom} is empty: "
                "right must be greater than left, and bottom greater than top."
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``"L,T,R,B"``, e.g. from the command line."""
        try:
            left, top, right, bottom = (round(float(part)) for part in text.split(","))
        except (ValueError, OverflowError) as error:
            raise PromptError(f"A box is four numbers LEFT,TOP,RIGHT,BOTTOM in pixels, got {text!r}.") from error
        return cls(left, top, right, bottom)

    @classmethod
    def around(cls, mask: NDArray[np.generic]) -> "BoundingBox | None":
        """The smallest box around the non-zero pixels of an (H, W) mask; None where there are none."""
        rows = np.flatnonzero(mask.any(axis=1))
        if rows.size == 0:
            return None
        columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
        return cls(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

    @classmethod
    def of_size(cls, size: tuple[int, int]) -> Self:
        """The box of a whole canvas of ``(width, height)``."""
        return cls(0, 0, size[0], size[1])

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def slices(self) -> tuple[slice, slice]:
        """``(rows, columns)``, to index an array: ``pixels[box.slices]``."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def intersect(self, other: "BoundingBox") -> "BoundingBox | None":
        """The common box, or None where the two do not meet."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return BoundingBox(left, top, right, bottom) if right > left and bottom > top else None

    def union(self, other: "BoundingBox") -> "BoundingBox":
        """The smallest box around both."""
        return BoundingBox(
            min(self.left, other.left), min(self.top, other.top), max(self.right, other.right), max(self.bottom, other.bottom)
        )

    def iou(self, other: "BoundingBox") -> float:
        """Intersection over union, in [0, 1]."""
        common = self.intersect(other)
        return common.area / (self.area + other.area - common.area) if common else 0.0

    def expand(self, margin: int) -> "BoundingBox":
        """The box grown by ``margin`` pixels on every side (not clipped)."""
        return BoundingBox(self.left - margin, self.top - margin, self.right + margin, self.bottom + margin)

    def translate(self, dx: int, dy: int) -> "BoundingBox":
        """The box moved by ``(dx, dy)``."""
        return BoundingBox(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def contains(self, x: int, y: int) -> bool:
        """Whether pixel ``(x, y)`` lies inside."""
        return self.left <= x < self.right and self.top <= y < self.bottom

    def as_tuple(self) -> tuple[int, int, int, int]:
        """``(left, top, right, bottom)``."""
        return self.left, self.top, self.right, self.bottom

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.right},{self.bottom}"


@dataclass(frozen=True, slots=True)
class Hint:
    """A correction: this belongs to the object (keep), or does not (drop).

    Attributes:
        kind: ``"keep"`` or ``"drop"``.
        path: ``((x, y), ...)`` in pixels; one point is a click, several are a stroke.
        radius: half the brush width in pixels; None lets the engine choose by the size of the box.
    """

    kind: Literal["keep", "drop"]
    path: tuple[tuple[int, int], ...]
    radius: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("keep", "drop"):
            raise PromptError(f"A hint is 'keep' or 'drop', got {self.kind!r}.")
        if not self.path:
            raise PromptError("A hint needs at least one point.")

    @classmethod
    def parse(cls, kind: Literal["keep", "drop"], text: str) -> Self:
        """Read ``"X,Y"`` or a stroke ``"X,Y X,Y ..."``."""
        try:
            path = tuple((round(float(x)), round(float(y))) for x, y in (point.split(",") for point in text.split()))
        except (ValueError, OverflowError) as error:
            raise PromptError(f"A hint is X,Y in pixels (several, parted by spaces, make a stroke), got {text!r}.") from error
        return cls(kind, path)
