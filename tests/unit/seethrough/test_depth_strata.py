"""A part cut by its depth: exact clusters, strata that still show the part, and what they expose."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liwi.imaging.compositing import over_bytes
from liwi.seethrough.body_parts import BodyPart, CoarseBodyPart
from liwi.seethrough.complete_parts import CompletePart, alpha_median
from liwi.seethrough.depth_strata import StrataOptions, depth_edges, kmeans_edges, silhouette, stratify

BLUE, RED = (40, 60, 220), (220, 50, 40)


def shirt(part: BodyPart | CoarseBodyPart = BodyPart.TOPWEAR, near: float = 0.8, far: float = 0.3, soft: bool = False) -> CompletePart:
    """A red band across a blue cloth, nearer than it."""
    rgba = np.zeros((60, 50, 4), np.uint8)
    rgba[5:55, 5:45] = (*BLUE, 255)
    depth = np.full((60, 50), far, np.float32)
    rgba[25:35, 5:45] = (*RED, 255)
    depth[25:35, 5:45] = near
    if soft:
        rgba[5:55, 5, 3] = rgba[5:55, 44, 3] = 90
    found = CompletePart.of(part, rgba, depth)
    assert found is not None
    return found


def laid_over(strata: list[CompletePart], size: tuple[int, int] = (60, 50)) -> tuple[np.ndarray, np.ndarray]:
    """Colours over white, in 8 bits, and where anything is."""
    shown, there = np.full((*size, 3), 255, np.uint8), np.zeros(size, bool)
    for each in reversed(strata):
        shown[each.box.slices] = over_bytes(shown[each.box.slices], each.rgba)
        there[each.box.slices] |= each.rgba[..., 3] > 0
    return shown, there


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=3, max_size=8, unique=True), st.integers(2, 3))
def test_kmeans_is_the_best_of_all_ways_to_cut(numbers: list[float], count: int) -> None:
    values = np.sort(np.array(numbers))
    weights = np.linspace(1, 2, len(values))

    def cost(edges: tuple[int, ...]) -> float:
        bounds = (0, *edges, len(values))
        parts = [(values[a:b], weights[a:b]) for a, b in itertools.pairwise(bounds)]
        return sum(float((w * (v - np.average(v, weights=w)) ** 2).sum()) for v, w in parts)

    least = min(cost(edges) for edges in itertools.combinations(range(1, len(values)), count - 1))
    edges = kmeans_edges(values, weights, count)
    found = tuple(int(each) for each in np.searchsorted(values, edges, side="right"))
    assert len(found) == count - 1
    assert cost(found) <= least + 1e-9


def test_the_silhouette_is_that_of_its_definition() -> None:
    values, weights = np.array([0.0, 0.1, 0.8, 1.0]), np.ones(4)
    expected = np.mean([(0.9 - 0.05) / 0.9, (0.8 - 0.05) / 0.8, (0.75 - 0.1) / 0.75, (0.95 - 0.1) / 0.95])
    assert silhouette(values, weights, np.array([0.5])) == pytest.approx(expected)


@pytest.mark.parametrize("modes", [1, 2, 3])
def test_asked_to_choose_it_finds_as_many_strata_as_there_are(modes: int) -> None:
    rng = np.random.default_rng(0)
    centres = np.array([0.15, 0.5, 0.9])[:modes]
    depth = np.concatenate([rng.normal(centre, 0.02, 500) for centre in centres]).astype(np.float32)
    assert len(depth_edges(depth, np.full(len(depth), 255, np.uint8), None)) == modes - 1
    even = np.linspace(0, 1, 1000, dtype=np.float32)
    assert len(depth_edges(even, np.full(1000, 255, np.uint8), None)) == 0, "a slope has no strata"


def test_k_is_two_unless_said_otherwise_and_flat_parts_stay_whole() -> None:
    near, far = stratify(shirt())
    assert (near.name, far.name) == ("topwear", "topwear-1")
    assert near.median_depth == pytest.approx(0.8) and far.median_depth == pytest.approx(0.3)
    assert len(stratify(shirt(near=0.3))) == 1
    assert len(stratify(shirt(), StrataOptions(count=1))) == 1
    assert len(stratify(shirt(BodyPart.FACE))) == 1, "a class that is not stratified"


def test_shoes_are_cut_by_choice_and_hair_becomes_front_and_back_hair() -> None:
    assert len(stratify(shirt(BodyPart.FOOTWEAR))) == 1
    assert len(stratify(shirt(BodyPart.FOOTWEAR), StrataOptions(footwear=True))) == 2
    assert [each.name for each in stratify(shirt(CoarseBodyPart.HAIR))] == ["front hair", "back hair"]


@pytest.mark.parametrize("soft", [False, True])
def test_strata_over_each_other_show_what_the_part_showed(soft: bool) -> None:
    whole = shirt(soft=soft)
    strata = stratify(whole, StrataOptions(None))
    expected, there = laid_over([whole])
    shown, covered = laid_over(strata)
    np.testing.assert_array_equal(shown, expected)
    np.testing.assert_array_equal(covered, there)


def test_what_a_stratum_exposes_is_filled_by_the_inpainter_that_was_given() -> None:
    class Green:
        """`liwi.protocols.Inpainter` with one colour, to see that it is asked."""

        def fill(self, image: np.ndarray, hole: np.ndarray, *, seed: int = 0, avoid: np.ndarray | None = None) -> np.ndarray:
            del seed, avoid
            return np.where(hole[..., None], np.array((0, 255, 0), np.uint8), image)

    _, far = stratify(shirt())
    behind = far.rgba[30 - far.box.top, 25 - far.box.left]
    assert behind[3] == 255 and np.abs(behind[:3].astype(int) - BLUE).max() < 12, "the cloth goes on behind the band"
    _, far = stratify(shirt(), inpainter=Green())
    assert tuple(far.rgba[30 - far.box.top, 25 - far.box.left]) == (0, 255, 0, 255)
    assert far.depth is not None and far.depth[30 - far.box.top, 25 - far.box.left] <= 0.31, "and so does its depth"


def test_an_island_of_another_depth_stays_where_it_lies() -> None:
    whole = shirt()
    assert whole.depth is not None
    whole.depth[2:4, 2:4] = 0.8  # a button's worth of error
    near, far = stratify(whole)
    assert near.box.top >= 20 and far.rgba[2, 2, 3] == 255


def test_the_median_is_over_the_pixels_of_the_part_by_their_alpha() -> None:
    depth = np.array([[0.1, 0.2, 0.9, 0.5]], np.float32)
    assert alpha_median(depth, np.array([[255, 255, 100, 0]], np.uint8)) == pytest.approx(0.2)
    assert alpha_median(depth, np.array([[60, 60, 255, 0]], np.uint8)) == pytest.approx(0.9)
    assert alpha_median(depth, np.array([[255, 255, 3, 0]], np.uint8)) == pytest.approx(0.1), "a haze does not count"
    assert alpha_median(depth, np.zeros((1, 4), np.uint8)) is None


def test_noise_and_the_uncertain_rim_of_a_depth_cut_nothing() -> None:
    rng = np.random.default_rng(1)
    cloth = shirt(near=0.5, far=0.5)
    assert cloth.depth is not None
    cloth.depth[:] += rng.normal(0, 0.01, cloth.depth.shape).astype(np.float32)
    assert len(stratify(cloth)) == 1
    cloth.depth[0], cloth.depth[-1], cloth.depth[:, 0], cloth.depth[:, -1] = 0.2, 0.2, 0.2, 0.2
    assert len(stratify(cloth)) == 1, "a line around a part is no stratum"
