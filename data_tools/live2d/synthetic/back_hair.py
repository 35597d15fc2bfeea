"""Hair behind the head: bobs, long hair, ponytails, twin tails, buns and braids."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.hair_paint import HairPaint, fall
from data_tools.live2d.synthetic.rigging import swaying
from liwi.seethrough.body_parts import BodyPart, Side

STYLES = ("short", "bob", "shoulder", "long", "very long", "ponytail", "twin tails", "low tails", "buns", "braids")


def choose_back_hair(figure: Figure) -> tuple[str, float]:
    """A style, and how far down it reaches in head coordinates."""
    weights = [1, 3, 3, 4, 3, 3, 4, 2, 2, 2] if figure.anatomy.feminine else [7, 2, 1, 1, 0, 1.5, 0, 0.5, 0, 0]
    random, anatomy = figure.random, figure.anatomy
    style = random.choices(STYLES, weights)[0]
    figure.choices["back hair"] = style

    def reach(y: float) -> float:
        return float((y - anatomy.head_center[1]) / anatomy.head_radius)

    lengths = {
        "short": 0.75,
        "bob": 1.05,
        "shoulder": reach(anatomy.chest[1]),
        "long": reach(anatomy.hip[1]),
        "very long": reach(anatomy.knee),
        "ponytail": reach(anatomy.hip[1]),
        "twin tails": reach(anatomy.hip[1] * 0.7 + anatomy.knee * 0.3),
        "low tails": reach(anatomy.waist[1]),
        "buns": 0.9,
        "braids": reach(anatomy.waist[1]),
    }
    return style, max(0.7, lengths[style] * random.uniform(0.94, 1.04))


def draw_back_hair(figure: Figure, paint: HairPaint, style: str, length: float) -> None:
    """Everything that lies behind the head; tails and buns stand out at its sides."""
    radius = figure.anatomy.head_radius
    figure.rig.parameter("ParamHairBack", -1, 1)
    motion = swaying(float(figure.head((0, 0.2))[1]), radius * max(length, 1.0), radius * min(0.5, 0.12 + 0.1 * length))
    box = figure.head_box(-2.4, -1.6, 2.4, length + 0.5)
    figure.rig.warp("sway_back", box, motion, (Binding("ParamHairBack", (-1, 0, 1)),), parent="back_of_head", cells=(8, 6))
    match style:
        case "short" | "bob" | "shoulder" | "long" | "very long":
            _draw_curtain(figure, paint, length, spread=0.1 if style == "bob" else figure.random.uniform(0.0, 0.28))
        case "ponytail":
            _draw_curtain(figure, paint, 0.85, spread=-0.1)
            turn = figure.random.choice([-1, 1])
            _draw_tail(figure, paint, "ponytail", (0.25 * turn, -0.75), (1.25 * turn, length), 0.95, depth=150)
        case "twin tails" | "low tails":
            _draw_curtain(figure, paint, 0.85, spread=-0.08)
            for side, sign in SIDES:
                start, end = ((1.02, -0.48), (1.55, length)) if style == "twin tails" else ((0.9, 0.72), (1.2, length))
                _draw_tail(
                    figure,
                    paint,
                    f"tail_{side.value}",
                    (start[0] * sign, start[1]),
                    (end[0] * sign, end[1]),
                    0.72,
                    depth=160 if style == "twin tails" else 575,
                    side=side,
                )
        case "buns":
            _draw_curtain(figure, paint, 0.9, spread=-0.05)
            for side, sign in SIDES:
                _draw_bun(figure, paint, side, sign)
        case "braids":
            _draw_curtain(figure, paint, 0.9, spread=-0.06)
            for side, sign in SIDES:
                _draw_braid(figure, paint, side, sign, length)
        case _:
            raise ValueError(style)


def _draw_curtain(figure: Figure, paint: HairPaint, length: float, *, spread: float) -> None:
    random = figure.random
    wide = 1.1 + spread
    count = 5 if length < 1.3 else 7
    xs = np.linspace(-wide, wide, count)
    flare = 1 + max(length - 1.2, 0) * 0.05
    valley = [(x * flare * 0.99, length * (0.86 if length > 1.2 else 0.8)) for x in (xs[:-1] + xs[1:]) / 2]
    tips = [(x * flare, length + random.uniform(-0.08, 0.06) * max(length, 1) - 0.1 * (abs(x) / wide) ** 2) for x in xs]
    edge: list[tuple[float, float]] = []
    for index in range(count - 1):
        edge += [tips[index], valley[index]]
    edge.append(tips[-1])
    points = [(0.0, -1.1), (-0.72, -0.92), (-1.06, -0.35), (-1.1, 0.25), (-(1.1 + wide * flare) / 2, (0.3 + length) / 2), *edge]
    points += [((1.1 + wide * flare) / 2, (0.3 + length) / 2), (1.1, 0.25), (1.06, -0.35), (0.72, -0.92)]
    corners = [5 + 2 * index for index in range(count)]
    outline = spline(points, closed=True, corners=corners)
    drawing = figure.draw("back_hair", BodyPart.BACK_HAIR, 150, "sway_back", "hair/back")
    paint.base(drawing, outline, behind=True)
    canvas = figure.head(outline)
    with drawing.within(canvas):
        inner = figure.head(
            spline(
                [
                    (0, -0.9),
                    (-0.8, -0.4),
                    (-0.82, 0.5),
                    (-0.62 * flare, length * 0.9),
                    (0, length * 0.8),
                    (0.62 * flare, length * 0.9),
                    (0.82, 0.5),
                    (0.8, -0.4),
                ],
                closed=True,
            )
        )
        drawing.fill(inner, paint.tone.mixed_shadow(0.2), 0.8)
    drawing.outline(canvas, paint.tone.line)
    paint.strands(drawing, [fall((x * 0.75, 0.2), (vx, vy), bow=0.04) for (vx, vy), x in zip(valley, (xs[:-1] + xs[1:]) / 2, strict=True)])
    for index in range(count if length > 0.95 else 0):
        x, y = tips[index]
        if abs(x) < wide * flare * 0.5:
            continue
        side = -1 if x < 0 else 1
        lock = figure.draw(f"back_lock_{index}", BodyPart.BACK_HAIR, 155 + index, "sway_back", "hair/back")
        paint.lock(
            lock,
            fall((0.86 * side, -0.3), (x * 1.02, y - 0.05), bow=0.2 * side, hook=0.05 * side),
            0.42 + 0.04 * length,
            belly=0.6,
            lined_from=0.18,
        )


def _draw_tail(
    figure: Figure,
    paint: HairPaint,
    key: str,
    start: tuple[float, float],
    end: tuple[float, float],
    width: float,
    depth: float,
    *,
    side: Side | None = None,
) -> None:
    sign = 1 if end[0] > 0 else -1
    waves = figure.random.choice([0, 0, 1, 2])
    pieces = [(-0.26, 0.84, 0.55), (0.3, 0.9, 0.55), (0.0, 1.0, 0.8)]
    for index, (offset, share, thickness) in enumerate(pieces):
        drawing = figure.draw(f"{key}_{index}", BodyPart.BACK_HAIR, depth + index, "sway_back", "hair/back", side=side)
        goal = (end[0] + offset * sign, start[1] + (end[1] - start[1]) * share)
        rise = bezier(
            start,
            (start[0] + 0.5 * sign, start[1] - 0.35),
            (goal[0] + 0.25 * sign, start[1] + 0.35),
            (goal[0], start[1] + (goal[1] - start[1]) * 0.45),
            20,
        )
        drop = fall((float(rise[-1][0]), float(rise[-1][1])), goal, bow=-0.08 * sign, hook=0.14 * sign, waves=waves, depth=0.07, num=20)
        center = spline(np.concatenate([rise[::3], drop[2::3], drop[-1:]]), steps=4)
        paint.lock(drawing, center, width * thickness, root=0.45, belly=0.5, lined_from=0.0)
        paint.strands(drawing, [center[8:-6] + [0.05 * sign, 0.0], center[14:-10] - [0.06 * sign, 0.0]], 0.9)
    tie = figure.draw(f"{key}_tie", BodyPart.HEADWEAR, depth + 4, "sway_back", "headwear/tie", side=side)
    band = spline(
        [
            (start[0] - 0.1 * sign, start[1] - 0.2),
            (start[0] + 0.16 * sign, start[1] - 0.16),
            (start[0] + 0.2 * sign, start[1] + 0.12),
            (start[0] - 0.06 * sign, start[1] + 0.18),
        ],
        closed=True,
    )
    tie.shape(figure.head(band), figure.palette.accent, shift=figure.light * 0.6)


def _draw_bun(figure: Figure, paint: HairPaint, side: Side, sign: int) -> None:
    drawing = figure.draw(f"bun_{side.value}", BodyPart.BACK_HAIR, 170, "back_of_head", "hair/back", side=side)
    x, y = 0.78 * sign, -1.02
    outline = ellipse(x, y, 0.4, 0.37)
    paint.base(drawing, outline)
    canvas = figure.head(outline)
    drawing.cel_shadow(canvas, paint.tone.shade, figure.light * 2)
    drawing.outline(canvas, paint.tone.line)
    for turn in (0.7, 0.42):
        drawing.stroke(figure.head(ellipse(x + 0.03, y + 0.02, 0.4 * turn, 0.37 * turn)[8:52]), paint.tone.mixed_shadow(0.22), 1.1)
    tie = figure.draw(f"bun_tie_{side.value}", BodyPart.HEADWEAR, 172, "back_of_head", "headwear/tie", side=side)
    band = [(x - 0.3 * sign, y + 0.12), (x - 0.05 * sign, y + 0.32), (x - 0.1 * sign, y + 0.44), (x - 0.38 * sign, y + 0.24)]
    tie.shape(figure.head(spline(band, closed=True)), figure.palette.accent)


def _draw_braid(figure: Figure, paint: HairPaint, side: Side, sign: int, length: float) -> None:
    drawing = figure.draw(f"braid_{side.value}", BodyPart.BACK_HAIR, 578, "sway_back", "hair/back", side=side)
    spine = fall((0.86 * sign, 0.45), (0.92 * sign, length), bow=0.22 * sign, num=26)
    count = max(6, int((length - 0.45) / 0.17))
    for index in range(count):
        x, y = spine[round((index + 0.5) / count * 25)]
        size = 0.15 * (1 - 0.3 * index / count)
        lean = 1 if index % 2 else -1
        _draw_plait(figure, paint, drawing, x + lean * 0.03, y, size, lean)
    x, y = spine[-1]
    paint.lock(drawing, fall((x, y), (x + 0.03 * sign, y + 0.3), num=14), 0.17, lined_from=0.0)
    tie = figure.draw(f"braid_tie_{side.value}", BodyPart.HEADWEAR, 580, "sway_back", "headwear/tie", side=side)
    tie.shape(figure.head(ellipse(x, y, 0.1, 0.06)), figure.palette.accent)


def _draw_plait(figure: Figure, paint: HairPaint, drawing: Drawing, x: float, y: float, size: float, lean: int) -> None:
    leaf: Points = spline(
        [
            (x - size * lean, y - 0.13),
            (x + size * 0.5 * lean, y - 0.1),
            (x + size * lean, y + 0.04),
            (x + size * 0.1 * lean, y + 0.15),
            (x - size * 0.8 * lean, y + 0.0),
        ],
        closed=True,
    )
    paint.base(drawing, leaf)
    canvas = figure.head(leaf)
    drawing.cel_shadow(canvas, paint.tone.shade, figure.light * 0.8)
    drawing.outline(canvas, paint.tone.line, 0.95)
