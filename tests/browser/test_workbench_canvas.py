"""The workbench's canvas in a real browser: what is drawn, shown, hidden and picked, against the fragments' own pixels."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fragments import PICK_ALPHA, Fragment, click, composite, of_class, picture, row, selected, shown, spots, visible
from tests.browser.workbench_app import WorkbenchApp, ask, open_model


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
    redrawn = """(page, strength) => {
        page.redraw();
        const before = page.lastRedrawMs;
        page.setTintStrength(strength);
        page.redraw(); // does nothing unless something asked for it
        return page.lastRedrawMs !== before;
    }"""
    assert not ask(opened, redrawn, strength)
    expect(opened.locator(".layer-canvas.tint")).to_have_css("opacity", str(strength))


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


def test_another_model_starts_afresh_and_reading_the_same_again_keeps_the_view(opened: Page, workbench_app: WorkbenchApp) -> None:
    ask(opened, "(page) => { page.setShown([page.model.meshes[2].id], false); page.select([page.model.meshes[3].id]); }")
    before = (visible(opened), selected(opened), ask(opened, "(page) => [page.view.scale, page.view.x]"))
    open_model(opened, workbench_app.pass_ids[0])
    assert (visible(opened), selected(opened), ask(opened, "(page) => [page.view.scale, page.view.x]")) == before
    open_model(opened, workbench_app.pass_ids[1])
    assert selected(opened) == []
    assert ask(opened, "(page) => page.view.fitted")


def test_a_model_seen_before_asks_for_no_picture_again(opened: Page, workbench_app: WorkbenchApp) -> None:
    open_model(opened, workbench_app.pass_ids[1])
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    open_model(opened, workbench_app.pass_ids[0])
    assert not [url for url in asked if "/pictures" in url]
    assert [url for url in asked if url.endswith("/api/open")]


def test_the_right_button_selects_what_is_under_it_and_can_hide_it(opened: Page, fragments: list[Fragment]) -> None:
    x, y = next(spots(fragments, 1))
    top = [fragment.id for fragment in shown(fragments) if fragment.alpha_at(x, y) >= PICK_ALPHA][-1]
    click(opened, x, y, button="right")
    assert selected(opened) == [top]
    opened.get_by_role("menuitem", name="Hide the selection").click()
    assert top not in visible(opened)


def test_a_selection_is_dragged_from_the_canvas_onto_a_class(workbench: Page, workbench_app: WorkbenchApp) -> None:
    open_model(workbench, workbench_app.pass_ids[1])
    moved = of_class(workbench, "topwear")[0]
    place = """(page, id) => {
        page.select([id]);
        const [left, top, right, bottom] = page.state.layers.get(id).extent;
        for (let y = top; y < bottom; y += 3) {
            for (let x = left; x < right; x += 3) if (page.fragmentsAt(x, y).includes(id)) return page.clientPoint(x, y);
        }
        return null;
    }"""
    start, goal = ask(workbench, place, moved), workbench.locator(".class-button[data-class='bottomwear']").bounding_box()
    assert goal is not None
    workbench.mouse.move(*start)
    workbench.mouse.down()
    workbench.mouse.move(start[0] + 30, start[1], steps=3)
    workbench.mouse.move(goal["x"] + 20, goal["y"] + 10, steps=4)
    workbench.mouse.up()
    ask(workbench, "(page) => page.settled()")
    assert moved in of_class(workbench, "bottomwear")


def test_a_model_opened_out_of_sight_is_fitted_when_it_comes_into_sight(workbench: Page, workbench_app: WorkbenchApp) -> None:
    ask(workbench, "(page) => page.showPage('models')")
    ask(workbench, "(page, passId) => page.openModel(passId)", workbench_app.pass_ids[0])
    workbench.evaluate("(passId) => document.querySelector('.liwi-workbench').__workbench.showModel(passId)", workbench_app.pass_ids[0])
    expect(workbench.locator(".viewport")).to_be_visible()
    workbench.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.view.width > 100")
    corner, other = (ask(workbench, "(page, at) => page.toScreen(...at)", at) for at in ([0, 0], [1024, 1024]))
    assert min(corner) >= 0
    assert other[0] <= ask(workbench, "(page) => page.view.width")
    assert other[1] <= ask(workbench, "(page) => page.view.height")
    assert other[1] - corner[1] > 0.8 * float(ask(workbench, "(page) => page.view.height"))
