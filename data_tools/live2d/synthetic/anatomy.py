"""Proportions of an anime figure from two to seven and a half heads tall, and its landmarks on the canvas."""

from dataclasses import dataclass
from random import Random

import numpy as np

CANVAS = (1600, 2400)
"""Canvas of every character: ``(width, height)`` in pixels."""

_GROUND = 2310.0
_HEAD_HEIGHT = 2.16
"""From the skull's top to the chin, in head radii."""


@dataclass(frozen=True)
class Anatomy:
    """Landmarks in canvas pixels; widths are halves, measured from the middle line.

    Attributes:
        heads: how many heads tall.
        youth: 1 for a chibi, 0 for a tall figure.
        feminine: whether hips are wide and shoulders narrow.
        head_radius: half the width of the skull.
    """

    heads: float
    youth: float
    feminine: bool
    line_width: float
    head_center: tuple[float, float]
    head_radius: float
    chin: float
    neck_width: float
    shoulder: tuple[float, float]
    chest: tuple[float, float]
    waist: tuple[float, float]
    hip: tuple[float, float]
    crotch: float
    knee: float
    ankle: float
    ground: float
    arm_length: float
    arm_width: float
    thigh_width: float
    calf_width: float
    ankle_width: float

    @property
    def middle(self) -> float:
        """x of the middle line."""
        return self.head_center[0]

    @property
    def height(self) -> float:
        """From the ground to the top of the skull."""
        return self.ground - (self.head_center[1] - self.head_radius)


def choose_anatomy(random: Random) -> Anatomy:
    """A figure between chibi and tall, of either build."""
    heads = random.choices(
        [random.uniform(2.2, 2.6), random.uniform(2.8, 3.4), random.uniform(4.3, 5.2), random.uniform(5.2, 6.4)], [3, 2, 6, 4]
    )[0]
    return build_anatomy(heads, feminine=random.random() < 0.68)


def build_anatomy(heads: float, *, feminine: bool) -> Anatomy:
    """The landmarks of a figure ``heads`` tall (2 to 7.5)."""
    total = 1880.0 - 330.0 * float(np.clip((3.2 - heads) / 1.0, 0, 1)) - 100 * (not 3 < heads < 6.2)
    unit = total / heads  # one head
    radius = unit / _HEAD_HEIGHT
    youth = float(np.clip((5.6 - heads) / 3.0, 0, 1))
    middle, top = CANVAS[0] / 2, _GROUND - total
    chin = top + unit
    trunk_and_legs = _GROUND - chin

    def between(tall: float, chibi: float) -> float:
        return tall + (chibi - tall) * youth

    shoulder_y = chin + unit * between(0.24, 0.09)
    crotch = chin + trunk_and_legs * between(0.45, 0.57)
    trunk = crotch - shoulder_y
    broad = 1.0 if feminine else 1.13
    shoulder_x = min(trunk * between(0.305, 0.41) * broad, radius * between(1.7, 0.62))
    chest_x = shoulder_x * between(0.75, 0.84)
    waist_x = shoulder_x * (between(0.6, 0.88) if feminine else between(0.7, 0.88))
    hip_x = shoulder_x * (between(0.9, 1.06) if feminine else between(0.8, 0.98))
    legs = _GROUND - crotch
    return Anatomy(
        heads=heads,
        youth=youth,
        feminine=feminine,
        line_width=between(4.6, 6.2),
        head_center=(middle, top + radius),
        head_radius=radius,
        chin=chin,
        neck_width=min(radius * between(0.33, 0.25), shoulder_x * 0.42) * (1.0 if feminine else 1.16),
        shoulder=(shoulder_x, shoulder_y),
        chest=(chest_x, shoulder_y + trunk * 0.32),
        waist=(waist_x, shoulder_y + trunk * 0.6),
        hip=(hip_x, shoulder_y + trunk * 0.88),
        crotch=crotch,
        knee=crotch + legs * 0.46,
        ankle=_GROUND - legs * between(0.1, 0.14),
        ground=_GROUND,
        arm_length=trunk * between(1.12, 1.02),
        arm_width=shoulder_x * between(0.195, 0.28) * broad,
        thigh_width=hip_x * between(0.42, 0.41),
        calf_width=hip_x * between(0.275, 0.33),
        ankle_width=hip_x * between(0.17, 0.27),
    )
