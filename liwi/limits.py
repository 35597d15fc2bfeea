"""What a value of a dataclass may be, said once beside its field: checked where settings are made, shown where people choose them.

::

    details: Annotated[int, Range(1, 64)] = 16
    rate: Annotated[str, OneOf("cosine", "linear")] = "cosine"
"""

import math
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from liwi.errors import InputError


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from ``least`` to ``most``; of a list every one.

    Attributes:
        least, most: the ends.
        above, below: whether the lower, or upper, end itself is excluded.
        multiple: the number is a multiple of this.
    """

    least: float
    most: float = math.inf
    above: bool = False
    below: bool = False
    multiple: int = 1

    def holds(self, value: Any) -> bool:
        """Whether a number, or every one of several, is inside."""
        if isinstance(value, tuple):
            return all(self.holds(each) for each in value)
        inside = self.least <= value <= self.most and not (self.above and value == self.least) and not (self.below and value == self.most)
        return inside and (self.multiple == 1 or value % self.multiple == 0)

    def __str__(self) -> str:
        """In words: "0 to 1", "above 0, at most 10", "1 or more"."""
        if math.isinf(self.most):
            words = f"above {self.least:g}" if self.above else f"{self.least:g} or more"
        elif self.above:
            words = f"above {self.least:g}, {'below' if self.below else 'at most'} {self.most:.10g}"
        else:
            words = f"{self.least:g} to {'below ' if self.below else ''}{self.most:.10g}"
        return words if self.multiple == 1 else f"{words}, in steps of {self.multiple}"


@dataclass(frozen=True, slots=True, init=False)
class OneOf:
    """One of some texts."""

    choices: tuple[str, ...]

    def __init__(self, *choices: str) -> None:
        object.__setattr__(self, "choices", choices)

    def holds(self, value: Any) -> bool:
        """Whether a text is one of them."""
        return value in self.choices

    def __str__(self) -> str:
        """In words: '"a", "b" or "c"'."""
        *most, last = (f'"{each}"' for each in self.choices)
        return f"{', '.join(most)} or {last}" if most else last


Limit = Range | OneOf


def limits_of(kind: type) -> dict[str, Limit]:
    """The limits of a dataclass's fields, by name; a field without one is not among them."""
    hints = get_type_hints(kind, include_extras=True).items()
    annotated = [(name, get_args(hint)[1:]) for name, hint in hints if get_origin(hint) is Annotated]
    return {name: each for name, said in annotated for each in said if isinstance(each, Limit)}


def check_limits(settings: object) -> None:
    """Raise `InputError` with the name of the first field that is beyond its limit."""
    for name, limit in limits_of(type(settings)).items():
        value = getattr(settings, name)
        if not limit.holds(value):
            raise InputError(f"{name} must be {limit}, got {str(value)[:60]}.")
