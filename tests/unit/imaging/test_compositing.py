"""Laws of compositing."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from liwi.imaging.compositing import composite, over, resize_rgba, to_float, to_uint8, unblend

pixels = hnp.arrays(np.float32, (3, 2, 4), elements=st.floats(0, 1, width=32).map(lambda value: round(value, 3)))


def premultiplied(rgba: np.ndarray) -> np.ndarray:
    return np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=-1)


@given(pixels, pixels, pixels)
def test_over_is_associative(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> None:
    left, right = over(over(a, b), c), over(a, over(b, c))
    np.testing.assert_allclose(premultiplied(left), premultiplied(right), atol=2e-6)


@given(pixels)
def test_transparent_is_the_identity_of_over(a: np.ndarray) -> None:
    nothing = np.zeros_like(a)
    np.testing.assert_allclose(premultiplied(over(a, nothing)), premultiplied(a), atol=1e-6)
    np.testing.assert_allclose(premultiplied(over(nothing, a)), premultiplied(a), atol=1e-6)


@given(pixels)
def test_an_opaque_front_hides_everything(back: np.ndarray) -> None:
    front = np.ones_like(back)
    np.testing.assert_array_equal(over(front, back), front)


@given(pixels, pixels)
def test_composite_runs_back_to_front(back: np.ndarray, front: np.ndarray) -> None:
    np.testing.assert_array_equal(composite([back, front]), over(front, back))


@given(
    hnp.arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32)),
    hnp.arrays(np.float32, (4, 3), elements=st.floats(0, 1, width=32)),
    st.floats(0.125, 1, width=32),
)
def test_unblend_inverts_blending(foreground: np.ndarray, background: np.ndarray, alpha: float) -> None:
    opacity = np.full((4, 1), alpha, np.float32)
    observed = opacity * foreground + (1 - opacity) * background
    np.testing.assert_allclose(unblend(observed, opacity, background), foreground, atol=1e-5)


def test_unblend_keeps_the_picture_where_alpha_is_zero() -> None:
    observed = np.full((2, 3), 0.25, np.float32)
    np.testing.assert_array_equal(unblend(observed, np.zeros((2, 1), np.float32), np.zeros((2, 3), np.float32)), observed)


@given(hnp.arrays(np.uint8, (5, 7, 4)))
def test_bytes_survive_the_way_through_float(rgba: np.ndarray) -> None:
    np.testing.assert_array_equal(to_uint8(to_float(rgba)), rgba)


def test_resizing_lets_no_hidden_colour_bleed_in() -> None:
    rgba = np.zeros((40, 40, 4), np.uint8)
    rgba[..., :3] = (0, 255, 0)  # green that nobody should ever see
    rgba[10:30, 10:30] = (255, 0, 0, 255)
    for size in ((13, 17), (97, 80)):
        resized = resize_rgba(rgba, size)
        assert resized.shape == (size[1], size[0], 4)
        assert resized[resized[..., 3] > 8][:, 1].max() <= 8
