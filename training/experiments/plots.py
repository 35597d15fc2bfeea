"""Figures of experiments, drawn with Pillow: curves over steps, and rows with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

_PANEL = (460, 300)
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 34, 40
_COLORS = ("#4338ca", "#d97706", "#059669", "#be123c", "#475569", "#0891b2")
_GRID, _TEXT = "#e5e7eb", "#1f2937"
_ROW = 34


@dataclass(frozen=True)
class Line:
    """A curve.

    Attributes:
        name: for the legend.
        across, up: places and values, as many of each.
    """

    name: str
    across: Sequence[float]
    up: Sequence[float]


@dataclass(frozen=True)
class Interval:
    """A row's value, and between what it lies with some certainty."""

    name: str
    value: float
    low: float
    high: float


def draw_lines(panels: Mapping[str, tuple[Sequence[Line], float]], path: Path, *, across: str) -> None:
    """Curves side by side, one panel each, with a dashed line at what is wanted; from 0 to the largest value.

    Args:
        panels: title -> curves, and what is wanted.
        path: a .png.
        across: what the horizontal axis counts.
    """
    width, height = _PANEL
    picture = Image.new("RGB", (width * len(panels), height), "white")
    pen = ImageDraw.Draw(picture)
    for number, (title, (lines, wanted)) in enumerate(panels.items()):
        left, right = number * width + _LEFT, (number + 1) * width - _RIGHT
        largest = max([wanted * 1.1, *(value for line in lines for value in line.up)])
        end = max([1.0, *(place for line in lines for place in line.across)])

        def at(
            place: float, value: float, left: int = left, right: int = right, end: float = end, largest: float = largest
        ) -> tuple[float, float]:
            return left + (right - left) * place / end, height - _BOTTOM - (height - _TOP - _BOTTOM) * value / largest

        for share in range(5):
            value = largest * share / 4
            pen.line([at(0, value), at(end, value)], fill=_GRID)
            pen.text((left - 44, at(0, value)[1] - 6), f"{value:.2f}", fill=_TEXT)
        for place in range(left, right, 12):
            y = at(0, wanted)[1]
            pen.line([(place, y), (min(place + 6, right), y)], fill="#9ca3af", width=2)
        for place, line in enumerate(lines):
            color = _COLORS[place % len(_COLORS)]
            points = [at(x, y) for x, y in zip(line.across, line.up, strict=True)]
            pen.line(points, fill=color, width=2)
            for x, y in points:
                pen.ellipse([x - 2, y - 2, x + 2, y + 2], fill=color)
            pen.text((left + 8 + 150 * place, _TOP - 16), line.name, fill=color)
        pen.text((left, 4), title, fill=_TEXT)
        pen.text((right - 90, height - 18), f"{across} (to {end:g})", fill=_TEXT)
    picture.save(path)


def draw_intervals(panels: Mapping[str, Sequence[Interval]], path: Path) -> None:
    """Rows with intervals, one panel per metric, the same rows in each.

    Args:
        panels: title -> rows.
        path: a .png.
    """
    width, names = _PANEL[0], 230
    count = max(len(rows) for rows in panels.values())
    height = _TOP + count * _ROW + 24
    picture = Image.new("RGB", (names + width * len(panels), height), "white")
    pen = ImageDraw.Draw(picture)
    for number, (title, rows) in enumerate(panels.items()):
        left, right = names + number * width + 20, names + (number + 1) * width - 30
        low, high = min(row.low for row in rows), max(row.high for row in rows)
        spread = (high - low) or 1.0

        def at(value: float, left: int = left, right: int = right, low: float = low, spread: float = spread) -> float:
            return left + (right - left) * (value - low) / spread

        pen.text((left, 8), title, fill=_TEXT)
        for place, row in enumerate(rows):
            y, color = _TOP + place * _ROW + _ROW // 2, _COLORS[place % len(_COLORS)]
            if number == 0:
                pen.text((8, y - 6), row.name, fill=_TEXT)
            pen.line([(left, y), (right, y)], fill=_GRID)
            pen.line([(at(row.low), y), (at(row.high), y)], fill=color, width=4)
            pen.ellipse([at(row.value) - 5, y - 5, at(row.value) + 5, y + 5], fill=color)
            pen.text((min(at(row.value) + 8, right - 30), y - 15), f"{row.value:.3f}", fill=_TEXT)
        pen.text((left, height - 18), f"{low:.3f}", fill=_TEXT)
        pen.text((right - 30, height - 18), f"{high:.3f}", fill=_TEXT)
    picture.save(path)
