"""Cast shadows darken the background beside the object, softly, by no more than their strength."""

import numpy as np
import pytest

from data_tools.shadows import ShadowKind, ShadowParameters, cast_shadow, draw_parameters
from liwi.types import BoundingBox


def standing_block() -> np.ndarray:
    alpha = np.zeros((200, 300), np.float32)
    alpha[60:160, 130:170] = 1
    return alpha


def test_no_shadow_changes_nothing() -> None:
    assert np.array_equal(cast_shadow(standing_block(), ShadowParameters(ShadowKind.NONE)), np.ones((200, 300, 3), np.float32))


def test_a_ground_shadow_starts_at_the_feet_and_leans_to_its_side() -> None:
    factor = cast_shadow(standing_block(), ShadowParameters(ShadowKind.GROUND, 0.5, 0.01, shear=0.8, squash=0.3))
    dark = BoundingBox.around(factor[..., 0] < 0.75)
    assert dark is not None
    assert abs(dark.bottom - 160) <= 8 and dark.top >= 60 + 0.6 * 100  # squashed: 100 px of height become 30
    assert dark.right > 170 + 0.6 * 80 and dark.left >= 120  # sheared by 80 px to the right
    assert factor.min() == pytest.approx(0.5, abs=0.01)


def test_a_ground_shadow_may_fall_towards_the_viewer() -> None:
    factor = cast_shadow(standing_block(), ShadowParameters(ShadowKind.GROUND, 0.5, 0.01, shear=0.3, squash=-0.2))
    assert (factor[165:178, 130:190, 0] < 0.75).any()


def test_a_drop_shadow_is_the_object_moved_aside() -> None:
    factor = cast_shadow(standing_block(), ShadowParameters(ShadowKind.DROP, 0.4, 0.008, offset=(0.1, 0.05)))
    expected = np.ones((200, 300), np.float32)
    expected[65:165, 140:180] = 0.6
    assert np.abs(factor[..., 0] - expected).mean() < 0.005


def test_a_contact_shadow_stays_at_the_feet() -> None:
    factor = cast_shadow(standing_block(), ShadowParameters(ShadowKind.CONTACT, 0.5, 0.02))
    rows = np.flatnonzero((factor < 0.97).any(axis=(1, 2)))
    assert rows[0] >= 145 and rows[-1] <= 170
    assert factor[159, 150, 0] < 0.75


def test_a_tint_darkens_the_channels_differently() -> None:
    factor = cast_shadow(standing_block(), ShadowParameters(ShadowKind.DROP, 0.4, 0.01, offset=(0.1, 0.05), tint=(1.0, 0.94, 0.84)))
    red, green, blue = factor[110, 150]
    assert (
        red == pytest.approx(0.6, abs=1e-3)
        and green == pytest.approx(1 - 0.4 * 0.94, abs=1e-3)
        and blue == pytest.approx(1 - 0.4 * 0.84, abs=1e-3)
    )


def test_drawn_parameters_stay_in_their_ranges_and_a_figure_that_is_cut_off_casts_none_on_the_ground() -> None:
    rng = np.random.default_rng(3)
    drawn = [draw_parameters(rng, stands=True) for _ in range(300)]
    assert {each.kind for each in drawn} == set(ShadowKind)
    assert all(0.25 <= each.strength <= 0.6 and 0.01 <= each.blur <= 0.05 for each in drawn if each.kind is not ShadowKind.NONE)
    assert {draw_parameters(rng, stands=False).kind for _ in range(100)} == {ShadowKind.DROP, ShadowKind.NONE}
