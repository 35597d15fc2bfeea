"""Which pictures composites are made of, and which of them are for testing alone.

The split is by source file: what `reserved_for_testing.tsv` lists belongs to the test split, everything else to development.
A development file with the same bytes as a reserved one is left out, whatever its name.
"""

import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from data_tools.packages import PICTURES, package_root

_HERE = Path(__file__).parent


class Kind(StrEnum):
    """What sort of picture a cut-out is."""

    PHOTO = "photo"
    PAINTED = "painted"
    ANIME = "anime"
    CLIP_ART = "clip art"


class Split(StrEnum):
    """Test: reserved files alone. Development: none of them."""

    TEST = "test"
    DEVELOPMENT = "development"


@dataclass(frozen=True, slots=True, order=True)
class SourceFile:
    """A picture inside a package.

    Attributes:
        package: name of the package.
        path: path inside it, with forward slashes.
        licence: of the package's pictures, as its copyright file states it.
    """

    package: str
    path: str
    licence: str

    @property
    def key(self) -> tuple[str, str]:
        """``(package, path)``, as in the reserved list."""
        return self.package, self.path


@dataclass(frozen=True)
class Pools:
    """The files of one split, each list sorted, with the folder each package is unpacked in.

    Attributes:
        cutouts: per kind.
        photographs, drawings: backgrounds.
        roots: package -> folder.
        smallest: package -> shortest allowed longer side of its cut-outs, in pixels.
    """

    cutouts: dict[Kind, tuple[SourceFile, ...]]
    photographs: tuple[SourceFile, ...]
    drawings: tuple[SourceFile, ...]
    roots: dict[str, Path]
    smallest: dict[str, int]

    def locate(self, file: SourceFile) -> Path:
        """Where the file lies on this machine."""
        return self.roots[file.package] / file.path

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Every file of the pools."""
        return (*(file for pool in self.cutouts.values() for file in pool), *self.photographs, *self.drawings)


@cache
def reserved_files() -> frozenset[tuple[str, str]]:
    """``(package, path)`` of every file reserved for testing."""
    lines = (_HERE / "reserved_for_testing.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line.strip() and not line.startswith("#"))
    return frozenset((package, path) for package, path in rows)


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads((_HERE / "sources.toml").read_text("utf-8"))


def package_names() -> tuple[str, ...]:
    """Every package that composites draw on, sorted."""
    return tuple(sorted({entry["package"] for section in ("cutouts", "backgrounds") for entry in _table()[section]}))


def locate_packages(folder: Path) -> dict[str, Path]:
    """Package -> folder of its unpacked pictures; downloads what is missing."""
    return {name: package_root(name, folder) for name in package_names()}


def gather(split: Split, roots: dict[str, Path]) -> Pools:
    """List the files of one split.

    Args:
        split: which.
        roots: package -> folder of its unpacked pictures; packages that are not in it are left out.
    """
    taken = _digests_of_reserved(roots) if split is Split.DEVELOPMENT else frozenset()
    cutouts: dict[Kind, list[SourceFile]] = {kind: [] for kind in Kind}
    backgrounds: dict[bool, list[SourceFile]] = {False: [], True: []}
    for entry in _table()["cutouts"]:
        cutouts[Kind(entry["kind"])] += _matching(entry, split, roots, taken)
    for entry in _table()["backgrounds"]:
        backgrounds[entry.get("drawn", False)] += _matching(entry, split, roots, taken)
    return Pools(
        cutouts={kind: tuple(sorted(files)) for kind, files in cutouts.items()},
        photographs=tuple(sorted(backgrounds[False])),
        drawings=tuple(sorted(backgrounds[True])),
        roots=roots,
        smallest={entry["package"]: entry["smallest"] for entry in _table()["cutouts"]},
    )


def _matching(entry: dict[str, Any], split: Split, roots: dict[str, Path], taken: frozenset[str]) -> Iterable[SourceFile]:
    root = roots.get(entry["package"])
    if root is None:
        return
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).as_posix()
        if path.suffix.lower() not in PICTURES or not path.is_file():
            continue
        if not _matches(inside, entry["include"]) or _matches(inside, entry.get("exclude", [])):
            continue
        reserved = (entry["package"], inside) in reserved_files()
        if reserved == (split is Split.TEST) and (reserved or _digest(path) not in taken):
            yield SourceFile(entry["package"], inside, entry["licence"])


def _matches(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def _digests_of_reserved(roots: dict[str, Path]) -> frozenset[str]:
    paths = (roots[package] / path for package, path in reserved_files() if package in roots)
    return frozenset(_digest(path) for path in paths if path.is_file())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
