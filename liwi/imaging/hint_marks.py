"""Corrections by a person: painted as marks, and spread to what they plainly mean.

A click on a missed leg means the leg, not a dot: pixels near the mark whose colour is like the mark's, reached without crossing a strong
edge, get evidence too, fading with the distance travelled.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from liwi.types import BoundingBox, Hint

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]

KEPT, DROPPED = 1, 2
"""Values of marks; 0 is unmarked."""

_STRENGTH = 10.0  # nats at the mark itself


def paint_hints(shape: tuple[int, ...], box: BoundingBox, hints: tuple[Hint, ...]) -> UInt8:
    """Paint corrections: (h, w) uint8 of 0, `KEPT` and `DROPPED`; later ones paint over earlier ones."""
    marks = np.zeros(shape[:2], np.uint8)
    for hint in hints:
        radius = max(1, round(0.012 * max(box.width, box.height))) if hint.radius is None else max(0, hint.radius)
        value = KEPT if hint.kind == "keep" else DROPPED
        points = np.array(hint.path, np.int32).reshape(-1, 1, 2)
        cv2.polylines(marks, [points], False, value, thickness=max(1, 2 * radius + 1))
        for x, y in hint.path:
            cv2.circle(marks, (x, y), radius, value, -1)
    return marks


def hint_evidence(image: UInt8, marks: UInt8, box: BoundingBox, *, reach: float = 0.12, color_spread: float = 12.0) -> Float32:
    """How strongly the marks speak for (above 0) or against each pixel, in nats.

    Args:
        image: (h, w, 3) uint8. marks: (h, w) uint8, see `paint_hints`. box: the prompt.
        reach: share of the box's long side after which a mark in one colour has lost most of its strength.
        color_spread: how different from the mark a pixel may look, in Lab.

    Returns:
        (h, w) float32.
    """
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    length = reach * max(box.width, box.height)
    evidence = np.zeros(marks.shape, np.float32)
    for value, sign in ((KEPT, 1.0), (DROPPED, -1.0)):
        count, areas = cv2.connectedComponents((marks == value).astype(np.uint8), connectivity=8)
        strongest = np.zeros(marks.shape, np.float32)
        for number in range(1, count):
            mark = areas == number
            color = np.median(lab[mark], axis=0)
            distance = cv2.distanceTransform((~mark).astype(np.uint8), cv2.DIST_L2, 3)
            difference = np.linalg.norm((lab - color) * np.array([0.7, 1, 1], np.float32), axis=2)
            strongest = np.maximum(strongest, np.exp(-((difference / color_spread) ** 2) / 2 - (distance / length) ** 2 / 2))
        evidence += np.float32(sign * _STRENGTH) * strongest
    return evidence
