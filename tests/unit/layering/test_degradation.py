"""Degraded foregrounds: what each kind does to alpha, and whose colours the ring has."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.layering.degradation import Degradation, DegradationChance, continue_colors, degrade, draw_degradation

UInt8 = NDArray[np.uint8]


@pytest.fixture(scope="module")
def disc() -> UInt8:
    """A soft red disc, black where there is none."""
    canvas = np.zeros((64, 64), np.uint8)
    cv2.circle(canvas, (32, 32), 18, 255, -1)
    alpha = cv2.GaussianBlur(canvas, (0, 0), 1.0)
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[alpha > 0] = (200, 30, 20, 0)
    rgba[..., 3] = alpha
    return rgba


@pytest.fixture(scope="module")
def source() -> UInt8:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)


def test_a_degradation_of_nothing_changes_nothing(disc: UInt8, source: UInt8) -> None:
    assert (degrade(disc, source, Degradation()) == disc).all()


def test_erosion_takes_alpha_and_adds_none(disc: UInt8, source: UInt8) -> None:
    worse = degrade(disc, source, Degradation(erode=3))
    assert (worse[..., 3] <= disc[..., 3]).all()
    assert worse[..., 3].sum() < 0.9 * disc[..., 3].sum()
    assert (worse[..., :3] == disc[..., :3]).all()


def test_dilation_shows_the_source_in_the_ring(disc: UInt8, source: UInt8) -> None:
    worse = degrade(disc, source, Degradation(grow=8, bleed=1.0))
    ring = (worse[..., 3] == 255) & (disc[..., 3] == 0)
    assert ring.sum() > 50
    assert (worse[..., :3][ring] == source[ring]).all()
    inside = disc[..., 3] == 255
    assert (worse[inside] == disc[inside]).all()


def test_without_bleeding_the_ring_continues_the_object(disc: UInt8, source: UInt8) -> None:
    worse = degrade(disc, source, Degradation(grow=8, bleed=0.0))
    ring = (worse[..., 3] == 255) & (disc[..., 3] == 0)
    assert np.abs(worse[..., :3][ring].astype(int) - (200, 30, 20)).max() < 12


def test_blur_softens_and_keeps_the_mass(disc: UInt8, source: UInt8) -> None:
    worse = degrade(disc, source, Degradation(blur=3.0))
    assert ((worse[..., 3] > 20) & (worse[..., 3] < 235)).sum() > 1.5 * ((disc[..., 3] > 20) & (disc[..., 3] < 235)).sum()
    assert worse[..., 3].sum(dtype=float) == pytest.approx(disc[..., 3].sum(dtype=float), rel=0.02)


def test_growing_then_eroding_closes_gaps_as_appendix_b_does(source: UInt8) -> None:
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[12:52, 12:52] = (10, 200, 10, 255)
    rgba[12:52, 31:33] = 0
    worse = degrade(rgba, source, Degradation(grow=2, erode=4))
    assert (worse[20:44, 31:33, 3] == 255).all()
    assert (worse[20:44, 31:33, :3] == source[20:44, 31:33]).all()
    assert worse[..., 3].sum(dtype=float) < rgba[..., 3].sum(dtype=float)


def test_spots_leave_parts_of_the_boundary_alone_and_follow_from_the_seed(disc: UInt8, source: UInt8) -> None:
    first, again, other = (degrade(disc, source, Degradation(erode=4, spots=12.0, seed=seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    changed = first[..., 3] < disc[..., 3]
    everywhere = degrade(disc, source, Degradation(erode=4))[..., 3] < disc[..., 3]
    assert 0 < changed.sum() < everywhere.sum()


def test_an_object_that_fills_the_picture_keeps_its_cut_edges(source: UInt8) -> None:
    rgba = np.full((64, 64, 4), 255, np.uint8)
    assert (degrade(rgba, source, Degradation(grow=2, erode=5, blur=2.0))[..., 3] == 255).all()


def test_drawn_degradations_are_of_all_kinds_and_as_large_as_the_object_allows(disc: UInt8) -> None:
    chance = DegradationChance(weakest=0.02, strongest=0.2)
    rng = np.random.default_rng(0)
    drawn = [draw_degradation(disc[..., 3], rng, chance) for _ in range(200)]
    kinds = {(each.grow > 0, each.erode > 0, each.blur > 0) for each in drawn}
    assert kinds == {(True, False, False), (False, True, False), (False, False, True), (True, True, False)}
    scale = np.sqrt(disc[..., 3].sum() / 255)
    assert max(each.grow for each in drawn) <= round(0.2 * scale)
    assert {each.spots > 0 for each in drawn} == {True, False}
    assert all(chance.bleed <= each.bleed <= 1 for each in drawn)


def test_a_kind_with_share_zero_never_comes(disc: UInt8) -> None:
    rng = np.random.default_rng(0)
    chance = DegradationChance(erode=0, blur=0, grow_and_erode=0)
    assert all(draw_degradation(disc[..., 3], rng, chance).grow > 0 for _ in range(20))
    with pytest.raises(ValueError, match="not all 0"):
        DegradationChance(erode=0, dilate=0, blur=0, grow_and_erode=0)


def test_colours_go_on_where_there_is_no_alpha(disc: UInt8) -> None:
    colors = continue_colors(disc)
    assert (colors[disc[..., 3] > 0] == disc[disc[..., 3] > 0][:, :3]).all()
    assert np.abs(colors.astype(int) - (200, 30, 20)).max() < 12
    assert (continue_colors(np.zeros((8, 8, 4), np.uint8)) == 127).all()
