"""The workbench's tree, search, tours and previews in a real browser."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fragments import of_class, picture, resting_box, row, selected, visible
from tests.browser.workbench_app import WorkbenchApp, ask, open_model


def test_alt_click_on_an_eye_shows_it_alone_and_again_brings_back_what_was_there(opened: Page) -> None:
    ask(opened, "(page) => page.setShown([page.model.meshes[4].id], false)")
    before, drawn = visible(opened), picture(opened)
    eye = row(opened, "front hair").locator(".eye")
    eye.click(modifiers=["Alt"])
    assert visible(opened) == set(of_class(opened, "front hair"))
    eye.click(modifiers=["Alt"])
    assert visible(opened) == before
    assert picture(opened) == drawn


def test_dragging_over_eyes_gives_all_of_them_what_the_first_got(opened: Page) -> None:
    ask(opened, "(page) => { page.tree.closed.clear(); }")
    eyes = opened.locator(".tree-row[aria-level='2'] .eye")
    boxes = [eyes.nth(index).bounding_box() for index in range(4)]
    names = [opened.locator(".tree-row[aria-level='2']").nth(index).get_attribute("data-id") for index in range(4)]
    for index, box in enumerate(boxes):
        assert box is not None
        opened.mouse.move(box["x"] + 8, box["y"] + 8)
        if index == 0:
            opened.mouse.down()
    opened.mouse.up()
    assert not visible(opened) & {int(name) for name in names if name}


def test_the_eye_of_a_class_says_whether_all_some_or_none_of_it_is_shown(opened: Page) -> None:
    hair = of_class(opened, "front hair")
    eye = row(opened, "front hair").locator(".eye")
    expect(eye).to_have_attribute("aria-checked", "true")
    ask(opened, "(page, id) => page.setShown([id], false)", hair[0])
    expect(eye).to_have_attribute("aria-checked", "mixed")
    ask(opened, "(page, ids) => page.setShown(ids, false)", hair)
    expect(eye).to_have_attribute("aria-checked", "false")


def test_search_finds_words_in_ids_parts_and_classes_and_enter_goes_through_them(opened: Page) -> None:
    field = opened.get_by_role("searchbox", name="Search fragments")
    field.fill("front hair")
    hits = ask(opened, "(page) => [...page.search.hits]")
    assert set(of_class(opened, "front hair")) <= set(hits)
    few = """(most) => document.querySelectorAll(".tree-row[aria-level='2']").length <= most"""
    opened.wait_for_function(few, arg=len(hits))  # the tree follows at the next frame
    field.press("Enter")
    first = selected(opened)
    field.press("Enter")
    assert selected(opened) != first
    field.press("Shift+Enter")
    assert selected(opened) == first


def test_search_takes_regular_expressions_and_explains_wrong_ones(opened: Page) -> None:
    field = opened.get_by_role("searchbox", name="Search fragments")
    name = str(ask(opened, "(page) => page.model.meshes[5].mesh_id"))
    field.fill(f"/^{re.escape(name)}(?= )/")
    assert ask(opened, "(page) => [...page.search.hits].map((id) => page.model.byId.get(id).mesh_id)") == [name]
    field.fill("/(open/")
    expect(opened.locator(".search-words")).to_contain_text("cannot be read")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.press("Escape")
    expect(opened.locator(".search-words")).to_have_text("")


def test_the_tree_is_a_tree_for_the_keyboard_and_for_screen_readers(opened: Page) -> None:
    opened.get_by_role("tree", name="Fragments").focus()
    opened.keyboard.press("Home")
    group = opened.get_by_role("treeitem").first
    expect(group).to_have_attribute("aria-expanded", "true")
    opened.keyboard.press("ArrowLeft")
    expect(group).to_have_attribute("aria-expanded", "false")
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("ArrowDown")
    assert len(selected(opened)) == 1
    before = visible(opened)
    opened.keyboard.press("Space")
    assert visible(opened) == before - set(selected(opened))
    row = opened.locator("[role=treeitem][aria-selected=true]")
    expect(row).to_have_count(1)  # rows are drawn with the next frame
    expect(opened.get_by_role("tree", name="Fragments")).to_have_attribute("aria-activedescendant", str(row.get_attribute("id")))


def test_the_tree_by_part_holds_every_fragment_below_its_part(opened: Page) -> None:
    opened.get_by_role("button", name="By part").click()
    wrong = ask(
        opened,
        """(page) => {
            const wrong = [];
            const visit = (group, above) => {
                const place = Number(group.key.split(' ')[1]);
                group.members.filter((id) => page.model.byId.get(id).part !== place).forEach((id) => wrong.push(id));
                if ((page.model.parts[place].parent ?? null) !== above) wrong.push(group.key);
                group.children.forEach((child) => visit(child, place));
            };
            page.tree.groups.forEach((group) => visit(group, null));
            const held = page.tree.groups.flatMap((group) => group.ids).length;
            return [wrong, held === page.model.meshes.length];
        }""",
    )
    assert wrong == [[], True]
    opened.get_by_role("button", name="By class").click()


def test_the_tour_of_the_unseen_goes_to_hidden_and_covered_fragments_only_and_shows_them_in_x_ray(opened: Page) -> None:
    unseen = set(ask(opened, "(page) => page.model.meshes.filter((mesh) => mesh.hidden || mesh.num_visible < 64).map((mesh) => mesh.id)"))
    if not unseen:
        pytest.skip("every fragment of this character is seen")
    visited = set()
    for _ in range(len(unseen)):
        opened.keyboard.press("Alt+U")
        visited |= set(selected(opened))
        assert ask(opened, "(page) => page.xray.on")
    assert visited == unseen
    opened.keyboard.press("ArrowRight")
    assert not ask(opened, "(page) => page.xray.on")


def test_next_goes_once_through_every_fragment_and_previous_back(opened: Page) -> None:
    num = int(ask(opened, "(page) => page.model.meshes.length"))
    first = ask(opened, "(page) => { page.goFragment(1, 'any'); return page.selection.ids[0]; }")
    walk = ask(opened, "(page, num) => Array.from({length: num}, () => { page.goFragment(1, 'any'); return page.selection.ids[0]; })", num)
    assert len(set(walk)) == num
    assert walk[-1] == first
    opened.keyboard.press("ArrowLeft")
    assert selected(opened) == [walk[-2]]


def test_a_tour_pans_to_a_fragment_that_is_out_of_sight(opened: Page) -> None:
    ask(opened, "(page) => { page.view.x = -5000; page.goFragment(1, 'any'); }")
    box = ask(opened, "(page) => page.state.layers.get(page.selection.ids[0]).extent")
    left, top = ask(opened, "(page, at) => page.toScreen(...at)", box[:2])
    right, bottom = ask(opened, "(page, at) => page.toScreen(...at)", box[2:])
    assert left >= 0
    assert top >= 0
    assert right <= ask(opened, "(page) => page.view.width")
    assert bottom <= ask(opened, "(page) => page.view.height")


def test_a_tour_without_a_goal_says_so(opened: Page) -> None:
    opened.keyboard.press("Alt+Q")
    expect(opened.locator(".status-words")).to_have_text("Nothing is marked as unsure.")


def test_the_preview_of_the_class_shows_all_of_it_and_a_click_selects_in_it(opened: Page) -> None:
    hair = of_class(opened, "front hair")
    ask(opened, "(page, id) => page.select([id])", hair[0])
    group = opened.locator(".preview.group .preview-picture")
    expect(group).to_have_attribute("aria-label", f"all of front hair: {len(hair)}")
    box = group.bounding_box()
    assert box is not None
    opened.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.3)
    assert selected(opened)[0] in hair


def test_fragments_are_dragged_onto_a_class(workbench: Page, workbench_app: WorkbenchApp) -> None:
    open_model(workbench, workbench_app.pass_ids[2])
    moved = of_class(workbench, "front hair")[0]
    name = str(ask(workbench, "(page, id) => page.model.byId.get(id).mesh_id", moved))
    start, goal = resting_box(workbench, row(workbench, name)), resting_box(workbench, row(workbench, "back hair"))
    workbench.mouse.move(start["x"] + 60, start["y"] + 10)
    workbench.mouse.down()
    workbench.mouse.move(goal["x"] + 60, goal["y"] + 4, steps=5)
    workbench.mouse.move(goal["x"] + 60, goal["y"] + 10)
    expect(row(workbench, "back hair")).to_have_class(re.compile("drop-target"))
    workbench.mouse.up()
    ask(workbench, "(page) => page.settled()")
    assert moved in of_class(workbench, "back hair")


def test_the_wheel_zooms_at_the_pointer_and_space_drags(opened: Page) -> None:
    at = ask(opened, "(page) => page.clientPoint(512, 400)")
    opened.mouse.move(*at)
    opened.mouse.wheel(0, -300)
    after = ask(opened, "(page) => page.clientPoint(512, 400)")
    assert after == pytest.approx(at, abs=2)
    opened.locator(".viewport").focus()
    opened.keyboard.down("Space")
    opened.mouse.down()
    opened.mouse.move(at[0] + 60, at[1] + 35, steps=3)
    opened.mouse.up()
    opened.keyboard.up("Space")
    assert ask(opened, "(page) => page.clientPoint(512, 400)") == pytest.approx([after[0] + 60, after[1] + 35], abs=2)
    assert selected(opened) == []
    opened.keyboard.press("0")
    assert ask(opened, "(page) => page.view.fitted")


@pytest.mark.parametrize(("language", "words"), [("zh", "按类别"), ("ja", "クラス別")])
def test_the_interface_speaks_the_language_of_the_browser(browser: Any, workbench_app: WorkbenchApp, language: str, words: str) -> None:
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(workbench_app.address)
    expect(page.get_by_role("button", name=words, include_hidden=True)).to_have_count(1, timeout=20_000)
    context.close()
