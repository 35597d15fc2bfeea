"""Alpha at an edge, solved from the two colours that meet there."""

import cv2
import numpy as np

from liwi.imaging.enlarging import sharpen_alpha
from liwi.seethrough.edge_alpha import edge_alpha


def edge() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A dark disc before skin: its true alpha, both colours, and the picture."""
    y, x = np.mgrid[:60, :80].astype(np.float32)
    alpha = np.clip(18.5 - np.hypot(x - 40, y - 30), 0, 1)
    front, back = (np.full((60, 80, 3), color, np.uint8) for color in ((90, 50, 30), (250, 220, 200)))
    seen = np.rint(front * alpha[..., None] + back * (1 - alpha[..., None])).astype(np.uint8)
    return alpha, front, back, seen


def blurred(alpha: np.ndarray, scale: int) -> np.ndarray:
    small = cv2.resize(alpha, (alpha.shape[1] // scale, alpha.shape[0] // scale), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, alpha.shape[::-1], interpolation=cv2.INTER_LINEAR)


def test_where_colours_differ_the_picture_says_how_much_is_in_front() -> None:
    alpha, front, back, seen = edge()
    known = np.ones(alpha.shape, bool)
    found = edge_alpha(blurred(alpha, 4), front, back, known, seen, 4)
    assert np.abs(found - alpha).max() < 0.03 < np.abs(blurred(alpha, 4) - alpha).max()
    moved = edge_alpha(np.roll(blurred(alpha, 4), 2, axis=1), front, back, known, seen, 4)
    assert np.abs(moved - alpha).mean() < 0.2 * np.abs(np.roll(blurred(alpha, 4), 2, axis=1) - alpha).mean()


def test_where_they_do_not_tell_the_guess_stays() -> None:
    alpha, front, back, seen = edge()
    guess, known = blurred(alpha, 4), np.ones(alpha.shape, bool)
    np.testing.assert_array_equal(edge_alpha(guess, front, front, known, seen, 4), guess)  # one colour
    np.testing.assert_array_equal(edge_alpha(guess, front, back, ~known, seen, 4), guess)  # something lies in front
    other = np.full_like(seen, (20, 200, 60))
    np.testing.assert_array_equal(edge_alpha(guess, front, back, known, other, 4), guess)  # no mixture of the two


def test_sharpening_makes_edges_steeper_and_keeps_thin_parts_beside_their_own_colour() -> None:
    alpha, front, _, seen = edge()
    assert np.abs(sharpen_alpha(blurred(alpha, 4), seen, 4) - alpha).mean() < 0.6 * np.abs(blurred(alpha, 4) - alpha).mean()
    thin = np.zeros_like(alpha)
    thin[28:31, 10:70] = 1
    kept = sharpen_alpha(blurred(thin, 3), np.where(thin[..., None] > 0, front, front // 2 + 100), 3)
    assert 0.7 < kept.sum() / thin.sum() < 1.3
    np.testing.assert_array_equal(sharpen_alpha(thin[:4, :4], seen[:4, :4], 4), thin[:4, :4])
