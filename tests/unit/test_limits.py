"""What a value may be, checked and in words."""

from dataclasses import dataclass
from typing import Annotated

import pytest

from liwi.errors import InputError
from liwi.limits import OneOf, Range, check_limits, limits_of


@dataclass(frozen=True)
class Settings:
    count: Annotated[int, Range(1)] = 1
    rate: Annotated[float, Range(0, 1, above=True)] = 0.5
    widths: Annotated[tuple[int, ...], Range(32, 4096, multiple=32)] = (32, 64)
    kind: Annotated[str, OneOf("a", "b", "c")] = "a"
    free: float = 7.0


def test_limits_say_what_they_hold_to() -> None:
    assert {name: str(limit) for name, limit in limits_of(Settings).items()} == {
        "count": "1 or more",
        "rate": "above 0, at most 1",
        "widths": "32 to 4096, in steps of 32",
        "kind": '"a", "b" or "c"',
    }
    assert str(Range(0, 1, below=True)) == "0 to below 1"
    assert str(Range(0, 2**31 - 1)) == "0 to 2147483647"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"count": 0}, "count must be 1 or more, got 0"),
        ({"rate": 0.0}, "rate must be above 0, at most 1, got 0.0"),
        ({"rate": float("nan")}, "rate must be"),
        ({"widths": (32, 48)}, "widths must be"),
        ({"kind": "d"}, "kind must be"),
    ],
)
def test_what_is_beyond_its_limit_is_named(values: dict[str, object], message: str) -> None:
    check_limits(Settings(free=1e9))
    with pytest.raises(InputError, match=message):
        check_limits(Settings(**values))  # type: ignore[arg-type]
