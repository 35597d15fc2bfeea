"""What the name of a part, ArtMesh or parameter says: body part and side (paper 2, appendix A, first stage).

The words stand in ``part_names.toml``. Names are cut into whole words, so *heart* is no *ear* and *armor* no *arm*: Latin letters at
capitals, underscores and digits, Chinese and Japanese by the longest word of the table. Reading a name never fails.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from liwi.seethrough.body_parts import BodyPart, Side

MAX_NAME = 200
"""Characters of a name that are looked at; a longer one is cut."""

_TABLE = Path(__file__).with_suffix(".toml")
_LATIN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_SIDE_WITH_VARIANT = re.compile(r"([lr])[a-f]|[a-f]([lr])")
_SIDES = {"l": Side.LEFT, "left": Side.LEFT, "hidari": Side.LEFT, "zuo": Side.LEFT, "左": Side.LEFT}
_SIDES |= {"r": Side.RIGHT, "right": Side.RIGHT, "migi": Side.RIGHT, "you": Side.RIGHT, "右": Side.RIGHT}
_HIRAGANA_TO_KATAKANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}


@dataclass(frozen=True, slots=True)
class NameRule:
    """A row of the table.

    Attributes:
        name: of the rule, for people.
        parts: what its words may stand for, the likeliest first; empty: nothing of the character.
        level: 1 to 4, from a region to the thing itself.
    """

    name: str
    parts: tuple[BodyPart, ...]
    level: int


@dataclass(frozen=True, slots=True)
class NameReading:
    """What a name says.

    Attributes:
        rule: that decided, None if no word is known.
        words: of the name that met the rule, normalised.
        side: the character's own side; None if the name says nothing or both.
    """

    rule: NameRule | None
    words: str
    side: Side | None


def read_name(text: str) -> NameReading:
    """Find the rule of the highest level, then of the longest words, in a name of any script."""
    tokens = list(_tokens(text))
    singular = {form for token in tokens for form in (token, *_singulars(token))}
    best: tuple[int, int, str] = (0, 0, "")
    found = None
    for words, (rule, length, joined) in _rules().items():
        if (not singular.isdisjoint(joined) or singular.issuperset(words)) and (rule.level, length) > best[:2]:
            best, found = (rule.level, length, " ".join(words)), rule
    return NameReading(found, best[2], _side(tokens))


def normalise(text: str) -> str:
    """Full-width and half-width forms made one (NFKC), hiragana as katakana."""
    return unicodedata.normalize("NFKC", text[:MAX_NAME]).translate(_HIRAGANA_TO_KATAKANA)


def _tokens(text: str) -> Iterator[str]:
    for run in re.findall(r"[A-Za-z]+|[^\x00-\x7f]+", normalise(text)):
        if run.isascii():
            yield from (word.lower() for word in _LATIN.findall(run))
        else:
            yield from _cut_east_asian(run)


def _cut_east_asian(run: str) -> Iterator[str]:
    """Longest known word first; a known word of one or two kana counts only where no kana touches it."""
    known, longest = _east_asian_words()
    place = 0
    while place < len(run):
        for length in range(min(longest, len(run) - place), 0, -1):
            word = run[place : place + length]
            if word in known and (len(word) > 2 or not _inside_kana(run, place, place + length)):
                yield word
                place += length
                break
        else:
            place += 1


def _inside_kana(run: str, start: int, end: int) -> bool:
    before = start > 0 and _is_kana(run[start]) and _is_kana(run[start - 1])
    return before or (end < len(run) and _is_kana(run[end - 1]) and _is_kana(run[end]))


def _is_kana(character: str) -> bool:
    return "ァ" <= character <= "ヺ" or character == "ー"


def _run_together(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(("".join(words), "".join(reversed(words))))


def _singulars(token: str) -> tuple[str, ...]:
    return (token.removesuffix("s"), token.removesuffix("es")) if len(token) > 3 and token.endswith("s") else ()


def _side(tokens: list[str]) -> Side | None:
    found = set()
    for token in tokens:
        variant = _SIDE_WITH_VARIANT.fullmatch(token)
        letter = (variant[1] or variant[2]) if variant else token
        side = _SIDES.get(letter) or (_SIDES.get(token[0]) if not token.isascii() else None)
        if side:
            found.add(side)
    return found.pop() if len(found) == 1 else None


@cache
def _rules() -> dict[tuple[str, ...], tuple[NameRule, int, frozenset[str]]]:
    """Words in their normalised form to the rule, how long they are, and both ways to run them together; each stands once in the table."""
    table: dict[tuple[str, ...], tuple[NameRule, int, frozenset[str]]] = {}
    for row in tomllib.loads(_TABLE.read_text("utf-8"))["rule"]:
        rule = NameRule(row["name"], tuple(map(BodyPart, row["parts"])), row["level"])
        for words in row["words"]:
            key = tuple(normalise(words).lower().split())
            table.setdefault(key, (rule, sum(map(len, key)), _run_together(key)))
    return table


@cache
def _east_asian_words() -> tuple[frozenset[str], int]:
    words = {word for words in _rules() for word in words if not word.isascii()} | {word for word in _SIDES if not word.isascii()}
    return frozenset(words), max(map(len, words))
