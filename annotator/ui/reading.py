"""Reads the fields of a request: whatever was sent becomes a value of the right type, or an `InputError` that names the field."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from annotator.values import Change, LabelKind, LabelValue, checked_text
from data_tools.live2d.ordering import LAST_ORDER
from data_tools.live2d.pieces import read_pieces
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side

Body = Mapping[str, Any]

MAX_ID = 2**31 - 1
"""Largest number of a row, in PostgreSQL too."""
MAX_VERSION = 2**31 - 1
MAX_TIME = 2**53
"""Milliseconds; the largest whole number that JavaScript counts exactly."""
MAX_LIST = 10_000

_Word = TypeVar("_Word", bound=StrEnum)
_Value = TypeVar("_Value")


def whole(body: Body, name: str, *, low: int = 0, high: int = MAX_ID, default: int | None = None) -> int:
    """A whole number in a range; the default where the field is missing or null."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    if type(value) is not int or not low <= value <= high:
        raise InputError(f"{name!r} must be a whole number from {low} to {high}, got {_shown(value)}.")
    return value


def optional(read: Callable[..., _Value], body: Body, name: str, **options: Any) -> _Value | None:
    """What ``read`` makes of the field; None where it is missing or null."""
    return None if body.get(name) is None else read(body, name, **options)


def number(body: Body, name: str) -> float:
    """A finite number."""
    value = body.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not -1e9 <= value <= 1e9:
        raise InputError(f"{name!r} must be a number, got {_shown(value)}.")
    return float(value)


def text(body: Body, name: str, *, default: str | None = None) -> str:
    """Text that every database can hold, at most 2,000 characters."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise InputError(f"{name!r} must be text, got {_shown(value)}.")
    return checked_text(value, repr(name))


def flag(body: Body, name: str, *, default: bool | None = None) -> bool:
    """True or false."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise InputError(f"{name!r} must be true or false, got {_shown(value)}.")
    return value


def word(body: Body, name: str, kind: type[_Word], *, default: _Word | None = None) -> _Word:
    """One of the words of an enumeration."""
    value = body.get(name)
    if value is None and default is not None:
        return default
    try:
        return kind(str(value))
    except ValueError:
        raise InputError(f"{name!r} must be one of {', '.join(kind)}, got {_shown(value)}.") from None


def rows(body: Body, name: str) -> Sequence[Body]:
    """A list of objects, at most 10,000."""
    value = body.get(name)
    if not isinstance(value, list) or len(value) > MAX_LIST or not all(isinstance(each, dict) for each in value):
        raise InputError(f"{name!r} must be a list of at most {MAX_LIST} objects.")
    return value


def words(body: Body, name: str, kind: type[_Word]) -> Sequence[_Word] | None:
    """A list of words of an enumeration; None where the field is missing or null."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or len(value) > len(kind):
        raise InputError(f"{name!r} must be a list of {', '.join(kind)}.")
    return [word({name: each}, name, kind) for each in value]


def change(body: Body) -> Change:
    """A label as a person wants it, with the version that they saw."""
    return Change(whole(body, "art_mesh_id", high=2**53), whole(body, "version", high=MAX_VERSION), label_value(body))


def label_value(body: Body) -> LabelValue:
    """What a label says."""
    return LabelValue(
        word(body, "kind", LabelKind),
        optional(word, body, "part", kind=BodyPart),
        optional(word, body, "side", kind=Side),
        flag(body, "unsure", default=False),
        text(body, "comment", default=""),
        optional(whole, body, "order", high=LAST_ORDER),
        read_pieces(body.get("pieces"), "a label"),
    )


def _shown(value: object) -> str:
    return "nothing" if value is None else repr(value)[:60]
