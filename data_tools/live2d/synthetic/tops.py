"""What is worn on the trunk."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.body import trunk_outline
from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.collars import draw_additions
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, cubic, ellipse, ribbon, spline, star
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import Figure
from data_tools.live2d.synthetic.neckline import neckline
from liwi.seethrough.body_parts import BodyPart


def draw_top(figure: Figure, cloth: Cloth, style: str, hem: float, depth: float) -> None:
    """The garment itself with what its style adds."""
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
    draw_additions(figure, cloth, style, hem, depth)


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
    """What is drawn on the garment itself."""
    match style:
        case "shirt" | "uniform":
            _draw_buttons(figure, drawing, cloth.tone, figure.palette.metal if style == "uniform" else figure.palette.white, hem)
        case "hoodie":
            _draw_pocket(figure, drawing, cloth.tone, hem)
        case "sweater":
            _draw_ribbing(figure, drawing, cloth.tone, hem)
        case "bodice":
            _draw_lacing(figure, drawing, cloth.tone, hem)
        case "kimono":
            _draw_crossed_collar(figure, drawing)
        case "tee":
            drawing.outline(outline, cloth.tone.deep, 3.4, alpha=0.5)
            if cloth.pattern == "plain":
                _draw_emblem(figure, drawing)
        case _:
            pass


def _draw_buttons(figure: Figure, drawing: Drawing, tone: Tone, button: Tone, hem: float) -> None:
    anatomy, middle, size = figure.anatomy, figure.anatomy.middle, figure.anatomy.neck_width * 0.11
    drawing.stroke(np.array([(middle, anatomy.shoulder[1]), (middle, hem + 50)]), tone.line, 0.9, start=1, end=1)
    trunk = anatomy.crotch - anatomy.shoulder[1]
    for y in np.arange(anatomy.shoulder[1] + 0.13 * trunk, hem, 0.16 * trunk):
        drawing.shape(ellipse(middle + anatomy.neck_width * 0.12, y, size, size, 20), button, line=0.7)


def _draw_pocket(figure: Figure, drawing: Drawing, tone: Tone, hem: float) -> None:
    size = figure.anatomy.waist[0]
    corners = np.array([(-0.62, -0.3), (0.62, -0.3), (0.84, 0.14), (0.84, 0.3), (-0.84, 0.3), (-0.84, 0.14)])
    pocket = corners * size + [figure.anatomy.middle, hem - size * 0.42]
    drawing.shape(pocket, tone.shifted(-0.03), shift=figure.light * 0.6)
    for sign in (-1, 1):
        cord = cubic(figure.chest(np.array([(0.5, 0.0), (0.55, 0.1), (0.4, 0.15), (0.48, 0.24)]) * [sign, 1]), num=14)
        drawing.stroke(cord, figure.palette.white.shade, 2.6, start=1, end=1)


def _draw_ribbing(figure: Figure, drawing: Drawing, tone: Tone, hem: float) -> None:
    anatomy, middle = figure.anatomy, figure.anatomy.middle
    top = hem - 0.075 * (anatomy.crotch - anatomy.shoulder[1])
    for x in middle + np.arange(-1, 1.01, 0.1) * anatomy.shoulder[0]:
        drawing.outline(np.array([(x, top), (x, hem + 60)]), tone.shade, 0.8, closed=False)
    drawing.outline(np.array([(middle - 400, top), (middle + 400, top)]), tone.deep, 0.8, closed=False)


def _draw_lacing(figure: Figure, drawing: Drawing, tone: Tone, hem: float) -> None:
    anatomy, middle, width = figure.anatomy, figure.anatomy.middle, figure.anatomy.neck_width
    (chest_x, chest_y), (waist_x, waist_y) = anatomy.chest, anatomy.waist
    seam = np.array([(chest_x * 0.5, anatomy.shoulder[1]), (chest_x * 0.55, chest_y), (waist_x * 0.42, waist_y), (waist_x * 0.4, hem)])
    for sign in (-1, 1):
        drawing.outline(cubic(seam * [sign, 1] + [middle, 0], num=16), tone.deep, 0.9, closed=False)
    for index, y in enumerate(np.linspace(chest_y, waist_y, 4)):
        half = width * (0.45 - 0.05 * index)
        for sign in (-1, 1):
            lace = np.array([(middle + sign * half, y), (middle - sign * half, y + width * 0.3)])
            drawing.outline(lace, figure.palette.accent.base, 1.4, closed=False)


def _draw_crossed_collar(figure: Figure, drawing: Drawing) -> None:
    """The wearer's left side lies over the right one."""
    anatomy = figure.anatomy
    low = np.array([anatomy.middle + anatomy.waist[0] * 0.9, anatomy.waist[1]])
    trunk = anatomy.crotch - anatomy.shoulder[1]
    for sign, end in ((1, figure.chest((0.1, 0.24))), (-1, low)):
        start = figure.chest((1.15 * sign, -0.09))
        band = bezier(start, start + [-sign * anatomy.neck_width * 0.2, 0.12 * trunk], (end + start) / 2 + [0, 0.05 * trunk], end)
        drawing.shape(ribbon(band, anatomy.neck_width * 0.46), figure.palette.white, line=0.9)
        drawing.outline(band, figure.palette.accent.base, 1.3, closed=False)


def _draw_emblem(figure: Figure, drawing: Drawing) -> None:
    anatomy = figure.anatomy
    x, y, size = anatomy.middle, anatomy.chest[1] + anatomy.chest[0] * 0.12, anatomy.chest[0] * 0.34
    kind = figure.random.choice(["star", "heart", "circle", "none"])
    if kind == "star":
        drawing.fill(star(x, y, size), figure.palette.accent.base)
    elif kind == "heart":
        half = [(0, -0.45), (0.4, -0.85), (0.95, -0.6), (0.8, 0.1), (0, 0.9)]
        points = np.array([*half, *[(-a, b) for a, b in half[-2:0:-1]]]) * size + [x, y]
        drawing.fill(spline(points, closed=True, corners=[0, 4]), figure.palette.accent.base)
    elif kind == "circle":
        drawing.fill(ellipse(x, y, size, size), figure.palette.accent.base)
        drawing.fill(ellipse(x, y, size * 0.7, size * 0.7), figure.palette.white.base)
