"""Skirts, trousers and shorts; socks and stockings; shoes and boots."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.body import Limb, trunk_half
from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, mirrored, ribbon, spline
from data_tools.live2d.synthetic.figure import Figure
from data_tools.live2d.synthetic.rigging import swaying
from liwi.seethrough.body_parts import BodyPart


def draw_skirt(figure: Figure, cloth: Cloth, hem: float, *, pleated: bool, flare: float, depth: float) -> None:
    """A skirt from the waist to ``hem``, which swings with ParamSkirt."""
    anatomy, middle, random = figure.anatomy, figure.anatomy.middle, figure.random
    waist_y = anatomy.waist[1] + 0.02 * (anatomy.crotch - anatomy.waist[1])
    waist, hip = anatomy.waist[0] * 1.04, anatomy.hip[0] * 1.1
    wide = hip * flare
    figure.rig.parameter("ParamSkirt", -1, 1)
    box = (middle - wide * 1.3, waist_y - 60, middle + wide * 1.3, hem + 80)
    figure.rig.warp(
        "skirt", box, swaying(waist_y, hem - waist_y, wide * 0.13), (Binding("ParamSkirt", (-1, 0, 1)),), parent="body", cells=(6, 6)
    )
    count = random.choice([8, 10, 12]) if pleated else random.choice([5, 6, 7])
    angle = np.linspace(-np.pi / 2, np.pi / 2, count + 1)
    across = np.sin(angle)
    bottom = hem + np.cos(angle) * wide * 0.11
    edge = np.stack([middle + across * wide, bottom], axis=1)
    valley = (edge[:-1] + edge[1:]) / 2 + [0, -wide * (0.045 if pleated else -0.035)]
    hem_points = np.empty((2 * count + 1, 2))
    hem_points[::2], hem_points[1::2] = edge, valley
    hem_line = spline(hem_points, corners=range(0, 2 * count + 1, 2) if not pleated else range(2 * count + 1), steps=8)
    bulge = anatomy.hip[1]
    left = bezier(
        (middle - waist, waist_y),
        (middle - hip * 1.02, (waist_y + bulge) / 2),
        (middle - hip - (wide - hip) * 0.55, bulge + (hem - bulge) * 0.3),
        edge[0],
        24,
    )
    right = mirrored(left, middle)
    outline = np.concatenate([left, hem_line[1:], right[1:]])
    lining = figure.draw("skirt_lining", BodyPart.BOTTOMWEAR, 260, "skirt", "body/bottom")
    inner = np.concatenate([left, edge * [1, 0] + [0, hem - wide * 0.02], right])
    lining.fill(inner, cloth.tone.deep)
    drawing = figure.draw("skirt", BodyPart.BOTTOMWEAR, depth, "skirt", "body/bottom")
    cloth.cover(drawing, outline, figure.light * 1.4)
    with drawing.within(outline):
        for index in range(count):
            top = np.array([middle + across[index] * waist, waist_y])
            end, low = edge[index], valley[index]
            if pleated:
                drawing.fill(np.array([top, end, low, top + (low - top) * 0.04]), cloth.tone.shade, 0.75)
            if index > 0:
                fold = bezier(top, top + (end - top) * [0.25, 0.4], top + (end - top) * [0.8, 0.7], end, 20)
                if pleated:
                    drawing.stroke(fold, cloth.tone.line, 1.0, start=0.8, end=1)
                else:
                    part = fold[random.randrange(3, 11) :]
                    drawing.fill(ribbon(part, np.linspace(0, wide * 0.085, len(part))), cloth.tone.shade, 0.85)
                    drawing.stroke(part, cloth.tone.line, 0.9, end=1)
        if random.random() < 0.45:
            band = hem_line + [0, -wide * 0.085]
            drawing.outline(
                band, figure.palette.white.base if cloth.tone.lightness < 0.8 else figure.palette.accent.base, 2.2, closed=False
            )
    drawing.outline(outline, cloth.tone.line)
    if random.random() < 0.6:
        _draw_belt(figure, waist, waist_y, depth + 1)


def _draw_belt(figure: Figure, waist: float, y: float, depth: float) -> None:
    belt = figure.draw("belt", BodyPart.BOTTOMWEAR, depth, "body", "body/bottom")
    middle = figure.anatomy.middle
    arc = bezier(
        (middle - waist * 1.02, y),
        (middle - waist * 0.4, y + waist * 0.1),
        (middle + waist * 0.4, y + waist * 0.1),
        (middle + waist * 1.02, y),
        20,
    )
    belt.shape(ribbon(arc, waist * 0.17), figure.palette.leather, shift=figure.light * 0.4)
    buckle = np.array([(-0.1, -0.1), (0.1, -0.1), (0.1, 0.1), (-0.1, 0.1)]) * waist * 1.1 + [middle, y + waist * 0.075]
    belt.shape(buckle, figure.palette.metal, line=0.9)


def draw_trousers(figure: Figure, legs: list[Limb], cloth: Cloth, length: float, *, width: float, depth: float) -> None:
    """Trousers or shorts: two legs under a piece for the hips; ``length`` is the share of the leg that they cover."""
    anatomy, middle = figure.anatomy, figure.anatomy.middle
    for leg in legs:
        drawing = figure.draw(f"trouser_{leg.side.value}", BodyPart.BOTTOMWEAR, depth - 2, "body", "body/bottom", side=leg.side)
        last = round(length * (len(leg.center) - 1))
        t = np.linspace(0, 1, last + 1)
        ease = anatomy.thigh_width * (0.08 + width * t)
        outline = ribbon(leg.center[: last + 1], 2 * (leg.widths[: last + 1] + ease))
        cloth.cover(drawing, outline, figure.light * 1.2)
        with drawing.within(outline):
            for lift in (0.0, 0.35) if length > 0.6 else ():
                knee = leg.center[leg.bend_at] + [0, anatomy.calf_width * lift]
                fold = bezier(
                    knee + [-anatomy.calf_width * 1.2, 0],
                    knee + [-anatomy.calf_width * 0.5, anatomy.calf_width * 0.25],
                    knee,
                    knee + [anatomy.calf_width * 0.3, -anatomy.calf_width * 0.1],
                    12,
                )
                drawing.stroke(fold, cloth.tone.deep, 1.4)
        drawing.outline(outline, cloth.tone.line)
        edge = leg.across(length, ease=float(ease[-1]), bow=0.18) - [0, anatomy.calf_width * 0.22]
        drawing.outline(edge, cloth.tone.deep, 0.9, closed=False)
    hips = figure.draw("trouser_hips", BodyPart.BOTTOMWEAR, depth, "body", "body/bottom")
    half = np.array(
        [point for point in trunk_half(anatomy, anatomy.crotch, ease=anatomy.hip[0] * 0.005) if point[1] > anatomy.waist[1] - 5]
    )
    gap = anatomy.crotch + anatomy.hip[0] * 0.14
    right = np.concatenate(
        [
            [(0, half[0][1])],
            half,
            [
                (anatomy.hip[0] * 0.515 + anatomy.thigh_width * 1.1, gap),
                (anatomy.hip[0] * 0.5, gap + anatomy.hip[0] * 0.02),
                (0, anatomy.crotch + anatomy.hip[0] * 0.03),
            ],
        ]
    ) + [middle, 0]
    left = mirrored(right, middle)
    outline = np.concatenate([right, left[1:-1]])
    cloth.cover(hips, outline, figure.light, rounded=False)
    num = len(half)
    for side in (right[1 : num + 1], left[::-1][1 : num + 1]):
        hips.outline(side, cloth.tone.line, closed=False)
    hips.stroke(
        np.array([(middle, anatomy.hip[1] - anatomy.hip[0] * 0.5), (middle, anatomy.crotch + anatomy.hip[0] * 0.03)]),
        cloth.tone.line,
        1.0,
        start=0.9,
        end=0.9,
    )
    _draw_belt(figure, anatomy.waist[0] * 1.06, anatomy.waist[1], depth + 1)


def draw_socks(figure: Figure, leg: Limb, style: str, tone: Tone) -> None:
    """Ankle, knee or thigh-high socks, or tights, on one leg."""
    start = {"ankle socks": 0.86, "knee socks": 0.58, "thigh highs": 0.36, "tights": 0.0}[style]
    cloth = Cloth(tone, figure.choices["sock pattern"], figure.palette.accent, figure.anatomy.calf_width * 0.9)
    drawing = figure.draw(f"sock_{leg.side.value}", BodyPart.LEGWEAR, 305, "body", "body/leg/sock", side=leg.side)
    ease = figure.anatomy.calf_width * 0.05
    outline = leg.outline(start, 1.0, ease=ease)
    cloth.cover(drawing, outline, figure.light)
    drawing.outline(outline, tone.line)
    if style != "tights":
        _, along, width = leg.at(start)
        band = leg.across(start, ease=ease * 1.6, bow=0.1)
        drawing.shape(ribbon(band + along * width * 0.14, width * 0.3), tone.shifted(-0.04), line=0.9)


def draw_shoe(figure: Figure, leg: Limb, style: str) -> None:
    """A shoe seen from the front; boots reach up the leg."""
    anatomy, sign = figure.anatomy, leg.sign
    tone = figure.palette.leather
    drawing = figure.draw(f"shoe_{leg.side.value}", BodyPart.FOOTWEAR, 320, "body", "body/leg/shoe", side=leg.side)
    x = float(leg.center[-1][0])
    width = anatomy.ankle_width * 1.12
    top, height = anatomy.ankle, anatomy.ground - anatomy.ankle

    def place(points: list[tuple[float, float]]) -> Points:
        local = np.array(points, float)
        return np.stack([x + sign * local[:, 0] * width, top + local[:, 1] * height], axis=1)

    start = {"loafers": None, "sneakers": None, "maryjanes": None, "ankle boots": 0.84, "boots": 0.6}[style]
    if start is not None:
        shaft = leg.outline(start, 1.0, ease=anatomy.calf_width * 0.16)
        drawing.shape(shaft, tone, shift=figure.light * 1.1)
    collar = 0.12 if style in {"loafers", "maryjanes"} else -0.12
    body = spline(
        place([(-0.88, collar), (0.92, collar), (1.1, 0.5), (1.45, 0.82), (1.3, 1.02), (-1.0, 1.02), (-1.15, 0.82), (-0.98, 0.5)]),
        closed=True,
        corners=[0, 1],
    )
    drawing.shape(body, tone, shift=figure.light * 0.9)
    with drawing.within(body):
        sole = place([(-2, 0.9), (2, 0.9), (2, 1.2), (-2, 1.2)])
        drawing.fill(sole, figure.palette.white.base if style == "sneakers" else tone.deep)
        drawing.outline(place([(-2, 0.9), (2, 0.9)]), tone.line, 0.9, closed=False)
        if style in {"loafers", "maryjanes"}:
            opening = spline(place([(-0.62, -0.3), (0.66, -0.3), (0.6, 0.34), (0.0, 0.46), (-0.56, 0.34)]), closed=True)
            inside = figure.palette.white if "sock" in figure.choices.get("legwear", "") else figure.palette.skin
            drawing.shape(opening, inside if style == "maryjanes" else tone.shifted(-0.06), line=0.9)
            drawing.shape(place([(-0.98, 0.2), (1.02, 0.2), (1.04, 0.34), (-1.0, 0.34)]), tone, line=0.9)
        else:
            left, first, second, end = place([(-1.0, 0.72), (-0.4, 0.42), (0.5, 0.42), (1.2, 0.72)])
            toe = bezier(left, first, second, end, 18)
            drawing.outline(toe, tone.line, 0.9, closed=False)
            for index in range(3):
                lace = place([(-0.34, 0.08 + 0.14 * index), (0.36, 0.08 + 0.14 * index)])
                drawing.outline(lace, figure.palette.white.base if tone.lightness < 0.8 else tone.deep, 1.5, closed=False)
        drawing.glow(x - width * 0.4, top + height * 0.7, width * 0.5, tone.light, 0.6, flatness=0.5)
    drawing.outline(body, tone.line)
