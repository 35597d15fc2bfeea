"""Trimaps, alpha, colours: on edges whose truth is known."""

import cv2
import numpy as np
import pytest

from liwi.imaging.matting import foreground_colors, guided_upsample, make_trimap, solve_alpha


def soft_disc(size: int, radius: float, softness: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    distance = np.hypot(rows - size / 2, columns - size / 2)
    return np.clip((radius - distance) / softness + 0.5, 0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def blended() -> tuple[np.ndarray, np.ndarray]:
    alpha = soft_disc(120, 40, 8)
    front, back = np.array([230, 80, 40]), np.array([30, 90, 160])
    image = np.rint(alpha[..., None] * front + (1 - alpha[..., None]) * back).astype(np.uint8)
    return image, alpha


def test_the_trimap_is_unknown_only_around_the_contour() -> None:
    probability = soft_disc(100, 30, 1)
    trimap = make_trimap(probability, 4)
    distance = np.abs(np.hypot(*(np.mgrid[:100, :100] - 50.0)) - 30)
    assert (trimap[distance < 3] == 0.5).all()
    assert not (trimap[distance > 6] == 0.5).any()
    assert set(np.unique(trimap)) == {0, 0.5, 1}


def test_what_is_thinner_than_the_band_keeps_a_sure_ridge() -> None:
    probability = np.zeros((60, 60), np.float32)
    probability[:, 29:32] = 1
    trimap = make_trimap(probability, 6)
    assert (trimap[:, 30] == 1).all()
    assert (trimap[:, 0] == 0).all()


def test_a_thin_arm_on_a_wide_body_stays_opaque_in_the_middle() -> None:
    truth = np.zeros((120, 160), np.float32)
    truth[30:90, 20:80] = 1
    truth[56:64, 80:150] = 1  # an arm of 8 px, the band is 2 * 6
    rng = np.random.default_rng(3)
    image = np.where(truth[..., None] > 0, (150, 110, 90), (120, 110, 100)) + rng.normal(0, 12, (120, 160, 3))
    alpha = solve_alpha(np.clip(image, 0, 255).astype(np.uint8), make_trimap(truth, 6))
    assert alpha[58:62, 84:146].min() > 0.9


def test_a_rough_contour_is_not_sure() -> None:
    probability = soft_disc(100, 30, 1)
    probability[48:52, 79:84] = 1  # a bump
    trimap = make_trimap(probability, 6)
    assert (trimap[48:52, 78:84] == 0.5).all()


def test_hints_are_never_unknown() -> None:
    sure = np.zeros((50, 50), np.uint8)
    sure[25, 9:12], sure[10, 25] = 1, 2
    trimap = make_trimap(soft_disc(50, 15, 1), 5, sure)
    assert (trimap[25, 9:12] == 1).all()
    assert trimap[10, 25] == 0


def test_alpha_of_a_soft_edge_is_found(blended: tuple[np.ndarray, np.ndarray]) -> None:
    image, truth = blended
    alpha = solve_alpha(image, make_trimap(truth, 8))
    assert np.abs(alpha - truth).max() < 0.06


def test_black_and_white_noise_is_solved_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """pymatting's preconditioner fails at its first shifts here, and would print so."""
    noise = (np.random.default_rng(0).random((90, 90, 1)) > 0.5).repeat(3, 2).astype(np.uint8) * 255
    alpha = solve_alpha(noise, make_trimap(soft_disc(90, 30, 1), 15))
    assert np.isfinite(alpha).all()
    assert capfd.readouterr().out == ""


def test_a_trimap_without_an_object_comes_back_as_it_is() -> None:
    trimap = np.full((20, 20), 0.5, np.float32)
    np.testing.assert_array_equal(solve_alpha(np.zeros((20, 20, 3), np.uint8), trimap), trimap)


def test_upsampling_follows_the_edges_of_the_picture(blended: tuple[np.ndarray, np.ndarray]) -> None:
    image, truth = blended
    small = cv2.resize(image, (40, 40), interpolation=cv2.INTER_AREA)
    coarse = cv2.resize(truth, (40, 40), interpolation=cv2.INTER_AREA)
    plain = cv2.resize(coarse, (120, 120), interpolation=cv2.INTER_LINEAR)
    guided = guided_upsample(coarse, small, image)
    assert np.abs(guided - truth).mean() < 0.5 * np.abs(plain - truth).mean()


def test_colours_of_the_object_do_not_show_the_background(blended: tuple[np.ndarray, np.ndarray]) -> None:
    image, alpha = blended
    colors = foreground_colors(image, alpha)
    seen = alpha > 0.3
    assert np.abs(colors[seen].astype(int) - [230, 80, 40]).max() < 16
    np.testing.assert_array_equal(colors[alpha > 0.98], image[alpha > 0.98])
    assert not colors[alpha == 0].any()


def test_inputs_stay_unchanged(blended: tuple[np.ndarray, np.ndarray]) -> None:
    image, alpha = blended
    before = image.copy(), alpha.copy()
    foreground_colors(image, alpha)
    solve_alpha(image, make_trimap(alpha, 5))
    np.testing.assert_array_equal(image, before[0])
    np.testing.assert_array_equal(alpha, before[1])
