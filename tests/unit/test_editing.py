"""Steps of taking a picture apart, with the real embedded engine on small pictures."""

import numpy as np
import pytest

from liwi.editing import Document, assign_hints, check_box, cut_box, delete_layer, recut
from liwi.engines.embedded import EmbeddedDecomposer
from liwi.errors import Cancelled, InputError, PromptError
from liwi.progress import CancelToken, Progress
from liwi.types import BoundingBox, Hint, LayerRole
from tests.pictures import meadow, two_balls, with_ball

ENGINE = EmbeddedDecomposer()


def foreground_share(document: Document, layer_id: str, box: BoundingBox) -> float:
    return float((document.decomposition.stack[layer_id].rgba[box.slices][..., 3] > 127).mean())


def test_each_cut_adds_up_to_the_source_and_works_on_what_the_last_left() -> None:
    image, left, right = two_balls()
    document = Document.start(image)
    for count, box in enumerate((left, right), 1):
        document = cut_box(document, box, ENGINE)
        np.testing.assert_array_equal(document.decomposition.recompose(), image)
        assert len(document.decomposition.stack.foregrounds) == count
    background = document.decomposition.stack.background
    assert background is not None
    for box in (left, right):
        inside = background.rgba[box.slices][..., :3].reshape(-1, 3).astype(int)
        assert (np.abs(inside - [90, 140, 70]).max(axis=1) < 90).all(), "something of the ball stayed in the background"


def test_the_first_cut_stands_in_front_of_the_second() -> None:
    image, left, right = two_balls()
    document = cut_box(cut_box(Document.start(image), left, ENGINE), right, ENGINE)
    assert [layer.box for layer in document.decomposition.stack] == [None, right, left]


def test_the_layer_is_the_ball_and_nothing_else() -> None:
    image, left, _ = two_balls()
    layer = cut_box(Document.start(image), left, ENGINE).decomposition.stack.foregrounds[0]
    truth = np.zeros(image.shape[:2])
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    truth[(rows - 65) ** 2 + (columns - 55) ** 2 <= 30**2] = 1
    alpha = layer.rgba[..., 3] / 255
    assert np.minimum(alpha, truth).sum() / np.maximum(alpha, truth).sum() > 0.9


def test_a_box_inside_an_object_splits_that_object() -> None:
    image, outer = with_ball(meadow((200, 160)), (100, 80), 60)
    image, inner = with_ball(image, (95, 75), 18, (250, 240, 120))
    document = cut_box(Document.start(image), outer, ENGINE)
    document = cut_box(document, inner, ENGINE)
    _, whole, piece = document.decomposition.stack
    assert piece.box == inner
    assert foreground_share(document, whole.id, inner) > 0.95, "the object is complete under its piece"
    hidden = whole.rgba[75, 95, :3].astype(int)
    assert hidden[2] < 110, "the piece's yellow is gone from the object"
    np.testing.assert_array_equal(document.decomposition.recompose(), image)


def test_deleting_a_layer_returns_its_pixels() -> None:
    image, left, right = two_balls()
    document = cut_box(cut_box(Document.start(image), left, ENGINE), right, ENGINE)
    first = next(layer for layer in document.decomposition.stack if layer.box == left)
    document = delete_layer(document, first.id)
    background = document.decomposition.stack.background
    assert background is not None
    np.testing.assert_array_equal(background.rgba[left.slices][..., :3], image[left.slices])
    second = document.decomposition.stack.foregrounds[0]
    everything = delete_layer(document, second.id).decomposition
    assert everything.changed is None, "with everything deleted the background is the picture again"


def test_deleting_an_object_keeps_the_piece_that_was_cut_out_of_it() -> None:
    image, outer = with_ball(meadow((200, 160)), (100, 80), 60)
    image, inner = with_ball(image, (95, 75), 18, (250, 240, 120))
    document = cut_box(cut_box(Document.start(image), outer, ENGINE), inner, ENGINE)
    document = delete_layer(document, document.decomposition.stack.layers[1].id)
    assert [layer.box for layer in document.decomposition.stack] == [None, inner]
    document = delete_layer(document, document.decomposition.stack.layers[1].id)
    np.testing.assert_array_equal(document.decomposition.recompose(), image)


def test_cutting_again_keeps_id_name_and_place_and_obeys_the_hints() -> None:
    image, left, right = two_balls()
    document = cut_box(cut_box(Document.start(image), left, ENGINE), right, ENGINE)
    before = document.decomposition.stack.layers[2]
    again = recut(document, before.id, (Hint("drop", ((55, 65),), 3),), ENGINE)
    after = again.decomposition.stack.layers[2]
    assert (after.id, after.name, after.box) == (before.id, before.name, before.box)
    assert after.rgba[65, 55, 3] == 0
    assert before.rgba[65, 55, 3] == 255
    assert again.cuts[after.id].hints == (Hint("drop", ((55, 65),), 3),)
    np.testing.assert_array_equal(again.decomposition.recompose(), image)


def test_the_background_can_neither_be_deleted_nor_cut_again() -> None:
    document = Document.start(meadow())
    with pytest.raises(InputError, match="background"):
        delete_layer(document, "background")
    with pytest.raises(InputError, match="not cut with a box"):
        recut(document, "background", (Hint("keep", ((3, 3),)),), ENGINE)


def test_the_same_box_twice_says_which_layer_holds_it() -> None:
    image, left, _ = two_balls()
    document = cut_box(Document.start(image), left, ENGINE)
    with pytest.raises(PromptError, match="Object 1"):
        cut_box(document, left, ENGINE)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (BoundingBox(500, 500, 600, 600), "outside the picture"),
        (BoundingBox(-50, -50, -10, -10), "outside the picture"),
        (BoundingBox(10, 10, 11, 11), "only 1 x 1"),
        (BoundingBox(-50, -50, 1, 90), "only 1 x 90"),
    ],
)
def test_a_box_that_selects_nothing_says_why(box: BoundingBox, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        check_box(box, (200, 130))


def test_a_box_that_reaches_beyond_the_picture_is_clipped() -> None:
    assert check_box(BoundingBox(-20, -5, 90, 700), (200, 130)) == BoundingBox(0, 0, 90, 130)


def test_hints_go_to_the_smallest_box_that_holds_them() -> None:
    large, small = BoundingBox(0, 0, 100, 100), BoundingBox(20, 20, 40, 40)
    inside, outside, far = Hint("keep", ((30, 30),)), Hint("drop", ((90, 90),)), Hint("drop", ((150, 60),))
    assert assign_hints((inside, outside, far), (large, small)) == [(outside, far), (inside,)]


def test_cancelling_changes_nothing_and_reports_come_in_order() -> None:
    image, left, _ = two_balls()
    document = Document.start(image)
    cancel, seen = CancelToken(), []

    def report(progress: Progress) -> None:
        seen.append(progress.done)
        if progress.done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        cut_box(document, left, ENGINE, report=report, cancel=cancel)
    assert seen == sorted(seen)
    assert [layer.role for layer in document.decomposition.stack] == [LayerRole.BACKGROUND]
