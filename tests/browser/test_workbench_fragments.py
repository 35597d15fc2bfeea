"""What the workbench says and lets people change about single fragments: how they are clipped, and in which order they are drawn."""

import uuid

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from annotator.access import LOCAL_USER
from annotator.labels import relabel
from annotator.queries import view_model
from annotator.values import Change, LabelKind, LabelValue
from liwi.seethrough.body_parts import BodyPart
from tests.browser.fragments import PICK_ALPHA, composite, read_fragments, selected, shown, spots
from tests.browser.workbench_app import WorkbenchApp, ask

pytestmark = pytest.mark.browser


def test_the_inspector_says_what_clips_a_fragment_and_what_it_clips(opened: Page) -> None:
    clipped = ask(opened, "(page) => page.model.meshes.find((mesh) => mesh.clipped_by.length)")
    clipper = clipped["clipped_by"][0]
    ask(opened, "(page, id) => page.select([id])", clipped["id"])
    inside = opened.locator(".clip-line[data-clip='clip.inside'] .clip-names")
    assert [int(button.get_attribute("data-fragment") or 0) for button in inside.locator("[data-fragment]").all()] == clipped["clipped_by"]
    inside.locator(f"[data-fragment='{clipper}']").hover()
    assert ask(opened, "(page) => page.state.hovered") == [clipper]
    inside.locator(f"[data-fragment='{clipper}']").click()
    assert selected(opened) == [clipper]
    clips = opened.locator(".clip-line[data-clip='clip.clips'] [data-fragment]")
    wanted = ask(opened, "(page, id) => page.model.meshes.filter((mesh) => mesh.clipped_by.includes(id)).map((mesh) => mesh.id)", clipper)
    expect(clips).to_have_count(min(12, len(wanted)))
    assert clipped["id"] in wanted
    plain = ask(
        opened,
        "(page) => page.model.meshes.find((m) => !m.clipped_by.length && !page.model.meshes.some((o) => o.clipped_by.includes(m.id))).id",
    )
    ask(opened, "(page, id) => page.select([id])", plain)
    expect(opened.locator(".clip-line")).to_have_count(0)


def wait_for(page: Page, expression: str, value: object = None) -> None:
    """Wait until a JavaScript function of (workbench hooks, value) is true."""
    page.wait_for_function(f"(value) => ({expression})(document.querySelector('.liwi-workbench')?.__workbench, value)", arg=value)


def order(page: Page) -> list[int]:
    """Ids of the fragments, back to front."""
    return list(ask(page, "(page) => page.model.meshes.map((mesh) => mesh.id)"))


def saved_order(page: Page, app: WorkbenchApp, mesh: int) -> int | None:
    """What the database says once everything is saved."""
    wait_for(page, "(page) => page.saving.state === 'saved'")
    saved = view_model(app.database, LOCAL_USER, app.pass_ids[0]).labels.get(mesh)
    return saved.value.order if saved else None


def next_in_front(page: Page, app: WorkbenchApp, mesh: int) -> int:
    """The first fragment, seen at rest, in front of another that shares a pixel with it."""
    covered = {}
    for fragment in shown(read_fragments(page, app.stores.pictures)):
        canvas = np.zeros((1024, 1024), bool)
        left, top, right, bottom = fragment.box
        canvas[top:bottom, left:right] = fragment.rgba[..., 3] >= PICK_ALPHA
        covered[fragment.id] = canvas
    ids = order(page)
    return next(other for other in ids[ids.index(mesh) + 1 :] if other in covered and (covered[other] & covered[mesh]).any())


def check_pixels(page: Page, app: WorkbenchApp) -> None:
    """The canvas is what its fragments composite to in the order that the page says."""
    fragments = read_fragments(page, app.stores.pictures)
    for key in ("0", "9"):  # undo goes to what it has changed
        page.keyboard.press(key)
    for x, y in spots(fragments, 12):
        assert ask(page, "(page, [x, y]) => page.pixelAt(x, y)", [x, y]) == pytest.approx(composite(shown(fragments), x, y), abs=6)


def test_keys_move_a_fragment_in_the_order_of_drawing_and_undo_takes_it_back(opened: Page, workbench_app: WorkbenchApp) -> None:
    wait_for(opened, "(page) => page.mayEdit()")
    before = order(opened)
    mesh = ask(opened, "(page) => page.model.meshes.find((mesh) => page.classOf(mesh.id) === 'face' && !mesh.hidden && mesh.extent).id")
    ask(opened, "(page, id) => { page.select([id]); document.activeElement?.blur(); }", mesh)
    passed = next_in_front(opened, workbench_app, mesh)
    opened.keyboard.press("Alt+PageUp")
    after = order(opened)
    assert after[after.index(mesh) - 1] == passed
    assert [each for each in after if each != mesh] == [each for each in before if each != mesh]
    place = saved_order(opened, workbench_app, mesh)
    assert place is not None and before.index(mesh) * 1000 < place
    expect(opened.locator(".order-place")).to_contain_text(f"{after.index(mesh) + 1} of {len(after)}")
    expect(opened.locator(".order-moved")).to_contain_text(str(before.index(mesh) + 1))
    check_pixels(opened, workbench_app)
    opened.keyboard.press("Control+z")
    wait_for(opened, "(page, ids) => page.model.meshes.every((mesh, place) => mesh.id === ids[place])", before)
    assert saved_order(opened, workbench_app, mesh) is None
    check_pixels(opened, workbench_app)
    opened.keyboard.press("Control+Shift+z")
    wait_for(opened, "(page, ids) => page.model.meshes.every((mesh, place) => mesh.id === ids[place])", after)
    opened.reload()
    wait_for(opened, "(page) => page?.mayEdit?.()")
    assert order(opened) == after
    ask(opened, "(page, id) => page.select([id])", mesh)
    opened.get_by_role("button", name="artist's order").click()
    assert order(opened) == before
    assert saved_order(opened, workbench_app, mesh) is None


def test_fragments_go_in_front_of_and_behind_their_class_together(opened: Page, workbench_app: WorkbenchApp) -> None:
    wait_for(opened, "(page) => page.mayEdit()")
    before = order(opened)
    hair = ask(opened, "(page) => page.model.meshes.map((mesh) => mesh.id).filter((id) => page.classOf(id) === 'front hair')")
    assert len(hair) > 3
    ask(opened, "(page, ids) => { page.select(ids); document.activeElement?.blur(); }", hair[:2])
    opened.keyboard.press("Alt+Shift+PageUp")
    assert [each for each in order(opened) if each in hair] == [*hair[2:], *hair[:2]]
    opened.keyboard.press("Alt+Shift+PageDown")
    assert [each for each in order(opened) if each in hair] == hair
    assert saved_order(opened, workbench_app, hair[0]) is not None
    opened.get_by_role("button", name="artist's order").click()
    assert order(opened) == before
    assert ask(opened, "(page, id) => page.labelOf(id).part", hair[0]) == "front hair", "the decision stays the guess"


def test_a_move_elsewhere_reaches_the_page_and_the_reviewer(opened: Page, workbench_app: WorkbenchApp) -> None:
    wait_for(opened, "(page) => page.mayEdit()")
    pass_id, mesh = workbench_app.pass_ids[0], order(opened)[9]
    saved = view_model(workbench_app.database, LOCAL_USER, pass_id).labels.get(mesh)
    value = LabelValue(LabelKind.PART, BodyPart.FACE, order=500)
    relabel(workbench_app.database, LOCAL_USER, pass_id, str(uuid.uuid4()), [Change(mesh, saved.version if saved else 0, value)])
    wait_for(opened, "(page, id) => page.model.meshes[0].id === id", mesh)
    ask(opened, "(page, id) => page.select([id])", mesh)
    expect(opened.locator(".fragment-card .label-chip").first).to_contain_text("face, drawn at 0.5")
    opened.goto(f"{workbench_app.address}/#labels/review/{pass_id}")
    expect(opened.locator(f".review-row[data-mesh='{mesh}']")).to_contain_text("moved to 0.5, by the artist 10")
    opened.locator(".chip[data-kind='moved']").click()
    expect(opened.locator(".review-row")).to_have_count(1)
