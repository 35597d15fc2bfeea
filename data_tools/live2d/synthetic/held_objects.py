"""Things in the hand: each is drawn between palm and fingers, so that hand and thing interleave."""

# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.synthetic.arms import draw_grip, resting_arm_folder
from data_tools.live2d.synthetic.body import Limb, elbow
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline, star, turned
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import Figure
from liwi.seethrough.body_parts import BodyPart, Side

OBJECTS = ("staff", "wand", "sword", "book", "balloon", "umbrella", "lantern", "lollipop", "plush")


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
    hand = draw_grip(figure, arm)
    motion, bindings = elbow(figure, arm)
    folder = f"{resting_arm_folder(figure, side)}/object"
    drawing = figure.draw("object", BodyPart.OBJECTS, 490, f"arm_{side.value}", folder, motion=motion, bindings=bindings)
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
    drawing.shape(star(top[0], top[1], size, inner=0.17, outer=0.36), Tone(0.88, 0.14, 92), shift=figure.light * 0.6)


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
