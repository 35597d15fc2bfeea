"""A person's editing session: history and panel state."""

import numpy as np
import pytest

from liwi.engines.embedded import EmbeddedDecomposer
from liwi.errors import Cancelled, InputError, PromptError
from liwi.imaging.io import Picture
from liwi.progress import CancelToken, Progress
from liwi.session import MAX_NAME_LENGTH, CutRequest, EditingSession, PanelEntry, clean_name
from liwi.types import BlendMode, BoundingBox
from tests.pictures import meadow, two_balls

ENGINE = EmbeddedDecomposer()


@pytest.fixture
def session() -> EditingSession:
    image, left, right = two_balls()
    session = EditingSession(Picture(image), ENGINE)
    session.cut(CutRequest((left, right), names=("Red", None)))
    return session


def names(session: EditingSession) -> list[str]:
    return [layer.name for layer in session.decomposition.stack]


def test_every_box_is_a_step_of_its_own(session: EditingSession) -> None:
    assert names(session) == ["Background", "Object 1", "Red"]
    session.undo()
    assert names(session) == ["Background", "Red"]
    session.undo()
    assert names(session) == ["Background"]
    assert not session.can_undo
    session.redo()
    session.redo()
    assert names(session) == ["Background", "Object 1", "Red"]
    assert session.revision == 6
    with pytest.raises(InputError, match="nothing to redo"):
        session.redo()


def test_a_new_step_forgets_what_was_undone(session: EditingSession) -> None:
    session.undo()
    session.delete([session.decomposition.stack.foregrounds[0].id])
    assert not session.can_redo
    assert names(session) == ["Background"]


def test_deleting_several_layers_is_one_step(session: EditingSession) -> None:
    session.delete([layer.id for layer in session.decomposition.stack.foregrounds])
    assert session.decomposition.changed is None
    session.undo()
    assert len(names(session)) == 3


def test_the_panel_changes_names_state_and_order_but_no_step(session: EditingSession) -> None:
    background, second, first = session.decomposition.stack
    revision = session.revision
    session.set_panel(
        [
            PanelEntry(background.id, "Meadow"),
            PanelEntry(first.id, "  Ball\x00\n ", visible=False, opacity=0.5, blend=BlendMode.SCREEN, locked=True),
            PanelEntry(second.id, ""),
            PanelEntry("gone", "x"),
        ],
        shadow_visible=False,
    )
    stack = session.decomposition.stack
    assert names(session) == ["Meadow", "Ball", "Object 1"]
    assert (stack.layers[1].visible, stack.layers[1].opacity, stack.layers[1].blend, stack.layers[1].locked) == (False, 0.5, "screen", True)
    assert not session.decomposition.shadow_visible
    assert session.revision == revision
    np.testing.assert_array_equal(session.decomposition.recompose(), session.decomposition.source)


def test_a_hostile_panel_cannot_break_the_stack(session: EditingSession) -> None:
    background, second, _ = session.decomposition.stack
    session.set_panel([PanelEntry(second.id, "a", opacity=7), PanelEntry(second.id, "b"), PanelEntry(background.id, "x" * 9999)])
    assert len(session.decomposition.stack) == 3
    assert max(map(len, names(session))) <= MAX_NAME_LENGTH


def test_cancelling_between_boxes_keeps_what_was_finished() -> None:
    image, left, right = two_balls()
    session, cancel, steps = EditingSession(Picture(image), ENGINE), CancelToken(), []

    def report(progress: Progress) -> None:
        if "box 2" in progress.stage:
            cancel.cancel()

    with pytest.raises(Cancelled):
        session.cut(CutRequest((left, right)), report=report, cancel=cancel, on_step=steps.append)
    assert names(session) == ["Background", "Object 1"]
    assert steps == [0]


def test_boxes_that_select_nothing_are_named_and_the_others_are_cut() -> None:
    image, left, _ = two_balls()
    session = EditingSession(Picture(image), ENGINE)
    notes = session.cut(CutRequest((BoundingBox(900, 900, 950, 950), left)))
    assert "outside the picture" in " ".join(notes)
    assert names(session) == ["Background", "Object 1"]
    with pytest.raises(PromptError, match="outside the picture"):
        session.cut(CutRequest((BoundingBox(900, 900, 950, 950),)))


def test_no_box_proposes_the_main_subjects() -> None:
    image, left, right = two_balls()
    session = EditingSession(Picture(image), ENGINE)
    session.cut(CutRequest((), max_foregrounds=2))
    boxes = [layer.box for layer in session.decomposition.stack.foregrounds if layer.box]
    assert all(max(box.iou(left), box.iou(right)) > 0.5 for box in boxes)
    assert boxes


def test_no_box_on_a_picture_of_nothing_says_so() -> None:
    session = EditingSession(Picture(np.full((80, 90, 3), 128, np.uint8)), ENGINE)
    with pytest.raises(PromptError, match="Draw a box"):
        session.cut(CutRequest(()))


def test_transparent_input_is_the_outermost_mask() -> None:
    image, left, _ = two_balls()
    alpha = np.zeros(image.shape[:2], np.uint8)
    alpha[20:110, 10:110] = 255
    session = EditingSession(Picture(image, alpha), ENGINE)
    session.cut(CutRequest((left,)))
    np.testing.assert_array_equal(session.decomposition.recompose(), image)
    assert session.decomposition.mask is alpha
    assert not session.decomposition.stack.foregrounds[0].rgba[alpha == 0][:, 3].any()


def test_large_pictures_get_fewer_steps() -> None:
    session = EditingSession(Picture(np.broadcast_to(np.uint8(9), (8192, 8192, 3))), ENGINE)
    assert 3 <= session._max_steps < 20


@pytest.mark.parametrize(
    ("name", "clean"), [(" a\tb ", "a b"), ("👩\u200d🎨", "👩\u200d🎨"), ("<script>", "<script>"), ("髪\u202e", "髪"), ("\n", "")]
)
def test_names_lose_what_cannot_be_printed(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_meadow_is_repeatable() -> None:
    np.testing.assert_array_equal(meadow(seed=3), meadow(seed=3))


def test_undo_keeps_fewer_steps_when_their_layers_are_large(session: EditingSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liwi.session.HISTORY_BYTES", 1)
    for _ in range(6):
        session.apply(lambda document: document.with_stack(document.decomposition.stack))
    for _ in range(3):
        session.undo()
    with pytest.raises(InputError, match="nothing to undo"):
        session.undo()
