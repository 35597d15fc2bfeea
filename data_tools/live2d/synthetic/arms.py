"""Arms with hands, sleeves and gloves, in some gesture, and perhaps in another one that pose3.json switches to."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

from dataclasses import dataclass

import numpy as np

from data_tools.live2d.synthetic.body import Limb, build_arm, elbow
from data_tools.live2d.synthetic.cloth import Cloth
from data_tools.live2d.synthetic.colors import Tone
from data_tools.live2d.synthetic.curves import Points, bezier, ellipse, ribbon, spline
from data_tools.live2d.synthetic.drawing import Drawing, outer_contour
from data_tools.live2d.synthetic.figure import SIDES, Figure
from liwi.seethrough.body_parts import BodyPart, Side


@dataclass(frozen=True)
class Sleeve:
    """How sleeves are cut.

    Attributes:
        length: share of the arm that is covered, 0 for none.
        ease: how far they stand off at the shoulder and at their end, in arm widths.
        puff: how much they swell in between.
        cuff: whether the end is edged.
    """

    length: float
    ease: tuple[float, float] = (0.12, 0.16)
    puff: float = 0.0
    cuff: bool = False


def draw_arms(figure: Figure, sleeve: Sleeve, cloth: Cloth, trim: Tone, *, gloves: bool, alternative: bool) -> dict[Side, Limb]:
    """Both arms; returns those that are shown at rest, by side.

    Args:
        alternative: whether the model also has arms in another gesture, in parts of their own ("B") that are hidden at first.
    """
    random, arms = figure.random, {}
    gesture = random.choices(["hanging", "hip", "greeting", "front"], [6, 2, 2, 2])[0]
    figure.choices["gesture"] = gesture
    spread, raised_side = random.uniform(13, 22), random.choice([Side.LEFT, Side.RIGHT])
    for side, sign in SIDES:
        joint = _shoulder_joint(figure, side, sign)
        angles = (spread + random.uniform(-3, 3), spread - random.uniform(4, 16))
        if gesture == "front":
            angles = (spread + 4, -28 - 12 * figure.anatomy.youth)
        elif side is raised_side and gesture != "hanging":
            angles = (46.0, -66.0) if gesture == "hip" else (36.0, 157.0)
        arms[side] = build_arm(figure.anatomy, side, sign, *angles)
        _draw_arm(figure, arms[side], joint, "a" if alternative else "", sleeve, cloth, trim, gloves=gloves)
        if alternative:
            other = build_arm(figure.anatomy, side, sign, 38, 152 if side is not raised_side else -72)
            _draw_arm(figure, other, joint, "b", sleeve, cloth, trim, gloves=gloves)
    if alternative:
        figure.choices["alternative arms"] = "yes"
    return arms


def _shoulder_joint(figure: Figure, side: Side, sign: int) -> str:
    letter, anatomy = side.value[0].upper(), figure.anatomy
    parameter = figure.rig.parameter(f"ParamArm{letter}", -1, 1)
    pivot = (anatomy.middle + sign * (anatomy.shoulder[0] - anatomy.arm_width), anatomy.shoulder[1] + anatomy.arm_width)
    return figure.rig.rotation(f"arm_{side.value}", pivot, {-1: 9.0 * sign, 0: 0.0, 1: -22.0 * sign}, parameter, parent="breath")


def _draw_arm(figure: Figure, arm: Limb, joint: str, variant: str, sleeve: Sleeve, cloth: Cloth, trim: Tone, *, gloves: bool) -> None:
    skin, side = figure.palette.skin, arm.side
    folder, suffix = f"arm {side.value}{' ' + variant if variant else ''}", f"_{side.value}{'_' + variant if variant else ''}"
    motion, bindings = elbow(figure, arm)
    cell = figure.anatomy.arm_width * 1.3

    def begin(name: str, depth: float) -> Drawing:
        return figure.draw(name + suffix, BodyPart.HANDWEAR, depth, joint, folder, side=side, motion=motion, bindings=bindings, cell=cell)

    tone = figure.palette.accent if gloves else skin
    hand = begin("hand", 449)
    _draw_hand(figure, hand, arm, tone)
    bare = begin("arm", 450)
    outline = outer_contour(arm.outline())
    bare.fill(outline, skin.base)
    bare.cel_shadow(outline, skin.shade, figure.light * 0.8)
    _line_sides(bare, arm, 0.0, skin, from_share=0.06)
    if gloves:
        glove = begin("glove", 452)
        band = arm.outline(0.74, 1.0, ease=arm.widths[0] * 0.08)
        glove.shape(band, tone, shift=figure.light * 0.7)
    if sleeve.length > 0:
        _draw_sleeve(figure, begin("sleeve", 455), arm, sleeve, cloth, trim)


def _line_sides(drawing: Drawing, arm: Limb, ease: float, tone: Tone, from_share: float = 0.0) -> None:
    outline, num = arm.outline(ease=ease), len(arm.center)
    first = round(from_share * num)
    for side in (outline[:num], outline[num:][::-1]):
        distance = np.linalg.norm(side[:, None] - arm.center[None], axis=2).min(axis=1)
        outside = distance > 0.93 * (arm.widths + ease)  # in the crook of a bent arm the sides cross
        drawing.stroke(side[first:][outside[first:]], tone.line, 1.05, end=0.9)


def _draw_sleeve(figure: Figure, drawing: Drawing, arm: Limb, sleeve: Sleeve, cloth: Cloth, trim: Tone) -> None:
    width, num = figure.anatomy.arm_width, len(arm.center)
    last = max(round(sleeve.length * (num - 1)), 6)
    t = np.linspace(0, 1, last + 1)
    ease = width * (sleeve.ease[0] + (sleeve.ease[1] - sleeve.ease[0]) * t**2 + sleeve.puff * np.sin(np.pi * t**0.8))
    dome = np.sqrt(np.clip(np.arange(last + 1) / (num - 1) / 0.14 + 0.45, 0, 1))  # a round shoulder
    outline = ribbon(arm.center[: last + 1], 2 * (arm.widths[: last + 1] + ease) * dome)
    _, along, _ = arm.at(0.0)
    side, other = outline[: last + 1], outline[last + 1 :][::-1]
    end_share, end_ease = last / (num - 1), float(ease[-1])
    edge = arm.across(end_share, ease=end_ease, bow=0.3)
    cap = bezier(other[0], other[0] - along * width * 0.3, side[0] - along * width * 0.3, side[0], 16)
    if np.linalg.norm(edge[0] - side[-1]) > np.linalg.norm(edge[-1] - side[-1]):
        edge = edge[::-1]
    shape = outer_contour(np.concatenate([side, edge[1:-1], other[::-1], cap[1:-1]]))
    cloth.cover(drawing, shape, figure.light * 0.9)
    with drawing.within(shape):
        joint = arm.center[min(arm.bend_at, last)]
        for lift in (-0.5, 0.25):
            inner = joint + along * width * lift
            fold = bezier(
                inner + [-arm.sign * width * 0.95, -width * 0.1],
                inner + [-arm.sign * width * 0.4, width * 0.1],
                inner + [0, width * 0.1],
                inner + [arm.sign * width * 0.2, -width * 0.05],
                12,
            )
            if sleeve.length > 0.55:
                drawing.stroke(fold, cloth.tone.deep, 1.3)
    drawing.outline(shape, cloth.tone.line)
    if sleeve.cuff:
        span = 0.075 if sleeve.length > 0.5 else 0.06
        first = max(round((end_share - span) * (num - 1)), 1)
        stretch = ribbon(arm.center[first : last + 1], 2 * (arm.widths[first : last + 1] + ease[first:] + width * 0.05))
        drawing.shape(stretch, trim, shift=figure.light * 0.6)


def _draw_hand(figure: Figure, drawing: Drawing, arm: Limb, tone: Tone) -> None:
    """A relaxed hand: palm, thumb, four fingers; a mitten on a chibi."""
    wrist, along, _ = arm.at(1.0)
    size, inward = figure.anatomy.arm_width, -arm.sign
    across = np.array([-along[1], along[0]])
    if across[0] * inward < 0:
        across = -across

    def place(points: list[tuple[float, float]]) -> Points:
        local = np.array(points, float) * size
        return wrist + local[:, :1] * across + local[:, 1:] * along

    if figure.anatomy.youth > 0.75:
        thumb = spline(place([(0.3, 0.05), (0.75, 0.25), (0.8, 0.6), (0.5, 0.65), (0.3, 0.5)]), closed=True)
        drawing.shape(thumb, tone)
        mitten = spline(
            place([(-0.55, -0.15), (0.5, -0.15), (0.66, 0.45), (0.42, 1.05), (-0.1, 1.2), (-0.58, 0.95), (-0.68, 0.4)]), closed=True
        )
        drawing.shape(mitten, tone, shift=figure.light * 0.7)
        return
    lengths = [(-0.4, 1.0), (-0.13, 1.16), (0.13, 1.12), (0.37, 0.95)]
    for offset, reach in lengths[::-1] if arm.sign > 0 else lengths:
        root, tip = place([(offset * 1.15, 0.72), (offset * 0.85 + 0.08, 0.72 + reach * 0.92)])
        middle = (root + tip) / 2 - across * size * 0.05
        finger = bezier(root, middle, middle, tip, 14)
        widths = size * np.interp(np.linspace(0, 1, 14), [0, 0.6, 0.93, 1], [0.33, 0.3, 0.22, 0.1])
        drawing.shape(ribbon(finger, widths), tone, shift=figure.light * 0.3, line=0.85)
    palm = spline(place([(-0.5, -0.3), (0.5, -0.3), (0.62, 0.3), (0.54, 0.9), (-0.5, 0.95), (-0.62, 0.35)]), closed=True)
    drawing.fill(palm, tone.base)
    drawing.cel_shadow(palm, tone.shade, figure.light * 0.6)
    sides = spline(place([(-0.5, -0.2), (-0.62, 0.35), (-0.52, 0.85)])), spline(place([(0.5, -0.2), (0.62, 0.3), (0.55, 0.85)]))
    for line in sides:
        drawing.stroke(line, tone.line, 0.9, end=0.8, start=0.8)
    thumb = ribbon(spline(place([(0.42, 0.1), (0.72, 0.45), (0.74, 0.95)])), size * np.linspace(0.36, 0.2, 25))
    drawing.shape(thumb, tone, line=0.85)


def resting_arm_folder(figure: Figure, side: Side) -> str:
    """Folder of the arm that is shown at rest."""
    return f"arm {side.value}" + (" a" if "alternative arms" in figure.choices else "")


def draw_grip(figure: Figure, arm: Limb) -> Points:
    """Fingers that close in front of a held object; returns the point in the hand."""
    wrist, along, _ = arm.at(1.0)
    size, side = figure.anatomy.arm_width, arm.side
    center = wrist + along * size * 0.62
    tone = figure.palette.accent if figure.choices.get("gloves") else figure.palette.skin
    motion, bindings = elbow(figure, arm)
    folder = resting_arm_folder(figure, side)
    drawing = figure.draw(
        f"fingers_{side.value}", BodyPart.HANDWEAR, 492, f"arm_{side.value}", folder, side=side, motion=motion, bindings=bindings, cell=size
    )
    for index in range(4):
        y = center[1] + size * (-0.48 + 0.33 * index)
        drawing.shape(ellipse(center[0], y, size * (0.56 - 0.03 * index), size * 0.2), tone, shift=figure.light * 0.3, line=0.85)
    return center
