"""Reading what engines are measured on: a benchmark with truth, or a folder of photographs without.

A benchmark is a folder as ``python -m data_tools composites`` writes it (``manifest.json``, and per sample ``source.png``,
``background.png``, ``foreground_NN.png``, ``shadow_factor.png``, ``sample.json``). A folder of photographs holds picture files and
``boxes.json``::

    {"cat.jpg": {"boxes": [[120, 40, 380, 300]], "keep": ["200,90"], "drop": ["130,250 160,280"], "note": "the whiskers", "credit": "..."},
     "cup.jpg": [[10, 20, 200, 240]]}
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.imaging.io import decode_png, load_picture
from liwi.types import BoundingBox, Hint

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

FORMAT = "liwi-benchmark"
VERSION = 1


class BenchmarkError(InputError):
    """A folder cannot be measured on."""


@dataclass(frozen=True, eq=False)
class Truth:
    """What a perfect decomposition would find.

    Attributes:
        background: (H, W, 3) uint8, without objects and shadows.
        foregrounds: each (H, W, 4) uint8, straight alpha, back to front, one per box.
        shadow_factor: (H, W, 3) float32 in [0, 1]; the source's background is ``background * shadow_factor``.
    """

    background: UInt8
    foregrounds: tuple[UInt8, ...]
    shadow_factor: Float32


@dataclass(frozen=True, eq=False)
class Case:
    """One picture to take apart.

    Attributes:
        name: for people; any text.
        kind: e.g. ``"photo"``; ``"photograph"`` where there is no truth.
        source: (H, W, 3) uint8, sRGB. mask: (H, W) uint8 or None, the picture's own alpha.
        boxes, hints: the prompts.
        truth: None for a photograph.
        note: what to look at, and whose picture it is.
    """

    name: str
    kind: str
    source: UInt8
    boxes: tuple[BoundingBox, ...]
    hints: tuple[Hint, ...] = ()
    mask: UInt8 | None = None
    truth: Truth | None = None
    note: str = ""


@dataclass(frozen=True)
class Benchmark:
    """The cases of a folder, loaded one at a time.

    Attributes:
        folder: where it lies.
        title: for the report.
        entries: per case, what the folder's table says of it.
        has_truth: whether figures can be taken.
    """

    folder: Path
    title: str
    entries: tuple[tuple[str, Any], ...]
    has_truth: bool

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Case]:
        for name, entry in self.entries:
            yield _load_sample(self.folder, name) if self.has_truth else _load_photograph(self.folder, name, entry)


def open_benchmark(folder: Path) -> Benchmark:
    """Recognise a folder by its ``manifest.json`` or ``boxes.json``.

    Raises:
        BenchmarkError: it has neither, or one that is damaged.
    """
    if (folder / "manifest.json").is_file():
        manifest = _read_json(folder / "manifest.json")
        if not isinstance(manifest, dict) or (manifest.get("format"), manifest.get("version")) != (FORMAT, VERSION):
            raise BenchmarkError(f"{folder / 'manifest.json'} is not of format {FORMAT!r}, version {VERSION}. Make the benchmark again.")
        names = [str(entry["name"]) for entry in manifest["samples"]]
        title = f"Composites ({manifest['split']}, seed {manifest['seed']})" if "split" in manifest else "Composites"
        return Benchmark(folder, title, tuple((name, None) for name in names), True)
    if (folder / "boxes.json").is_file():
        table = _read_json(folder / "boxes.json")
        if not isinstance(table, dict):
            raise BenchmarkError(f'{folder / "boxes.json"} must map file names to boxes, e.g. {{"cat.jpg": [[120, 40, 380, 300]]}}.')
        return Benchmark(folder, "Photographs", tuple(table.items()), False)
    raise BenchmarkError(
        f"{folder} has neither manifest.json nor boxes.json. Make a benchmark with `python -m data_tools composites {folder}`, or put "
        'photographs into it and a boxes.json such as {"cat.jpg": [[left, top, right, bottom]]}.'
    )


def _load_sample(folder: Path, name: str) -> Case:
    place = folder / name
    facts = _read_json(place / "sample.json")
    foregrounds = tuple(_read_png(place / file) for file in facts["foregrounds"])
    factor = _read_png(place / "shadow_factor.png").astype(np.float32) / np.float32(65535)
    truth = Truth(_read_png(place / "background.png"), foregrounds, factor)
    boxes = tuple(BoundingBox(*box) for box in facts["boxes"])
    return Case(name, facts["kind"], _read_png(place / "source.png"), boxes, truth=truth, note=_describe(facts))


def _describe(facts: dict[str, Any]) -> str:
    """A line on what a composite is made of."""
    cutouts = ", ".join(Path(cutout["path"]).stem for cutout in facts.get("cutouts", []))
    behind = Path(facts.get("background", {}).get("path", "")).stem
    shadow = facts.get("shadow", {}).get("kind", "")
    return "; ".join(part for part in (cutouts, f"over {behind}" if behind else "", f"shadow: {shadow}" if shadow else "") if part)


def _load_photograph(folder: Path, name: str, entry: Any) -> Case:
    table = entry if isinstance(entry, dict) else {"boxes": entry}
    path = folder / name
    if path.resolve().parent != folder.resolve():
        raise BenchmarkError(f"boxes.json names {name!r}, which is not a file of its own folder.")
    try:
        boxes = tuple(BoundingBox(*(round(float(side)) for side in box)) for box in table.get("boxes", ()))
    except (TypeError, ValueError) as error:
        raise BenchmarkError(f"The boxes of {name!r} in boxes.json must be lists of [left, top, right, bottom].") from error
    hints = [Hint.parse("keep", text) for text in table.get("keep", ())] + [Hint.parse("drop", text) for text in table.get("drop", ())]
    picture = load_picture(path)
    note = "; ".join(str(table[key]) for key in ("note", "credit") if table.get(key))
    return Case(name, "photograph", picture.rgb, boxes, tuple(hints), picture.alpha, None, note)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BenchmarkError(f"The benchmark lacks the file {path.parent.name}/{path.name}. Make it again.") from error
    except ValueError as error:
        raise BenchmarkError(f"{path} is not valid JSON ({error}).") from error


def _read_png(path: Path) -> NDArray[Any]:
    try:
        return decode_png(path.read_bytes())
    except FileNotFoundError as error:
        raise BenchmarkError(f"The benchmark lacks the file {path.parent.name}/{path.name}. Make it again.") from error
