"""The classical segmenter on drawn pictures with a known answer."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.imaging.flat_background import flat_ring_color
from liwi.imaging.graph_cut import OPEN, SURE_BACKGROUND, SURE_OBJECT, contour_guide, cut
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.types import BoundingBox, Hint

SIZE = 160
BOX = BoundingBox(38, 38, 122, 122)


def disc(radius: int = 40) -> NDArray[np.bool_]:
    y, x = np.mgrid[:SIZE, :SIZE]
    return (x - 80) ** 2 + (y - 80) ** 2 <= radius**2


def textured(seed: int, color: tuple[int, int, int]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, 18, (SIZE, SIZE, 3))
    return np.clip(cv2.GaussianBlur(noise, (0, 0), 1.5) * 2.5 + color, 0, 255).astype(np.uint8)


def scene() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A reddish textured disc before green and blue texture."""
    background = textured(1, (70, 120, 60))
    background[:, SIZE // 2 :] = textured(2, (60, 80, 140))[:, SIZE // 2 :]
    truth = disc()
    return np.where(truth[..., None], textured(3, (180, 70, 60)), background), truth


def iou(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    mask = probability > 0.5
    return float((mask & truth).sum() / (mask | truth).sum())


def test_a_textured_object_before_a_textured_background_is_found() -> None:
    image, truth = scene()
    probability = ClassicalSegmenter().segment(image, BOX)
    assert probability.dtype == np.float32 and probability.shape == truth.shape
    assert probability.min() >= 0 and probability.max() <= 1
    assert iou(probability, truth) > 0.95


def test_nothing_outside_the_box_is_object() -> None:
    image, _ = scene()
    outside = np.ones((SIZE, SIZE), bool)
    outside[BOX.slices] = False
    assert not (ClassicalSegmenter().segment(image, BOX)[outside] > 0.5).any()


def test_a_seed_repeats_the_result_exactly() -> None:
    image, _ = scene()
    first, again = (ClassicalSegmenter().segment(image, BOX, seed=7) for _ in range(2))
    assert np.array_equal(first, again)


def test_a_part_of_the_background_that_lies_in_the_box_is_told_by_its_neighbours_outside() -> None:
    image, truth = scene()
    stripe = textured(5, (170, 160, 90))
    image[:, 100:118] = np.where(truth[:, 100:118, None], image[:, 100:118], stripe[:, 100:118])
    probability = ClassicalSegmenter().segment(image, BOX)
    beside = ~truth
    beside[:, :100] = False
    beside[:, 118:] = False
    assert (probability[beside] > 0.5).mean() < 0.1
    assert iou(probability, truth) > 0.9


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (255, 190, 200)])
def test_a_plain_background_keeps_parts_of_its_own_colour_that_line_art_encloses(ground: tuple[int, int, int]) -> None:
    image = np.full((SIZE, SIZE, 3), ground, np.uint8)
    line = (60, 60, 60) if ground != (0, 0, 0) else (200, 200, 200)
    cv2.circle(image, (80, 80), 38, line, 3)
    assert iou(ClassicalSegmenter().segment(image, BOX), disc()) > 0.97


def test_a_click_before_a_plain_background_takes_a_hole_out_and_leaves_the_rest() -> None:
    image = np.full((SIZE, SIZE, 3), 255, np.uint8)
    cv2.circle(image, (80, 80), 30, (200, 60, 60), 20)
    hole = disc(18)
    whole = ClassicalSegmenter().segment(image, BOX) > 0.5
    pierced = ClassicalSegmenter().segment(image, BOX, (Hint("drop", ((80, 80),)),)) > 0.5
    assert whole[hole].all() and pierced[hole].mean() < 0.1
    assert np.array_equal(pierced[~disc(24)], whole[~disc(24)])


def test_a_gradient_with_noise_is_still_a_plain_background() -> None:
    ramp = np.linspace(150, 220, SIZE)[:, None, None] + np.random.default_rng(0).normal(0, 1, (SIZE, SIZE, 3))
    image = np.where(disc()[..., None], np.array([215, 170, 150]), ramp).astype(np.uint8)
    ring = np.ones((SIZE, SIZE), bool)
    ring[BOX.slices] = False
    color = flat_ring_color(image, ring)
    assert color is not None
    assert np.abs(color[ring] - image[ring]).max() < 6
    assert iou(ClassicalSegmenter().segment(image, BOX), disc()) > 0.95


def test_texture_is_not_a_plain_background() -> None:
    image, _ = scene()
    ring = np.ones((SIZE, SIZE), bool)
    ring[BOX.slices] = False
    assert flat_ring_color(image, ring) is None


def test_a_click_takes_the_whole_missed_part_and_never_flips() -> None:
    """A leg in the colour of the ground is missed; one click on it takes most of it."""
    image, truth = scene()
    leg = np.zeros_like(truth)
    leg[110:121, 60:100] = True
    image[leg] = (150, 140, 150)
    image[130:150, 20:140] = (150, 140, 150)  # the same colour in the surroundings
    before = ClassicalSegmenter().segment(image, BOX, (Hint("drop", ((80, 115),)),))
    after = ClassicalSegmenter().segment(image, BOX, (Hint("keep", ((80, 115),)),))
    assert before[115, 80] == 0 and after[115, 80] == 1
    assert (after[leg] > 0.5).mean() > 0.8
    assert (before[leg] > 0.5).mean() < 0.2
    rest = truth & ~leg
    assert (after[rest] > 0.5).mean() > 0.9 and (before[rest] > 0.5).mean() > 0.9


def test_corrections_hold_everywhere_they_are_painted() -> None:
    image, _ = scene()
    hints = (Hint("keep", ((45, 45), (60, 45)), 2), Hint("drop", ((80, 70), (80, 90)), 3), Hint("keep", ((10, 10),), 1))
    probability = ClassicalSegmenter().segment(image, BOX, hints)
    assert probability[45, 50] == 1 and probability[10, 10] == 1
    assert probability[80, 80] == 0


def test_where_there_is_nothing_there_is_no_object() -> None:
    image, truth = scene()
    support = np.full((SIZE, SIZE), 255, np.uint8)
    support[80:] = 0
    probability = ClassicalSegmenter().segment(image, BOX, support=support)
    assert not probability[80:].any()
    assert iou(probability[:80], truth[:80]) > 0.85


def test_what_was_cut_out_already_is_the_object() -> None:
    image, truth = scene()
    probability = ClassicalSegmenter().segment(image, BOX, support=truth.astype(np.uint8) * 255)
    assert np.array_equal(probability > 0.5, truth & (_inside(BOX)))


def _inside(box: BoundingBox) -> NDArray[np.bool_]:
    inside = np.zeros((SIZE, SIZE), bool)
    inside[box.slices] = True
    return inside


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (7, 300), (300, 7), (9, 9), (64, 64), (400, 16)])
@pytest.mark.parametrize("kind", ["noise", "constant"])
def test_any_crop_and_box_give_some_object(shape: tuple[int, int], kind: str) -> None:
    height, width = shape
    image = np.full((height, width, 3), 128, np.uint8)
    if kind == "noise":
        image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    boxes = [
        BoundingBox(0, 0, width, height),
        BoundingBox(width // 2, height // 2, width // 2 + 1, height // 2 + 1),
        BoundingBox(width // 4, height // 4, max(width // 4 + 1, width * 3 // 4), max(height // 4 + 1, height * 3 // 4)),
        BoundingBox(0, 0, max(1, width // 2), height),
    ]
    for box in boxes:
        probability = ClassicalSegmenter().segment(image, box)
        assert np.isfinite(probability).all()
        assert (probability[box.slices] > 0.5).any()


def test_the_cut_follows_evidence_labels_and_edges() -> None:
    image = np.full((40, 60, 3), 90, np.uint8)
    image[:, 33:] = 200
    evidence = np.zeros((40, 60), np.float32)
    evidence[:, :10], evidence[:, 50:] = -3, 3
    labels = np.full((40, 60), OPEN, np.uint8)
    labels[:, :2], labels[:, -2:] = SURE_BACKGROUND, SURE_OBJECT
    mask = cut(contour_guide(image), evidence, labels, 1.0)
    assert not mask[:, :33].any() and mask[:, 33:].all()
