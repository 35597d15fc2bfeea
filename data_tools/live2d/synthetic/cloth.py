"""Cloth: a tone, perhaps with a pattern, that covers any shape with cel shading."""

from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import ArrayLike

from data_tools.live2d.synthetic.colors import Color, Tone, mix
from data_tools.live2d.synthetic.curves import Points, ellipse, star
from data_tools.live2d.synthetic.drawing import Drawing

PATTERNS = ("plain", "stripes", "pinstripes", "checks", "plaid", "dots", "diamonds", "flowers", "stars")

WHITE = Tone(0.97, 0.01, 270)


@dataclass(frozen=True)
class Cloth:
    """A material with its pattern.

    Attributes:
        pattern: one of `PATTERNS`.
        ink: second tone of the pattern.
        size: of the pattern's repeat, in canvas pixels.
    """

    tone: Tone
    pattern: str = "plain"
    ink: Tone = WHITE
    size: float = 60.0

    def cover(self, drawing: Drawing, outline: Points, shift: ArrayLike, *, rounded: bool = True) -> None:
        """Fills a shape, prints the pattern and lays the cel shadow over both; draws no outline.

        Args:
            shift: towards the light, see `Drawing.cel_shadow`.
            rounded: whether it also darkens towards its lower right; not for what joins another shape without a seam.
        """
        drawing.fill(outline, self.tone.base)
        if self.pattern != "plain":
            with drawing.within(outline):
                self._print(drawing, outline)
        low, high = outline.min(axis=0), outline.max(axis=0)
        if rounded:
            drawing.veil(outline, low + (high - low) * [0.35, 0.25], high, self.tone.deep, 0.42)
        shadow = mix(self.tone.shade, self.tone.deep, 0.15)
        drawing.cel_shadow(outline, shadow, shift, 1.0 if self.pattern == "plain" else 0.6)

    def _print(self, drawing: Drawing, outline: Points) -> None:
        (left, top), (right, bottom) = outline.min(axis=0), outline.max(axis=0)
        color, size = self.ink.base, self.size
        match self.pattern:
            case "stripes":
                for y in np.arange(top - top % size, bottom, size):
                    drawing.fill(_bar(left, y, right, y + size * 0.42), color)
            case "pinstripes":
                for x in np.arange(left - left % (size * 0.5), right, size * 0.5):
                    drawing.fill(_bar(x, top, x + size * 0.07, bottom), color)
            case "checks" | "plaid":
                self._weave(drawing, (left, top, right, bottom), color)
            case "dots" | "diamonds" | "flowers" | "stars":
                for row, y in enumerate(np.arange(top - top % size, bottom + size, size * 0.62)):
                    for x in np.arange(left - left % size - size, right + size, size):
                        for shape, paint in _motif(self.pattern, x + (row % 2) * size / 2, y, size * 0.2, color, self.tone.light):
                            drawing.fill(shape, paint)
            case _:
                raise ValueError(f"no pattern {self.pattern!r}; there are {', '.join(PATTERNS)}")

    def _weave(self, drawing: Drawing, box: tuple[float, float, float, float], color: Color) -> None:
        left, top, right, bottom = box
        size = self.size
        for x in np.arange(left - left % size, right, size):
            drawing.fill(_bar(x, top, x + size * 0.45, bottom), color, 0.45)
            if self.pattern == "plaid":
                drawing.fill(_bar(x + size * 0.68, top, x + size * 0.74, bottom), color, 0.9)
        for y in np.arange(top - top % size, bottom, size):
            drawing.fill(_bar(left, y, right, y + size * 0.45), color, 0.45)
            if self.pattern == "plaid":
                drawing.fill(_bar(left, y + size * 0.68, right, y + size * 0.74), color, 0.9)


def _bar(left: float, top: float, right: float, bottom: float) -> Points:
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def _motif(pattern: str, x: float, y: float, size: float, color: Color, light: Color) -> list[tuple[Points, Color]]:
    match pattern:
        case "dots":
            return [(ellipse(x, y, size * 0.75, size * 0.75, 20), color)]
        case "diamonds":
            return [(np.array([(x, y - size * 1.35), (x + size * 1.1, y), (x, y + size * 1.35), (x - size * 1.1, y)]), color)]
        case "stars":
            return [(star(x, y, size), color)]
        case _:
            angles = np.arange(0, 10, 2) * np.pi / 5 - np.pi / 2
            petals = [
                (ellipse(x + np.cos(a) * size * 0.6, y + np.sin(a) * size * 0.6, size * 0.46, size * 0.46, 16), color) for a in angles
            ]
            return [*petals, (ellipse(x, y, size * 0.32, size * 0.32, 16), light)]


def choose_cloth(random: Random, tone: Tone, ink: Tone, size: float, *, plain: float = 0.5) -> Cloth:
    """Plain with the given probability, else with a pattern in ``ink``."""
    pattern = "plain" if random.random() < plain else random.choice(PATTERNS[1:])
    return Cloth(tone, pattern, ink, size * random.uniform(0.8, 1.25))
