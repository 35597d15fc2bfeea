"""The shapes that an object's shadow can take: its own silhouette, sheared, squashed, moved and blurred."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

CONTACT_PART = 0.12
"""The share of an object's height, from the foot up, that is close enough to the ground for a contact shadow."""

CONTACT_WIDTH = 1.08
"""A contact shadow is a little wider than what casts it."""

CONTACT_SQUASH = 0.5
CONTACT_BLUR = 0.015
"""The contact shadow at the foot of one that falls on the ground; it is sharper than the rest."""

_CONTACT_REACH = 0.35
"""How far from the foot, in heights of the object, a contact shadow is drawn at all."""

MAX_BLUR = 0.056
MAX_SHEAR = 1.21


class Surface(StrEnum):
    """What the shadow falls on."""

    GROUND = "ground"
    WALL = "wall"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class ShadowShape:
    """One shape; lengths are fractions of the object's height.

    Attributes:
        shear: sideways reach per height of the object.
        squash: height per height of the object; 1 = upright, as on a wall behind; negative = falls towards the viewer.
        right, down: how far the whole is moved.
        blur: sigma of the Gaussian penumbra.
        contact: whether only the part near the foot casts it.
    """

    shear: float
    squash: float
    right: float
    down: float
    blur: float
    contact: bool = False

    @property
    def surface(self) -> Surface:
        """What it falls on."""
        if self.contact:
            return Surface.CONTACT
        return Surface.WALL if self.squash == 1 else Surface.GROUND

    @property
    def plausible(self) -> bool:
        """Whether light falls so: a low sun and a wide penumbra are rarer than smooth darkness that has nothing to do with the object."""
        return self.blur <= MAX_BLUR and abs(self.shear) <= MAX_SHEAR

    def render(
        self, alpha: Float32, foot: float, middle: float, height: float, drawn: "dict[ShadowShape, Float32] | None" = None
    ) -> Float32:
        """How much of the light is blocked: (h, w) float32 in [0, 1]. On the ground, the contact shadow at the foot is part of it.

        Args:
            alpha: (h, w) float32, the object. foot, middle, height: its extent, in pixels.
            drawn: contact shadows of this object that were drawn before; what is drawn here is added. Many shapes share one.
        """
        if self.contact:
            return self._render_contact(alpha, foot, middle, height)
        linear = np.array([[1.0, -self.shear], [0.0, self.squash]])
        shift = np.array([self.shear * foot + self.right * height, foot * (1 - self.squash) + self.down * height])
        blocked = _move(alpha, linear, shift, self.blur * height)
        if self.surface is Surface.GROUND:
            touching = ShadowShape(0, CONTACT_SQUASH, 0, 0, min(self.blur, CONTACT_BLUR), contact=True)
            contact = None if drawn is None else drawn.get(touching)
            if contact is None:
                contact = touching._render_contact(alpha, foot, middle, height)
                if drawn is not None:
                    drawn[touching] = contact
            blocked = np.maximum(blocked, contact)
        return blocked

    def _render_contact(self, alpha: Float32, foot: float, middle: float, height: float) -> Float32:
        near = slice(max(0, int(foot - _CONTACT_REACH * height)), max(0, int(np.ceil(foot + _CONTACT_REACH * height))))
        source = alpha[near]
        blocked = np.zeros_like(alpha)
        if source.size:
            low = np.where(np.arange(len(source))[:, None] + near.start >= foot - CONTACT_PART * height, source, np.float32(0))
            ground = foot - near.start
            linear = np.array([[CONTACT_WIDTH, 0.0], [0.0, self.squash]])
            shift = np.array([(1 - CONTACT_WIDTH) * middle + self.right * height, ground * (1 - self.squash) + self.down * height])
            blocked[near] = _move(low, linear, shift, self.blur * height)
        return blocked

    def neighbours(self, reach: float) -> Iterator["ShadowShape"]:
        """Plausible shapes a little different in one respect; ``reach`` in (0, 1] scales how much."""
        return (shape for shape in self._around(reach) if shape.plausible)

    def _around(self, reach: float) -> Iterator["ShadowShape"]:
        for sign in (reach, -reach):
            if self.surface is Surface.GROUND:
                yield replace(self, shear=self.shear + 0.12 * sign)
            squash = self.squash + (0.2 if self.contact else 0.07) * sign
            if self.squash != 1 and -0.6 < squash < 0.9:
                yield replace(self, squash=squash)
            yield replace(self, right=self.right + 0.03 * sign)
            yield replace(self, down=self.down + 0.03 * sign)
            if self.blur + 0.01 * sign >= 0.005:
                yield replace(self, blur=self.blur + 0.01 * sign)


def _move(source: Float32, linear: NDArray[np.float64], shift: NDArray[np.float64], sigma: float) -> Float32:
    shift = shift + linear @ (0.5, 0.5) - 0.5  # pixel centres lie at halves
    warped = cv2.warpAffine(source, np.column_stack([linear, shift]), (source.shape[1], source.shape[0]), flags=cv2.INTER_LINEAR)
    return cv2.GaussianBlur(warped, (0, 0), max(0.5, sigma))


def candidate_shapes() -> tuple[ShadowShape, ...]:
    """A coarse covering of what light does: on the ground, on a wall behind, at the foot."""
    shapes = []
    for blur in (0.015, 0.04):
        for squash in (0.12, 0.2, 0.3, 0.42, 0.6, -0.08, -0.15, -0.25):
            shapes += [ShadowShape(0.2 * step, squash, 0, 0, blur) for step in range(-6, 7)]
        for right in (0, 0.03, -0.03, 0.055, -0.055, 0.08, -0.08, 0.11, -0.11):
            shapes += [ShadowShape(0, 1, right, down, blur) for down in (-0.03, 0, 0.025, 0.05, 0.08) if (right, down) != (0, 0)]
    shapes += [ShadowShape(0, squash, 0, 0, blur, contact=True) for blur in (0.012, 0.025) for squash in (0.5, 0.25)]
    return tuple(shapes)
