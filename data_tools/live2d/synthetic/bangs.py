"""Hair in front of the face: crown, bangs, side locks that interleave with the face, and the shadow that they throw on it."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.puppet import Binding, Blend
from data_tools.live2d.synthetic.curves import Points, bezier, mirrored, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing
from data_tools.live2d.synthetic.face import face_outline
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.hair_paint import HairPaint, fall
from data_tools.live2d.synthetic.rigging import swaying
from liwi.seethrough.body_parts import BodyPart, Side

STYLES = ("classic", "blunt", "parted", "swept", "messy", "curtain")


def draw_crown(figure: Figure, paint: HairPaint) -> None:
    """The hair over the skull, under the bangs' roots."""
    half = [
        (0.0, -1.19),
        (0.45, -1.11),
        (0.86, -0.82),
        (1.06, -0.32),
        (1.06, 0.05),
        (0.98, 0.12),
        (0.88, -0.12),
        (0.66, -0.42),
        (0.3, -0.5),
        (0.0, -0.52),
    ]
    points = np.array(half)
    outline = spline(np.concatenate([points, mirrored(points[1:-1], 0.0)]), closed=True)
    drawing = figure.draw("crown", BodyPart.FRONT_HAIR, 700, "front_of_head", "hair/front")
    paint.base(drawing, outline)
    paint.shine(drawing, outline)
    top = outline[(outline[:, 1] < -0.1) & (np.hypot(outline[:, 0], outline[:, 1] * 0.95) > 0.93)]
    drawing.stroke(figure.head(top[np.argsort(np.arctan2(top[:, 1] + 0.05, top[:, 0]))]), paint.tone.line, 1.2, start=0.8, end=0.8)
    lines = [bezier((0.05 * s, -1.06), (0.35 * s, -1.0), (0.72 * s, -0.8), (0.88 * s, -0.45), 16) for s in (-1, 1)]
    lines += [bezier((0.02 * s, -1.05), (0.2 * s, -1.0), (0.42 * s, -0.88), (0.52 * s, -0.6), 16) for s in (-1, 1)]
    paint.strands(drawing, lines, 0.9)


def bang_centers(figure: Figure, style: str) -> list[tuple[Points, float]]:
    """Centre lines and widths of the bangs, in the order in which they are drawn (head coordinates)."""
    random = figure.random
    count = {"classic": 7, "blunt": 6, "parted": 6, "swept": 7, "messy": 8, "curtain": 6}[style]
    part = {
        "classic": 0.0,
        "blunt": 0.0,
        "parted": random.choice([-0.3, 0.3]),
        "swept": random.choice([-0.55, 0.55]),
        "messy": random.uniform(-0.3, 0.3),
        "curtain": 0.0,
    }[style]
    centers = []
    for tip_x in np.linspace(-0.86, 0.86, count):
        x = tip_x + random.uniform(-0.04, 0.04)
        aside = abs(x) / 0.86
        y = 0.03 + 0.42 * aside**2.2 + random.uniform(-0.1, 0.05)
        width, hook = 1.72 / count * 1.62, random.uniform(-0.06, 0.06)
        match style:
            case "blunt":
                y, hook = 0.05 + 0.2 * aside**4, 0.0
            case "parted":
                y += 0.1 * float(np.clip(abs(x - part), 0, 0.6)) - 0.22 * float(np.exp(-(((x - part) / 0.22) ** 2)))
                hook = 0.16 * np.sign(x - part)
            case "swept":
                hook, y = -0.26 * np.sign(part), y - 0.12 * float(np.clip(x * np.sign(part), 0, 1))
            case "messy":
                y += random.uniform(-0.14, 0.12)
                hook, width = random.uniform(-0.2, 0.2), width * 1.05
            case "curtain":
                y = 0.0 + 0.66 * aside**1.2
                x = float(np.sign(x) * (0.22 + 0.72 * aside))
                hook = 0.12 * np.sign(x)
        root = np.array([part * 0.8 + (x - part) * 0.3, -0.96 + 0.12 * abs(x - part) + 0.18 * abs(part)])
        center = bezier(root, [x * 0.86 + part * 0.1, -0.86], [x - hook * 0.6, -0.3], [x + hook, y], 30)
        centers.append((center, width * (1.0 + 0.12 * aside)))
    order = sorted(range(len(centers)), key=lambda index: (-abs(centers[index][0][-1][0] - part), index))
    if style in {"messy", "swept"}:
        random.shuffle(order)
    return [centers[index] for index in order]


def draw_bangs(figure: Figure, paint: HairPaint) -> list[Points]:
    """The bangs; returns their outlines in head coordinates."""
    style = figure.random.choices(STYLES, [4, 2, 3, 3, 3 if not figure.anatomy.feminine else 2, 2])[0]
    figure.choices["bangs"] = style
    figure.rig.parameter("ParamHairFront", -1, 1)
    top = float(figure.head((0, -0.5))[1])
    radius = figure.anatomy.head_radius
    figure.rig.warp(
        "sway_front",
        figure.head_box(-1.35, -1.35, 1.35, 1.2),
        swaying(top, radius, radius * 0.16),
        (Binding("ParamHairFront", (-1, 0, 1)),),
        parent="front_of_head",
        cells=(6, 6),
    )
    outlines = []
    crown = [(1.045, -0.32), (0.848, -0.81), (0.444, -1.098), (0.0, -1.177)]
    dome = spline([(2.2, 3.0), (1.5, 0.7), *crown, *[(-x, y) for x, y in crown[-2::-1]], (-1.5, 0.7), (-2.2, 3.0)])  # no root stands out
    for index, (center, width) in enumerate(bang_centers(figure, style)):
        drawing = figure.draw(f"bangs_{index}", BodyPart.FRONT_HAIR, 710 + index, "sway_front", "hair/front")
        with drawing.within(figure.head(dome)):
            if style == "blunt":
                outlines.append(_draw_blunt_lock(figure, paint, drawing, center, width, index))
            else:
                outlines.append(paint.lock(drawing, center, width, root=0.5, belly=0.5, lined_from=0.36))
    return outlines


def _draw_blunt_lock(figure: Figure, paint: HairPaint, drawing: Drawing, center: Points, width: float, index: int) -> Points:
    """A lock that is cut straight; its outline runs down one side, along the cut and up the other."""
    widths = width * np.interp(np.linspace(0, 1, len(center)), [0, 0.5, 1], [0.5, 1.0, 0.92])
    num = len(center)
    outline = ribbon(center, widths)
    cut = np.array([[0.0, 0.012 * (-1) ** index], [0.0, -0.01]])
    outline[num - 1] += cut[0]
    outline[num] += cut[1]
    paint.base(drawing, outline)
    canvas = figure.head(outline)
    drawing.cel_shadow(canvas, paint.tone.shade, np.array([-0.06, -0.03]) * figure.anatomy.head_radius, 0.85)
    paint.shine(drawing, outline)
    drawing.stroke(canvas[10:50], paint.tone.line, 1.1, end=0.8)
    return outline


def draw_hair_shadow(figure: Figure, outlines: list[Points]) -> None:
    """What the bangs throw on the face: clipped by it, multiplied onto it or painted in the skin's shadow."""
    multiplied = figure.random.random() < 0.5
    drawing = figure.draw(
        "hair_shadow", BodyPart.FACE, 615, "face", "face", clipped_by=("face",), blend=Blend.MULTIPLY if multiplied else Blend.NORMAL
    )
    color = (0.93, 0.8, 0.84) if multiplied else figure.palette.skin.moved(-0.075, 1.35)
    face = figure.head(face_outline(figure))
    with drawing.within(face):
        for outline in outlines:
            drawing.fill(figure.head(outline + [0.02, 0.075]), color)
        drawing.fill(figure.head([(-1, -1.1), (1, -1.1), (0.9, -0.3), (0.5, -0.38), (0, -0.42), (-0.5, -0.38), (-0.9, -0.3)]), color)


def draw_side_locks(figure: Figure, paint: HairPaint, length: float) -> None:
    """A long lock before each ear, and often a second one that lies behind the cheek."""
    random = figure.random
    style = random.choices(["long", "short", "twisted", "none"], [4, 4, 1 if figure.anatomy.feminine else 0, 1])[0]
    figure.choices["side hair"] = style
    figure.rig.parameter("ParamHairSide", -1, 1)
    radius = figure.anatomy.head_radius
    reach = min(length, {"long": random.uniform(1.5, 2.6), "short": random.uniform(0.75, 1.15), "twisted": 1.7, "none": 0.6}[style])
    reach = min(reach, float((figure.anatomy.waist[1] - figure.anatomy.head_center[1]) / radius))
    motion = swaying(float(figure.head((0, -0.1))[1]), radius * max(reach, 1), radius * 0.25)
    figure.rig.warp(
        "sway_side",
        figure.head_box(-1.7, -0.9, 1.7, reach + 0.3),
        motion,
        (Binding("ParamHairSide", (-1, 0, 1)),),
        parent="side_of_head",
        cells=(6, 6),
    )
    waves = random.choice([0, 0, 1, 2])
    for side, sign in SIDES:
        _draw_side(figure, paint, side, sign, style, reach, waves)


def _draw_side(figure: Figure, paint: HairPaint, side: Side, sign: int, style: str, reach: float, waves: int) -> None:
    random = figure.random
    behind = figure.draw(
        f"side_hair_behind_{side.value}",
        BodyPart.FRONT_HAIR if style == "none" else BodyPart.BACK_HAIR,
        586,
        "sway_side",
        "hair/side",
        side=side,
    )
    center = fall((0.86 * sign, -0.5), (0.98 * sign, min(reach * 0.8, 1.2)), bow=0.16 * sign, hook=-0.12 * sign)
    paint.lock(behind, center, 0.4, behind=True, belly=0.4)
    if style == "none":
        return
    if style != "short":
        under = figure.draw(f"side_hair_under_{side.value}", BodyPart.FRONT_HAIR, 703, "sway_side", "hair/side", side=side)
        paint.lock(
            under,
            fall((0.8 * sign, -0.55), (1.02 * sign, reach * 0.82), bow=0.2 * sign, hook=0.1 * sign, waves=waves, depth=0.06),
            0.3,
            lined_from=0.3,
        )
    drawing = figure.draw(f"side_hair_{side.value}", BodyPart.FRONT_HAIR, 705, "sway_side", "hair/side", side=side)
    center = fall((0.72 * sign, -0.62), (0.86 * sign, reach), bow=0.24 * sign, hook=-0.08 * sign, waves=waves, depth=0.07)
    if style == "twisted":
        _twist(figure, paint, drawing, center)
    else:
        paint.lock(drawing, center, random.uniform(0.34, 0.42), belly=0.45, lined_from=0.3)
        part = center[len(center) // 3 :]
        paint.strands(drawing, [part[:-3] + [0.03 * sign, 0]], 0.9)


def _twist(figure: Figure, paint: HairPaint, drawing: Drawing, center: Points) -> None:
    upper, lower = center[:14], center[12:]
    paint.lock(drawing, upper, 0.3, belly=0.6, lined_from=0.3)
    for index in np.linspace(0, len(lower) - 4, 5).astype(int):
        x, y = lower[index]
        size = 0.15 - 0.012 * index / 3
        curl = spline(
            [
                (x - size, y - 0.1),
                (x, y - 0.16),
                (x + size, y - 0.06),
                (x + size * 0.9, y + 0.08),
                (x, y + 0.18),
                (x - size * 0.9, y + 0.06),
            ],
            closed=True,
        )
        paint.base(drawing, curl)
        canvas = figure.head(curl)
        drawing.cel_shadow(canvas, paint.tone.shade, np.array([-0.06, -0.05]) * figure.anatomy.head_radius)
        drawing.outline(canvas, paint.tone.line, 0.9)


def draw_ahoge(figure: Figure, paint: HairPaint) -> None:
    """The single strand that stands up from the crown."""
    if figure.random.random() > 0.4 or "headwear" in figure.choices:
        return
    figure.choices["ahoge"] = "yes"
    sign = figure.random.choice([-1, 1])
    center = bezier((0.0, -1.02), (0.02 * sign, -1.35), (0.3 * sign, -1.5), (0.46 * sign, -1.26), 24)
    drawing = figure.draw("ahoge", BodyPart.FRONT_HAIR, 735, "sway_front", "hair/front")
    paint.lock(drawing, center, 0.12, root=0.5, belly=0.4, lined_from=0.0)
