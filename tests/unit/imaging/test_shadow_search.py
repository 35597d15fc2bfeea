"""The search for a shadow and the verdict on it: what is believed, what is not, and which part of it is drawn."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from liwi.imaging.shadow_evidence import Evidence, gather_evidence
from liwi.imaging.shadow_fit import (
    FAINTEST,
    SEARCH_SIDE,
    SWEEP_SIDE,
    ShadowFit,
    estimate_shadow,
    fit_shadow,
    no_brighter_than_around,
    render_shading,
)
from liwi.imaging.shadow_shape import ShadowShape, Surface, candidate_shapes
from liwi.types import BoundingBox

UInt8 = NDArray[np.uint8]
Float32 = NDArray[np.float32]
SIZE = (400, 520)
BOX = BoundingBox(198, 98, 302, 282)
FOOT, MIDDLE, HEIGHT = 280, 250, 180


def figure() -> Float32:
    """A head on a body with arms: (400, 520) float32, alpha."""
    alpha = np.zeros(SIZE, np.float32)
    cv2.circle(alpha, (250, 130), 30, 1, -1)
    cv2.rectangle(alpha, (225, 155), (275, 279), 1, -1)
    cv2.rectangle(alpha, (200, 170), (300, 190), 1, -1)
    return cv2.GaussianBlur(alpha, (0, 0), 0.8)


def ground(seed: int = 0) -> Float32:
    """A floor with grain of several sizes: (400, 520, 3) float32 in [0, 255]."""
    rng = np.random.default_rng(seed)
    grain = sum(cv2.resize(rng.normal(0, 6, (400 // step, 520 // step)), SIZE[::-1]) for step in (1, 3, 10, 40))
    return np.clip(np.stack([150 + grain, 135 + grain, 120 + grain], 2), 1, 255).astype(np.float32)


def compose(floor: Float32, alpha: Float32) -> UInt8:
    return np.clip(np.rint(alpha[..., None] * (30, 60, 160) + (1 - alpha[..., None]) * floor), 0, 255).astype(np.uint8)


def shaded(shape: ShadowShape, strength: float, seed: int = 0) -> UInt8:
    blocked = shape.render(figure(), FOOT, MIDDLE, HEIGHT)
    return compose(ground(seed) * (1 - strength * blocked[..., None]), figure())


def gather(picture: UInt8, alpha: Float32, side: int = SEARCH_SIDE) -> Evidence:
    evidence = gather_evidence(picture, alpha, np.ones(SIZE, bool), side)
    assert evidence is not None
    return evidence


def fit(picture: UInt8, alpha: Float32) -> ShadowFit:
    found = fit_shadow(gather(picture, alpha, SWEEP_SIDE), gather(picture, alpha))
    assert found is not None
    return found


CASES = {
    Surface.GROUND: ShadowShape(0.55, 0.33, 0, 0, 0.02),
    Surface.WALL: ShadowShape(0, 1, 0.075, 0.045, 0.025),
    Surface.CONTACT: ShadowShape(0, 0.5, 0, 0, 0.025, contact=True),
}


@pytest.mark.parametrize("surface", [Surface.GROUND, Surface.WALL])
@pytest.mark.parametrize("strength", [0.3, 0.5])
def test_shape_and_strength_are_recovered(surface: Surface, strength: float) -> None:
    found = fit(shaded(CASES[surface], strength), figure())
    assert found.believed
    assert found.shape.surface is surface
    assert found.strength == pytest.approx(strength, abs=0.08)
    drawn, true = found.shape.render(figure(), FOOT, MIDDLE, HEIGHT), CASES[surface].render(figure(), FOOT, MIDDLE, HEIGHT)
    outside = figure() < 0.02
    assert np.minimum(drawn, true)[outside].sum() > 0.75 * np.maximum(drawn, true)[outside].sum()


@pytest.mark.parametrize("surface", list(Surface))
def test_the_likelihood_is_highest_at_the_true_strength_and_shape(surface: Surface) -> None:
    evidence = gather(shaded(CASES[surface], 0.45), figure())
    strengths = np.arange(0.05, 0.75, 0.05)
    likelihoods = evidence.likelihood(evidence.render(CASES[surface]), strengths)
    assert strengths[int(likelihoods.argmax())] == pytest.approx(0.45, abs=0.11)
    others = [evidence.likelihood(evidence.render(shape), strengths).max() for shape in candidate_shapes() if shape.surface is surface]
    assert likelihoods.max() > 0.9 * max(others)


def test_the_likelihood_of_no_darkening_is_that_of_no_shadow() -> None:
    evidence = gather(compose(ground(), figure()), figure())
    assert (evidence.likelihood(np.zeros_like(evidence.alpha), np.array([0.2, 0.5])) == 0).all()


def test_a_brightening_of_the_same_shape_matches_negatively() -> None:
    blocked = CASES[Surface.GROUND].render(figure(), FOOT, MIDDLE, HEIGHT)[..., None]
    darker = gather(compose(ground() * (1 - 0.3 * blocked), figure()), figure())
    brighter = gather(compose(ground() * (1 + 0.3 * blocked), figure()), figure())
    shape = CASES[Surface.GROUND]
    assert darker.match(darker.render(shape)) > 5
    assert brighter.match(brighter.render(shape)) < -5


@pytest.mark.parametrize("seed", range(6))
def test_grain_alone_makes_no_shadow(seed: int) -> None:
    assert (estimate_shadow(compose(ground(seed), figure()), figure(), BOX) == 1).all()


def test_light_that_falls_off_smoothly_is_no_shadow() -> None:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    falloff = 1 - 0.6 * (np.square(rows - 200) + np.square(columns - 260)) / (200**2 + 260**2)
    assert (estimate_shadow(compose(ground() * falloff[..., None], figure()), figure(), BOX) == 1).all()


@pytest.mark.parametrize("centre", [(250, 290), (310, 280), (190, 200)], ids=str)
def test_a_dark_thing_of_another_outline_is_no_shadow(centre: tuple[int, int]) -> None:
    mat = cv2.ellipse(np.zeros(SIZE, np.float32), centre, (90, 30), 0, 0, 360, 1, -1)
    assert (estimate_shadow(compose(ground() * (1 - 0.5 * mat[..., None]), figure()), figure(), BOX) == 1).all()


def test_a_brightening_is_no_shadow() -> None:
    blocked = CASES[Surface.WALL].render(figure(), FOOT, MIDDLE, HEIGHT)[..., None]
    assert (estimate_shadow(compose(ground() * (1 + 0.4 * blocked), figure()), figure(), BOX) == 1).all()


@pytest.mark.parametrize("surface", [Surface.GROUND, Surface.WALL])
def test_something_black_of_the_same_outline_is_no_shadow(surface: Surface) -> None:
    assert (estimate_shadow(shaded(CASES[surface], 0.92), figure(), BOX) == 1).all()


def test_a_darkening_of_one_colour_alone_is_no_shadow() -> None:
    blocked = CASES[Surface.WALL].render(figure(), FOOT, MIDDLE, HEIGHT)[..., None]
    assert (estimate_shadow(compose(ground() * (1 - blocked * (0.6, 0.05, 0.05)), figure()), figure(), BOX) == 1).all()


def test_a_part_of_the_matte_that_casts_nothing_darkens_nothing() -> None:
    """The matte took a post beside the figure for the object; the shadow on the wall is the figure's alone."""
    too_much = figure()
    cv2.rectangle(too_much, (330, 180), (352, 279), 1, -1)
    picture = shaded(ShadowShape(0, 1, 0.1, 0.06, 0.02), 0.5)
    found = fit(picture, too_much)
    assert found.believed
    shading = render_shading(found, too_much).mean(axis=2)
    beside_the_post = shading[200:270, 357:366]
    beside_the_figure = shading[200:270, 280:288]
    assert beside_the_post.mean() > 0.93
    assert beside_the_figure.mean() < 0.65


def test_what_is_too_faint_to_matter_stays_exactly_as_it_is() -> None:
    found = fit(shaded(CASES[Surface.WALL], 0.5), figure())
    shading = render_shading(found, figure())
    blocked = found.strength * found.shape.render(figure(), FOOT, MIDDLE, HEIGHT)
    assert (shading[blocked < 0.8 * FAINTEST] == 1).all()
    assert (shading > 0).all() and (shading <= 1).all()


def test_a_shadow_on_the_ground_is_dark_where_the_object_touches_it() -> None:
    shape = CASES[Surface.GROUND]
    touching = ShadowShape(0, 0.5, 0, 0, 0.015, contact=True).render(figure(), FOOT, MIDDLE, HEIGHT)
    assert (shape.render(figure(), FOOT, MIDDLE, HEIGHT) >= touching).all()
    assert touching[FOOT - 8, MIDDLE] > 0.7 and touching[FOOT - 100].max() == 0


def test_only_plausible_shapes_are_tried() -> None:
    for shape in candidate_shapes():
        assert shape.plausible
        assert all(near.plausible and near.surface is shape.surface for near in shape.neighbours(1.0))


def test_a_dark_strip_that_goes_on_beside_the_object_is_scenery() -> None:
    """A ground shadow fits a strip of land below the horizon, until one looks beside it."""
    floor = ground(5)
    floor[255:300] *= 0.6
    found = fit(compose(floor, figure()), figure())
    assert found.verdict.echo > 0.3
    assert not found.believed


@pytest.mark.parametrize("surface", [Surface.GROUND, Surface.WALL])
def test_a_shadow_is_nowhere_else(surface: Surface) -> None:
    assert fit(shaded(CASES[surface], 0.4), figure()).verdict.echo < 0.2


def test_ground_is_never_relit_beyond_the_ground_around_it() -> None:
    """A shadow of one half, and a shading that reaches twice as far: the half without a shadow would be relit to glare."""
    floor = np.full((*SIZE, 3), 140, np.float32)
    shading = np.ones((*SIZE, 3), np.float32)
    shading[150:250, 200:300] = 0.5
    floor[150:250, 200:250] *= 0.5
    lifted = no_brighter_than_around(floor.astype(np.uint8), shading, np.ones(SIZE, bool), 60)
    relit = floor / lifted
    assert (lifted >= shading).all() and lifted.max() <= 1
    assert relit[170:230, 270:290].max() < 150
    assert np.abs(relit[170:230, 210:235] - 140).max() < 8
