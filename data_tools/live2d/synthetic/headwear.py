"""Hats, hair ornaments, glasses and earrings."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import bezier, ellipse, fluff, ribbon, spline, turned
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.neckwear import draw_bow
from liwi.seethrough.body_parts import BodyPart

HATS = ("witch hat", "beret", "cap", "straw hat", "beanie", "crown", "halo")
ORNAMENTS = ("big ribbon", "hairband", "maid headband", "flower", "hair clips", "side ribbons", "headphones")


def choose_headwear(figure: Figure) -> None:
    """Decides before the hair is drawn, since hats press it down and animal ears leave no room for them."""
    random = figure.random
    if random.random() > 0.55:
        return
    if "animal ears" in figure.choices:
        figure.choices["headwear"] = random.choice(["flower", "hair clips", "side ribbons", "hairband", "halo"])
    else:
        figure.choices["headwear"] = random.choice(HATS + ORNAMENTS)


def _begin(figure: Figure, key: str, depth: float, joint: str = "front_of_head") -> Drawing:
    return figure.draw(key, BodyPart.HEADWEAR, depth, joint, "headwear")


def draw_headwear(figure: Figure) -> None:
    """What was chosen, if anything."""
    style = figure.choices.get("headwear")
    palette = figure.palette
    cloth = Cloth(
        palette.main if figure.random.random() < 0.6 else palette.accent, "plain", palette.white, figure.anatomy.head_radius * 0.3
    )
    match style:
        case None:
            return
        case "witch hat" | "straw hat":
            _brimmed(
                figure, cloth if style == "witch hat" else Cloth(Tone(0.88, 0.09, 88), "plain", palette.white), pointed=style == "witch hat"
            )
        case "beret" | "beanie" | "cap":
            _soft_hat(figure, cloth, style)
        case "crown":
            shape = np.array(
                [(-0.42, -1.02), (-0.5, -1.5), (-0.24, -1.26), (0.0, -1.62), (0.24, -1.26), (0.5, -1.5), (0.42, -1.02), (0.0, -0.96)]
            )
            drawing = _begin(figure, "crown_gold", 790)
            drawing.shape(figure.head(shape), palette.metal, shift=figure.light)
            for x, y in ((0.0, -1.14), (-0.26, -1.12), (0.26, -1.12)):
                drawing.shape(figure.head(ellipse(x, y, 0.06, 0.07, 24)), palette.accent, line=0.8)
        case "halo":
            drawing = _begin(figure, "halo", 790, "back_of_head")
            ring = ribbon(np.concatenate([ellipse(0, -1.5, 0.6, 0.15), ellipse(0, -1.5, 0.6, 0.15)[:2]]), 0.075)
            drawing.shape(figure.head(ring), Tone(0.93, 0.1, 98))
        case "big ribbon":
            drawing = _begin(figure, "big_ribbon", 160, "back_of_head")
            draw_bow(figure, drawing, figure.head((0.0, -1.12)), figure.anatomy.head_radius * 0.85, palette.accent, tails=False)
        case "side ribbons":
            for side, sign in SIDES:
                drawing = figure.draw(f"ribbon_{side.value}", BodyPart.HEADWEAR, 788, "side_of_head", "headwear", side=side)
                draw_bow(figure, drawing, figure.head((0.92 * sign, -0.62)), figure.anatomy.head_radius * 0.34, palette.accent, tails=True)
        case "headphones":
            _headphones(figure)
        case _:
            _ornament(figure, style)


def _brimmed(figure: Figure, cloth: Cloth, *, pointed: bool) -> None:
    tone = cloth.tone
    back = _begin(figure, "hat_brim_back", 130, "back_of_head")
    back.shape(figure.head(ellipse(0, -0.62, 1.85, 0.42)), tone.shifted(-0.12))
    drawing = _begin(figure, "hat", 795)
    if pointed:
        crown = spline(
            [(-1.02, -0.62), (-0.72, -1.2), (-0.34, -1.75), (0.1, -2.1), (0.66, -2.2), (0.42, -1.8), (0.6, -1.25), (1.02, -0.62)],
            corners=[4],
        )
    else:
        crown = spline([(-1.08, -0.62), (-0.98, -1.15), (-0.6, -1.42), (0, -1.5), (0.6, -1.42), (0.98, -1.15), (1.08, -0.62)])
    front = bezier((1.08, -0.62), (0.6, -0.42), (-0.6, -0.42), (-1.08, -0.62), 24)
    body = figure.head(np.concatenate([crown, front]))
    cloth.cover(drawing, body, figure.light * 2.5)
    with drawing.within(body):
        band = ribbon(front + [0, -0.14], 0.24)
        drawing.shape(figure.head(band), figure.palette.accent, shift=figure.light * 0.6)
        if pointed:
            for fold in (
                bezier((-0.4, -1.6), (-0.1, -1.5), (0.1, -1.55), (0.25, -1.7), 14),
                bezier((0.5, -1.35), (0.3, -1.3), (0.1, -1.32), (-0.05, -1.4), 14),
            ):
                drawing.stroke(figure.head(fold), tone.deep, 1.3)
    drawing.outline(body, tone.line)
    brim = _begin(figure, "hat_brim", 797)
    outer, inner = ellipse(0, -0.6, 1.88, 0.46, 120), ellipse(0, -0.66, 1.12, 0.24, 120)
    lower = np.concatenate([outer[:61], inner[:61][::-1]])
    shape = figure.head(lower)
    cloth.cover(brim, shape, [0, -figure.anatomy.head_radius * 0.06])
    brim.outline(shape, tone.line)


def _soft_hat(figure: Figure, cloth: Cloth, style: str) -> None:
    tone = cloth.tone
    drawing = _begin(figure, style, 795)
    if style == "beret":
        puff = spline(
            [
                (-1.02, -0.6),
                (-1.32, -0.95),
                (-0.95, -1.42),
                (-0.1, -1.6),
                (0.75, -1.46),
                (1.08, -1.0),
                (0.98, -0.66),
                (0.4, -0.84),
                (-0.4, -0.82),
            ],
            closed=True,
        )
        shape = figure.head(turned(puff, figure.random.choice([-7, 7]), (0, -0.8)))
        cloth.cover(drawing, shape, figure.light * 3)
        drawing.outline(shape, tone.line)
        drawing.outline(figure.head(bezier((-0.12, -1.56), (-0.1, -1.66), (-0.04, -1.7), (0.0, -1.72), 8)), tone.line, 2.6, closed=False)
        return
    crown = spline([(-1.12, -0.42), (-1.14, -0.85), (-0.8, -1.26), (0, -1.42), (0.8, -1.26), (1.14, -0.85), (1.12, -0.42)])
    front = bezier((1.12, -0.42), (0.6, -0.58), (-0.6, -0.58), (-1.12, -0.42), 24)
    shape = figure.head(np.concatenate([crown, front]))
    cloth.cover(drawing, shape, figure.light * 2.5)
    drawing.outline(shape, tone.line)
    if style == "beanie":
        with drawing.within(shape):
            for x in np.linspace(-1.0, 1.0, 9):
                drawing.stroke(figure.head(bezier((x * 0.4, -1.4), (x * 0.8, -1.2), (x, -0.9), (x, -0.5), 12)), tone.deep, 0.9)
        drawing.shape(figure.head(ribbon(front, 0.26)), figure.palette.accent, shift=figure.light * 0.7)
        drawing.shape(figure.head(fluff(0, -1.5, 0.24, num=22, inner=0.86)), figure.palette.white, shift=figure.light)
        return
    for x in (-0.42, 0.42):
        drawing.outline(figure.head(bezier((0, -1.41), (x, -1.3), (x * 1.3, -0.9), (x * 1.3, -0.54), 14)), tone.deep, 0.9, closed=False)
    visor = _begin(figure, "cap_visor", 797)
    peak = spline(
        [(-0.86, -0.55), (-0.4, -0.68), (0.4, -0.68), (0.86, -0.55), (0.72, -0.28), (0, -0.16), (-0.72, -0.28)], closed=True, corners=[0, 3]
    )
    visor.shape(figure.head(peak), figure.palette.accent, shift=figure.light * 1.2)


def _headphones(figure: Figure) -> None:
    tone = figure.palette.main
    band = _begin(figure, "headphone_band", 792)
    arc = bezier((-1.12, 0.1), (-1.3, -1.75), (1.3, -1.75), (1.12, 0.1), 40)
    band.shape(figure.head(ribbon(arc, 0.15)), tone, shift=figure.light * 0.6)
    for side, sign in SIDES:
        cup = figure.draw(f"headphone_{side.value}", BodyPart.EARWEAR, 794, "side_of_head", "earring", side=side)
        cup.shape(figure.head(ellipse(1.1 * sign, 0.25, 0.2, 0.34)), tone, shift=figure.light)
        cup.shape(figure.head(ellipse(1.14 * sign, 0.25, 0.11, 0.22)), figure.palette.accent, shift=figure.light * 0.6, line=0.9)


def _ornament(figure: Figure, style: str) -> None:
    palette = figure.palette
    arc = bezier((-1.04, -0.2), (-0.96, -1.28), (0.96, -1.28), (1.04, -0.2), 40)
    match style:
        case "hairband":
            drawing = _begin(figure, "hairband", 785)
            drawing.shape(figure.head(ribbon(arc, 0.13)), palette.accent, shift=figure.light * 0.6)
            if figure.random.random() < 0.6:
                draw_bow(figure, drawing, figure.head((0.56, -1.02)), figure.anatomy.head_radius * 0.3, palette.accent, tails=False)
        case "maid headband":
            drawing = _begin(figure, "maid_headband", 785)
            along = np.linspace(0.12, 0.88, 10)
            for share in along:
                x, y = arc[round(share * 39)]
                drawing.shape(figure.head(ellipse(x * 1.05, y * 1.06 - 0.03, 0.17, 0.17, 32)), palette.white, shift=figure.light * 0.5)
            drawing.shape(figure.head(ribbon(arc, 0.15)), palette.main, shift=figure.light * 0.6)
        case "flower":
            drawing = _begin(figure, "flower", 788)
            center = np.array([figure.random.choice([-0.72, 0.72]), -0.72])
            for angle in np.arange(5) * 72.0:
                petal = turned(ellipse(center[0], center[1] - 0.17, 0.13, 0.16, 32), angle, center)
                drawing.shape(figure.head(petal), palette.accent.shifted(0.08), shift=figure.light * 0.5)
            drawing.shape(figure.head(ellipse(center[0], center[1], 0.08, 0.08, 24)), Tone(0.88, 0.13, 92))
        case _:
            drawing = _begin(figure, "hair_clips", 788)
            sign = figure.random.choice([-1, 1])
            for index in range(2):
                clip = ribbon(
                    bezier(
                        (0.5 * sign, -0.46 + 0.15 * index),
                        (0.6 * sign, -0.5 + 0.15 * index),
                        (0.7 * sign, -0.46 + 0.15 * index),
                        (0.82 * sign, -0.36 + 0.15 * index),
                        12,
                    ),
                    0.075,
                )
                drawing.shape(figure.head(clip), palette.accent, shift=figure.light * 0.3, line=0.9)


def draw_eyewear(figure: Figure) -> None:
    """Glasses of several kinds, an eyepatch, or nothing."""
    random = figure.random
    if random.random() > 0.2:
        return
    style = random.choice(["round", "square", "half-rim", "sunglasses", "eyepatch"])
    figure.choices["eyewear"] = style
    drawing = figure.draw("eyewear", BodyPart.EYEWEAR, 690, "features", "face/eyewear")
    y, x = 0.4 + 0.02 * figure.anatomy.youth, 0.42 + 0.03 * figure.anatomy.youth
    tone = random.choice([Tone(0.28, 0.03, 280), Tone(0.45, 0.13, 20), figure.palette.metal, figure.palette.accent])
    if style == "eyepatch":
        sign = random.choice([-1, 1])
        drawing.outline(
            figure.head(bezier((-0.95 * sign, -0.1), (-0.3 * sign, -0.1), (0.2 * sign, 0.0), (0.95 * sign, 0.28), 20)),
            Tone(0.25, 0.02, 280).base,
            2.2,
            closed=False,
        )
        patch = spline(
            [(x - 0.3, y - 0.22), (x, y - 0.3), (x + 0.3, y - 0.2), (x + 0.24, y + 0.2), (x, y + 0.32), (x - 0.25, y + 0.2)], closed=True
        )
        drawing.shape(
            figure.head(patch * [sign, 1]), Tone(0.28, 0.02, 280) if random.random() < 0.5 else figure.palette.white, shift=figure.light
        )
        return
    for sign in (-1, 1):
        if style == "round":
            lens = ellipse(x * sign, y, 0.33, 0.31)
        else:
            lens = spline(
                np.array([(-0.33, -0.2), (0.33, -0.22), (0.34, 0.1), (0.22, 0.26), (-0.22, 0.26), (-0.33, 0.1)]) * [sign, 1]
                + [x * sign, y],
                closed=True,
            )
        canvas = figure.head(lens)
        if style == "sunglasses":
            drawing.gradient(canvas, canvas.min(axis=0), canvas.max(axis=0), [(0.12, 0.1, 0.16), (0.35, 0.25, 0.35)])
        else:
            drawing.fill(canvas, (0.9, 0.95, 1.0), 0.16)
        with drawing.within(canvas):
            glint = np.array([(-0.2, -0.4), (-0.08, -0.4), (-0.28, 0.4), (-0.4, 0.4)]) + [x * sign, y]
            drawing.fill(figure.head(glint), (1.0, 1.0, 1.0), 0.3)
        line = canvas
        if style == "half-rim":
            line = canvas[canvas[:, 1] > canvas[:, 1].mean()]
            line = line[np.argsort(line[:, 0])]
        drawing.outline(line, tone.line if tone.lightness < 0.5 else tone.base, 2.0, closed=style != "half-rim")
        drawing.outline(figure.head([(x * sign + 0.33 * sign, y - 0.08), (0.92 * sign, y - 0.14)]), tone.base, 1.8, closed=False)
    drawing.outline(
        figure.head(bezier((-x + 0.33, y - 0.03), (-0.04, y - 0.09), (0.04, y - 0.09), (x - 0.33, y - 0.03), 10)),
        tone.base,
        2.0,
        closed=False,
    )


def draw_earwear(figure: Figure) -> None:
    """Earrings below human ears; they swing with the hair at the side."""
    if figure.choices["ears"] not in {"human", "elf"} or figure.random.random() > 0.35 or figure.choices.get("headwear") == "headphones":
        return
    style = figure.random.choice(["stud", "drop", "hoop", "tassel"])
    figure.choices["earwear"] = style
    tone = figure.random.choice([figure.palette.metal, figure.palette.accent])
    for side, sign in SIDES:
        drawing = figure.draw(
            f"earring_{side.value}", BodyPart.EARWEAR, 592 if figure.random.random() < 0.3 else 708, "sway_side", "face/earring", side=side
        )
        x, y = 0.93 * sign, 0.6
        drawing.shape(figure.head(ellipse(x, y, 0.05, 0.05, 24)), tone, line=0.9)
        if style == "drop":
            drop = spline([(x, y + 0.06), (x + 0.09, y + 0.25), (x, y + 0.35), (x - 0.09, y + 0.25)], closed=True, corners=[0])
            drawing.shape(figure.head(drop), figure.palette.eyes, shift=figure.light * 0.5, line=0.9)
        elif style == "hoop":
            ring = np.concatenate([ellipse(x, y + 0.17, 0.12, 0.13, 40), ellipse(x, y + 0.17, 0.12, 0.13, 40)[:1]])
            drawing.outline(figure.head(ring), tone.line, 2.4, closed=False)
            drawing.outline(figure.head(ring), tone.base, 1.3, closed=False)
        elif style == "tassel":
            for offset in (-0.04, 0.0, 0.04):
                strand = bezier((x, y + 0.05), (x + offset, y + 0.15), (x + offset * 1.4, y + 0.3), (x + offset * 1.6, y + 0.42), 10)
                drawing.outline(figure.head(strand), tone.line, 2.0, closed=False)
                drawing.outline(figure.head(strand), tone.base, 1.1, closed=False)
