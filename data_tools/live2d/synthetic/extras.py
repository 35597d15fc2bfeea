"""Tails and wings."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.colors import Tone, mix
from data_tools.live2d.synthetic.curves import Points, bezier, fluff, ribbon, spline, turned
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.rigging import Motion
from liwi.seethrough.body_parts import BodyPart

Placement = Callable[[ArrayLike], Points]
"""From coordinates of a wing (x outwards, in wing sizes) to canvas pixels."""


def draw_tail(figure: Figure) -> None:
    """A tail that suits the ears, or now and then a devil's or a dragon's."""
    random, anatomy = figure.random, figure.anatomy
    suits = {"cat": "cat", "fox": "fox", "rabbit": "puff", "bear": "puff", "dog": "fox"}
    ears = figure.choices.get("animal ears")
    if random.random() > (0.85 if ears else 0.09):
        return
    style = suits[ears] if ears else random.choice(["devil", "dragon"])
    figure.choices["tail"] = style
    sign, unit = random.choice([-1, 1]), max(anatomy.hip[0] * 1.9, anatomy.head_radius * 0.8)
    root = np.array([anatomy.middle + sign * anatomy.hip[0] * 0.3, anatomy.hip[1] * 0.8 + anatomy.crotch * 0.2])
    figure.rig.parameter("ParamTail", -1, 1)
    if style == "puff":
        drawing = figure.draw("tail", BodyPart.TAIL, 120, "body", "tail")
        ball = fluff(root[0] + sign * unit * 0.55, root[1], unit * 0.34, num=26, inner=0.88)
        drawing.shape(ball, figure.palette.white if random.random() < 0.5 else figure.palette.hair, shift=figure.light * 2)
        return
    center = bezier(
        root,
        root + np.array([sign * 1.3, 0.75]) * unit,
        root + np.array([sign * 1.9, 0.35]) * unit,
        root + np.array([sign * 1.55, -0.95]) * unit,
        36,
    )
    drawing = figure.draw(
        "tail",
        BodyPart.TAIL,
        120,
        "body",
        "tail",
        motion=_wag(root, unit * 2),
        bindings=(Binding("ParamTail", (-1, 0, 1)),),
        cell=unit * 0.3,
    )
    tone = figure.palette.hair if ears else figure.palette.main
    t = np.linspace(0, 1, 36)
    if style == "fox":
        _fluffy_tail(figure, drawing, center, unit, tone)
        return
    widths = (
        unit
        * {"cat": 0.2, "devil": 0.1, "dragon": 0.5}[style]
        * (np.interp(t, [0, 0.86, 0.95, 1], [0.9, 1.0, 0.8, 0.2]) if style != "dragon" else 1.02 - t)
    )
    outline = ribbon(center, widths)
    drawing.shape(outline, tone, shift=figure.light)
    if style == "devil":
        tip = np.array([(0, -0.34), (0.22, 0.06), (0.07, 0.0), (0, 0.1), (-0.07, 0.0), (-0.22, 0.06)]) * unit * 1.1 + center[-1]
        drawing.shape(turned(tip, -12 * sign, center[-1]), tone, shift=figure.light * 0.6)
    elif style == "dragon":
        for index in range(4, 32, 4):
            spike = ribbon(
                np.stack([center[index], center[index] + (center[index + 1] - center[index - 1])[::-1] * [1, -1] * sign * -1.6]),
                [unit * 0.16, 1.0],
            )
            drawing.shape(spike, figure.palette.accent, line=0.9)


def _fluffy_tail(figure: Figure, drawing: Drawing, center: Points, unit: float, tone: Tone) -> None:
    t = np.linspace(0, 1, 36)
    widths = unit * 0.66 * np.interp(t, [0, 0.15, 0.6, 0.85, 1], [0.3, 0.55, 1.0, 0.8, 0.02])
    outline = ribbon(center, widths)
    drawing.fill(outline, tone.base)
    with drawing.within(outline):
        drawing.cel_shadow(outline, tone.shade, figure.light * 2.2)
        top = center[27]
        edge = [(top[0] + unit * 0.5 * (index / 8 * 2 - 1), top[1] + unit * (0.13 if index % 2 else -0.05)) for index in range(9)]
        cap = np.concatenate([spline(edge, corners=range(9)), [(top[0] + unit, top[1] - unit * 2), (top[0] - unit, top[1] - unit * 2)]])
        drawing.fill(cap, figure.palette.white.base)
    drawing.outline(outline, tone.line)


def _wag(root: Points, reach: float) -> Motion:
    def motion(points: Points, amount: float) -> Points:
        share = np.clip(np.linalg.norm(points - root, axis=1) / reach, 0, 1)[:, None]
        return points + (turned(points, 14 * amount, root) - points) * share

    return motion


def draw_wings(figure: Figure) -> None:
    """Feathered, bat or fairy wings that beat with ParamWing."""
    random, anatomy = figure.random, figure.anatomy
    angelic, devilish = figure.choices.get("headwear") == "halo", figure.choices.get("tail") in {"devil", "dragon"}
    if random.random() > (0.6 if angelic else 0.3 if devilish else 0.06):
        return
    style = "angel" if angelic else "bat" if devilish else random.choice(["angel", "bat", "fairy"])
    figure.choices["wings"] = style
    figure.rig.parameter("ParamWing", -1, 1)
    size = min(max(anatomy.shoulder[0] * 2.1, anatomy.head_radius * 1.5), 560.0)
    for side, sign in SIDES:
        root = (anatomy.middle + sign * anatomy.shoulder[0] * 0.25, anatomy.chest[1])
        joint = figure.rig.rotation(f"wing_{side.value}", root, {-1: 12.0 * sign, 0: 0.0, 1: -14.0 * sign}, "ParamWing", parent="breath")
        drawing = figure.draw(f"wing_{side.value}", BodyPart.WINGS, 100, joint, "wings", side=side)

        def place(points: ArrayLike, sign: int = sign, root: tuple[float, float] = root) -> Points:
            return np.asarray(points, float) * size * [sign, 1] + np.array(root)

        _WING_PAINTERS[style](figure, drawing, place)


def _skin_wing(figure: Figure, drawing: Drawing, place: Placement) -> None:
    upper = [(0, 0), (0.35, -0.45), (0.8, -0.72), (1.5, -0.6)]
    lower = [(1.28, -0.3), (1.18, 0.12), (0.9, -0.02), (0.72, 0.36), (0.45, 0.12), (0.14, 0.34)]
    frame = np.array(upper + lower)
    tone = Tone(0.34, 0.06, figure.palette.main.hue)
    drawing.shape(place(spline(frame, closed=True, corners=[0, 3, 5, 7, 9])), tone, shift=figure.light * 1.5)
    for tip in frame[[5, 7, 9]]:
        middle = (frame[2] + tip) / 2
        drawing.stroke(place(bezier(frame[2], middle - np.array([0, 0.08]), middle, tip, 16)), tone.line, 1.6, start=1)


def _fairy_wing(figure: Figure, drawing: Drawing, place: Placement) -> None:
    tone = figure.palette.eyes.shifted(0.2)
    upper, lower = [(0, 0), (0.4, -0.8), (1.1, -1.05), (1.4, -0.6), (0.9, -0.1)], [(0, 0), (0.7, 0.05), (1.05, 0.4), (0.8, 0.8), (0.3, 0.5)]
    for points in (upper, lower):
        outline = place(spline(points, closed=True, corners=[0]))
        drawing.fill(outline, tone.light, 0.72)
        with drawing.within(outline):
            drawing.outline(outline, (1.0, 1.0, 1.0), 7, alpha=0.6)
            end = outline[len(outline) // 2]
            drawing.stroke(bezier(outline[0], outline[len(outline) // 3], end, end, 16), (1.0, 1.0, 1.0), 2.0)
        drawing.outline(outline, tone.line, 0.9)


def _feathers(figure: Figure, drawing: Drawing, place: Placement) -> None:
    """Three rows of feathers that fan out from the bone of the wing, the longest ones behind."""
    tone, line = figure.palette.white, Tone(0.6, 0.035, 280).base
    bone = bezier((0.0, 0.05), (0.3, -0.55), (0.75, -0.95), (1.35, -0.72), 30)
    for row, (count, length) in enumerate([(9, 1.0), (8, 0.64), (7, 0.36)]):
        for index in range(count):
            share = (index + 0.3) / count
            base = bone[round(share * 29)] + [0.0, 0.03]
            angle = np.radians(112 - 92 * share**1.2)
            reach = length * (0.55 + 0.5 * np.sin(np.pi * (0.18 + 0.62 * share)))
            tip = base + np.array([np.cos(angle), np.sin(angle)]) * reach
            sag = np.array([0.1, 0.06]) * length
            center = bezier(base, base + (tip - base) * 0.35 + sag * 0.6, base + (tip - base) * 0.7 + sag, tip, 18)
            widths = np.interp(np.linspace(0, 1, 18), [0, 0.4, 0.85, 1], [0.1, 0.2, 0.16, 0.03]) * (0.75 + 0.35 * length)
            feather = place(ribbon(center, widths))
            drawing.fill(feather, mix(tone.base, tone.shade, 0.75 - 0.36 * row))
            drawing.cel_shadow(feather, tone.shade, figure.light * 0.7, 0.7)
            drawing.outline(feather, line, 0.8)
    edge = place(ribbon(bone, np.interp(np.linspace(0, 1, 30), [0, 0.2, 0.8, 1], [0.1, 0.2, 0.17, 0.06])))
    drawing.shape(edge, tone, shift=figure.light * 0.8, line=0)
    drawing.outline(edge, line, 0.9)


_WING_PAINTERS = {"angel": _feathers, "bat": _skin_wing, "fairy": _fairy_wing}
