"""Corrections mean a part, not a dot, and never act at a distance."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.imaging.corrections import shrink_marks
from liwi.imaging.hint_marks import DROPPED, KEPT
from liwi.imaging.masks import tidy
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.types import BoundingBox, Hint

SIZE = 200
BOX = BoundingBox(30, 30, 170, 170)
UInt8 = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def noise(seed: int, color: tuple[int, int, int], spread: float = 10.0) -> UInt8:
    values = np.random.default_rng(seed).normal(0, spread, (SIZE, SIZE, 3))
    return np.clip(cv2.GaussianBlur(values, (0, 0), 1.2) * 2 + color, 0, 255).astype(np.uint8)


def rectangle(left: int, top: int, right: int, bottom: int) -> Mask:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[top:bottom, left:right] = True
    return mask


@pytest.fixture(scope="module")
def figure() -> tuple[UInt8, Mask, Mask]:
    """A red cup above a long cloth; both stand out from the wall."""
    cloth, cup = rectangle(35, 120, 165, 160), rectangle(40, 40, 90, 120)
    image = np.where(cloth[..., None], noise(4, (190, 180, 120)), noise(6, (70, 90, 70)))
    return np.where(cup[..., None], noise(7, (220, 40, 40)), image).astype(np.uint8), cup, cloth


def test_clicks_take_more_than_a_dot_each_and_three_take_the_whole_cloth(figure: tuple[UInt8, Mask, Mask]) -> None:
    image, cup, cloth = figure
    clicks = tuple(Hint("drop", ((x, 140),)) for x in (150, 100, 50))
    left = [(ClassicalSegmenter().segment(image, BOX, clicks[:count]) > 0.5) for count in range(4)]
    share = [mask[cloth].mean() for mask in left]
    assert share[0] > 0.9 and share[1] < 0.7 and share[3] < 0.05
    assert all(mask[cup].mean() > 0.9 for mask in left)


def test_one_click_brings_a_dropped_part_back(figure: tuple[UInt8, Mask, Mask]) -> None:
    image, cup, cloth = figure
    tight = BoundingBox(36, 36, 94, 124)
    hints = (Hint("keep", ((65, 80),)), Hint("keep", ((130, 140),)))
    after = ClassicalSegmenter().segment(image, tight, hints) > 0.5
    assert after[cup].mean() > 0.9
    assert not after[~cup & ~cloth].any() or after[~cup & ~cloth].mean() < 0.02


def test_a_correction_never_acts_at_a_distance() -> None:
    """Two twins in the box: what is asked of one does not happen to the other."""
    left, right = rectangle(35, 60, 85, 140), rectangle(115, 60, 165, 140)
    image = np.where((left | right)[..., None], noise(8, (60, 110, 190)), noise(9, (150, 140, 120))).astype(np.uint8)
    before = ClassicalSegmenter().segment(image, BOX) > 0.5
    after = ClassicalSegmenter().segment(image, BOX, (Hint("drop", ((60, 100),)),)) > 0.5
    assert before[left].mean() > 0.95 and before[right].mean() > 0.95
    assert after[left].mean() < 0.1
    assert np.array_equal(after[right], before[right])


def test_an_eye_is_the_objects_own_and_a_gap_between_limbs_is_not() -> None:
    mask = rectangle(40, 40, 160, 160)
    eye, gap = rectangle(98, 98, 110, 110), rectangle(46, 60, 54, 140)
    tidied = tidy(mask & ~eye & ~gap, BOX, np.zeros((SIZE, SIZE), np.uint8))
    assert tidied[eye].all() and not tidied[gap].any()


def test_a_hole_that_somebody_asked_for_stays() -> None:
    eye = rectangle(98, 98, 110, 110)
    marks = np.zeros((SIZE, SIZE), np.uint8)
    marks[104, 104] = DROPPED
    assert not tidy(rectangle(40, 40, 160, 160) & ~eye, BOX, marks)[eye].any()


def test_the_smallest_mark_survives_shrinking() -> None:
    marks = np.zeros((300, 400), np.uint8)
    marks[299, 399], marks[7, 3] = KEPT, DROPPED
    small = shrink_marks(marks, (40, 30))
    assert small[29, 39] == KEPT and small[0, 0] == DROPPED and (small > 0).sum() == 2
