"""Box proposals on drawn pictures."""

import cv2
import numpy as np
import pytest

from liwi.imaging.proposals import propose_boxes
from liwi.types import BoundingBox


def test_a_thing_before_calm_surroundings_is_proposed_first() -> None:
    ramp = np.linspace(100, 180, 480)[:, None, None] * np.array([0.7, 0.9, 1.0])
    image = np.broadcast_to(ramp, (480, 640, 3)).astype(np.uint8).copy()
    cv2.ellipse(image, (300, 250), (90, 130), 0, 0, 360, (200, 60, 40), -1)
    boxes = propose_boxes(image)
    assert boxes and boxes[0].iou(BoundingBox(210, 120, 391, 381)) > 0.8


def test_two_things_are_two_proposals_at_most_as_many_as_asked() -> None:
    image = np.full((300, 600, 3), 230, np.uint8)
    cv2.circle(image, (160, 150), 60, (30, 60, 160), -1)
    cv2.circle(image, (440, 150), 60, (170, 40, 40), -1)
    truths = [BoundingBox(100, 90, 221, 211), BoundingBox(380, 90, 501, 211)]
    boxes = propose_boxes(image)
    assert all(max(box.iou(truth) for box in boxes) > 0.7 for truth in truths)
    assert len(propose_boxes(image, 1)) == 1 and propose_boxes(image, 0) == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 500), (500, 2), (64, 64), (300, 1200)])
def test_a_picture_without_anything_has_no_proposals(shape: tuple[int, int]) -> None:
    assert propose_boxes(np.full((*shape, 3), 77, np.uint8)) == []


def test_proposals_lie_in_the_picture_and_repeat() -> None:
    image = cv2.GaussianBlur(np.random.default_rng(4).integers(0, 256, (333, 517, 3), dtype=np.uint8), (0, 0), 20)
    image = cv2.normalize(image, image, 0, 255, cv2.NORM_MINMAX)
    boxes = propose_boxes(image, 5, seed=3)
    assert boxes == propose_boxes(image, 5, seed=3)
    assert all(0 <= box.left < box.right <= 517 and 0 <= box.top < box.bottom <= 333 for box in boxes)
