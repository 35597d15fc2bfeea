"""Small pictures with known contents, drawn by code, for tests of everything that cuts."""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]


def meadow(size: tuple[int, int] = (160, 120), seed: int = 0) -> UInt8:
    """(H, W, 3): a textured green ground."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 14, (size[1] // 4 + 1, size[0] // 4 + 1, 1))
    texture = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)[..., None] + rng.normal(0, 4, (size[1], size[0], 1))
    return np.clip(np.array([90, 140, 70]) + texture, 0, 255).astype(np.uint8)


def with_ball(image: UInt8, center: tuple[int, int], radius: int, color: tuple[int, int, int] = (210, 60, 40)) -> tuple[UInt8, BoundingBox]:
    """The picture with an antialiased ball on it, and the ball's box."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.circle(mask, center, radius, 255, -1, cv2.LINE_AA)
    alpha = (mask / 255.0)[..., None]
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    light = 1 - 0.25 * ((rows - center[1]) + (columns - center[0])) / (2 * radius)
    ball = np.clip(np.array(color) * light[..., None], 0, 255)
    box = BoundingBox(center[0] - radius, center[1] - radius, center[0] + radius + 1, center[1] + radius + 1)
    return np.rint(alpha * ball + (1 - alpha) * image).astype(np.uint8), box


def two_balls() -> tuple[UInt8, BoundingBox, BoundingBox]:
    """A meadow with a red ball on the left and a blue one on the right."""
    image, left = with_ball(meadow((200, 130)), (55, 65), 30)
    image, right = with_ball(image, (145, 60), 26, (50, 80, 220))
    return image, left, right
