"""The workbench's canvas and tree in a real browser: what is drawn, shown, hidden, picked and found, against the fragments' own pixels."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Page, expect

from annotator.ui.component import workbench_script
from annotator.ui.packages import picture_package
from tests.browser.workbench_app import WorkbenchApp, ask, open_model

PICK_ALPHA = 24


@dataclass(frozen=True)
class Fragment:
    """A fragment as the server keeps it: alpha is (H, W) uint8 in its box [left, top, right, bottom]."""

    id: int
    name: str
    box: tuple[int, int, int, int]
    rgba: NDArray[np.uint8]
    hidden: bool

    def alpha_at(self, x: int, y: int) -> int:
        """Alpha of a pixel of the model; 0 outside the box."""
        left, top, right, bottom = self.box
        return int(self.rgba[y - top, x - left, 3]) if left <= x < right and top <= y < bottom else 0


@pytest.fixture
def opened(workbench: Page, workbench_app: WorkbenchApp) -> Page:
    """The first character open, at 100 %, as at rest."""
    open_model(workbench, workbench_app.pass_ids[0])
    workbench.keyboard.press("9")
    return workbench


@pytest.fixture
def fragments(opened: Page, workbench_app: WorkbenchApp) -> list[Fragment]:
    """The open model's fragments that have pixels, back to front, with pixels read from the files."""
    found = []
    for mesh in ask(opened, "(page) => page.model.meshes"):
        if mesh["extent"] is None:
            continue
        rgba = workbench_app.pictures.load(re.search(r"([0-9a-f]{64})", mesh["url"])[1])  # type: ignore[index]
        found.append(Fragment(mesh["id"], mesh["mesh_id"], tuple(mesh["extent"]), rgba, mesh["hidden"]))
    return found


def composite(fragments: list[Fragment], x: int, y: int) -> NDArray[np.float64]:
    """Straight RGBA in [0, 255] of fragments drawn over each other at a pixel."""
    colour, coverage = np.zeros(3), 0.0
    for fragment in fragments:
        alpha = fragment.alpha_at(x, y) / 255
        if alpha:
            own = fragment.rgba[y - fragment.box[1], x - fragment.box[0], :3]
            colour, coverage = own * alpha + colour * (1 - alpha), alpha + coverage * (1 - alpha)
    return np.array([*(colour / coverage if coverage else colour), 255 * coverage])


def spots(fragments: list[Fragment], num: int) -> Iterator[tuple[int, int]]:
    """Pixels in the middle of the model where something is drawn."""
    generator = np.random.default_rng(0)
    while num:
        x, y = (int(value) for value in generator.integers(330, 690, 2))
        if sum(fragment.alpha_at(x, y) > 200 for fragment in fragments) >= 2:
            num -= 1
            yield x, y


def shown(fragments: list[Fragment]) -> list[Fragment]:
    """What is drawn at rest."""
    return [fragment for fragment in fragments if not fragment.hidden]


def click(page: Page, x: float, y: float, **options: Any) -> None:
    """Click on the middle of a pixel of the model."""
    page.mouse.click(*ask(page, "(page, [x, y]) => page.clientPoint(x + 0.5, y + 0.5)", [x, y]), **options)


def selected(page: Page) -> list[int]:
    """Ids of what is selected."""
    return list(ask(page, "(page) => page.selection.ids"))


def visible(page: Page) -> set[int]:
    """Ids of what is visible."""
    return set(ask(page, "(page) => page.visibleIds()"))


def picture(page: Page) -> str:
    """The canvas as it is, as a data URL."""
    return str(ask(page, "(page) => { page.redraw(); return document.querySelector('.viewport .layer-canvas').toDataURL(); }"))


def of_class(page: Page, name: str) -> list[int]:
    """Ids of the fragments of a class."""
    return list(ask(page, "(page, name) => page.model.meshes.map((mesh) => mesh.id).filter((id) => page.classOf(id) === name)", name))


def row(page: Page, name: str) -> Any:
    """The row of a group or fragment in the tree, by its exact name."""
    return page.locator(".tree-row").filter(has=page.locator(".row-name", has_text=re.compile(f"^{re.escape(name)}$"))).first


def test_the_model_is_what_its_fragments_composite_to(opened: Page, fragments: list[Fragment]) -> None:
    for x, y in spots(fragments, 40):
        drawn = ask(opened, "(page, [x, y]) => page.pixelAt(x, y)", [x, y])
        assert drawn == pytest.approx(composite(shown(fragments), x, y), abs=6)


def test_hiding_a_class_hides_its_fragments_alone_and_showing_all_brings_every_pixel_back(opened: Page, fragments: list[Fragment]) -> None:
    before = picture(opened)
    hair = set(of_class(opened, "front hair"))
    assert hair
    row(opened, "front hair").locator(".eye").click()
    assert visible(opened) == {fragment.id for fragment in shown(fragments)} - hair | (visible(opened) - {f.id for f in fragments})
    rest = [fragment for fragment in shown(fragments) if fragment.id not in hair]
    for x, y in spots(fragments, 15):
        assert ask(opened, "(page, [x, y]) => page.pixelAt(x, y)", [x, y]) == pytest.approx(composite(rest, x, y), abs=6)
    opened.keyboard.press("4")
    assert picture(opened) == before


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


def test_the_digits_hide_show_and_isolate_what_is_selected(opened: Page) -> None:
    chosen = of_class(opened, "topwear")[:2]
    everything = visible(opened)
    ask(opened, "(page, ids) => page.select(ids)", chosen)
    opened.keyboard.press("1")
    assert visible(opened) == everything - set(chosen)
    expect(opened.locator(".hidden-note")).to_contain_text("2 selected fragments are hidden")
    opened.keyboard.press("2")
    assert visible(opened) == everything
    opened.keyboard.press("3")
    assert visible(opened) == set(chosen)
    opened.keyboard.press("3")
    assert visible(opened) == everything


def test_only_unlabelled_follows_the_labels_but_keeps_what_is_selected(workbench: Page, workbench_app: WorkbenchApp) -> None:
    open_model(workbench, workbench_app.pass_ids[1])
    everything = visible(workbench)
    workbench.keyboard.press("6")
    assert visible(workbench) == everything
    first, second = of_class(workbench, "topwear")[:2]
    ask(workbench, "async (page, ids) => { page.select(ids); page.acceptGuesses(ids); await page.settled(); }", [first])
    assert visible(workbench) == everything
    ask(workbench, "(page, ids) => page.select(ids)", [second])
    assert visible(workbench) == everything - {first}
    workbench.keyboard.press("6")
    assert visible(workbench) == everything


def test_showing_and_hiding_never_changes_a_label(opened: Page) -> None:
    sent: list[str] = []
    opened.on("request", lambda request: sent.append(request.url))
    labels = ask(opened, "(page) => [...page.model.labels.values()]")
    ask(opened, "(page) => page.select(page.model.meshes.slice(0, 9).map((mesh) => mesh.id))")
    for key in "123345678888":
        opened.keyboard.press(key)
    ask(opened, "(page) => { page.showEvenHidden(); page.setXray(true); page.setXray(false); }")
    assert ask(opened, "(page) => [...page.model.labels.values()]") == labels
    assert not [url for url in sent if "relabel" in url]


def test_a_click_takes_the_topmost_visible_fragment_and_alt_click_goes_deeper(opened: Page, fragments: list[Fragment]) -> None:
    for x, y in spots(fragments, 5):
        stack = [fragment.id for fragment in shown(fragments) if fragment.alpha_at(x, y) >= PICK_ALPHA][::-1]
        ask(opened, "(page) => page.select([])")
        click(opened, x, y)
        assert selected(opened) == stack[:1]
        for wanted in [*stack[1:], stack[0]]:
            opened.keyboard.down("Alt")
            click(opened, x, y)
            opened.keyboard.up("Alt")
            assert selected(opened) == [wanted]


def test_a_hidden_fragment_is_not_picked(opened: Page, fragments: list[Fragment]) -> None:
    x, y = next(spots(fragments, 1))
    stack = [fragment.id for fragment in shown(fragments) if fragment.alpha_at(x, y) >= PICK_ALPHA][::-1]
    ask(opened, "(page, id) => page.setShown([id], false)", stack[0])
    click(opened, x, y)
    assert selected(opened) == [stack[1]]


def test_shift_adds_and_takes_away(opened: Page, fragments: list[Fragment]) -> None:
    places: dict[int, tuple[int, int]] = {}
    for x, y in spots(fragments, 60):
        places.setdefault([f.id for f in shown(fragments) if f.alpha_at(x, y) >= PICK_ALPHA][-1], (x, y))
    (one, here), (two, there) = list(places.items())[:2]
    click(opened, *here)
    opened.keyboard.down("Shift")
    click(opened, *there)
    assert selected(opened) == [one, two]
    click(opened, *here)
    opened.keyboard.up("Shift")
    assert selected(opened) == [two]


def test_a_rubber_band_takes_every_visible_fragment_with_a_pixel_inside(opened: Page, fragments: list[Fragment]) -> None:
    ask(opened, "(page) => page.setShown([page.model.meshes[0].id], false)")
    opened.keyboard.press("0")
    eyes = [fragment.box for fragment in fragments if fragment.id in of_class(opened, "eyelash") + of_class(opened, "irides")]
    band = (min(box[0] for box in eyes), min(box[1] for box in eyes) - 6, max(box[2] for box in eyes), max(box[3] for box in eyes) - 3)
    start, end = (ask(opened, "(page, [x, y]) => page.clientPoint(x, y)", corner) for corner in (band[:2], band[2:]))
    opened.mouse.move(*start)
    opened.mouse.down()
    opened.mouse.move(*end, steps=4)
    opened.mouse.up()
    inside = set()
    for fragment in shown(fragments):
        left, top = fragment.box[:2]
        part = fragment.rgba[max(0, band[1] - top) : max(0, band[3] - top), max(0, band[0] - left) : max(0, band[2] - left), 3]
        if (part >= PICK_ALPHA).any() and fragment.id in visible(opened):
            inside.add(fragment.id)
    assert len(inside) > 3
    assert len(set(selected(opened)) ^ inside) <= 2  # the band's edge falls between pixels


def test_escape_gives_the_selection_up(opened: Page) -> None:
    ask(opened, "(page) => page.select([page.model.meshes[3].id])")
    opened.keyboard.press("Escape")
    assert selected(opened) == []


def test_in_x_ray_the_selection_is_full_even_where_it_is_covered_or_hidden(opened: Page, fragments: list[Fragment]) -> None:
    stacks = [((x, y), [f for f in shown(fragments) if f.alpha_at(x, y) == 255]) for x, y in spots(fragments, 40)]
    (x, y), (lowest, *_) = next((spot, stack) for spot, stack in stacks if len(stack) > 1)
    ask(opened, "(page, id) => { page.setShown([id], false); page.select([id]); page.setXray(true); }", lowest.id)
    expected = lowest.rgba[y - lowest.box[1], x - lowest.box[0]]
    assert ask(opened, "(page, [x, y]) => page.pixelAt(x, y)", [x, y]) == pytest.approx(expected, abs=4)
    assert lowest.id not in visible(opened)
    expect(opened.locator(".hidden-note")).to_contain_text("only X-ray shows it")


def test_the_class_colours_lie_over_what_is_on_top(opened: Page, fragments: list[Fragment]) -> None:
    ask(opened, "(page) => page.setTint(true)")
    plain = 0
    for x, y in spots(fragments, 30):
        top = [fragment for fragment in shown(fragments) if fragment.alpha_at(x, y) >= 200][-1]
        near = [top.alpha_at(x + dx, y + dy) for dx in (-3, 0, 3) for dy in (-3, 0, 3)]
        above = [f for f in shown(fragments)[[f.id for f in shown(fragments)].index(top.id) + 1 :] if f.alpha_at(x, y) > 0]
        colour = str(ask(opened, "(page, id) => page.colourOf(page.classOf(id))", top.id))
        drawn = ask(opened, "(page, [x, y]) => page.pixelAt(x, y, 'tint')", [x, y])
        if min(near) == 255 and not above and drawn[:3] == pytest.approx([int(colour[at : at + 2], 16) for at in (1, 3, 5)], abs=3):
            plain += 1
    assert plain >= 10  # stripes, edges and faint covers are the rest


def test_relabelling_changes_the_colour_in_tree_and_overlay(workbench: Page, workbench_app: WorkbenchApp) -> None:
    open_model(workbench, workbench_app.pass_ids[2])
    tail = of_class(workbench, "topwear")[-1]
    ask(workbench, "(page) => { page.setTint(true); page.setXray(true); }")
    ask(
        workbench,
        "async (page, id) => { page.select([id]); page.relabel([id], {kind: 'part', part: 'face'}); await page.settled(); }",
        tail,
    )
    assert tail in of_class(workbench, "face")
    colours = ask(
        workbench,
        """(page, id) => {
            page.redraw();
            return [page.state.layers.get(id).tint.name, page.colourOf('face')];
        }""",
        tail,
    )
    assert colours[0] == "face"
    expect(row(workbench, "face").locator(".row-count")).to_have_text(re.compile(r"^1/"))


@pytest.mark.parametrize("strength", [0.25, 0.8])
def test_the_strength_of_the_colours_costs_no_redraw(opened: Page, strength: float) -> None:
    ask(opened, "(page) => page.setTint(true)")
    before = ask(opened, "(page) => { page.redraw(); return page.lastRedrawMs; }")
    ask(opened, "(page, strength) => page.setTintStrength(strength)", strength)
    assert ask(opened, "(page) => { page.redraw(); return page.lastRedrawMs; }") == before
    expect(opened.locator(".layer-canvas.tint")).to_have_css("opacity", str(strength))


def test_search_finds_words_in_ids_parts_and_classes_and_enter_goes_through_them(opened: Page) -> None:
    field = opened.get_by_role("searchbox", name="Search fragments")
    field.fill("front hair")
    hits = ask(opened, "(page) => [...page.search.hits]")
    assert set(of_class(opened, "front hair")) <= set(hits)
    assert opened.locator(".tree-row[aria-level='2']").count() <= len(hits)
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
    active = opened.get_by_role("tree").get_attribute("aria-activedescendant")
    assert active is not None
    expect(opened.locator(f"#{active}")).to_have_attribute("aria-selected", "true")


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
    start, goal = row(workbench, name).bounding_box(), row(workbench, "back hair").bounding_box()
    assert start is not None
    assert goal is not None
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


def test_a_picture_that_does_not_come_is_said_and_can_be_asked_for_again(
    workbench: Page, workbench_app: WorkbenchApp, page_errors: list[str]
) -> None:
    workbench.route("**/workbench/passes/*/pictures", lambda route: route.abort())
    workbench.route("**/workbench/pictures/*.webp", lambda route: route.fulfill(status=503, body=""))
    open_model(workbench, workbench_app.pass_ids[0])
    note = workbench.locator(".failed-note")
    expect(note).to_contain_text("pictures did not come")
    workbench.unroute("**/workbench/pictures/*.webp")
    note.get_by_role("button", name="Try again").click()
    expect(note).to_be_hidden()
    assert ask(workbench, "(page) => [...page.state.layers.values()].every((layer) => !layer.extent || layer.picture.status === 'ready')")
    page_errors.clear()


def test_the_package_holds_every_picture_whole(workbench_app: WorkbenchApp) -> None:
    package = picture_package(workbench_app.database, workbench_app.pictures, "local", workbench_app.pass_ids[0])
    start = 4 + int.from_bytes(package[:4], "little")
    entries = json.loads(package[4:start])
    assert len({sha256 for sha256, _ in entries}) == len(entries) > 20
    for sha256, length in entries:
        assert package[start : start + length] == workbench_app.pictures.path(sha256).read_bytes()
        start += length
    assert start == len(package)


def test_another_model_starts_afresh_and_reading_the_same_again_keeps_the_view(opened: Page, workbench_app: WorkbenchApp) -> None:
    ask(opened, "(page) => { page.setShown([page.model.meshes[2].id], false); page.select([page.model.meshes[3].id]); }")
    before = (visible(opened), selected(opened), ask(opened, "(page) => [page.view.scale, page.view.x]"))
    open_model(opened, workbench_app.pass_ids[0])
    assert (visible(opened), selected(opened), ask(opened, "(page) => [page.view.scale, page.view.x]")) == before
    open_model(opened, workbench_app.pass_ids[1])
    assert selected(opened) == []
    assert ask(opened, "(page) => page.view.fitted")


@pytest.mark.parametrize(("language", "words"), [("zh", "按类别"), ("ja", "クラス別")])
def test_the_interface_speaks_the_language_of_the_browser(browser: Any, workbench_app: WorkbenchApp, language: str, words: str) -> None:
    context = browser.new_context(locale=language)
    page = context.new_page()
    page.goto(workbench_app.address)
    expect(page.get_by_role("button", name=words, include_hidden=True)).to_have_count(1, timeout=20_000)
    context.close()


def test_every_text_that_the_scripts_name_exists_in_three_languages() -> None:
    script = workbench_script()
    texts = json.loads(script[script.index("const TEXTS = ") + 14 : script.index(";\n", script.index("const TEXTS = "))])
    assert all(set(text) == {"en", "zh", "ja"} and all(text.values()) for text in texts.values())
    named = set(re.findall(r'\bt\("([a-z_.]+)"', script)) | set(re.findall(r'\b(?:word|named)\([\w.]+, "([a-z_.]+)"', script))
    assert named - set(texts) == set()
    commands = re.findall(r'add\("(?:view|show|choose|tour)", "([a-z.]+)"', script)
    assert len(commands) > 20
    assert {f"key.{command}" for command in commands} <= set(texts)
