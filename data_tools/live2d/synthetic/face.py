"""The head without hair and eyes: face, blush, nose, mouth, ears of people, elves and animals."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

import numpy as np

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.colors import mix, oklch
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline, symmetric, turned
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.rigging import Motion
from liwi.seethrough.body_parts import BodyPart


def draw_face(figure: Figure) -> None:
    """Face, blush, nose, mouth and human or elvish ears."""
    _draw_skull(figure)
    _draw_blush(figure)
    _draw_nose(figure)
    _draw_mouth(figure)
    _draw_ears(figure)


def chin_height(figure: Figure) -> float:
    """y of the chin in head radii: a chibi's is higher."""
    return 1.21 - 0.14 * figure.anatomy.youth


def face_outline(figure: Figure) -> Points:
    """The face from the hairline to the chin, in head coordinates."""
    youth, chin = figure.anatomy.youth, chin_height(figure)
    jaw = 0.02 if figure.anatomy.feminine else 0.06
    half = [
        (0.0, -0.93),
        (0.5, -0.8),
        (0.82, -0.42),
        (0.885 + 0.04 * youth, 0.05),
        (0.865 + 0.06 * youth, 0.34),
        (0.785 + 0.09 * youth, 0.62),
        (0.57 + 0.1 * youth + jaw, 0.9 - 0.06 * youth),
        (0.29 + 0.07 * youth + jaw, chin - 0.105 + 0.015 * youth),
        (0.085 + 0.04 * youth + jaw * 0.4, chin - 0.012),
    ]
    return symmetric(half, 0.0)


def _draw_skull(figure: Figure) -> None:
    skin, outline = figure.palette.skin, figure.head(face_outline(figure))
    drawing = figure.draw("face", BodyPart.FACE, 600, "face", "face")
    drawing.fill(outline, skin.base)
    with drawing.within(outline):
        left, right = figure.head([(-0.56, 0.62), (0.56, 0.62)])
        for x, y in (left, right):
            drawing.glow(x, y, figure.anatomy.head_radius * 0.42, skin.moved(-0.035, 1.5), 0.4)
        drawing.cel_shadow(outline, skin.moved(-0.055, 1.2), np.array([-0.05, 0.0]) * figure.anatomy.head_radius, 0.8)
    drawing.outline(outline, skin.line, 0.95)


def _draw_blush(figure: Figure) -> None:
    if figure.random.random() < 0.2:
        return
    radius = figure.anatomy.head_radius
    hatched = figure.random.random() < 0.4
    color = oklch(0.74, 0.13, 18) if figure.palette.skin.lightness > 0.8 else oklch(0.58, 0.13, 22)
    for side, sign in SIDES:
        drawing = figure.draw(f"blush_{side.value}", BodyPart.FACE, 610, "features", "face/cheek", side=side, clipped_by=("face",))
        x, y = figure.head((sign * 0.57, 0.655))
        drawing.glow(float(x), float(y), radius * 0.19, color, 0.5, flatness=0.55)
        for index in range(3 if hatched else 0):
            start = np.array([x + (index - 1.3) * radius * 0.07 + radius * 0.02, y - radius * 0.035])
            drawing.stroke(bezier(start, start, start, start + np.array([-0.028, 0.065]) * radius, 8), color, 0.9, alpha=0.85)


def _draw_nose(figure: Figure) -> None:
    skin = figure.palette.skin
    y = 0.645 + 0.005 * figure.anatomy.youth
    drawing = figure.draw("nose", BodyPart.NOSE, 620, "features", "face/nose")
    style = figure.random.choice(["tick", "dot", "shadow"])
    figure.choices["nose"] = style
    if style == "shadow":
        drawing.fill(figure.head([(0.008, y - 0.075), (0.045, y + 0.012), (-0.006, y + 0.026)]), skin.shade, 0.9)
    if style != "dot":
        drawing.stroke(
            figure.head(bezier((0.014, y - 0.028), (0.03, y - 0.004), (0.024, y + 0.012), (-0.014, y + 0.02), 12)), skin.line, 0.95
        )
    else:
        drawing.fill(figure.head(ellipse(0.004, y, 0.022, 0.015)), mix(skin.shade, skin.line, 0.35))
    drawing.fill(figure.head(ellipse(-0.018, y - 0.045, 0.016, 0.022)), skin.light)


def _mouth_motion(figure: Figure, line_y: float, half: float, *, role: str) -> Motion:
    """``role``: "lip" the upper line, "cavity" what opens below it, "lower" the line under the mouth."""
    radius, center = figure.anatomy.head_radius, np.array(figure.anatomy.head_center)

    def motion(points: Points, opened: float, form: float) -> Points:
        x, y = ((points - center) / radius).T
        below = y - line_y
        scale = opened if role == "cavity" else 1.0
        lifted = -form * 0.05 * (x / half) ** 2 + form * 0.02
        drop = 0.03 * opened if role == "lower" else 0.0
        widened = x * (1 + 0.12 * max(form, 0) - 0.12 * opened * (form < 0))
        up = -0.01 * opened if role == "lip" else 0.0
        return np.stack([widened, line_y + below * scale + lifted + drop + up], axis=1) * radius + center

    return motion


def _draw_mouth(figure: Figure) -> None:
    random, skin, chin = figure.random, figure.palette.skin, chin_height(figure)
    style = random.choices(["smile", "cat", "flat"], [6, 2, 2])[0]
    opened = random.choice([0.0, 0.0, 0.0, 0.65, 1.0])
    figure.choices["mouth"] = style + (" open" if opened else "")
    figure.rig.parameter("ParamMouthOpenY", 0, 1, opened)
    figure.rig.parameter("ParamMouthForm", -1, 1, 0)
    bindings = (Binding("ParamMouthOpenY", tuple(sorted({0.0, opened, 1.0}))), Binding("ParamMouthForm", (-1, 0, 1)))
    half = random.uniform(0.115, 0.16)
    y = 0.865 - 0.045 * figure.anatomy.youth
    curve = {"smile": 0.03, "cat": 0.012, "flat": 0.006}[style]
    line = spline(
        [(-half, y - curve), (-half * 0.5, y + curve * 0.3), (0, y + curve * 0.55), (half * 0.5, y + curve * 0.3), (half, y - curve)]
    )
    if style == "cat":
        wave = [(-half, y - 0.02), (-half * 0.5, y + 0.025), (0, y - 0.012), (half * 0.5, y + 0.025), (half, y - 0.02)]
        line = spline(wave, corners=[2])
    depth = min(0.17, (chin - y) * 0.55)
    bottom = spline([line[-1], (half * 0.72, y + depth * 0.72), (0, y + depth), (-half * 0.72, y + depth * 0.72), line[0]])
    _draw_cavity(figure, line, bottom, y, half, bindings)
    lip = figure.draw(
        "mouth_line",
        BodyPart.MOUTH,
        630,
        "features",
        "face/mouth",
        motion=_mouth_motion(figure, y, half, role="lip"),
        bindings=bindings,
        cell=figure.anatomy.head_radius * 0.06,
    )
    lip.stroke(figure.head(line), mix(skin.line, oklch(0.3, 0.08, 20), 0.5), 1.25, start=0.75, end=0.75)
    under = figure.draw(
        "mouth_under", BodyPart.MOUTH, 627, "features", "face/mouth", motion=_mouth_motion(figure, y, half, role="lower"), bindings=bindings
    )
    under.stroke(figure.head(bezier((-0.04, y + 0.085), (-0.02, y + 0.095), (0.02, y + 0.095), (0.04, y + 0.085), 10)), skin.shade, 1.3)


def _draw_cavity(figure: Figure, line: Points, bottom: Points, y: float, half: float, bindings: tuple[Binding, ...]) -> None:
    motion, cell = _mouth_motion(figure, y, half, role="cavity"), figure.anatomy.head_radius * 0.05
    inside = figure.draw("mouth_inside", BodyPart.MOUTH, 625, "features", "face/mouth", motion=motion, bindings=bindings, cell=cell)
    outline = figure.head(np.concatenate([line, bottom[1:-1]]))
    depth = bottom[:, 1].max() - y
    inside.fill(outline, oklch(0.42, 0.12, 20))
    with inside.within(outline):
        inside.fill(figure.head(ellipse(0, y + depth * 0.95, half * 0.72, depth * 0.42)), oklch(0.68, 0.14, 18))
    inside.outline(outline, oklch(0.3, 0.08, 20), 0.95)
    teeth = figure.draw(
        "teeth", BodyPart.MOUTH, 626, "features", "face/mouth", motion=motion, bindings=bindings, cell=cell, clipped_by=("mouth_inside",)
    )
    upper = np.concatenate([line, (line * [0.96, 1] + [0, depth * 0.2])[::-1]])
    teeth.fill(figure.head(upper), (0.99, 0.985, 0.98))
    if figure.random.random() < 0.25:
        figure.choices["fang"] = "yes"
        teeth.fill(figure.head([(half * 0.42, y), (half * 0.7, y), (half * 0.55, y + depth * 0.42)]), (0.99, 0.985, 0.98))


def _draw_ears(figure: Figure) -> None:
    kinds = ["none"] if "animal ears" in figure.choices else ["human", "elf"]
    kind = figure.random.choices(kinds, [5, 1][: len(kinds)])[0]
    figure.choices["ears"] = figure.choices.get("animal ears", kind)
    skin = figure.palette.skin
    if kind == "none":
        return
    for side, sign in SIDES:
        drawing = figure.draw(f"ear_{side.value}", BodyPart.EARS, 590, "ears", "face/ear", side=side)
        if kind == "elf":
            shape = spline(
                [(0.86, 0.2), (1.05, 0.12), (1.32, -0.02), (1.68, -0.2), (1.38, 0.22), (1.12, 0.46), (0.86, 0.56)], closed=True, corners=[3]
            )
            inner = bezier((0.98, 0.34), (1.1, 0.2), (1.3, 0.08), (1.5, -0.06), 16)
        else:
            shape = spline([(0.88, 0.14), (1.0, 0.08), (1.09, 0.2), (1.06, 0.4), (0.96, 0.55), (0.86, 0.56)], closed=True)
            inner = bezier((0.96, 0.2), (1.06, 0.2), (1.03, 0.38), (0.94, 0.42), 12)
        outline = figure.head(shape * [sign, 1])
        drawing.shape(outline, skin, shift=figure.light * 0.6, line=0.95)
        with drawing.within(outline):
            drawing.fill(figure.head(ribbon(inner, np.linspace(0.09, 0.05, len(inner))) * [sign, 1]), skin.moved(-0.07, 1.6), 0.8)
        drawing.stroke(figure.head(inner * [sign, 1]), skin.line, 0.9)


def draw_animal_ears(figure: Figure) -> None:
    """Cat, fox, rabbit, bear or dog ears on top of the head; they twitch with ParamEarL and ParamEarR."""
    kind = figure.choices["animal ears"]
    hair, inner_color = figure.palette.hair, mix(figure.palette.skin.moved(-0.05, 2.0), oklch(0.85, 0.07, 10), 0.5)
    shapes = {
        "cat": [(0.2, -0.9), (0.36, -1.25), (0.74, -1.62), (0.86, -1.2), (0.9, -0.6)],
        "fox": [(0.16, -0.9), (0.3, -1.35), (0.74, -1.9), (0.95, -1.3), (0.95, -0.6)],
        "bear": [(0.36, -0.85), (0.4, -1.2), (0.66, -1.4), (0.96, -1.24), (1.0, -0.9), (0.8, -0.6)],
        "rabbit": [(0.18, -0.9), (0.16, -1.5), (0.3, -2.02), (0.5, -2.08), (0.6, -1.6), (0.56, -0.85)],
        "dog": [(0.4, -0.95), (0.75, -1.28), (1.12, -1.12), (1.36, -0.6), (1.3, -0.3), (1.08, -0.42), (0.86, -0.62)],
    }
    shape = spline(shapes[kind], closed=True, corners=[2] if kind in {"cat", "fox"} else [0])
    pivot = np.array(shapes[kind]).mean(axis=0) * [1, 0] + [0, -0.8]
    for side, sign in SIDES:
        letter = side.value[0].upper()
        figure.rig.parameter(f"ParamEar{letter}", -1, 1)
        joint = figure.rig.rotation(
            f"animal_ear_{side.value}",
            _point(figure.head(pivot * [sign, 1])),
            {-1: -10 * sign, 0: 0, 1: 14 * sign},
            f"ParamEar{letter}",
            parent="back_of_head",
        )
        drawing = figure.draw(f"animal_ear_{side.value}", BodyPart.EARS, 696 if kind != "dog" else 742, joint, "face/ear", side=side)
        outline = figure.head(shape * [sign, 1])
        drawing.shape(outline, hair, shift=figure.light)
        inner = (shape - shape.mean(axis=0)) * [0.58, 0.66] + shape.mean(axis=0) + [0.0, 0.06]
        if kind == "dog":
            continue
        with drawing.within(outline):
            drawing.fill(figure.head(inner * [sign, 1]), inner_color)
            drawing.fill(figure.head(turned(ellipse(pivot[0], -0.86, 0.3, 0.2), 0, pivot) * [sign, 1]), hair.shade)
            for index in range(3 if kind in {"cat", "fox"} else 0):
                root = np.array([pivot[0] - 0.2 + 0.11 * index, -0.82])
                tuft = bezier(root, root + [0.02, -0.15], root + [0.1, -0.22], root + [0.12, -0.36], 10)
                drawing.fill(figure.head(ribbon(tuft, np.linspace(0.1, 0, 10)) * [sign, 1]), hair.light)


def _point(points: Points) -> tuple[float, float]:
    return float(points[0]), float(points[1])
