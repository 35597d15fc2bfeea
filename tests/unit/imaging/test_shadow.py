"""Shadows: found where the object casts one, left alone where nothing speaks for one, and divided out exactly."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.imaging.inpainting import SmoothInpainter
from liwi.imaging.shadow import MAX_RIM, RIM, clean_background, divide_out, hole_behind, rim_width
from liwi.imaging.shadow_fit import estimate_shadow
from liwi.imaging.shadow_shape import ShadowShape
from liwi.types import BoundingBox

Float32 = NDArray[np.float32]
SIZE = (400, 520)
BOX = BoundingBox(198, 98, 302, 282)


def figure() -> Float32:
    """A head on a body: (400, 520) float32, alpha."""
    alpha = np.zeros(SIZE, np.float32)
    cv2.circle(alpha, (250, 130), 30, 1, -1)
    cv2.rectangle(alpha, (225, 155), (275, 279), 1, -1)
    cv2.rectangle(alpha, (200, 170), (300, 190), 1, -1)
    return cv2.GaussianBlur(alpha, (0, 0), 0.8)


def ground(seed: int = 0) -> Float32:
    """A floor with a gentle gradient and grain: (400, 520, 3) float32 in [0, 255]."""
    rng = np.random.default_rng(seed)
    grain = sum(cv2.resize(rng.normal(0, 5, (400 // step, 520 // step)), SIZE[::-1]) for step in (1, 4, 20))
    rows = np.linspace(0, 40, SIZE[0])[:, None]
    return np.clip(np.stack([150 + grain + rows, 130 + grain + rows, 110 + grain + rows], 2), 1, 255).astype(np.float32)


def picture(shading: Float32 | None = None) -> NDArray[np.uint8]:
    alpha = figure()[..., None]
    floor = ground() if shading is None else ground() * shading[..., None]
    return np.clip(np.rint(alpha * (30, 60, 160) + (1 - alpha) * floor), 0, 255).astype(np.uint8)


SHAPES = {
    "ground": ShadowShape(0.6, 0.3, 0, 0, 0.02),
    "towards the viewer": ShadowShape(-0.5, -0.2, 0, 0, 0.02),
    "wall": ShadowShape(0, 1, 0.08, 0.05, 0.03),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_cast_shadow_leaves_the_background(name: str) -> None:
    blocked = SHAPES[name].render(figure(), 280, 250, 180)
    source = picture(1 - 0.45 * blocked)
    cleaned = clean_background(source, figure(), BOX, inpainter=SmoothInpainter())
    region = (0.45 * blocked > 0.03) & (figure() < 0.02)
    left = np.abs(source.astype(float) - ground())[region].mean()
    error = np.abs(cleaned.background.astype(float) - ground())[region].mean()
    assert error < 0.4 * left
    untouched = ~cleaned.hole & (cleaned.shading == 1).all(axis=2)
    assert np.array_equal(cleaned.background[untouched], source[untouched])


def test_without_a_shadow_nothing_outside_the_hole_changes() -> None:
    source = picture()
    cleaned = clean_background(source, figure(), BOX, inpainter=SmoothInpainter())
    assert (cleaned.shading == 1).all()
    assert np.array_equal(cleaned.background[~cleaned.hole], source[~cleaned.hole])


def test_a_dark_patch_of_another_colour_is_no_shadow() -> None:
    source = picture()
    stain = cv2.circle(np.zeros(SIZE, np.uint8), (340, 260), 40, 1, -1) > 0
    source[stain] = (20, 90, 40)
    shading = estimate_shadow(source, figure(), BOX)
    assert (shading == 1).all()


def test_the_shadow_stays_in_the_picture_where_the_switch_is_off() -> None:
    source = picture(1 - 0.45 * SHAPES["ground"].render(figure(), 280, 250, 180))
    cleaned = clean_background(source, figure(), BOX, extract_shadow=False, inpainter=SmoothInpainter())
    assert (cleaned.shading == 1).all()
    assert np.array_equal(cleaned.background[~cleaned.hole], source[~cleaned.hole])


def test_nothing_is_changed_where_the_picture_has_no_support() -> None:
    source = picture(1 - 0.45 * SHAPES["ground"].render(figure(), 280, 250, 180))
    support = np.full(SIZE, 255, np.uint8)
    support[:, 350:] = 0
    shading = estimate_shadow(source, figure(), BOX, support=support)
    assert (shading[:, 350:] == 1).all()


def test_the_shading_of_a_picture_divides_out_to_the_picture() -> None:
    shading = np.ones((*SIZE, 3), np.float32)
    shading[200:300] = 0.5
    lit = divide_out(picture(), shading)
    assert np.array_equal(lit[:200], picture()[:200])
    assert np.array_equal(lit[200:300], np.minimum(picture()[200:300].astype(int) * 2, 255))


def test_the_hole_holds_the_object_and_a_narrow_rim() -> None:
    alpha = figure()
    hole = hole_behind(alpha)
    assert hole[alpha > 0.02].all()
    assert not hole[cv2.dilate(alpha, np.ones((11, 11))) <= 0.02].any()
    assert not hole_behind(np.zeros((5, 5), np.float32)).any()
    assert hole_behind(np.ones((5, 5), np.float32)).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (10, 10), (30, 30)], ids=str)
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_tiny_pictures_and_empty_or_full_mattes_are_cleaned(shape: tuple[int, int], level: float) -> None:
    source = np.full((*shape, 3), 77, np.uint8)
    box = BoundingBox(0, 0, shape[1], shape[0])
    cleaned = clean_background(source, np.full(shape, level, np.float32), box, inpainter=SmoothInpainter())
    assert np.array_equal(cleaned.background, source)
    assert cleaned.shading.shape == source.shape and (cleaned.shading > 0).all()


def test_the_rim_is_wider_where_the_outline_is_blurred_beyond_the_matte() -> None:
    sharp = picture()
    blurred = cv2.GaussianBlur(sharp, (0, 0), 3)
    assert rim_width(sharp, figure()) <= 0.016
    assert rim_width(sharp, figure()) < rim_width(blurred, figure()) <= MAX_RIM
    assert rim_width(sharp, np.zeros(SIZE, np.float32)) == RIM
