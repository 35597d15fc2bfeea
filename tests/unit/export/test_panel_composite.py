from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liwi.export.panel_composite import blend, render_panel, shows_source
from liwi.types import BlendMode, Decomposition, Layer, LayerRole, LayerStack
from tests.unit.export.pictures import PROVENANCE, overlapping_decomposition, plain_decomposition, random_decomposition, with_state


def one_pixel(*layers: tuple[tuple[int, int, int, int], BlendMode, float], shadow: bool = False) -> np.ndarray:
    """The panel's picture of 2 x 2 equal pixels, back to front, without S unless asked."""
    stack = LayerStack(
        tuple(
            Layer(np.full((2, 2, 4), rgba, np.uint8), LayerRole.FOREGROUND, str(i), opacity=opacity, blend=mode)
            for i, (rgba, mode, opacity) in enumerate(layers)
        )
    )
    made = Decomposition(np.zeros((2, 2, 3), np.uint8), stack, PROVENANCE, shadow_visible=shadow)
    return render_panel(made)[0, 0]


# B(Cb, Cs) worked out by hand from section 10.1 for Cb = 0.4 (102), Cs = 0.8 (204), and for Cb = 0.8, Cs = 0.2 (51).
BY_HAND = {
    BlendMode.NORMAL: (204, 51),
    BlendMode.MULTIPLY: (81.6, 40.8),
    BlendMode.SCREEN: (224.4, 214.2),
    BlendMode.OVERLAY: (163.2, 173.4),
    BlendMode.DARKEN: (102, 51),
    BlendMode.LIGHTEN: (204, 204),
    BlendMode.COLOR_DODGE: (255, 255),
    BlendMode.COLOR_BURN: (63.75, 0),
    BlendMode.HARD_LIGHT: (193.8, 81.6),
    BlendMode.SOFT_LIGHT: (255 * (0.4 + 0.6 * (0.4**0.5 - 0.4)), 255 * (0.8 - 0.6 * 0.8 * 0.2)),
    BlendMode.DIFFERENCE: (102, 153),
    BlendMode.EXCLUSION: (255 * (1.2 - 0.64), 255 * (1 - 0.32)),
    BlendMode.LINEAR_DODGE: (255, 255),
}


@pytest.mark.parametrize("mode", BlendMode)
def test_blend_modes_agree_with_values_worked_out_by_hand(mode: BlendMode) -> None:
    first = one_pixel(((102, 102, 102, 255), BlendMode.NORMAL, 1), ((204, 204, 204, 255), mode, 1))
    second = one_pixel(((204, 204, 204, 255), BlendMode.NORMAL, 1), ((51, 51, 51, 255), mode, 1))
    assert first.tolist()[:3] == [round(BY_HAND[mode][0])] * 3
    assert second.tolist()[:3] == [round(BY_HAND[mode][1])] * 3
    assert first[3] == second[3] == 255


@pytest.mark.parametrize("mode", BlendMode)
def test_blend_stays_in_range_at_every_pair_of_levels(mode: BlendMode) -> None:
    levels = np.arange(256, dtype=np.float32) / 255
    backdrop, source = (grid.astype(np.float32) for grid in np.meshgrid(levels, levels))
    result = blend(mode, backdrop, source)
    assert result.shape == backdrop.shape
    assert np.isfinite(result).all()
    assert result.min() >= -1e-6
    assert result.max() <= 1 + 1e-6


def test_corners_of_dodge_and_burn_are_those_of_the_specification() -> None:
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    assert blend(BlendMode.COLOR_DODGE, zero, one) == 0
    assert blend(BlendMode.COLOR_DODGE, one, zero) == 1
    assert blend(BlendMode.COLOR_DODGE, one * 0.1, one) == 1
    assert blend(BlendMode.COLOR_BURN, one, zero) == 1
    assert blend(BlendMode.COLOR_BURN, zero, one) == 0
    assert blend(BlendMode.COLOR_BURN, one * 0.9, zero) == 0


def test_a_blend_mode_over_nothing_is_normal_and_over_half_is_half() -> None:
    assert one_pixel(((200, 100, 50, 128), BlendMode.MULTIPLY, 1)).tolist() == [200, 100, 50, 128]
    # Section 5.1: Cs = (1 - ab) Cs + ab B(Cb, Cs), here with ab = 51 / 255 = 0.2: 0.8 * 200 + 0.2 * 200 * 100 / 255
    shown = one_pixel(((100, 100, 100, 51), BlendMode.NORMAL, 1), ((200, 200, 200, 255), BlendMode.MULTIPLY, 1))
    assert shown.tolist() == [round(0.8 * 200 + 0.2 * 200 * 100 / 255)] * 3 + [255]


def test_opacity_scales_alpha_and_hidden_layers_are_absent() -> None:
    assert one_pixel(((0, 0, 0, 255), BlendMode.NORMAL, 1), ((255, 255, 255, 255), BlendMode.NORMAL, 0.5)).tolist() == [128, 128, 128, 255]
    assert one_pixel(((9, 9, 9, 200), BlendMode.NORMAL, 0.5))[3] == 100
    made = plain_decomposition()
    hidden = replace(with_state(made, "disc", visible=False), shadow_visible=False)
    without = replace(made.with_stack(made.stack.remove("disc")), shadow_visible=False)
    assert np.array_equal(render_panel(hidden), render_panel(without))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.tuples(st.integers(1, 40), st.integers(1, 40)), background=st.booleans(), mask=st.booleans())
def test_an_untouched_panel_shows_the_source_exactly(seed: int, size: tuple[int, int], background: bool, mask: bool) -> None:
    made = random_decomposition(seed, size, background=background, mask=mask)
    assert shows_source(made)
    shown = render_panel(made)
    assert np.array_equal(shown[..., :3], made.source)
    if background:
        assert np.array_equal(shown[..., 3], made.mask if mask else np.full(made.source.shape[:2], 255))
    # An invisible change takes the long way, which must arrive at the same picture.
    nothing = Layer(np.full((size[1], size[0], 4), 1, np.uint8), LayerRole.FOREGROUND, "nothing", visible=False)
    long_way = made.with_stack(made.stack.insert(len(made.stack), nothing))
    beside = render_panel(replace(long_way, shadow_visible=False))
    assert np.array_equal(beside[..., 3], shown[..., 3])
    dimmed = with_state(made, made.stack.layers[-1].id, opacity=0.999999999)
    assert not shows_source(dimmed)
    assert np.array_equal(render_panel(dimmed), shown)


def test_shadow_switch_and_bands_and_background() -> None:
    made = overlapping_decomposition(1, (33, 300))  # more rows than a band
    unshadowed = render_panel(replace(made, shadow_visible=False))
    stacked = np.rint(made.stack.composite() * 255).astype(np.uint8)
    assert np.array_equal(unshadowed, stacked)
    assert not np.array_equal(unshadowed[..., :3], made.source)
    see_through = plain_decomposition(mask=True)
    assert see_through.mask is not None
    laid = render_panel(see_through, background=(0, 255, 0))
    part = see_through.mask[..., None] / 255
    assert np.array_equal(laid[..., :3], np.rint(see_through.source * part + np.array([0, 255, 0]) * (1 - part)))
    assert laid[..., 3].min() == 255
