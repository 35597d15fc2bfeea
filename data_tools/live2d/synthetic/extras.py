"""Tails, wings and things in the hand."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.arms import draw_grip
from data_tools.live2d.synthetic.body import Limb, bending, elbow_binding
from data_tools.live2d.synthetic.colors import Tone, mix
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline, turned
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.rigging import Motion
from liwi.seethrough.body_parts import BodyPart, Side

Placement = Callable[[ArrayLike], Points]
"""From coordinates of a wing (x outwards, in wing sizes) to canvas pixels."""

OBJECTS = ("staff", "wand", "sword", "book", "balloon", "umbrella", "lantern", "lollipop", "plush")


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
        angle = np.linspace(0, 2 * np.pi, 26, endpoint=False)
        reach = unit * 0.34 * np.where(np.arange(26) % 2, 0.88, 1.06)
        ball = spline(
            np.stack([root[0] + sign * unit * 0.55 + reach * np.cos(angle), root[1] + reach * np.sin(angle)], axis=1), closed=True
        )
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
        angle = np.linspace(0, 2 * np.pi, 9)
        edge = [(top[0] + unit * 0.5 * (index / 8 * 2 - 1), top[1] + unit * (0.13 if index % 2 else -0.05)) for index in range(len(angle))]
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
    if random.random() > (
        0.6 if figure.choices.get("headwear") == "halo" else 0.3 if figure.choices.get("tail") in {"devil", "dragon"} else 0.06
    ):
        return
    style = (
        "angel"
        if figure.choices.get("headwear") == "halo"
        else "bat"
        if figure.choices.get("tail") in {"devil", "dragon"}
        else random.choice(["angel", "bat", "fairy"])
    )
    figure.choices["wings"] = style
    figure.rig.parameter("ParamWing", -1, 1)
    size = min(max(anatomy.shoulder[0] * 2.1, anatomy.head_radius * 1.5), 560.0)
    for side, sign in SIDES:
        root = (anatomy.middle + sign * anatomy.shoulder[0] * 0.25, anatomy.chest[1])
        joint = figure.rig.rotation(f"wing_{side.value}", root, {-1: 12.0 * sign, 0: 0.0, 1: -14.0 * sign}, "ParamWing", parent="breath")
        drawing = figure.draw(f"wing_{side.value}", BodyPart.WINGS, 100, joint, "wings", side=side)

        def place(points: ArrayLike, sign: int = sign, root: tuple[float, float] = root) -> Points:
            return np.asarray(points, float) * size * [sign, 1] + np.array(root)

        match style:
            case "angel":
                _feathers(figure, drawing, place)
            case "bat":
                frame = place(
                    [
                        (0, 0),
                        (0.35, -0.45),
                        (0.8, -0.72),
                        (1.5, -0.6),
                        (1.28, -0.3),
                        (1.18, 0.12),
                        (0.9, -0.02),
                        (0.72, 0.36),
                        (0.45, 0.12),
                        (0.14, 0.34),
                    ]
                )
                outline = spline(frame, closed=True, corners=[0, 3, 5, 7, 9])
                tone = Tone(0.34, 0.06, figure.palette.main.hue)
                drawing.shape(outline, tone, shift=figure.light * 1.5)
                for goal in (5, 7, 9):
                    drawing.stroke(
                        bezier(frame[2], (frame[2] + frame[goal]) / 2 + [0, -size * 0.08], (frame[2] + frame[goal]) / 2, frame[goal], 16),
                        tone.line,
                        1.6,
                        start=1,
                    )
            case _:
                for points in (
                    [(0, 0), (0.4, -0.8), (1.1, -1.05), (1.4, -0.6), (0.9, -0.1)],
                    [(0, 0), (0.7, 0.05), (1.05, 0.4), (0.8, 0.8), (0.3, 0.5)],
                ):
                    outline = spline(place(points), closed=True, corners=[0])
                    tone = figure.palette.eyes.shifted(0.2)
                    drawing.fill(outline, tone.light, 0.72)
                    with drawing.within(outline):
                        drawing.outline(outline, (1.0, 1.0, 1.0), 7, alpha=0.6)
                        drawing.stroke(
                            bezier(outline[0], outline[len(outline) // 3], outline[len(outline) // 2], outline[len(outline) // 2], 16),
                            (1.0, 1.0, 1.0),
                            2.0,
                        )
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


def draw_object(figure: Figure, arms: dict[Side, Limb]) -> None:
    """Something held in a hand: between palm and fingers, so that hand and thing interleave."""
    if figure.random.random() > 0.36 or figure.choices["gesture"] == "front":
        return
    heights = {side: float(arm.center[-1][1] - arm.center[0][1]) / figure.anatomy.arm_length for side, arm in arms.items()}
    side = figure.random.choice([Side.LEFT, Side.RIGHT])
    if figure.choices["gesture"] == "hip":
        side = max(heights, key=lambda other: heights[other])
    raised = heights[side] < 0.4
    style = figure.random.choice(("wand", "balloon", "lollipop", "book") if raised else OBJECTS)
    figure.choices["object"] = style
    arm = arms[side]
    hand, _ = draw_grip(figure, arm)
    motion, bindings = bending(arm, -35.0 * arm.sign), elbow_binding(figure, side)
    folder = f"arm {side.value}" + (" a" if "alternative arms" in figure.choices else "") + "/object"
    drawing = figure.draw("object", BodyPart.OBJECTS, 490, f"arm_{side.value}", folder, side=None, motion=motion, bindings=bindings)
    size = max(figure.anatomy.head_radius, figure.anatomy.arm_width * 3.2)
    _OBJECT_PAINTERS[style](figure, drawing, hand, size, arm.sign)


def _pole(
    figure: Figure, drawing: Drawing, hand: Points, up: float, down: float, width: float, tone: Tone, lean: float
) -> tuple[Points, Points]:
    direction = np.array([np.sin(np.radians(lean)), -np.cos(np.radians(lean))])
    top, bottom = hand + direction * up, hand - direction * down
    drawing.shape(ribbon(np.linspace(bottom, top, 12), width), tone, shift=figure.light * 0.25)
    return top, direction


def _staff(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    down = min(figure.anatomy.ground - hand[1] - 10, size * 3.2)
    top, _ = _pole(figure, drawing, hand, size * 2.4, down, size * 0.11, Tone(0.5, 0.08, 55), 4.0 * sign)
    ring = np.concatenate(
        [ellipse(top[0], top[1], size * 0.34, size * 0.36, 60)[-14:], ellipse(top[0], top[1], size * 0.34, size * 0.36, 60)[:33]]
    )
    drawing.shape(
        ribbon(ring, np.interp(np.linspace(0, 1, 47), [0, 0.5, 1], [0.02, 0.15, 0.02]) * size),
        figure.palette.metal,
        shift=figure.light * 0.4,
    )
    gem = np.array([(0, -0.26), (0.17, 0), (0, 0.26), (-0.17, 0)]) * size + top
    drawing.shape(gem, figure.palette.accent, shift=figure.light * 0.6)


def _wand(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    top, _ = _pole(figure, drawing, hand, size * 1.0, size * 0.4, size * 0.08, figure.palette.white, 30.0 * sign)
    angle = np.arange(10) * np.pi / 5 - np.pi / 2
    reach = np.where(np.arange(10) % 2, 0.17, 0.36) * size
    drawing.shape(
        np.stack([top[0] + reach * np.cos(angle), top[1] + reach * np.sin(angle)], axis=1), Tone(0.88, 0.14, 92), shift=figure.light * 0.6
    )


def _sword(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    lean = np.radians(158.0 * sign)
    along = np.array([np.sin(lean), -np.cos(lean)])
    across = np.array([-along[1], along[0]])
    length = min(size * 2.3, (figure.anatomy.ground - 30 - float(hand[1])) / float(along[1]))
    blade = np.array(
        [
            hand + along * size * 0.3 + across * size * 0.09,
            hand + along * length * 0.93 + across * size * 0.07,
            hand + along * length,
            hand + along * length * 0.93 - across * size * 0.07,
            hand + along * size * 0.3 - across * size * 0.09,
        ]
    )
    drawing.shape(blade, Tone(0.9, 0.015, 250), shift=figure.light * 0.5)
    drawing.outline(np.stack([hand + along * size * 0.35, hand + along * length * 0.9]), Tone(0.68, 0.02, 250).base, 1.0, closed=False)
    drawing.shape(ribbon(np.stack([hand - along * size * 0.3, hand + along * size * 0.3]), size * 0.1), figure.palette.leather)
    drawing.shape(
        ribbon(np.stack([hand + along * size * 0.26 - across * size * 0.3, hand + along * size * 0.26 + across * size * 0.3]), size * 0.11),
        figure.palette.metal,
        shift=figure.light * 0.4,
    )
    pommel = hand - along * size * 0.34
    drawing.shape(ellipse(float(pommel[0]), float(pommel[1]), size * 0.09, size * 0.09, 24), figure.palette.metal)


def _book(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    center = hand + np.array([sign * 0.1, -0.12]) * size
    cover = turned(np.array([(-0.42, -0.55), (0.42, -0.55), (0.42, 0.55), (-0.42, 0.55)]) * size + center, 8.0 * sign, center)
    drawing.shape(cover + [size * 0.05, size * 0.03], figure.palette.white)
    drawing.shape(cover, figure.palette.accent, shift=figure.light * 1.2)
    drawing.outline((cover - center) * 0.82 + center, figure.palette.metal.base, 1.5)
    drawing.shape(np.array([(0, -0.18), (0.14, 0), (0, 0.18), (-0.14, 0)]) * size + center, figure.palette.metal, line=0.9)


def _balloon(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    top = hand + np.array([sign * 0.75, -2.6]) * size
    drawing.outline(
        bezier(hand, hand + np.array([sign * 0.3, -0.8]) * size, top + np.array([-0.2 * sign, 1.4]) * size, top + [0, size * 0.72], 30),
        Tone(0.5, 0.02, 280).base,
        0.9,
        closed=False,
    )
    ball = spline(
        np.array([(0, -0.7), (0.6, -0.3), (0.5, 0.3), (0.06, 0.68), (-0.06, 0.68), (-0.5, 0.3), (-0.6, -0.3)]) * size + top, closed=True
    )
    drawing.shape(ball, figure.palette.accent, shift=figure.light * 3)
    drawing.fill(
        turned(
            ellipse(top[0] - size * 0.28, top[1] - size * 0.34, size * 0.09, size * 0.17, 32), 30, top + np.array([-0.28, -0.34]) * size
        ),
        (1.0, 1.0, 1.0),
        0.75,
    )
    drawing.shape(np.array([(0, 0.66), (0.08, 0.78), (-0.08, 0.78)]) * size + top, figure.palette.accent, line=0.9)


def _umbrella(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    down = min(figure.anatomy.ground - hand[1] - 12, size * 2.3)
    tip = hand + np.array([0.05 * sign * size, down])
    drawing.shape(ribbon(np.stack([hand - [0, size * 0.35], tip]), size * 0.06), figure.palette.metal)
    cloth = spline(
        [
            hand + [-size * 0.05, size * 0.32],
            hand + [-size * 0.22, down * 0.5],
            tip - [size * 0.05, size * 0.12],
            tip - [-size * 0.05, size * 0.12],
            hand + [size * 0.22, down * 0.5],
            hand + [size * 0.05, size * 0.32],
        ],
        closed=True,
    )
    drawing.shape(cloth, figure.palette.accent, shift=figure.light * 1.2)
    for offset in (-0.07, 0.07):
        drawing.stroke(
            bezier(
                hand + [offset * size * 0.3, size * 0.36],
                hand + [offset * 2 * size, down * 0.5],
                tip + [offset * size, -down * 0.3],
                tip - [0, size * 0.15],
                16,
            ),
            figure.palette.accent.line,
            1.0,
        )
    hook = bezier(
        hand - [0, size * 0.3],
        hand - [0, size * 0.62],
        hand + np.array([0.3 * sign, -0.62]) * size,
        hand + np.array([0.28 * sign, -0.36]) * size,
        20,
    )
    drawing.shape(ribbon(hook, size * 0.1), figure.palette.leather)


def _lantern(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    center = hand + np.array([0.04 * sign, 0.72]) * size
    drawing.outline(
        bezier(
            center + np.array([-0.26, -0.4]) * size,
            hand + [-size * 0.2, -size * 0.1],
            hand + [size * 0.2, -size * 0.1],
            center + np.array([0.26, -0.4]) * size,
            20,
        ),
        figure.palette.metal.line,
        2.0,
        closed=False,
    )
    drawing.glow(center[0], center[1], size * 0.75, (1.0, 0.85, 0.45), 0.55)
    drawing.shape(
        np.array([(-0.26, -0.36), (0.26, -0.36), (0.32, 0.36), (-0.32, 0.36)]) * size + center,
        Tone(0.93, 0.11, 90),
        shift=figure.light * 0.8,
    )
    for y, half in ((-0.4, 0.32), (0.4, 0.38)):
        drawing.shape(
            ribbon(np.array([(-half, y), (half, y)]) * size + center, size * 0.12), figure.palette.metal, shift=figure.light * 0.3
        )
    for x in (-0.1, 0.1):
        drawing.outline(np.array([(x, -0.36), (x * 1.2, 0.36)]) * size + center, figure.palette.metal.line, 1.2, closed=False)


def _lollipop(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    top, _ = _pole(figure, drawing, hand, size * 0.85, size * 0.35, size * 0.07, figure.palette.white, 18.0 * sign)
    drawing.shape(ellipse(top[0], top[1], size * 0.4, size * 0.4), figure.palette.accent.shifted(0.08), shift=figure.light * 1.2)
    turn = np.linspace(0, 5 * np.pi, 70)
    drawing.outline(
        np.stack([top[0] + np.cos(turn) * turn / 16 * size * 0.37, top[1] + np.sin(turn) * turn / 16 * size * 0.37], axis=1),
        (1.0, 1.0, 1.0),
        2.6,
        closed=False,
    )


def _plush(figure: Figure, drawing: Drawing, hand: Points, size: float, sign: int) -> None:
    tone = Tone(0.82, 0.06, 65)
    head = hand + np.array([sign * 0.12, 0.4]) * size
    for x in (-1, 1):
        drawing.shape(
            ellipse(head[0] + x * size * 0.22, head[1] + size * 0.95, size * 0.15, size * 0.17, 40), tone, shift=figure.light * 0.6
        )
        drawing.shape(
            ellipse(head[0] + x * size * 0.26, head[1] - size * 0.28, size * 0.14, size * 0.14, 40), tone, shift=figure.light * 0.6
        )
    drawing.shape(ellipse(head[0], head[1] + size * 0.6, size * 0.32, size * 0.38), tone, shift=figure.light * 1.2)
    drawing.shape(ellipse(head[0], head[1], size * 0.4, size * 0.36), tone, shift=figure.light * 1.2)
    for x in (-1, 1):
        drawing.fill(ellipse(head[0] + x * size * 0.15, head[1] - size * 0.02, size * 0.035, size * 0.045, 20), (0.2, 0.15, 0.15))
    drawing.shape(ellipse(head[0], head[1] + size * 0.13, size * 0.14, size * 0.1, 32), figure.palette.white, line=0.8)
    drawing.fill(ellipse(head[0], head[1] + size * 0.1, size * 0.04, size * 0.028, 20), (0.2, 0.15, 0.15))


_OBJECT_PAINTERS = {
    "staff": _staff,
    "wand": _wand,
    "sword": _sword,
    "book": _book,
    "balloon": _balloon,
    "umbrella": _umbrella,
    "lantern": _lantern,
    "lollipop": _lollipop,
    "plush": _plush,
}
