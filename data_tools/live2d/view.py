"""Which part of the canvas a picture shows."""

from dataclasses import dataclass

import numpy as np

from data_tools.live2d.model import Live2DModel
from liwi.errors import InputError

MAX_SIDE = 4096
"""Largest side of a rendered picture, in pixels."""


@dataclass(frozen=True, slots=True)
class View:
    """Which part of the canvas a picture shows: pixel = (canvas position - (left, top)) * scale.

    Attributes:
        size: ``(width, height)`` of the picture in pixels.
        scale: pixels per canvas pixel.
        left, top: the canvas position of the picture's corner.
    """

    size: tuple[int, int]
    scale: float
    left: float
    top: float

    @classmethod
    def square(cls, model: Live2DModel, side: int) -> "View":
        """The whole canvas, centred in a square of ``side`` pixels."""
        _check_side(side)
        width, height = model.canvas_size
        scale = side / max(width, height)
        return cls((side, side), scale, (width - side / scale) / 2, (height - side / scale) / 2)

    @classmethod
    def figure(cls, model: Live2DModel, side: int, *, margin: float = 0.04) -> "View":
        """What is drawn of the character at this pose, centred in a square of ``side`` pixels.

        Args:
            model: the pose; where nothing is drawn, the whole canvas is shown.
            side: of the square, in pixels.
            margin: free space on each side, as a share of ``side``.
        """
        drawn = [mesh.vertices for mesh in model.art_meshes if mesh.drawn and not mesh.clipped_by]
        if not drawn:
            return cls.square(model, side)
        _check_side(side)
        corners = np.concatenate(drawn)
        low, high = corners.min(axis=0), corners.max(axis=0)
        scale = side * (1 - 2 * margin) / max(float((high - low).max()), 1e-6)
        left, top = (low + high) / 2 - side / scale / 2
        return cls((side, side), scale, float(left), float(top))


def _check_side(side: int) -> None:
    if not 1 <= side <= MAX_SIDE:
        raise InputError(f"The size must be between 1 and {MAX_SIDE} pixels, got {side}.")
