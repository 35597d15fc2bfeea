"""The shapes that an object's shadow can take: its own silhouette, sheared, squashed, moved and blurred."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

CONTACT_PART = 0.12
"""The share of an object's height, from the foot up, that is close enough to the ground for a contact shadow."""

CONTACT_WIDTH = 1.08
"""A contact shadow is a little wider than what casts it."""

MAX_BLUR = 0.056
MAX_SHEAR = 1.21


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
    def plausible(self) -> bool:
        """Whether light falls so: a low sun and a wide penumbra are rarer than smooth darkness that has nothing to do with the object."""
        return self.blur <= MAX_BLUR and abs(self.shear) <= MAX_SHEAR

    @property
    def prior(self) -> float:
        """How readily the shape is believed against a likelier one, in (0, 1]: falls off towards the implausible."""
        return 1 - 3 * max(0.0, self.blur - 0.8 * MAX_BLUR) - 0.15 * max(0.0, abs(self.shear) - 0.85 * MAX_SHEAR)

    def render(self, alpha: Float32, foot: float, middle: float, height: float) -> Float32:
        """How much of the light is blocked: (h, w) float32 in [0, 1].

        Args:
            alpha: (h, w) float32, the object. foot, middle, height: its extent, in pixels.
        """
        source, width = alpha, 1.0
        if self.contact:
            near = np.arange(alpha.shape[0])[:, None] >= foot - CONTACT_PART * height
            source, width = np.where(near, alpha, np.float32(0)), CONTACT_WIDTH
        linear = np.array([[width, -self.shear], [0.0, self.squash]])
        shift = np.array([self.shear * foot + (1 - width) * middle + self.right * height, foot * (1 - self.squash) + self.down * height])
        shift += linear @ (0.5, 0.5) - 0.5  # pixel centres lie at halves
        warped = cv2.warpAffine(source, np.column_stack([linear, shift]), (alpha.shape[1], alpha.shape[0]), flags=cv2.INTER_LINEAR)
        return cv2.GaussianBlur(warped, (0, 0), max(0.5, self.blur * height))

    def neighbours(self, reach: float) -> Iterator["ShadowShape"]:
        """Shapes a little different in one respect; ``reach`` in (0, 1] scales how much."""
        for sign in (reach, -reach):
            if self.squash != 1 and not self.contact:
                yield replace(self, shear=self.shear + 0.12 * sign)
            squash = self.squash + (0.2 if self.contact else 0.07) * sign
            if self.squash != 1 and -0.6 < squash < 0.9:
                yield replace(self, squash=squash)
            yield replace(self, right=self.right + 0.03 * sign)
            yield replace(self, down=self.down + 0.03 * sign)
            if 0.005 <= self.blur + 0.01 * sign <= 0.08:
                yield replace(self, blur=self.blur + 0.01 * sign)


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
