"""Fills: laws first (outside unchanged, repeatable, always a picture), then what they look like."""

import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.imaging.inpainting import PatchMatchInpainter, SmoothInpainter, crop_around, pull_push
from liwi.imaging.inpainting_field import match_patches
from liwi.protocols import Inpainter

INPAINTERS: list[Inpainter] = [SmoothInpainter(), PatchMatchInpainter()]
SHAPES = [(1, 1), (1, 50), (50, 1), (2, 2), (5, 5), (8, 40), (3, 300), (64, 64), (120, 90)]
OBJECT_COLOUR = (255, 0, 255)


def noise(shape: tuple[int, int], seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def checkerboard(side: int, cell: int) -> NDArray[np.uint8]:
    rows, columns = np.indices((side, side)) // cell
    return np.repeat(np.where((rows + columns) % 2, 200, 60).astype(np.uint8)[..., None], 3, axis=2)


def holes(shape: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    middle, border, all_but_one, stripes = (np.zeros(shape, bool) for _ in range(4))
    middle[shape[0] // 2, shape[1] // 2] = True
    border[[0, -1]] = True
    border[:, [0, -1]] = True
    all_but_one[:] = True
    all_but_one[0, 0] = False
    stripes[:, ::2] = True
    return {
        "none": np.zeros(shape, bool),
        "all": np.ones(shape, bool),
        "one pixel": middle,
        "border": border,
        "all but one": all_but_one,
        "stripes": stripes,
    }


@pytest.mark.parametrize("inpainter", INPAINTERS, ids=lambda inpainter: type(inpainter).__name__)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_any_hole_in_any_picture_is_filled_and_the_rest_unchanged(inpainter: Inpainter, shape: tuple[int, int]) -> None:
    image = noise(shape)
    for name, hole in holes(shape).items():
        before = image.copy()
        filled = inpainter.fill(image, hole, seed=3)
        assert filled.shape == image.shape and filled.dtype == np.uint8, name
        assert np.array_equal(filled[~hole], image[~hole]), name
        assert np.array_equal(image, before), name
        assert np.array_equal(filled, inpainter.fill(image, hole, seed=3)), name


@pytest.mark.parametrize("inpainter", INPAINTERS, ids=lambda inpainter: type(inpainter).__name__)
def test_nothing_of_the_object_is_left(inpainter: Inpainter) -> None:
    image = np.full((300, 400, 3), 90, np.uint8)
    hole = np.zeros((300, 400), bool)
    hole[80:220, 120:280] = True
    image[hole] = OBJECT_COLOUR
    assert np.abs(inpainter.fill(image, hole)[hole].astype(int) - 90).max() <= 1


@pytest.mark.parametrize("inpainter", INPAINTERS, ids=lambda inpainter: type(inpainter).__name__)
def test_nothing_is_taken_from_pixels_to_avoid(inpainter: Inpainter) -> None:
    image = np.full((200, 300, 3), 90, np.uint8)
    hole, avoid = np.zeros((2, 200, 300), bool)
    hole[60:140, 100:180] = True
    avoid[:, 190:] = True
    image[avoid] = OBJECT_COLOUR
    filled = inpainter.fill(image, hole, avoid=avoid)
    assert np.abs(filled[hole].astype(int) - 90).max() <= 6
    assert np.array_equal(filled[avoid], image[avoid])


def test_patch_match_keeps_the_texture_of_the_surroundings_at_full_size() -> None:
    image = noise((900, 900)) // 2 + 60
    hole = np.zeros((900, 900), bool)
    hole[250:650, 250:650] = True
    filled = PatchMatchInpainter().fill(image, hole)
    assert filled[hole].std() > 0.85 * image[~hole].std()
    assert abs(float(filled[hole].mean()) - float(image[~hole].mean())) < 3


def test_patch_match_continues_a_regular_pattern() -> None:
    image = checkerboard(240, 12)
    hole = np.zeros((240, 240), bool)
    hole[90:150, 90:150] = True
    damaged = image.copy()
    damaged[hole] = OBJECT_COLOUR
    filled = PatchMatchInpainter().fill(damaged, hole, seed=1)
    smooth = SmoothInpainter().fill(damaged, hole)
    assert np.abs(filled[hole].astype(int) - image[hole]).mean() < 0.5 * np.abs(smooth[hole].astype(int) - image[hole]).mean()


def test_pull_push_keeps_what_is_known_and_is_exact_for_a_constant() -> None:
    values = np.full((37, 53, 2), 0.25, np.float32)
    weight = np.zeros((37, 53), np.float32)
    weight[5, 7] = weight[30, 40] = 1
    assert np.allclose(pull_push(values, weight), 0.25, atol=1e-5)
    values[5, 7] = 0.9
    assert np.allclose(pull_push(values, weight)[5, 7], 0.9, atol=1e-5)


def test_the_crop_around_a_hole_grows_with_the_hole_and_not_with_the_picture() -> None:
    hole = np.zeros((2000, 3000), bool)
    assert crop_around(hole) is None
    hole[1000:1100, 1500:1700] = True
    crop = crop_around(hole)
    assert crop is not None
    assert crop.as_tuple() == (1400, 900, 1800, 1200)


def test_the_field_points_from_a_copy_to_its_original() -> None:
    image = noise((60, 80), seed=4)
    image[20:40, 50:70] = image[20:40, 10:30]
    hole = np.zeros((60, 80), bool)
    hole[22:38, 52:68] = True
    sources = np.zeros((60, 80), bool)
    sources[2:58, 2:40] = True
    field = match_patches(image, hole, sources)
    assert (field[hole] == (0, -40)).all(axis=1).mean() > 0.95
    assert not field[~hole].any()
