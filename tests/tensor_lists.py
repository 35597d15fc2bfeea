"""Lists of the tensors in published checkpoints in ``tests/golden``: names in short, a tab, the shape; sections in brackets."""

import re
from collections.abc import Iterator, Set
from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def published_tensors(file: str, sections: Set[str]) -> dict[str, str]:
    """Name to shape of every tensor in ``sections`` of a list."""
    found, section = {}, ""
    for line in (GOLDEN / file).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif not line.startswith("#") and section in sections:
            names, shape = line.split("\t")
            found |= dict.fromkeys(_expand(names), shape)
    return found


def _expand(names: str) -> Iterator[str]:
    braces = re.search(r"\{([^}]*)\}", names)
    if braces is None:
        yield names
        return
    for each in braces[1].split(","):
        numbers = re.fullmatch(r"(\d+)-(\d+)", each)
        for value in range(int(numbers[1]), int(numbers[2]) + 1) if numbers else (each,):
            yield from _expand(names[: braces.start()] + str(value) + names[braces.end() :])
