"""Cutting a fragment into pieces: by lasso and by corners, labelled, shown, changed, taken back, and exported."""

import json
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotator.access import LOCAL_USER
from annotator.export_formats import ExportFormat
from annotator.exports import export_labels
from annotator.queries import view_model
from data_tools.live2d.pieces import GRID, Piece, owners
from liwi.seethrough.body_parts import BodyPart
from tests.browser.fragments import Fragment, composite, of_class, read_fragments, row, shown
from tests.browser.workbench_app import WorkbenchApp, ask

pytestmark = pytest.mark.browser
SIDE = 1024


@pytest.fixture
def face(opened: Page, workbench_app: WorkbenchApp) -> Fragment:
    """The largest fragment of the face, selected; the keys go to the canvas."""
    wait_for(opened, "(page) => page.mayEdit()")
    faces = of_class(opened, "face")
    fragments = [one for one in read_fragments(opened, workbench_app.stores.pictures) if one.id in faces]
    found = max(fragments, key=lambda one: int(one.rgba[..., 3].sum()))
    ask(opened, "(page, id) => { page.select([id]); document.activeElement?.blur(); }", found.id)
    opened.keyboard.press("Alt+z")
    opened.keyboard.press("9")  # at 100 % in the middle of the window
    return found


def wait_for(page: Page, expression: str, value: object = None) -> None:
    """Wait until a JavaScript function of (workbench hooks, value) is true."""
    page.wait_for_function(f"(value) => ({expression})(document.querySelector('.liwi-workbench')?.__workbench, value)", arg=value)


_CLIENT_POINT = "(page, [x, y]) => page.clientPoint(x, y)"


def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a point of the model lies in the window, once the page has come to rest: on a slow machine it is still being laid out."""
    where, unmoved = ask(page, _CLIENT_POINT, [x, y]), 0
    while unmoved < 2:
        page.wait_for_timeout(30)
        before, where = where, ask(page, _CLIENT_POINT, [x, y])
        unmoved = unmoved + 1 if where == before else 0
    left, top = where
    return left, top


def lasso(page: Page, *corners: tuple[float, float]) -> None:
    """Drag along a polygon, all around."""
    page.mouse.move(*on_screen(page, *corners[0]))
    page.mouse.down()
    for x, y in [*corners[1:], corners[0]]:
        page.mouse.move(*on_screen(page, x, y), steps=8)
    page.mouse.up()


def left_half(fragment: Fragment) -> tuple[tuple[float, float], ...]:
    """Around the left half of a fragment."""
    left, top, right, bottom = fragment.box
    middle = (left + right) / 2
    return (left - 5, top - 5), (middle, top - 5), (middle, bottom + 5), (left - 5, bottom + 5)


def saved_pieces(page: Page, app: WorkbenchApp, mesh: int, version: int) -> tuple[Piece, ...]:
    """What the database says once so many labels of the fragment are saved."""
    wait_for(page, "(page, [id, version]) => page.labelOf(id).version === version && page.saving.state === 'saved'", [mesh, version])
    return view_model(app.database, LOCAL_USER, app.pass_ids[0]).labels[mesh].value.pieces


def check_pixels(page: Page, fragments: list[Fragment], face: Fragment, pieces: tuple[Piece, ...], hidden: set[int]) -> None:
    """The canvas shows the model without the hidden pieces of the face."""
    owner = owners(pieces, (SIDE, SIDE), face.box)
    without = face.rgba.copy()
    without[np.isin(owner, list(hidden))] = 0
    drawn = [Fragment(one.id, one.name, one.box, without, one.hidden) if one.id == face.id else one for one in shown(fragments)]
    left, top, _, bottom = face.box
    middle = (face.box[0] + face.box[2]) // 2
    for x in (left + (middle - left) // 2, middle - 4, middle + 4, middle + (middle - left) // 2):
        for y in (top + (bottom - top) // 3, top + (bottom - top) // 2):
            assert ask(page, "(page, [x, y]) => page.pixelAt(x, y)", [x, y]) == pytest.approx(composite(drawn, x, y), abs=6)


def test_a_lasso_cuts_a_piece_that_is_labelled_shown_undone_and_exported(
    opened: Page, workbench_app: WorkbenchApp, face: Fragment, tmp_path: Path
) -> None:
    fragments = read_fragments(opened, workbench_app.stores.pictures)
    version = ask(opened, "(page, id) => page.labelOf(id).version", face.id)
    opened.keyboard.press("Shift+l")
    lasso(opened, *left_half(face))
    assert ask(opened, "(page) => page.selectedUnits()") == [f"{face.id}/1"]
    opened.keyboard.press("e")
    (ear,) = saved_pieces(opened, workbench_app, face.id, version + 2)
    assert ear.part is BodyPart.EARS
    assert len(ear.polygon) < 12, "a lasso of straight sides is kept by its corners"
    label = view_model(workbench_app.database, LOCAL_USER, workbench_app.pass_ids[0]).labels[face.id].value
    assert label.part is BodyPart.FACE
    expect(opened.locator("[data-piece]")).to_contain_text("ears")
    check_pixels(opened, fragments, face, (ear,), set())
    ask(opened, "(page) => page.setFilter('class', 'ears')")
    assert face.id in ask(opened, "(page) => page.visibleIds()")
    check_pixels(opened, [one for one in fragments if one.id == face.id or one.id in of_class(opened, "ears")], face, (ear,), {0})
    ask(opened, "(page, id) => { page.showAll(); page.reveal(id); }", face.id)
    row(opened, f"{face.name}, piece 1").locator(".eye").click()
    check_pixels(opened, fragments, face, (ear,), {1})
    ask(opened, "(page) => page.showAll()")
    unnamed = Piece(ear.polygon, BodyPart.FACE)
    for step, (key, pieces) in enumerate((("z", (unnamed,)), ("z", ()), ("Shift+z", (unnamed,)), ("Shift+z", (ear,))), 3):
        opened.keyboard.press(f"Control+{key}")
        assert saved_pieces(opened, workbench_app, face.id, version + step) == pieces
    opened.reload()
    wait_for(opened, "(page) => page?.mayEdit?.()")
    assert ask(opened, "(page, id) => page.labelOf(id).pieces.map((piece) => piece.part)", face.id) == ["ears"]
    out = tmp_path / "out"
    export_labels(workbench_app.database, workbench_app.stores, LOCAL_USER, "default", out, kind=ExportFormat.COCO, only_accepted=False)
    annotations = json.loads((out / "annotations.json").read_text())["annotations"]
    own = {one["category_id"] - 1: one["area"] for one in annotations if one["art_mesh"] == face.name}
    assert set(own) == {BodyPart.FACE.class_index, BodyPart.EARS.class_index}
    assert sum(own.values()) == (face.rgba[..., 3] >= 128).sum()
    assert min(own.values()) > 0.4 * sum(own.values())
    ask(opened, "(page, id) => page.relabel([id], { pieces: [] })", face.id)
    assert saved_pieces(opened, workbench_app, face.id, version + 7) == ()


def test_corners_are_clicked_taken_back_moved_and_the_piece_is_put_back(opened: Page, workbench_app: WorkbenchApp, face: Fragment) -> None:
    version = ask(opened, "(page, id) => page.labelOf(id).version", face.id)
    opened.keyboard.press("Shift+l")
    corners = left_half(face)
    for x, y in (*corners[:2], (face.box[2], face.box[3])):
        opened.mouse.click(*on_screen(opened, x, y))
    opened.keyboard.press("Backspace")
    for x, y in corners[2:]:
        opened.mouse.click(*on_screen(opened, x, y))
    opened.keyboard.press("Enter")
    (piece,) = saved_pieces(opened, workbench_app, face.id, version + 1)
    assert np.array(piece.polygon) / GRID * SIDE == pytest.approx(np.array(corners), abs=1)
    left, top = corners[1]
    opened.mouse.move(*on_screen(opened, left, top))
    opened.mouse.down()
    opened.mouse.move(*on_screen(opened, left + 30, top), steps=4)
    opened.mouse.up()
    (moved,) = saved_pieces(opened, workbench_app, face.id, version + 2)
    assert np.array(moved.polygon[1]) / GRID * SIDE == pytest.approx((left + 30, top), abs=1.5)
    assert moved.polygon[2:] == piece.polygon[2:]
    opened.keyboard.press("Delete")
    assert saved_pieces(opened, workbench_app, face.id, version + 3) == ()
    opened.keyboard.press("Control+z")
    assert saved_pieces(opened, workbench_app, face.id, version + 4) == (moved,)
    opened.get_by_role("button", name="Put the piece back into the fragment").click()
    assert saved_pieces(opened, workbench_app, face.id, version + 5) == ()


def test_an_outline_that_holds_nothing_or_everything_is_refused_and_escape_leaves_nothing(opened: Page, face: Fragment) -> None:
    left, top, right, bottom = face.box
    version = ask(opened, "(page, id) => page.labelOf(id).version", face.id)
    opened.keyboard.press("Shift+l")
    assert ask(opened, "(page) => page.xray.on"), "others cover the fragment that is cut"
    lasso(opened, (left - 40, top - 40), (left - 10, top - 40), (left - 10, top - 10))
    expect(opened.locator(".toast", has_text="no pixel of the fragment")).to_be_visible()
    lasso(opened, (left - 9, top - 9), (right + 9, top - 9), (right + 9, bottom + 9), (left - 9, bottom + 9))
    expect(opened.locator(".toast", has_text="All of the fragment lies in this outline")).to_be_visible()
    opened.mouse.click(*on_screen(opened, left, top))
    opened.keyboard.press("Escape")
    assert ask(opened, "(page) => [page.state.tool, page.draft.points.length, page.xray.on]") == ["select", 0, False]
    wait_for(opened, "(page) => page.saving.state === 'saved'")
    assert ask(opened, "(page, id) => page.labelOf(id).version", face.id) == version
    assert ask(opened, "(page) => page.doubleKeys()") == []
    ask(opened, "(page) => page.mapKeys('tool.cut', ['Shift+K'])")
    opened.keyboard.press("Shift+k")
    assert ask(opened, "(page) => page.state.tool") == "cut"
    opened.keyboard.press("Shift+k")
    assert ask(opened, "(page) => page.state.tool") == "select"
