"""File names made from what people call their layers: safe on every system, readable, unique."""

import re
import unicodedata
from collections.abc import Iterable

MAX_NAME = 60
"""Longest file name, in characters, with its number and suffix."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
_JOINERS = "\u200c\u200d"  # they shape Persian and Indic words and emoji families; every other format character goes
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)")


def printable(name: str) -> str:
    """``name`` on one line: control and direction characters out, runs of space made one."""
    spaced = "".join(" " if character.isspace() else character for character in name)
    kept = "".join(c for c in spaced if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp"))
    return " ".join(kept.split())


def safe_stem(name: str, limit: int = MAX_NAME) -> str:
    """``name`` as a file name without suffix: no separators, no ``..``, nothing reserved on Windows, at most ``limit`` characters.

    Unicode is kept, in composed form (NFC). A name of which nothing is left becomes ``"layer"``.
    """
    stem = _FORBIDDEN.sub("_", printable(unicodedata.normalize("NFC", name)))
    stem = re.sub(r"\.{2,}", "_", stem)[:limit].strip(" .")
    if not stem.strip("_" + _JOINERS):
        return "layer"
    return f"_{stem}"[:limit] if _RESERVED.match(stem) else stem


def unique(names: Iterable[str], limit: int = MAX_NAME) -> list[str]:
    """The names with `` 2``, `` 3`` ... behind those that came before, whatever their case; each at most ``limit`` characters."""
    seen: set[str] = set()
    result = []
    for name in names:
        candidate, number = name[:limit], 1
        while unicodedata.normalize("NFC", candidate).casefold() in seen:
            number += 1
            tail = f" {number}"
            candidate = name[: limit - len(tail)] + tail
        seen.add(unicodedata.normalize("NFC", candidate).casefold())
        result.append(candidate)
    return result


def layer_files(names: Iterable[str], suffix: str = ".png") -> list[str]:
    """A numbered file name for each layer, back to front: ``00_background.png``, ``01_cat.png``, ..."""
    result = []
    for position, name in enumerate(names):
        number = f"{position:02d}_"
        result.append(f"{number}{safe_stem(name, MAX_NAME - len(number) - len(suffix))}{suffix}")
    return result


def titles(names: Iterable[str], limit: int = 250) -> list[str]:
    """The names as layer names in another program: one line, never empty, unique, at most ``limit`` characters."""
    return unique([printable(name) or "Layer" for name in names], limit)
