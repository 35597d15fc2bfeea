"""What is worn on the trunk."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.anatomy import Anatomy
from data_tools.live2d.synthetic.body import trunk_outline
from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from liwi.seethrough.body_parts import BodyPart

Neckline = list[tuple[float, float]]


def neckline(anatomy: Anatomy, style: str) -> Neckline:
    """The upper edge of a garment from the middle outwards: offsets and heights in pixels."""
    width, y, trunk = anatomy.neck_width, anatomy.shoulder[1], anatomy.crotch - anatomy.shoulder[1]
    rise = y - 0.085 * trunk
    match style:
        case "high":
            top = anatomy.chin + (y - anatomy.chin) * 0.45
            return [(0.0, top + 0.03 * trunk), (width * 0.7, top + 0.015 * trunk), (width * 1.1, top - 0.01 * trunk)]
        case "v":
            return [(0.0, y + 0.2 * trunk), (width * 0.55, y + 0.06 * trunk), (width * 1.12, rise)]
        case "wide":
            return [(0.0, y + 0.13 * trunk), (width * 1.2, y + 0.1 * trunk), (anatomy.shoulder[0] * 0.62, y - 0.015 * trunk)]
        case "bare shoulders":
            return [(0.0, y + 0.19 * trunk), (width * 1.3, y + 0.17 * trunk), (anatomy.shoulder[0] * 0.9, y + 0.16 * trunk)]
        case _:
            return [(0.0, y + 0.035 * trunk), (width * 0.7, y + 0.012 * trunk), (width * 1.15, rise)]


def draw_top(figure: Figure, cloth: Cloth, style: str, hem: float, depth: float = 400) -> Points:
    """The garment itself with what its style adds; returns its outline."""
    anatomy, random = figure.anatomy, figure.random
    cut = {
        "shirt": "round",
        "sailor": "v",
        "hoodie": "round",
        "sweater": "high",
        "tee": random.choice(["round", "v"]),
        "bodice": "wide",
        "camisole": "bare shoulders",
        "kimono": "v",
        "uniform": "round",
        "vest": "round",
    }[style]
    ease = anatomy.shoulder[0] * {"hoodie": 0.12, "sweater": 0.08, "tee": 0.05, "kimono": 0.08, "bodice": 0.0, "camisole": 0.0}.get(
        style, 0.035
    )
    outline = trunk_outline(anatomy, hem, neckline(anatomy, cut), ease=ease, sag=anatomy.shoulder[0] * 0.07)
    drawing = figure.draw("top", BodyPart.TOPWEAR, depth, "breath", "body/top")
    cloth.cover(drawing, outline, figure.light * 1.6)
    with drawing.within(outline):
        _draw_folds(figure, drawing, cloth.tone)
        _draw_details(figure, drawing, cloth, style, hem, outline)
    drawing.outline(outline, cloth.tone.line)
    _draw_additions(figure, cloth, style, hem, depth)
    return outline


def _draw_folds(figure: Figure, drawing: Drawing, tone: Tone) -> None:
    anatomy, middle = figure.anatomy, figure.anatomy.middle
    (waist_x, waist_y), (chest_x, chest_y) = anatomy.waist, anatomy.chest
    for sign in (-1, 1):
        for index in range(2):
            start = np.array([middle + sign * waist_x * 1.02, waist_y + (index - 0.5) * waist_x * 0.3])
            end = start + np.array([-sign * waist_x * (0.5 - 0.14 * index), waist_x * (0.14 - 0.2 * index)])
            fold = bezier(
                start, start + (end - start) * 0.3 + [0, waist_x * 0.05], start + (end - start) * 0.7 + [0, waist_x * 0.05], end, 14
            )
            drawing.fill(ribbon(fold, np.linspace(waist_x * 0.07, 0.5, 14)), tone.shade, 0.9)
    if anatomy.feminine and anatomy.youth < 0.75:
        y = chest_y + chest_x * 0.12
        for sign in (-1, 1):
            under = bezier(
                (middle + sign * chest_x * 0.86, y - chest_x * 0.2),
                (middle + sign * chest_x * 0.8, y + chest_x * 0.26),
                (middle + sign * chest_x * 0.26, y + chest_x * 0.28),
                (middle + sign * chest_x * 0.1, y - chest_x * 0.02),
                20,
            )
            drawing.fill(ribbon(under, chest_x * 0.085 * np.sin(np.linspace(0.05, np.pi - 0.05, 20))), tone.shade, 0.95)


def _draw_details(figure: Figure, drawing: Drawing, cloth: Cloth, style: str, hem: float, outline: Points) -> None:
    anatomy, palette, middle = figure.anatomy, figure.palette, figure.anatomy.middle
    width, y, trunk = anatomy.neck_width, anatomy.shoulder[1], anatomy.crotch - anatomy.shoulder[1]
    line = cloth.tone.line
    match style:
        case "shirt" | "uniform":
            drawing.stroke(np.array([(middle, y), (middle, hem + 50)]), line, 0.9, start=1, end=1)
            for button in np.arange(y + 0.13 * trunk, hem, 0.16 * trunk):
                drawing.shape(
                    ellipse(middle + width * 0.12, button, width * 0.11, width * 0.11, 20),
                    palette.metal if style == "uniform" else palette.white,
                    line=0.7,
                )
        case "hoodie":
            pocket = np.array([(-0.62, -0.3), (0.62, -0.3), (0.84, 0.14), (0.84, 0.3), (-0.84, 0.3), (-0.84, 0.14)]) * anatomy.waist[0] + [
                middle,
                hem - anatomy.waist[0] * 0.42,
            ]
            drawing.shape(spline(pocket, closed=True, corners=range(6)), cloth.tone.shifted(-0.03), shift=figure.light * 0.6)
            for sign in (-1, 1):
                cord = bezier(
                    (middle + sign * width * 0.5, y),
                    (middle + sign * width * 0.55, y + 0.1 * trunk),
                    (middle + sign * width * 0.4, y + 0.15 * trunk),
                    (middle + sign * width * 0.48, y + 0.24 * trunk),
                    14,
                )
                drawing.stroke(cord, palette.white.shade, 2.6, start=1, end=1)
        case "sweater":
            for x in np.arange(-1, 1.01, 0.1) * anatomy.shoulder[0]:
                drawing.outline(np.array([(middle + x, hem - 0.075 * trunk), (middle + x, hem + 60)]), cloth.tone.shade, 0.8, closed=False)
            drawing.outline(
                np.array([(middle - 400, hem - 0.075 * trunk), (middle + 400, hem - 0.075 * trunk)]), cloth.tone.deep, 0.8, closed=False
            )
        case "bodice":
            for sign in (-1, 1):
                seam = bezier(
                    (middle + sign * anatomy.chest[0] * 0.5, y),
                    (middle + sign * anatomy.chest[0] * 0.55, anatomy.chest[1]),
                    (middle + sign * anatomy.waist[0] * 0.42, anatomy.waist[1]),
                    (middle + sign * anatomy.waist[0] * 0.4, hem),
                    16,
                )
                drawing.outline(seam, cloth.tone.deep, 0.9, closed=False)
            for index, lace in enumerate(np.linspace(anatomy.chest[1], anatomy.waist[1], 4)):
                half = width * (0.45 - 0.05 * index)
                drawing.outline(
                    np.array([(middle - half, lace), (middle + half, lace + width * 0.3)]), palette.accent.base, 1.4, closed=False
                )
                drawing.outline(
                    np.array([(middle + half, lace), (middle - half, lace + width * 0.3)]), palette.accent.base, 1.4, closed=False
                )
        case "kimono":
            for sign, end in ((1, (middle + width * 0.1, y + 0.24 * trunk)), (-1, (middle + anatomy.waist[0] * 0.9, anatomy.waist[1]))):
                start = np.array([middle + sign * width * 1.15, y - 0.09 * trunk])
                band = bezier(start, start + [-sign * width * 0.2, 0.12 * trunk], (np.array(end) + start) / 2 + [0, 0.05 * trunk], end, 24)
                drawing.shape(ribbon(band, width * 0.46), palette.white, line=0.9)
                drawing.outline(band, palette.accent.base, 1.3, closed=False)
        case "tee":
            drawing.outline(outline, cloth.tone.deep, 3.4, alpha=0.5)
            if cloth.pattern == "plain":
                _draw_emblem(figure, drawing)
        case _:
            pass


def _draw_emblem(figure: Figure, drawing: Drawing) -> None:
    anatomy = figure.anatomy
    x, y, size = anatomy.middle, anatomy.chest[1] + anatomy.chest[0] * 0.12, anatomy.chest[0] * 0.34
    kind = figure.random.choice(["star", "heart", "circle", "none"])
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    if kind == "star":
        radius = np.where(np.arange(10) % 2, 0.45, 1.0) * size
        drawing.fill(np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1), figure.palette.accent.base)
    elif kind == "heart":
        half = [(0, -0.45), (0.4, -0.85), (0.95, -0.6), (0.8, 0.1), (0, 0.9)]
        points = np.array([*half, *[(-a, b) for a, b in half[-2:0:-1]]]) * size + [x, y]
        drawing.fill(spline(points, closed=True, corners=[0, 4]), figure.palette.accent.base)
    elif kind == "circle":
        drawing.fill(ellipse(x, y, size, size), figure.palette.accent.base)
        drawing.fill(ellipse(x, y, size * 0.7, size * 0.7), figure.palette.white.base)


def _draw_additions(figure: Figure, cloth: Cloth, style: str, hem: float, depth: float) -> None:
    """Fragments of their own that a style brings: collars, a hood behind the neck, an open vest."""
    anatomy, palette, middle = figure.anatomy, figure.palette, figure.anatomy.middle
    width, y, trunk = anatomy.neck_width, anatomy.shoulder[1], anatomy.crotch - anatomy.shoulder[1]
    if style == "hoodie":
        hood = figure.draw("hood", BodyPart.TOPWEAR, 200, "breath", "body/top")
        shape = spline(
            [
                (middle - width * 2.0, y + 0.06 * trunk),
                (middle - width * 2.2, y - 0.12 * trunk),
                (middle, y - 0.24 * trunk),
                (middle + width * 2.2, y - 0.12 * trunk),
                (middle + width * 2.0, y + 0.06 * trunk),
            ],
            closed=True,
        )
        hood.shape(shape, cloth.tone.shifted(-0.1), shift=figure.light)
        for side, sign in SIDES:
            half = figure.draw(f"hood_{side.value}", BodyPart.TOPWEAR, depth + 4, "breath", "body/top", side=side)
            flap = spline(
                [
                    (middle + sign * width * 1.0, y - 0.12 * trunk),
                    (middle + sign * width * 1.75, y - 0.06 * trunk),
                    (middle + sign * width * 1.5, y + 0.06 * trunk),
                    (middle + sign * width * 0.12, y + 0.13 * trunk),
                    (middle + sign * width * 0.7, y + 0.02 * trunk),
                ],
                closed=True,
            )
            half.shape(flap, cloth.tone, shift=figure.light)
    if style in {"shirt", "uniform", "vest"}:
        for side, sign in SIDES:
            collar = figure.draw(f"collar_{side.value}", BodyPart.TOPWEAR, depth + 6, "breath", "body/top", side=side)
            shape = np.array(
                [
                    (middle + sign * width * 1.1, y - 0.14 * trunk),
                    (middle + sign * width * 1.42, y - 0.03 * trunk),
                    (middle + sign * width * 0.95, y + 0.1 * trunk),
                    (middle, y + 0.03 * trunk),
                ]
            )
            collar.shape(
                spline(shape, closed=True, corners=range(4)),
                palette.white if style != "shirt" else cloth.tone.shifted(0.03),
                shift=figure.light * 0.6,
            )
    if style == "sailor":
        _draw_sailor_collar(figure, depth + 5)
    if style == "kimono":
        sash = figure.draw("sash", BodyPart.TOPWEAR, 421, "breath", "body/top")
        arc = bezier(
            (middle - anatomy.waist[0] * 1.16, anatomy.waist[1]),
            (middle - 30, anatomy.waist[1] + 14),
            (middle + 30, anatomy.waist[1] + 14),
            (middle + anatomy.waist[0] * 1.16, anatomy.waist[1]),
            20,
        )
        sash.shape(ribbon(arc, 0.2 * trunk), palette.accent, shift=figure.light)
        sash.shape(ribbon(arc, 0.035 * trunk), palette.white, line=0.8)
    if style == "vest":
        tone = palette.accent if figure.random.random() < 0.3 else palette.main if cloth.tone is palette.second else palette.second
        for side, sign in SIDES:
            panel = figure.draw(f"vest_{side.value}", BodyPart.TOPWEAR, depth + 3, "breath", "body/top", side=side)
            outline = trunk_outline(anatomy, hem - 0.01 * trunk, neckline(anatomy, "v"), ease=anatomy.shoulder[0] * 0.06)
            kept = outline[(outline[:, 0] - middle) * sign > width * 0.12]
            panel.shape(kept, tone, shift=figure.light)


def _draw_sailor_collar(figure: Figure, depth: float) -> None:
    anatomy, palette, middle = figure.anatomy, figure.palette, figure.anatomy.middle
    width, y, trunk = anatomy.neck_width, anatomy.shoulder[1], anatomy.crotch - anatomy.shoulder[1]
    dark = palette.main if palette.main.lightness < 0.6 else palette.accent
    for side, sign in SIDES:
        collar = figure.draw(f"sailor_collar_{side.value}", BodyPart.TOPWEAR, depth, "breath", "body/top", side=side)
        outer = [
            (width * 1.05, y - 0.13 * trunk),
            (anatomy.shoulder[0] * 0.74, y + 0.02 * trunk),
            (anatomy.shoulder[0] * 0.72, y + 0.15 * trunk),
            (0.0, y + 0.34 * trunk),
            (width * 0.62, y + 0.08 * trunk),
        ]
        shape = spline(np.array(outer) * [sign, 1] + [middle, 0], closed=True, corners=range(5))
        collar.shape(shape, dark, shift=figure.light * 0.8)
        with collar.within(shape):
            stripe = spline(
                np.array(
                    [(anatomy.shoulder[0] * 0.63, y - 0.02 * trunk), (anatomy.shoulder[0] * 0.6, y + 0.12 * trunk), (0.0, y + 0.29 * trunk)]
                )
                * [sign, 1]
                + [middle, 0],
                corners=[1],
            )
            collar.outline(stripe, palette.white.base, 1.6, closed=False)
