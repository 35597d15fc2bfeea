"""The squares in which the networks see a picture: a box of it, centred before black, at the networks' resolution; and the way back.

The way back goes to the picture's own pixels. See-through brings a head, which it looks at enlarged, down to the body's resolution again,
and throws away what it gained.
"""

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.errors import InputError
from liwi.prompts import BoundingBox

UInt8 = NDArray[np.uint8]
N = TypeVar("N", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Square:
    """A view of a picture.

    Attributes:
        box: what it shows, in the picture's pixels, inside the picture.
        resolution: side of the view, in its own pixels.
    """

    box: BoundingBox
    resolution: int

    @property
    def side(self) -> int:
        """Side of the square, in the picture's pixels."""
        return max(self.box.width, self.box.height)

    @property
    def scale(self) -> float:
        """The picture's pixels per pixel of the view."""
        return self.side / self.resolution

    @property
    def padding(self) -> tuple[int, int]:
        """Black columns left of the box and black rows above it, in the picture's pixels."""
        return (self.side - self.box.width) // 2, (self.side - self.box.height) // 2

    def cut(self, rgba: UInt8, *, padded: bool = False) -> UInt8:
        """The view of a picture.

        Args:
            rgba: (H, W, 4) uint8, straight alpha.
            padded: whether its colours mean something also under alpha 0, as those of generated layers; else they are not looked at.

        Returns:
            (resolution, resolution, 4) uint8, straight alpha; black and transparent beside the box.
        """
        left, top = self.padding
        shown = rgba[self.box.slices]
        if not padded:
            shown = np.where(shown[..., 3:] > 0, shown, 0)
        square = np.zeros((self.side, self.side, 4), np.uint8)
        square[top : top + self.box.height, left : left + self.box.width] = shown
        return resize_square(square, self.resolution)

    def place(self, view: UInt8, size: tuple[int, int]) -> UInt8:
        """A layer of the picture from a layer of the view.

        Args:
            view: (resolution, resolution, 4) uint8, straight alpha, with colours that mean something also under alpha 0: they are resized
                by themselves, so that no rim takes on another colour.
            size: ``(width, height)`` of the picture.

        Returns:
            (height, width, 4) uint8, straight alpha, empty outside the box.
        """
        left, top = self.padding
        enlarged = resize_square(view, self.side)
        layer = np.zeros((size[1], size[0], 4), np.uint8)
        layer[self.box.slices] = enlarged[top : top + self.box.height, left : left + self.box.width]
        return layer

    def to_picture(self, box: BoundingBox) -> BoundingBox | None:
        """A box of the view in the picture's pixels, cut to what the view shows; None where it lies beside it."""
        left, top = self.padding
        x, y = int(box.left * self.scale) - left + self.box.left, int(box.top * self.scale) - top + self.box.top
        width, height = int(box.width * self.scale), int(box.height * self.scale)
        return BoundingBox(x, y, x + max(1, width), y + max(1, height)).intersect(self.box)


def check_picture(rgba: NDArray[np.generic]) -> None:
    """Whether an array can be a picture with transparency.

    Raises:
        InputError: it is not (H, W, 4) uint8 with at least one pixel.
    """
    if rgba.dtype != np.uint8 or rgba.ndim != 3 or rgba.shape[2] != 4 or 0 in rgba.shape:
        raise InputError(f"Expected a picture as (H, W, 4) uint8 with straight alpha, got {rgba.shape} {rgba.dtype}.")


def resize_square(pixels: NDArray[N], side: int) -> NDArray[N]:
    """A square array at another size, as the networks were shown pictures: areas when it shrinks, linear when it grows."""
    if pixels.shape[0] == side:
        return pixels
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA if side < pixels.shape[0] else cv2.INTER_LINEAR)


def head_box(head: BoundingBox, size: tuple[int, int]) -> BoundingBox:
    """What the head pass looks at: the head, and up to a fifth of it on two sides where it is less than half of the picture.

    Args:
        head: in the picture's pixels, inside the picture.
        size: ``(width, height)`` of the picture.
    """
    across = min(size[0] - head.right, head.left, head.width // 5) if head.width < size[0] // 2 else 0
    down = min(size[1] - head.bottom, head.top, head.height // 5) if head.height < size[1] // 2 else 0
    return BoundingBox(head.left - across, head.top - down, head.right + across, head.bottom + down)
