"""Every metric on arrays small enough to work out by hand."""

from pathlib import Path

import numpy as np
import pytest

from liwi.evaluation import metrics
from liwi.export.archive import write_folder
from liwi.imaging.io import decode_png, encode_png
from liwi.types import BoundingBox, DecompositionRequest
from tests.unit.evaluation.conftest import BOX, Knowing, make_sample


def row(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def pixels(*values: tuple[int, ...]) -> np.ndarray:
    return np.array([values], np.uint8)


@pytest.mark.parametrize(
    ("alpha", "truth", "expected"),
    [
        (row(1, 0.5, 0), row(1, 1, 0), 0.75),  # (1 + .5) / (1 + 1)
        (row(0.2, 0.8), row(0.6, 0.4), 0.6 / 1.4),
        (row(1, 0), row(0, 1), 0.0),
        (row(0, 0), row(0, 0), 1.0),
        (row(0, 0), row(1, 0), 0.0),
    ],
)
def test_soft_iou_is_minima_over_maxima(alpha: np.ndarray, truth: np.ndarray, expected: float) -> None:
    assert metrics.alpha_soft_iou(alpha, truth) == pytest.approx(expected)


def test_boundary_error_counts_only_pixels_that_are_truly_soft() -> None:
    assert metrics.boundary_error(row(0, 0.5, 0.1, 1), row(1, 0.7, 0.5, 0.97)) == pytest.approx((0.2 + 0.4) / 2)
    assert metrics.boundary_error(row(0.5), row(1)) is None


def test_foreground_colour_error_is_weighted_by_the_true_alpha() -> None:
    truth = pixels((100, 100, 100, 255), (0, 0, 0, 51), (9, 9, 9, 0))
    found = pixels((100, 151, 100, 255), (255, 255, 255, 255), (200, 0, 0, 255))
    # first pixel: 51/255 in one channel of three, weight 1; second: 1, weight .2; third: weight 0
    expected = (0.2 / 3 * 1 + 1 * 0.2) / 1.2
    assert metrics.foreground_rgb_l1(found, truth, pixels((0, 0, 0), (0, 0, 0), (0, 0, 0))) == pytest.approx(expected)


def test_an_erased_pixel_takes_the_colour_of_the_source() -> None:
    truth, found = pixels((100, 100, 100, 255)), pixels((0, 0, 0, 0))
    assert metrics.foreground_rgb_l1(found, truth, pixels((100, 100, 100))) == 0
    assert metrics.layer_l1(found, truth) == pytest.approx(100 / 255)  # but the layer lacks it


def test_figures_of_an_object_that_is_not_there_are_none() -> None:
    empty = pixels((1, 2, 3, 0))
    assert metrics.foreground_rgb_l1(empty, empty, pixels((0, 0, 0))) is None
    assert metrics.layer_l1(empty, empty) is None


def test_layer_error_compares_premultiplied_colour_over_the_union() -> None:
    truth = pixels((255, 0, 0, 255), (0, 0, 0, 0), (7, 7, 7, 0))
    found = pixels((255, 0, 0, 255), (0, 255, 0, 51), (90, 90, 90, 0))
    assert metrics.layer_l1(found, truth) == pytest.approx((0.2 / 3) / 2)


def test_regions_are_disjoint_and_lie_where_they_should() -> None:
    sample = make_sample("one")
    alpha = sample.foregrounds[0][..., 3] / np.float32(255)
    regions = metrics.background_regions(alpha, sample.shadow_factor / np.float32(65535), (BOX,))
    every = (regions.covered, regions.shadowed, regions.rim, regions.elsewhere)
    assert np.sum(every, axis=0).max() == 1
    assert regions.covered.sum() == 20 * 20
    assert regions.shadowed.sum() == 20 * 6
    assert regions.rim.sum() == 4 * 20 - 15  # one pixel around the square, less where the shadow is: rows 15 to 29 of its right side
    left, right = np.flatnonzero(regions.elsewhere.any(axis=0))[[0, -1]]
    assert (left, right) == (BOX.left - 14, BOX.right + 14 - 1)  # round(.6 * 24) = 14 px around the box


def test_a_faint_shadow_does_not_count_as_one() -> None:
    factor = np.full((10, 10, 3), 0.975, np.float32)
    assert not metrics.background_regions(np.zeros((10, 10), np.float32), factor, (BoundingBox(2, 2, 5, 5),)).shadowed.any()
    assert metrics.background_regions(np.zeros((10, 10), np.float32), factor - 0.01, (BoundingBox(2, 2, 5, 5),)).shadowed.all()


def test_l1_is_taken_inside_the_region_alone() -> None:
    found, truth = pixels((0, 0, 0), (255, 0, 0)), pixels((51, 51, 51), (0, 0, 0))
    assert metrics.l1_inside(found, truth, np.array([[True, False]])) == pytest.approx(0.2)
    assert metrics.l1_inside(found, truth, np.array([[True, True]])) == pytest.approx((0.2 + 1 / 3) / 2)
    assert metrics.l1_inside(found, truth, np.zeros((1, 2), bool)) is None


def test_texture_is_one_for_the_truth_and_zero_for_a_smooth_fill() -> None:
    truth = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    region = np.ones((20, 20), bool)
    assert metrics.texture_ratio(truth, truth, region) == 1
    assert metrics.texture_ratio(np.full_like(truth, 128), truth, region) == 0
    assert metrics.texture_ratio(truth, np.full_like(truth, 128), region) is None


def test_largest_difference_is_in_levels_and_does_not_wrap() -> None:
    assert metrics.largest_difference(pixels((0, 255, 3)), pixels((255, 0, 3))) == 255


def test_a_folder_is_added_up_from_its_files(tmp_path: Path) -> None:
    source = make_sample("one").source
    folder = write_folder(Knowing().decompose(DecompositionRequest(source, boxes=(BOX,))), tmp_path / "export")
    assert np.array_equal(metrics.recompose_folder(folder), source)


def test_a_folder_with_a_changed_shadow_no_longer_adds_up(tmp_path: Path) -> None:
    source = make_sample("one").source
    folder = write_folder(Knowing().decompose(DecompositionRequest(source, boxes=(BOX,))), tmp_path / "export")
    levels = decode_png((folder / "shadow.png").read_bytes()).astype(np.uint16)
    levels[0, 0] += 2 * 257  # four levels of 255
    (folder / "shadow.png").write_bytes(encode_png(levels))
    assert metrics.largest_difference(metrics.recompose_folder(folder), source) == 4
