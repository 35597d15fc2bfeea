"""What is worn around the neck, and the bow that also ties hair."""

# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, cubic, ellipse, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import Figure
from liwi.seethrough.body_parts import BodyPart


def draw_neckwear(figure: Figure, style: str) -> None:
    """Bow, tie, scarf, choker or necklace."""
    figure.choices["neckwear"] = style
    drawing = figure.draw("neckwear", BodyPart.NECKWEAR, 480, "breath", "body/neckwear")
    match style:
        case "bow":
            size = max(figure.anatomy.neck_width * 1.25, figure.anatomy.shoulder[0] * 0.34)
            draw_bow(figure, drawing, figure.chest((0.0, 0.12)), size, figure.palette.accent, tails=True)
        case "tie":
            _draw_tie(figure, drawing)
        case "scarf":
            _draw_scarf(figure, drawing)
        case "choker":
            _draw_choker(figure, drawing)
        case "necklace":
            _draw_necklace(figure, drawing)
        case _:
            raise ValueError(f"no neckwear {style!r}")


def _draw_tie(figure: Figure, drawing: Drawing) -> None:
    width, palette = figure.anatomy.neck_width, figure.palette
    knot = np.array([(-0.28, -0.22), (0.28, -0.22), (0.2, 0.2), (-0.2, 0.2)]) * width + figure.chest((0.0, 0.05))
    top = figure.chest((0.0, 0.05)) + [0, width * 0.15]
    length = figure.anatomy.waist[1] - 0.06 * (figure.anatomy.crotch - figure.anatomy.shoulder[1]) - top[1]
    blade = top + [
        (-0.16 * width, 0),
        (0.16 * width, 0),
        (0.42 * width, length - width * 0.4),
        (0, length),
        (-0.42 * width, length - width * 0.4),
    ]
    Cloth(palette.accent, figure.random.choice(["plain", "stripes"]), palette.white, width * 0.8).cover(drawing, blade, figure.light * 0.6)
    drawing.outline(blade, palette.accent.line)
    drawing.shape(knot, palette.accent, shift=figure.light * 0.4)


def _draw_scarf(figure: Figure, drawing: Drawing) -> None:
    anatomy, line = figure.anatomy, figure.palette.accent.line
    width = anatomy.neck_width
    pattern = figure.random.choice(["plain", "stripes", "plaid"])
    cloth = Cloth(figure.palette.accent, pattern, figure.palette.white, width * 0.9)
    end = np.array([anatomy.middle, anatomy.waist[1]])
    tail = np.concatenate([figure.chest([(0.5, 0.0), (1.2, 0.02)]), end + [(1.35 * width, 0), (0.45 * width, 0.1 * width)]])
    top = (0.0, (0.65 * (anatomy.chin - anatomy.shoulder[1]) + width * 0.25) / (anatomy.crotch - anatomy.shoulder[1]))
    roll = figure.chest([(-1.5, -0.12), top, (1.5, -0.12), (1.55, 0.03), (0.0, 0.13), (-1.55, 0.03)])
    for shape in (spline(tail, closed=True, corners=range(4)), spline(roll, closed=True)):
        cloth.cover(drawing, shape, figure.light)
        drawing.outline(shape, line)
    drawing.stroke(cubic(figure.chest([(-1.3, -0.02), (-0.5, 0.05), (0.4, 0.06), (1.2, 0.0)]), num=16), line)


def _draw_choker(figure: Figure, drawing: Drawing) -> None:
    anatomy, palette, width = figure.anatomy, figure.palette, figure.anatomy.neck_width
    level = np.array([anatomy.middle, (anatomy.chin + anatomy.shoulder[1]) / 2])
    band = cubic(np.array([(-0.95, 0.0), (-0.4, 0.2), (0.4, 0.2), (0.95, 0.0)]) * width + level, num=20)
    drawing.shape(ribbon(band, width * 0.3), palette.leather if palette.leather.lightness < 0.6 else palette.accent, line=0.9)
    pendant = ellipse(anatomy.middle, level[1] + width * 0.36, width * 0.2, width * 0.22)
    drawing.shape(pendant, palette.metal, shift=figure.light * 0.3, line=0.9)


def _draw_necklace(figure: Figure, drawing: Drawing) -> None:
    chain = cubic(figure.chest([(-1.0, -0.06), (-0.8, 0.12), (0.8, 0.12), (1.0, -0.06)]))
    drawing.outline(chain, figure.palette.metal.deep, 1.4, closed=False)
    size = figure.anatomy.neck_width * 0.24
    gem = np.array([(0, -1), (0.8, 0), (0, 1.2), (-0.8, 0)]) * size + figure.chest((0.0, 0.075)) + [0, size * 0.7]
    drawing.shape(gem, figure.palette.eyes, shift=figure.light * 0.3, line=0.9)


def draw_bow(figure: Figure, drawing: Drawing, center: Points, size: float, tone: Tone, *, tails: bool) -> None:
    """A ribbon tied to a bow; ``size`` is half its width."""
    for sign in (-1, 1):
        if tails:
            tail = spline(
                np.array([(0, 0), (sign * 0.32, 0.1), (sign * 0.72, 1.25), (sign * 0.42, 1.15), (sign * 0.2, 1.4)]) * size + center,
                closed=True,
                corners=[0, 2, 3, 4],
            )
            drawing.shape(tail, tone.shifted(-0.03), shift=figure.light * 0.5)
        loop = spline(
            np.array(
                [
                    (0, -0.1),
                    (sign * 0.5, -0.5),
                    (sign * 1.0, -0.46),
                    (sign * 1.05, 0.1),
                    (sign * 0.95, 0.48),
                    (sign * 0.45, 0.32),
                    (0, 0.12),
                ]
            )
            * size
            + center,
            closed=True,
            corners=[0, 6],
        )
        drawing.shape(loop, tone, shift=figure.light * 0.8)
        fold = bezier(
            center + np.array([sign * 0.15, 0.02]) * size,
            center + np.array([sign * 0.4, -0.08]) * size,
            center + np.array([sign * 0.55, -0.12]) * size,
            center + np.array([sign * 0.75, -0.1]) * size,
            10,
        )
        drawing.stroke(fold, tone.line, 1.0, start=0.9)
    drawing.shape(
        spline(np.array([(-0.2, -0.2), (0.2, -0.2), (0.22, 0.2), (-0.22, 0.2)]) * size + center, closed=True),
        tone,
        shift=figure.light * 0.4,
    )
