"""A prediction at the working size, as layers of the person's own picture."""

import cv2
import numpy as np
import pytest

from liwi.imaging.compositing import composite, to_float, to_uint8
from liwi.layering.full_size import Predicted, share_explained, to_full_size
from liwi.types import Decomposition, Layer, LayerRole, LayerStack, Provenance

SIDE, SMALL = 192, 64


@pytest.fixture(scope="module")
def scene() -> tuple[np.ndarray, list[np.ndarray], np.ndarray]:
    """A source with fine texture, its true layers, and its true shadow, at full size: two discs, the second in front of the first."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    texture = np.random.default_rng(0).uniform(-0.06, 0.06, (SIDE, SIDE, 3)).astype(np.float32)

    def disc(cx: float, cy: float, radius: float, color: tuple[float, ...]) -> np.ndarray:
        alpha = np.clip(radius - np.hypot(x - cx, y - cy) + 0.5, 0, 1)
        return np.dstack([np.clip(np.array(color, np.float32) + texture, 0, 1), alpha]).astype(np.float32)

    background = np.dstack([np.clip(0.55 + texture + 0.1 * x[..., None] / SIDE, 0, 1), np.ones_like(x)]).astype(np.float32)
    layers = [background, disc(80, 90, 40, (0.8, 0.2, 0.2)), disc(120, 100, 30, (0.2, 0.3, 0.8))]
    shadow = -0.25 * np.clip(1.5 - np.hypot((x - 95) / 60, (y - 150) / 14), 0, 1)[..., None].repeat(3, 2)
    shadow[composite(layers[1:])[..., 3] > 0] = 0
    source = to_uint8(np.clip(composite(layers)[..., :3] + shadow, 0, 1))
    return source, layers, shadow.astype(np.float32)


def predict(scene: tuple[np.ndarray, list[np.ndarray], np.ndarray], *, tint: float = 0.0, with_shadow: bool = True) -> Predicted:
    """The truth made small, off by ``tint``, as a VAE would be."""
    source, layers, shadow = scene

    def small(picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, (SMALL, SMALL), interpolation=cv2.INTER_AREA)

    stacked = np.stack([small(layer) for layer in layers])
    stacked[..., :3] = np.clip(stacked[..., :3] + tint, 0, 1)
    return Predicted(stacked, small(to_float(source)), small(shadow) if with_shadow else None)


def decomposition(source: np.ndarray, layers: tuple[np.ndarray, ...]) -> Decomposition:
    roles = [LayerRole.BACKGROUND, *[LayerRole.FOREGROUND] * (len(layers) - 1)]
    stack = LayerStack(tuple(Layer(rgba, role, f"L{place}") for place, (rgba, role) in enumerate(zip(layers, roles, strict=True))))
    return Decomposition(source, stack, Provenance("liwi", "1"))


@pytest.mark.parametrize("with_shadow", [True, False])
def test_the_layers_add_up_to_the_picture_bit_for_bit(scene: tuple, with_shadow: bool) -> None:
    found = to_full_size(predict(scene, with_shadow=with_shadow), scene[0])
    whole = decomposition(scene[0], found.layers)
    assert np.array_equal(whole.recompose(), scene[0])
    assert [layer.shape for layer in found.layers] == [(SIDE, SIDE, 4)] * 3


def test_what_is_seen_is_the_pictures_own(scene: tuple) -> None:
    source, truth, shadow = scene
    found = to_full_size(predict(scene, tint=0.03), source)
    free = (composite(truth[1:])[..., 3] == 0) & (cv2.dilate(np.abs(shadow).max(2), np.ones((25, 25))) == 0)
    free &= cv2.dilate(composite(truth[1:])[..., 3], np.ones((13, 13))) == 0
    assert free.mean() > 0.2
    assert np.array_equal(found.layers[0][free][:, :3], source[free])
    front = cv2.erode(truth[2][..., 3], np.ones((13, 13))) == 1
    assert np.array_equal(found.layers[2][front][:, :3], source[front])
    assert (found.layers[2][front][:, 3] == 255).all()


def test_what_is_hidden_is_generated_and_tuned_to_its_surroundings(scene: tuple) -> None:
    source, truth, _ = scene
    found = to_full_size(predict(scene, tint=0.08), source)
    hidden = cv2.erode(truth[1][..., 3], np.ones((9, 9))) == 1
    off = np.abs(to_float(found.layers[0])[..., :3] - truth[0][..., :3])[hidden].mean()
    assert off < 0.05  # the tint alone would be 0.08, the texture's own deviation is 0.03
    covered = (truth[2][..., 3] == 1) & (truth[1][..., 3] == 1)
    assert np.abs(to_float(found.layers[1])[..., :3] - truth[1][..., :3])[covered].mean() < 0.12


def test_edges_are_as_sharp_as_the_pictures(scene: tuple) -> None:
    found = to_full_size(predict(scene), scene[0])
    for place in (1, 2):
        truth = scene[1][place][..., 3]
        ours = to_float(found.layers[place])[..., 3]
        assert np.minimum(ours, truth).sum() / np.maximum(ours, truth).sum() > 0.95


def test_the_shadow_leaves_the_background_and_is_told_from_error(scene: tuple) -> None:
    source, truth, shadow = scene
    found = to_full_size(predict(scene, tint=0.02), source)
    dark = np.abs(shadow).max(2) > 0.1
    cleaned = np.abs(to_float(found.layers[0])[..., :3] - truth[0][..., :3])[dark].mean()
    left = np.abs(to_float(source) - truth[0][..., :3])[dark].mean()
    assert cleaned < 0.35 * left
    exact = decomposition(source, found.layers).shadow
    assert share_explained(exact, found.shadow) > 0.6
    assert share_explained(exact, np.zeros_like(exact)) == 0.0
    assert share_explained(np.zeros_like(exact), found.shadow) == 1.0


def test_a_shadow_that_is_not_wanted_stays(scene: tuple) -> None:
    source, _, shadow = scene
    found = to_full_size(predict(scene), source, extract_shadow=False)
    dark = (np.abs(shadow).max(2) > 0.1) & (cv2.dilate(found.layers[1][..., 3] + found.layers[2][..., 3], np.ones((9, 9))) == 0)
    assert dark.sum() > 50 and np.array_equal(found.layers[0][dark][:, :3], source[dark])
    assert not found.shadow.any()


def test_haze_of_the_prediction_becomes_nothing_and_masked_pixels_have_no_foreground(scene: tuple) -> None:
    prediction = predict(scene)
    prediction.layers[1:, ..., 3] = np.clip(prediction.layers[1:, ..., 3], 0.01, 0.99)
    mask = np.full((SIDE, SIDE), 255, np.uint8)
    mask[:80] = 0
    found = to_full_size(prediction, scene[0], mask=mask)
    assert (found.layers[1][:80, :, 3] == 0).all() and (found.layers[1][150:, 150:, 3] == 0).all()
    assert (found.layers[1][..., 3] == 255).any()


def test_at_the_working_size_nothing_is_enlarged(scene: tuple) -> None:
    prediction = predict(scene)
    found = to_full_size(prediction, to_uint8(prediction.source))
    assert [layer.shape for layer in found.layers] == [(SMALL, SMALL, 4)] * 3
    np.testing.assert_allclose(to_float(found.layers[1])[..., 3], prediction.layers[1][..., 3], atol=0.021)
