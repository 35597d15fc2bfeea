"""Laws of the central types."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liwi.errors import InputError, PromptError
from liwi.types import BoundingBox, Decomposition, Hint, Layer, LayerRole, LayerStack, Provenance

boxes = st.builds(
    lambda left, top, width, height: BoundingBox(left, top, left + width, top + height),
    st.integers(-50, 50),
    st.integers(-50, 50),
    st.integers(1, 60),
    st.integers(1, 60),
)


def random_decomposition(seed: int, size: tuple[int, int] = (37, 23), num_foregrounds: int = 2) -> Decomposition:
    rng = np.random.default_rng(seed)
    shape = (size[1], size[0])
    background = np.dstack([rng.integers(0, 256, (*shape, 3)), np.full(shape, 255)]).astype(np.uint8)
    layers = [Layer(background, LayerRole.BACKGROUND, "Background", id="background")]
    layers += [
        Layer(rng.integers(0, 256, (*shape, 4), dtype=np.uint8), LayerRole.FOREGROUND, f"Object {number}", id=f"layer{number}")
        for number in range(num_foregrounds)
    ]
    return Decomposition(rng.integers(0, 256, (*shape, 3), dtype=np.uint8), LayerStack(tuple(layers)), Provenance("test", "1"))


@given(st.integers(0, 2**32), st.integers(0, 4))
def test_recomposition_is_the_source_bit_for_bit(seed: int, num_foregrounds: int) -> None:
    decomposition = random_decomposition(seed, num_foregrounds=num_foregrounds)
    np.testing.assert_array_equal(decomposition.recompose(), decomposition.source)


@given(st.integers(0, 2**32))
def test_recomposition_survives_reordering_and_renaming(seed: int) -> None:
    decomposition = random_decomposition(seed)
    reordered = decomposition.with_stack(decomposition.stack.reorder(["layer1", "background", "layer0"]))
    np.testing.assert_array_equal(reordered.recompose(), decomposition.source)


def test_the_residual_is_source_minus_composite_with_its_sign() -> None:
    grey = np.full((4, 4, 4), 255, np.uint8)
    grey[..., :3] = 100
    darker = Decomposition(np.full((4, 4, 3), 50, np.uint8), LayerStack((Layer(grey, LayerRole.BACKGROUND, "b"),)), Provenance("test", "1"))
    assert darker.shadow.dtype == np.float32
    np.testing.assert_allclose(darker.shadow, -50 / 255, atol=1e-6)


def test_nothing_changed_means_no_shadow_anywhere() -> None:
    source = np.random.default_rng(0).integers(0, 256, (600, 20, 3), dtype=np.uint8)
    opaque = Layer(np.dstack([source, np.full((600, 20), 255, np.uint8)]), LayerRole.BACKGROUND, "b")
    decomposition = Decomposition(source, LayerStack((opaque,)), Provenance("test", "1"))
    assert decomposition.changed is None
    assert not decomposition.shadow.any()


def test_the_changed_box_holds_every_pixel_of_the_shadow() -> None:
    source = np.full((500, 40, 3), 90, np.uint8)
    background = np.dstack([source, np.full((500, 40), 255, np.uint8)])
    background[300:310, 5:9, 0] = 200
    decomposition = Decomposition(source, LayerStack((Layer(background, LayerRole.BACKGROUND, "b"),)), Provenance("test", "1"))
    assert decomposition.changed == BoundingBox(5, 300, 9, 310)


def test_a_stack_never_changes_in_place() -> None:
    stack = random_decomposition(1).stack
    smaller = stack.remove("layer0")
    assert len(stack) == 3
    assert [layer.id for layer in smaller] == ["background", "layer1"]
    with pytest.raises(InputError, match="layer0"):
        smaller["layer0"]


def test_reordering_needs_every_layer_once() -> None:
    with pytest.raises(InputError, match="every layer"):
        random_decomposition(1).stack.reorder(["layer0", "layer0", "background"])


@given(boxes, boxes)
def test_box_algebra(a: BoundingBox, b: BoundingBox) -> None:
    common = a.intersect(b)
    assert common == b.intersect(a)
    assert a.union(b) == b.union(a)
    assert a.intersect(a.union(b)) == a
    assert 0 <= a.iou(b) <= 1
    assert a.iou(a) == 1
    assert (a.iou(b) > 0) == (common is not None)
    assert a.expand(3).expand(-3) == a


@given(boxes)
def test_a_box_is_found_again_in_its_mask(box: BoundingBox) -> None:
    moved = box.translate(60, 60)
    mask = np.zeros((200, 200), np.uint8)
    mask[moved.slices] = 1
    assert BoundingBox.around(mask) == moved


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "1,2,3,4,5", "1,1,1,9", "9,1,1,9", "nan,1,2,3", "1e400,1,2,3"])
def test_a_box_that_is_none_says_so(text: str) -> None:
    with pytest.raises(PromptError, match="box"):
        BoundingBox.parse(text)


def test_boxes_and_strokes_are_read_from_text() -> None:
    assert BoundingBox.parse("1, 2.4,30,40") == BoundingBox(1, 2, 30, 40)
    assert Hint.parse("keep", "3,4 5,6").path == ((3, 4), (5, 6))
    with pytest.raises(PromptError, match="hint"):
        Hint.parse("drop", "3;4")


@pytest.mark.parametrize("rgba", [np.zeros((3, 3, 3), np.uint8), np.zeros((3, 3, 4), np.float32), np.zeros((3, 4), np.uint8)])
def test_a_layer_says_what_it_expected(rgba: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"must be \(H, W, 4\) uint8"):
        Layer(rgba, LayerRole.FOREGROUND, "x")
