"""How hair is painted: colours agree across locks, because they are laid out over the whole head and not per lock."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

from random import Random

import numpy as np

from data_tools.live2d.synthetic.colors import mix
from data_tools.live2d.synthetic.curves import Points, lock_widths, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import Figure


class HairPaint:
    """Paints shapes of hair of one character.

    Args:
        figure: whose hair.
        reach: y in head coordinates at which the tips' colour is reached.
    """

    def __init__(self, figure: Figure, reach: float) -> None:
        self.figure = figure
        self.tone = figure.palette.hair
        self.reach = max(reach, 0.4)
        random = figure.random
        self._rings = [_shining_band(random, -0.92, random.uniform(-0.12, 0.1)), _shining_band(random, random.uniform(0.24, 0.4), 0.9)]
        self._shiny = random.random() < 0.8

    def base(self, drawing: Drawing, outline: Points, *, behind: bool = False) -> None:
        """Fills a shape (head coordinates) with the gradient from crown to tips; darker where it lies behind the head."""
        figure, tips = self.figure, self.figure.palette.hair_tips
        dark = 0.075 if behind else 0.0
        colors = [self.tone.moved(-0.035 - dark, 1.05, 4), self.tone.moved(-dark, 1.0, 60 * dark), tips.moved(0.02 - dark, 1.0, 60 * dark)]
        start, end = figure.head([(0, -1.1), (0, self.reach)])
        drawing.gradient(figure.head(outline), start, end, colors, [0.0, min(0.45, 0.8 / (self.reach + 1.1)), 1.0])

    def shine(self, drawing: Drawing, outline: Points) -> None:
        """The ring of light around the crown, where it crosses the shape."""
        if not self._shiny:
            return
        with drawing.within(self.figure.head(outline)):
            for ring in self._rings:
                drawing.fill(self.figure.head(ring), mix(self.tone.light, (1.0, 1.0, 1.0), 0.25), 0.75)

    def lock(
        self,
        drawing: Drawing,
        center: Points,
        width: float,
        *,
        behind: bool = False,
        root: float = 0.75,
        belly: float = 0.35,
        lined_from: float = 0.25,
    ) -> Points:
        """A pointed lock along a centre line in head coordinates; its outline fades out towards the root, where it joins the others.

        Returns:
            Its outline in head coordinates.
        """
        figure = self.figure
        outline = ribbon(center, lock_widths(len(center), width, root=root, belly=belly))
        self.base(drawing, outline, behind=behind)
        canvas = figure.head(outline)
        with drawing.within(canvas):
            drawing.cel_shadow(
                canvas,
                self.tone.mixed_shadow(0.19 if behind else 0.105),
                np.array([-0.3 * width, -0.06 * width]) * figure.anatomy.head_radius,
                0.85,
            )
            tip = ribbon(center, lock_widths(len(center), width * 0.42, root=root, belly=belly) * np.linspace(0.0, 1.0, len(center)))
            drawing.fill(figure.head(tip + [-0.09 * width, 0]), self.tone.light, 0.0 if behind else 0.35)
        self.shine(drawing, outline)
        num = len(center)
        begin = round(lined_from * num)
        for side in (canvas[:num], canvas[num:][::-1]):
            drawing.stroke(side[begin:], self.tone.line, 1.15, end=0.85)
        return outline

    def strands(self, drawing: Drawing, centers: list[Points], width: float = 1.0) -> None:
        """Fine lines that follow the fall of the hair."""
        for center in centers:
            drawing.stroke(self.figure.head(center), self.tone.mixed_shadow(0.2), width)


def _shining_band(random: Random, left: float, right: float) -> Points:
    """A stretch of the ring of light: it follows the round of the head, runs out at both ends and is ragged like strands."""
    num = max(5, round((right - left) * 9)) | 1
    x = np.linspace(left, right, num)
    arch = -0.42 - 0.3 * np.sqrt(np.clip(1 - (x / 1.16) ** 2, 0, None))
    fade = np.sin(np.linspace(0.12, np.pi - 0.12, num)) ** 0.6
    odd = np.arange(num) % 2 == 1
    below = fade * np.where(odd, [random.uniform(0.08, 0.17) for _ in x], [random.uniform(0.0, 0.04) for _ in x])
    above = fade * np.where(odd, [random.uniform(0.01, 0.05) for _ in x], [random.uniform(0.05, 0.1) for _ in x])
    upper, lower = np.stack([x, arch - above], axis=1), np.stack([x + 0.012, arch + below], axis=1)
    return np.concatenate([spline(upper, steps=5), spline(lower, steps=5)[::-1]])


def fall(
    start: tuple[float, float],
    end: tuple[float, float],
    *,
    bow: float = 0.0,
    hook: float = 0.0,
    waves: int = 0,
    depth: float = 0.0,
    num: int = 30,
) -> Points:
    """A centre line that falls from ``start`` to ``end``: bowed sideways, hooked at its tip, or waving."""
    (x0, y0), (x1, y1) = start, end
    t = np.linspace(0, 1, num)
    x = x0 + (x1 - x0) * t + bow * np.sin(np.pi * t) + hook * t**4
    x += depth * np.sin(2 * np.pi * waves * t) * np.clip(t * 2, 0, 1) if waves else 0
    y = y0 + (y1 - y0) * t
    return spline(np.stack([x, y], axis=1), steps=1)
