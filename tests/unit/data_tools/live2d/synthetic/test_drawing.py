"""Colours, curves and the painter."""

from random import Random

import numpy as np
import pytest
from numpy.testing import assert_allclose

from data_tools.live2d.synthetic.colors import Tone, choose_palette, mix, oklch
from data_tools.live2d.synthetic.curves import ellipse, lock_widths, mirrored, ribbon, spline, symmetric, turned
from data_tools.live2d.synthetic.drawing import Drawing


def test_oklch_gives_the_known_colours() -> None:
    assert_allclose(oklch(1, 0, 0), (1, 1, 1), atol=2e-3)
    assert_allclose(oklch(0, 0, 0), (0, 0, 0), atol=2e-3)
    assert_allclose(oklch(0.62796, 0.25768, 29.234), (1, 0, 0), atol=5e-3)


def test_colours_outside_of_the_screen_lose_chroma_and_not_hue() -> None:
    red, green, blue = oklch(0.6, 0.9, 29)
    assert red > 0.8
    assert max(green, blue) < 0.35


@pytest.mark.parametrize("seed", range(8))
def test_light_falls_off_in_order_on_every_material(seed: int) -> None:
    palette = choose_palette(Random(seed))
    for tone in (palette.skin, palette.hair, palette.main, palette.accent, palette.white):
        brightness = [float(np.dot(color, (0.2126, 0.7152, 0.0722))) for color in (tone.base, tone.shade, tone.deep, tone.line)]
        assert brightness == sorted(brightness, reverse=True)


def test_mixing_goes_from_the_first_to_the_second() -> None:
    assert mix((0, 0, 0), (1, 0.5, 0), 0) == (0, 0, 0)
    assert mix((0, 0, 0), (1, 0.5, 0), 0.5) == (0.5, 0.25, 0)


def test_a_spline_passes_its_points_and_turns_sharply_only_at_corners() -> None:
    points = np.array([(0, 0), (10, 0), (10, 10), (0, 10)], float)
    smooth, sharp = spline(points, closed=True), spline(points, closed=True, corners=range(4))
    for point in points:
        assert np.linalg.norm(smooth - point, axis=1).min() < 1e-9
        assert np.linalg.norm(sharp - point, axis=1).min() < 1e-9
    assert smooth.max() > 10.2
    assert sharp.max() == 10


def test_mirroring_twice_and_turning_back_change_nothing() -> None:
    points = ellipse(3, 4, 5, 2)
    assert_allclose(mirrored(mirrored(points, 7), 7), points)
    assert_allclose(turned(turned(points, 33, (1, 2)), -33, (1, 2)), points)
    whole = symmetric([(5, 0), (9, 4), (5.5, 8)], 5)
    assert_allclose(np.sort(10 - whole[:, 0]), np.sort(whole[:, 0]), atol=1e-9)


def test_a_lock_is_pointed_and_a_ribbon_as_wide_as_asked() -> None:
    widths = lock_widths(20, 8.0)
    assert widths[-1] == 0
    assert widths.max() == pytest.approx(8, rel=0.02)
    straight = np.stack([np.zeros(20), np.arange(20.0)], axis=1)
    assert np.ptp(ribbon(straight, 6.0)[:, 0]) == pytest.approx(6)


def test_a_drawing_is_painted_cropped_at_any_scale() -> None:
    for scale in (0.5, 2.0):
        drawing = Drawing(4.0)
        drawing.shape(np.array([(100, 200), (160, 200), (160, 300), (100, 300)], float), Tone(0.6, 0.1, 30), shift=(-10, 0))
        pixels, (left, top, right, bottom) = drawing.render(scale)
        assert pixels.shape[1] == pytest.approx((right - left) * scale)
        assert (left, top) <= (98, 198)
        assert right >= 162
        assert bottom >= 302
        assert pixels[pixels.shape[0] // 2, pixels.shape[1] // 2, 3] == 255
        assert pixels[0, 0, 3] == 0


def test_what_is_drawn_within_a_shape_stays_inside() -> None:
    drawing = Drawing(2.0)
    disc = ellipse(50, 50, 20, 20)
    with drawing.within(disc):
        drawing.fill(np.array([(-500, -500), (500, -500), (500, 500), (-500, 500)], float), (1, 0, 0))
    assert_allclose(drawing.box, (30, 30, 70, 70), atol=1e-3)
    pixels, _ = drawing.render(1.0)
    assert pixels[..., 3].sum() / 255 == pytest.approx(np.pi * 400, rel=0.02)


def test_an_empty_drawing_cannot_be_painted() -> None:
    with pytest.raises(ValueError, match="nothing was drawn"):
        Drawing(1.0).render(1.0)
