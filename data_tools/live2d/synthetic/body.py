"""The bare figure: trunk, neck, arms and legs, and the curves along which clothes are cut."""
# ruff: noqa: RUF005  (offsets are added to arrays of points; nothing is concatenated)

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_tools.live2d.puppet import Binding
from data_tools.live2d.synthetic.anatomy import Anatomy
from data_tools.live2d.synthetic.curves import Points, bezier, mirrored, ribbon, spline, symmetric, turned
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.rigging import Motion
from liwi.seethrough.body_parts import BodyPart, Side


def trunk_half(anatomy: Anatomy, hem: float, *, ease: float = 0.0) -> list[tuple[float, float]]:
    """The right half of the trunk from the root of the neck to ``hem``: offsets from the middle line and heights.

    Args:
        hem: height at which it ends, between the waist and the thigh.
        ease: how far cloth stands off, in pixels.
    """
    (shoulder_x, shoulder_y), (chest_x, chest_y), (waist_x, waist_y), (hip_x, hip_y) = (
        anatomy.shoulder,
        anatomy.chest,
        anatomy.waist,
        anatomy.hip,
    )
    trunk = anatomy.crotch - shoulder_y
    points = [
        (anatomy.neck_width * 1.02, shoulder_y - 0.075 * trunk),
        (shoulder_x * 0.58, shoulder_y - 0.012 * trunk),
        (shoulder_x * 0.88, shoulder_y + 0.05 * trunk),
        (shoulder_x * 0.93 + ease * 0.3, shoulder_y + 0.12 * trunk),
        (chest_x * 1.02 + ease * 0.7, shoulder_y + 0.235 * trunk),
        (chest_x + ease, chest_y),
        (waist_x + ease, waist_y),
        (hip_x + ease, hip_y),
        (hip_x * 0.98 + ease, anatomy.crotch),
        (hip_x + ease * 1.3, anatomy.crotch + 0.35 * trunk),
    ]
    kept = [point for point in points if point[1] < hem - 0.02 * trunk]
    heights, widths = [y for _, y in points], [x for x, _ in points]
    return [*kept, (float(np.interp(hem, heights, widths)), hem)]


def trunk_outline(anatomy: Anatomy, hem: float, neckline: list[tuple[float, float]], *, ease: float = 0.0, sag: float = 0.0) -> Points:
    """The closed outline of a garment on the trunk.

    Args:
        neckline: its upper edge from the middle line outwards, as offsets and heights; it joins the shoulder.
        sag: how much lower the hem is in the middle.
    """
    half = [point for point in trunk_half(anatomy, hem, ease=ease) if point[0] > neckline[-1][0] * 1.04 or point[1] > neckline[-1][1] + 30]
    right = [*neckline, *half, (half[-1][0] * 0.5, hem + sag * 0.75), (0.0, hem + sag)]
    points = np.array(right, float)
    points[:, 0] += anatomy.middle
    ring = np.concatenate([points, mirrored(points[1:-1], anatomy.middle)])
    edge, last = len(neckline) - 1, len(neckline) + len(half) - 1
    mirrored_last, mirrored_edge = len(right) + (len(right) - 2 - last), len(right) + (len(right) - 2 - edge)
    return spline(ring, closed=True, corners=[edge, last, mirrored_last, mirrored_edge])


def draw_trunk(figure: Figure) -> None:
    """Bare trunk and neck; the trunk's label is that of what covers it."""
    anatomy, skin = figure.anatomy, figure.palette.skin
    drawing = figure.draw("trunk", BodyPart.TOPWEAR, 370, "breath", "body/skin")
    half = [
        (0.0, anatomy.shoulder[1] - 0.1 * (anatomy.crotch - anatomy.shoulder[1])),
        *trunk_half(anatomy, anatomy.crotch * 0.55 + anatomy.hip[1] * 0.45),
    ]
    points = np.array(half) + [anatomy.middle, 0]
    outline = symmetric(points, anatomy.middle)
    drawing.shape(outline, skin, shift=figure.light)
    width, y = anatomy.shoulder[0], anatomy.shoulder[1] + 0.03 * (anatomy.crotch - anatomy.shoulder[1])
    for _, sign in SIDES:
        bone = bezier(
            (anatomy.middle + sign * width * 0.1, y + width * 0.07),
            (anatomy.middle + sign * width * 0.3, y),
            (anatomy.middle + sign * width * 0.5, y),
            (anatomy.middle + sign * width * 0.62, y - width * 0.05),
            12,
        )
        drawing.stroke(bone, skin.shade, 1.2)
    _draw_neck(figure)


def _draw_neck(figure: Figure) -> None:
    anatomy, skin, middle = figure.anatomy, figure.palette.skin, figure.anatomy.middle
    width, bottom = anatomy.neck_width, anatomy.shoulder[1] + 0.06 * (anatomy.crotch - anatomy.shoulder[1])
    top = anatomy.chin - anatomy.head_radius * 0.35
    slope = anatomy.shoulder[1] - 0.06 * (anatomy.crotch - anatomy.shoulder[1])
    half = [(width * 0.96, top), (width * 0.92, (top + slope) / 2), (width * 1.1, slope), (width * 1.7, bottom - 0.02 * (bottom - top))]
    right = np.array(half) + [middle, 0]
    left = mirrored(right, middle)
    outline = np.concatenate([spline(right), spline(left)])
    drawing = figure.draw("neck", BodyPart.NECK, 380, "breath", "body/neck")
    drawing.fill(outline, skin.base)
    with drawing.within(outline):
        reach = anatomy.chin + (bottom - anatomy.chin) * 0.42
        shadow = spline(
            [
                (middle - 2 * width, top - 10),
                (middle + 2 * width, top - 10),
                (middle + 1.2 * width, reach - width * 0.25),
                (middle + 0.1 * width, reach + width * 0.2),
                (middle - 1.2 * width, reach - width * 0.35),
            ],
            closed=True,
        )
        drawing.fill(shadow, skin.moved(-0.085, 1.4, 4))
    for side in (spline(right)[:-6], spline(left)[6:]):
        drawing.stroke(side, skin.line, 1.0, start=0.6, end=0.6)


@dataclass(frozen=True, eq=False)
class Limb:
    """An arm or a leg: a centre line with half widths.

    Attributes:
        center: (n, 2) canvas points from the trunk outwards.
        widths: (n,) half widths in pixels.
        bend_at: index of elbow or knee.
    """

    center: Points
    widths: NDArray[np.float64]
    bend_at: int
    side: Side
    sign: int

    def outline(self, start: float = 0.0, end: float = 1.0, *, ease: float | NDArray[np.float64] = 0.0) -> Points:
        """The closed outline of a stretch of it, ``start`` and ``end`` as shares of its length; ``ease`` is how far cloth stands off."""
        first, last = round(start * (len(self.center) - 1)), round(end * (len(self.center) - 1)) + 1
        return ribbon(self.center[first:last], 2 * (self.widths[first:last] + ease))

    def at(self, share: float) -> tuple[Points, Points, float]:
        """The point at a share of its length, the unit vector outwards, and the half width there."""
        index = round(share * (len(self.center) - 1))
        near, far = self.center[max(index - 2, 0)], self.center[min(index + 2, len(self.center) - 1)]
        return self.center[index], (far - near) / np.linalg.norm(far - near), float(self.widths[index])

    def across(self, share: float, *, ease: float = 0.0, bow: float = 0.15) -> Points:
        """A line across it, bowed away from the trunk, as the edge of a sleeve or a sock is."""
        point, along, width = self.at(share)
        right = np.array([-along[1], along[0]]) * (width + ease)
        return bezier(
            point - right, point - right * 0.5 + along * width * bow, point + right * 0.5 + along * width * bow, point + right, 16
        )


def build_arm(anatomy: Anatomy, side: Side, sign: int, upper: float, lower: float) -> Limb:
    """An arm whose upper and lower half hang at these angles from straight down, in degrees outwards."""
    width, length = anatomy.arm_width, anatomy.arm_length
    joint = np.array([anatomy.middle + sign * (anatomy.shoulder[0] - width * 0.95), anatomy.shoulder[1] + width * 0.95 - 0.01 * length])

    def step(angle: float, distance: float) -> Points:
        return np.array([np.sin(np.radians(angle)) * sign, np.cos(np.radians(angle))]) * distance

    elbow = joint + step(upper, length * 0.52)
    wrist = elbow + step(lower, length * 0.44)
    sharp = abs(lower - upper) > 50
    near = 0.93 if sharp else 0.8
    nodes = [
        joint + step(upper, -width * 0.35),
        joint + step(upper, length * 0.1),
        joint + (elbow - joint) * near,
        elbow + (wrist - elbow) * (1 - near),
        wrist - step(lower, length * 0.08),
        wrist,
    ]
    center = spline(nodes, steps=9)
    shares = np.linspace(0, 1, len(center))
    widths = width * np.interp(shares, [0, 0.04, 0.12, 0.3, 0.5, 0.62, 0.85, 1.0], [0.5, 0.78, 0.98, 0.92, 0.8, 0.82, 0.62, 0.56])
    return Limb(center, widths, int(np.argmin(np.linalg.norm(center - elbow, axis=1))), side, sign)


def build_leg(anatomy: Anatomy, side: Side, sign: int, stance: float) -> Limb:
    """A standing leg; ``stance`` moves the foot outwards, in shares of the hip's half width."""
    hip = anatomy.hip[0]
    levels = np.array(
        [
            anatomy.hip[1],
            anatomy.crotch,
            anatomy.crotch * 0.55 + anatomy.knee * 0.45,
            anatomy.knee,
            anatomy.knee * 0.68 + anatomy.ankle * 0.32,
            anatomy.ankle * 0.9 + anatomy.knee * 0.1,
            anatomy.ankle + (anatomy.ground - anatomy.ankle) * 0.4,
        ]
    )
    offsets = hip * np.array([0.5, 0.515, 0.5, 0.47, 0.475, 0.45, 0.45]) + hip * stance * np.linspace(0, 1, 7) ** 1.2
    thigh, calf, ankle = anatomy.thigh_width, anatomy.calf_width, anatomy.ankle_width
    widths = np.array([thigh * 1.0, thigh * 1.02, thigh * 0.92, calf * 0.94, calf, ankle * 1.0, ankle * 1.05])
    center = spline(np.stack([anatomy.middle + sign * offsets, levels], axis=1), steps=8)
    fine = np.interp(center[:, 1], levels, widths)
    return Limb(center, fine, int(np.argmin(np.abs(center[:, 1] - anatomy.knee))), side, sign)


def _bending(arm: Limb, degrees: float) -> Motion:
    """Bends an arm at its elbow by ``degrees`` for a parameter of 1, with everything that is worn on it."""
    joint = arm.center[arm.bend_at]
    along = arm.center[-1] - joint
    along = along / np.linalg.norm(along)
    reach = float(arm.widths[arm.bend_at])

    def motion(points: Points, amount: float) -> Points:
        beyond = np.clip(((points - joint) @ along / reach + 0.6) / 1.2, 0, 1)[:, None]
        share = beyond * beyond * (3 - 2 * beyond)
        return points + (turned(points, amount * degrees, joint) - points) * share

    return motion


def elbow(figure: Figure, arm: Limb) -> tuple[Motion, tuple[Binding, ...]]:
    """How an arm bends and the binding of its elbow, whose parameter it declares."""
    name = figure.rig.parameter(f"ParamElbow{arm.side.value[0].upper()}", -1, 1)
    return _bending(arm, -35.0 * arm.sign), (Binding(name, (-1, 0, 1)),)


def draw_leg(figure: Figure, leg: Limb) -> None:
    """One bare leg with its foot."""
    skin = figure.palette.skin
    drawing = figure.draw(f"leg_{leg.side.value}", BodyPart.LEGWEAR, 300, "body", "body/leg", side=leg.side)
    outline = leg.outline()
    drawing.fill(outline, skin.base)
    with drawing.within(outline):
        drawing.cel_shadow(outline, skin.shade, figure.light)
        width = leg.at(0.5)[2]
        knee = leg.center[leg.bend_at]
        drawing.stroke(
            bezier(
                knee + [-width * 0.4, width * 0.25],
                knee + [-width * 0.1, width * 0.5],
                knee + [width * 0.2, width * 0.5],
                knee + [width * 0.45, width * 0.15],
                12,
            ),
            skin.shade,
            1.5,
        )
    num = len(leg.center)
    for side in (outline[:num], outline[num:][::-1]):
        drawing.stroke(side[3:], skin.line, 1.05, end=0.9)
