import numpy as np
import pytest

from liwi.export.residual import Residual, integer_residual
from liwi.types import Decomposition
from tests.unit.export.pictures import overlapping_decomposition, plain_decomposition, random_decomposition


def over_in_8_bits(back: np.ndarray, rgba: np.ndarray) -> np.ndarray:
    """Normal blending, rounded to 8 bits, in exact integer arithmetic."""
    alpha = rgba[..., 3:].astype(int)
    return (2 * (rgba[..., :3].astype(int) * alpha + back.astype(int) * (255 - alpha)) + 255) // 510


def residual_of(made: Decomposition) -> Residual:
    residual = integer_residual(made)
    assert residual is not None
    return residual


def every_pair() -> Residual:
    """Every pair of stacked and wanted levels, as one channel beside two constant ones."""
    stacked, source = (grid.astype(np.uint8) for grid in np.meshgrid(np.arange(256), np.arange(256)))
    box = random_decomposition(0, (256, 256)).changed
    assert box is not None
    return Residual(
        box,
        np.dstack([stacked, np.full_like(stacked, 100), stacked]),
        np.dstack([source, np.full_like(stacked, 90), stacked]),
        np.ones((256, 256), bool),
    )


@pytest.mark.parametrize("seed", range(4))
def test_stacked_is_what_an_8_bit_compositor_gets(seed: int) -> None:
    made = overlapping_decomposition(seed)
    residual = residual_of(made)
    shown = np.zeros_like(made.source)
    for layer in made.stack:
        shown = over_in_8_bits(shown, layer.rgba)
    assert np.array_equal(residual.stacked, shown[residual.box.slices])


@pytest.mark.parametrize("residual", [every_pair(), *(residual_of(overlapping_decomposition(seed)) for seed in range(3))])
def test_subtract_and_add_arrive_at_the_source_exactly(residual: Residual) -> None:
    darker, lighter = residual.subtract_and_add()
    assert np.array_equal(residual.stacked.astype(int) - darker[..., :3] + lighter[..., :3], residual.source)
    assert not (darker[..., :3].astype(bool) & lighter[..., :3].astype(bool)).any()
    assert np.array_equal(darker[..., 3] == 255, darker[..., :3].any(axis=2))


@pytest.mark.parametrize("residual", [every_pair(), *(residual_of(overlapping_decomposition(seed)) for seed in range(3))])
def test_multiply_and_add_arrive_at_the_source_exactly(residual: Residual) -> None:
    factor, lighter = residual.multiply_and_add()
    factor = np.where(factor[..., 3:] == 255, factor[..., :3], 255).astype(int)
    multiplied = np.floor(residual.stacked * factor / 255 + 0.5).astype(int)
    assert np.array_equal(multiplied + lighter[..., :3], residual.source)


@pytest.mark.parametrize("residual", [every_pair(), *(residual_of(overlapping_decomposition(seed)) for seed in range(3))])
def test_covering_pictures_arrive_within_one_level(residual: Residual) -> None:
    darker, lighter = residual.cover()
    shown = over_in_8_bits(over_in_8_bits(residual.stacked, darker), lighter)
    assert np.abs(shown - residual.source).max() <= 1
    unchanged = (residual.source == residual.stacked).all(axis=2)
    assert not darker[unchanged].any()


def test_nothing_is_given_where_the_stack_or_the_mask_lets_light_through() -> None:
    for made in (random_decomposition(2, background=False), plain_decomposition(mask=True)):
        residual = residual_of(made)
        solid = np.any([layer.rgba[..., 3] == 255 for layer in made.stack], axis=0)
        if made.mask is not None:
            solid &= made.mask == 255
        for picture in (*residual.subtract_and_add(), *residual.multiply_and_add(), *residual.cover()):
            assert not picture[~solid[residual.box.slices]].any()
            assert residual.opaque.any()


def test_a_stack_that_is_the_source_has_no_residual() -> None:
    made = plain_decomposition()
    background = made.stack.layers[0]
    same = Decomposition(np.ascontiguousarray(background.rgba[..., :3]), type(made.stack)((background,)), made.provenance)
    assert integer_residual(same) is None
