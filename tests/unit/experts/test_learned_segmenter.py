"""The learned segmenter keeps what every segmenter promises, whatever its network answers."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from liwi.experts.learned_segmenter import LearnedSegmenter
from liwi.experts.matting_network import MattingNetwork
from liwi.experts.unet import UNetSettings
from liwi.imaging.segmentation import ClassicalSegmenter
from liwi.types import BoundingBox, Hint

UInt8 = NDArray[np.uint8]


def network(scale: float) -> MattingNetwork:
    """Untrained, its correction ``scale`` strong: 0 answers the prior, much answers noise."""
    torch.manual_seed(0)
    made = MattingNetwork(UNetSettings(widths=(32, 64), blocks=(1, 1), attentions=(0, 1), details=4))
    torch.nn.init.normal_(made.correction.weight, std=scale)
    return made.eval()


def scene(height: int = 120, width: int = 160) -> tuple[UInt8, BoundingBox, NDArray[np.bool_]]:
    """A reddish disc before bluish noise."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width]
    disc = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(height, width) * 0.3) ** 2
    picture = np.where(disc[..., None], (200, 60, 50), (40, 70, 160)) + rng.normal(0, 25, (height, width, 3))
    box = BoundingBox.around(disc)
    assert box is not None
    return np.clip(picture, 0, 255).astype(np.uint8), box.expand(2), disc


def iou(probability: NDArray[np.float32], truth: NDArray[np.bool_]) -> float:
    mask = probability > 0.5
    return float((mask & truth).sum() / (mask | truth).sum())


def test_untrained_it_is_as_good_as_its_prior() -> None:
    picture, box, disc = scene()
    learned = LearnedSegmenter(network(0.0)).segment(picture, box)
    assert learned.dtype == np.float32
    assert iou(learned, disc) > iou(ClassicalSegmenter().segment(picture, box), disc) - 0.02 > 0.9


def test_corrections_hold_even_against_the_network() -> None:
    picture, box, _ = scene()
    keep, drop = Hint("keep", ((4, 4),), 2), Hint("drop", ((80, 60),), 3)
    for scale in (0.0, 20.0):
        probability = LearnedSegmenter(network(scale)).segment(picture, box, (keep, drop))
        assert (probability[3:6, 3:6] == 1).all()
        assert (probability[58:63, 78:83] == 0).all()


def test_nothing_is_found_outside_of_the_box_or_where_there_is_no_picture() -> None:
    picture, box, _ = scene()
    support = np.full(picture.shape[:2], 255, np.uint8)
    support[:, :70] = 0
    probability = LearnedSegmenter(network(20.0)).segment(picture, box, (), support)
    outside = np.ones(picture.shape[:2], bool)
    outside[box.slices] = False
    assert (probability[outside] == 0).all()
    assert (probability[support == 0] == 0).all()
    assert probability.min() >= 0
    assert probability.max() <= 1


def test_the_same_seed_gives_the_same_answer() -> None:
    picture, box, _ = scene()
    segmenter = LearnedSegmenter(network(3.0))
    assert np.array_equal(segmenter.segment(picture, box, seed=4), segmenter.segment(picture, box, seed=4))


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((9, 11), (2, 2, 7, 7)),
        ((300, 40), (5, 10, 30, 280)),
        ((40, 500), (0, 0, 500, 40)),
        ((60, 60), (59, 59, 60, 60)),
        ((384, 300), (0, 0, 300, 384)),
    ],
)
def test_any_size_of_box_and_crop_is_answered(size: tuple[int, int], box: tuple[int, int, int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (*size, 3)).astype(np.uint8)
    probability = LearnedSegmenter(network(3.0)).segment(picture, BoundingBox(*box))
    assert probability.shape == size
    assert np.isfinite(probability).all()
    assert (probability > 0.5).any()


def test_before_a_plain_ground_the_exact_answer_stands() -> None:
    picture = np.full((80, 80, 3), 250, np.uint8)
    picture[20:60, 25:50] = (20, 90, 30)
    box = BoundingBox(22, 18, 53, 62)
    assert np.array_equal(LearnedSegmenter(network(20.0)).segment(picture, box), ClassicalSegmenter().segment(picture, box))


def test_a_box_outside_of_the_crop_is_a_mistake_of_the_caller() -> None:
    picture, _, _ = scene()
    with pytest.raises(ValueError, match="outside"):
        LearnedSegmenter(network(0.0)).segment(picture, BoundingBox(400, 400, 420, 420))
