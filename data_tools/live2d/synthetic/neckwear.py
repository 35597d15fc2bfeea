"""What is worn around the neck, and the bow that also ties hair."""

# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import Figure
from liwi.seethrough.body_parts import BodyPart


def draw_neckwear(figure: Figure, style: str) -> None:
    """Bow, tie, scarf, choker or necklace."""
    anatomy, palette, middle = figure.anatomy, figure.palette, figure.anatomy.middle
    width, y, trunk = anatomy.neck_width, anatomy.shoulder[1], anatomy.crotch - anatomy.shoulder[1]
    figure.choices["neckwear"] = style
    drawing = figure.draw("neckwear", BodyPart.NECKWEAR, 480, "breath", "body/neckwear")
    accent = palette.accent
    match style:
        case "bow":
            draw_bow(
                figure, drawing, np.array([middle, y + 0.12 * trunk]), max(width * 1.25, anatomy.shoulder[0] * 0.34), accent, tails=True
            )
        case "tie":
            knot = np.array([(-0.28, -0.22), (0.28, -0.22), (0.2, 0.2), (-0.2, 0.2)]) * width + [middle, y + 0.05 * trunk]
            top, end = y + 0.05 * trunk + width * 0.15, anatomy.waist[1] - 0.06 * trunk
            blade = np.array(
                [(-0.16 * width, top), (0.16 * width, top), (0.42 * width, end - width * 0.4), (0, end), (-0.42 * width, end - width * 0.4)]
            ) + [middle, 0]
            Cloth(accent, figure.random.choice(["plain", "stripes"]), palette.white, width * 0.8).cover(drawing, blade, figure.light * 0.6)
            drawing.outline(blade, accent.line)
            drawing.shape(knot, accent, shift=figure.light * 0.4)
        case "scarf":
            cloth = Cloth(accent, figure.random.choice(["plain", "stripes", "plaid"]), palette.white, width * 0.9)
            tail = spline(
                [
                    (middle + width * 0.5, y),
                    (middle + width * 1.2, y + 0.02 * trunk),
                    (middle + width * 1.35, anatomy.waist[1]),
                    (middle + width * 0.45, anatomy.waist[1] + width * 0.1),
                ],
                closed=True,
                corners=[0, 1, 2, 3],
            )
            cloth.cover(drawing, tail, figure.light)
            drawing.outline(tail, accent.line)
            top = anatomy.chin + (y - anatomy.chin) * 0.35
            roll = spline(
                [
                    (middle - width * 1.5, y - 0.12 * trunk),
                    (middle, top + width * 0.25),
                    (middle + width * 1.5, y - 0.12 * trunk),
                    (middle + width * 1.55, y + 0.03 * trunk),
                    (middle, y + 0.13 * trunk),
                    (middle - width * 1.55, y + 0.03 * trunk),
                ],
                closed=True,
            )
            cloth.cover(drawing, roll, figure.light)
            drawing.outline(roll, accent.line)
            drawing.stroke(
                bezier(
                    (middle - width * 1.3, y - 0.02 * trunk),
                    (middle - width * 0.5, y + 0.05 * trunk),
                    (middle + width * 0.4, y + 0.06 * trunk),
                    (middle + width * 1.2, y - 0.0 * trunk),
                    16,
                ),
                accent.line,
                1.0,
            )
        case "choker":
            level = anatomy.chin + (y - anatomy.chin) * 0.5
            band = bezier(
                (middle - width * 0.95, level),
                (middle - width * 0.4, level + width * 0.2),
                (middle + width * 0.4, level + width * 0.2),
                (middle + width * 0.95, level),
                20,
            )
            drawing.shape(ribbon(band, width * 0.3), palette.leather if palette.leather.lightness < 0.6 else accent, line=0.9)
            drawing.shape(
                ellipse(middle, level + width * 0.36, width * 0.2, width * 0.22), palette.metal, shift=figure.light * 0.3, line=0.9
            )
        case "necklace":
            chain = bezier(
                (middle - width * 1.0, y - 0.06 * trunk),
                (middle - width * 0.8, y + 0.12 * trunk),
                (middle + width * 0.8, y + 0.12 * trunk),
                (middle + width * 1.0, y - 0.06 * trunk),
                24,
            )
            drawing.outline(chain, palette.metal.deep, 1.4, closed=False)
            size = width * 0.24
            gem = np.array([(0, -1), (0.8, 0), (0, 1.2), (-0.8, 0)]) * size + [middle, y + 0.075 * trunk + size * 0.7]
            drawing.shape(gem, palette.eyes, shift=figure.light * 0.3, line=0.9)
        case _:
            raise ValueError(style)


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
