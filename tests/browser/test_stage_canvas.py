"""Drawing boxes and marks, looking around, and picking on the canvas."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage_app import (
    StageApp,
    doc,
    drag,
    layer,
    manifest,
    pixel,
    point,
    row,
    selected,
    show,
    viewport,
    visible_ids,
)

pytestmark = pytest.mark.browser

TO_SOURCE = "([x, y]) => document.querySelector('.liwi-stage').__stage.toSource(x, y)"


def boxes(page: Page) -> list[list[int]]:
    return [entry["box"] for entry in doc(page)["boxes"]]


def test_a_drawn_box_reaches_python_in_source_pixels(stage: Page, stage_app: StageApp) -> None:
    drag(stage, (31, 22), (150, 131))
    stage.keyboard.press("Enter")
    event = stage_app.wait_event(stage, "run_requested")
    assert [entry["box"] for entry in event["boxes"]] == [[31, 22, 150, 131]]
    value = stage_app.value_of("run_requested")
    assert value["prompts"]["boxes"] == event["boxes"]
    assert [entry["id"] for entry in value["panel"]] == ["background", "red", "green", "blue"]


def test_a_box_drawn_while_zoomed_is_in_source_pixels(stage: Page) -> None:
    x, y = point(stage, 120, 80)
    stage.mouse.move(x, y)
    for _ in range(4):
        stage.mouse.wheel(0, -200)
    drag(stage, (110, 75), (133, 90))
    assert boxes(stage) == [[110, 75, 133, 90]]


def test_a_box_is_clipped_to_the_canvas_and_has_a_minimum_size(stage: Page) -> None:
    drag(stage, (200, 120), (262, 168))
    drag(stage, (10, 10), (12, 11.6))
    assert boxes(stage) == [[200, 120, 240, 160], [10, 10, 14, 14]]


def test_a_box_is_resized_by_its_handles_and_moved_by_its_inside(stage: Page) -> None:
    drag(stage, (40, 40), (100, 100))
    drag(stage, (100, 100), (130, 110))
    assert boxes(stage) == [[40, 40, 130, 110]]
    drag(stage, (40, 75), (20, 75))
    assert boxes(stage) == [[20, 40, 130, 110]]
    drag(stage, (70, 60), (50, 30))
    assert boxes(stage) == [[0, 10, 110, 80]], "the box stops at the edge of the canvas"
    assert len(boxes(stage)) == 1


def test_shift_draws_a_box_inside_a_box(stage: Page) -> None:
    drag(stage, (20, 20), (180, 140))
    stage.keyboard.down("Shift")
    drag(stage, (60, 60), (90, 90))
    stage.keyboard.up("Shift")
    assert boxes(stage) == [[20, 20, 180, 140], [60, 60, 90, 90]]


def test_delete_removes_the_selected_box(stage: Page) -> None:
    drag(stage, (20, 20), (60, 60))
    drag(stage, (100, 20), (160, 60))
    stage.keyboard.press("Delete")
    assert boxes(stage) == [[20, 20, 60, 60]]


def test_marks_reach_python_with_kind_path_and_radius(stage: Page, stage_app: StageApp) -> None:
    drag(stage, (20, 20), (150, 130))
    stage.keyboard.press("k")
    for _ in range(3):
        stage.keyboard.press("]")
    stage.mouse.click(*point(stage, 60.5, 70.5))
    stage.keyboard.press("d")
    drag(stage, (30.5, 30.5), (30.5, 90.5))
    stage.keyboard.press("Enter")
    keep, drop = stage_app.wait_event(stage, "run_requested")["hints"]
    assert keep == {"kind": "keep", "path": [[60, 70]], "radius": 5}
    assert drop["kind"] == "drop"
    assert drop["path"][0] == [30, 30]
    assert drop["path"][-1] == [30, 90]


def test_marks_on_a_selected_layer_ask_for_it_to_be_cut_again(stage: Page, stage_app: StageApp) -> None:
    stage.keyboard.press("v")
    stage.mouse.click(*point(stage, 40, 80))
    stage.keyboard.press("k")
    stage.mouse.click(*point(stage, 50.5, 60.5))
    expect(stage.locator(".liwi-stage .work")).to_have_text("Refine layer")
    stage.locator(".liwi-stage .work").click()
    event = stage_app.wait_event(stage, "recut_requested")
    assert event["id"] == "red"
    assert event["hints"][0]["path"] == [[50, 60]]
    assert stage_app.events("run_requested") == []


def test_a_mark_without_a_selection_is_meant_for_the_layer_whose_box_holds_it(stage: Page, stage_app: StageApp) -> None:
    stage.keyboard.press("d")
    stage.mouse.click(*point(stage, 175.5, 45.5))
    assert selected(stage) == ["blue"]
    stage.keyboard.press("Enter")
    assert stage_app.wait_event(stage, "recut_requested")["id"] == "blue"


def test_a_stray_enter_does_not_look_for_more_subjects_but_the_button_does(stage: Page, stage_app: StageApp) -> None:
    stage.keyboard.press("Enter")
    expect(stage.locator(".liwi-stage .words")).to_have_text("Draw a box first, or press Find subjects.")
    assert stage_app.events("run_requested") == []
    stage.get_by_role("button", name="Find subjects").click()
    assert stage_app.wait_event(stage, "run_requested")["boxes"] == []


def test_zooming_keeps_the_pixel_under_the_cursor(stage: Page) -> None:
    frame = viewport(stage).bounding_box()
    assert frame is not None
    cursor = (round(frame["x"]) + 231, round(frame["y"]) + 357)  # browsers report whole pixels
    under = stage.evaluate(TO_SOURCE, [cursor[0] - frame["x"], cursor[1] - frame["y"]])
    stage.mouse.move(*cursor)
    for delta in (-300, -120, 90, -500):
        stage.mouse.wheel(0, delta)
        stage.wait_for_timeout(20)
        assert point(stage, *under) == pytest.approx(cursor, abs=0.01)
    assert stage.evaluate("document.querySelector('.liwi-stage').__stage.view.scale") > 5


def test_space_drag_and_middle_drag_pan(stage: Page) -> None:
    x, y = point(stage, 100, 80)
    stage.keyboard.down(" ")
    drag(stage, (100, 80), (120, 90))
    stage.keyboard.up(" ")
    moved = point(stage, 100, 80)
    assert moved[0] > x + 20
    drag(stage, (100, 80), (80, 70), button="middle")
    assert point(stage, 100, 80) == pytest.approx((x, y), abs=2)
    assert boxes(stage) == []


def test_fit_and_hundred_percent(stage: Page) -> None:
    scale = "document.querySelector('.liwi-stage').__stage.view.scale"
    fitted = stage.evaluate(scale)
    stage.keyboard.press("1")
    assert stage.evaluate(scale) == 1
    x, y = point(stage, 0, 0)
    frame = viewport(stage).bounding_box()
    assert frame is not None
    assert (x - frame["x"]) % 1 == pytest.approx(0, abs=1e-6), "pixels of the picture lie on pixels of the screen"
    assert (y - frame["y"]) % 1 == pytest.approx(0, abs=1e-6)
    expect(stage.locator(".liwi-stage .zoom-text")).to_have_text("100 %")
    stage.keyboard.press("+")
    assert stage.evaluate(scale) == pytest.approx(1.25)
    stage.keyboard.press("f")
    assert stage.evaluate(scale) == pytest.approx(fitted)


def test_click_picks_the_topmost_visible_layer_by_its_alpha(stage: Page) -> None:
    stage.keyboard.press("v")
    stage.mouse.click(*point(stage, 120, 80))
    assert selected(stage) == ["blue"]
    stage.mouse.click(*point(stage, 103, 43))
    assert selected(stage) == ["green"], "blue's box covers this pixel, but its picture is transparent here"
    row(stage, "blue").locator(".eye").click()
    stage.mouse.click(*point(stage, 120, 82))
    assert selected(stage) == ["green"]


def test_alt_click_and_repeated_click_go_deeper(stage: Page) -> None:
    stage.keyboard.press("v")
    picked = []
    for _ in range(4):
        stage.mouse.click(*point(stage, 120, 80))
        picked += selected(stage)
    assert picked == ["blue", "green", "background", "blue"]
    stage.keyboard.down("Alt")
    stage.mouse.click(*point(stage, 121, 84))
    stage.keyboard.up("Alt")
    assert selected(stage) == ["green"]


def test_a_locked_layer_cannot_be_picked_moved_or_deleted(stage: Page, stage_app: StageApp) -> None:
    row(stage, "blue").hover()
    row(stage, "blue").locator(".lock").click()
    viewport(stage).focus()
    stage.keyboard.press("v")
    stage.mouse.click(*point(stage, 120, 80))
    assert selected(stage) == ["green"]
    row(stage, "blue").click()
    stage.keyboard.press("Delete")
    stage.keyboard.press("ArrowRight")
    stage.wait_for_timeout(100)
    assert stage_app.events("delete_requested") == []
    assert doc(stage)["offsets"] == {}


def test_delete_asks_python_to_delete_the_selected_layers(stage: Page, stage_app: StageApp) -> None:
    stage.keyboard.press("v")
    stage.mouse.click(*point(stage, 160, 80))
    stage.keyboard.down("Shift")
    stage.mouse.click(*point(stage, 40, 80))
    stage.keyboard.up("Shift")
    stage.keyboard.press("Delete")
    assert stage_app.wait_event(stage, "delete_requested")["ids"] == ["blue", "red"]


def test_hovering_marks_the_row_and_the_row_marks_the_layer(stage: Page) -> None:
    stage.keyboard.press("v")
    stage.mouse.move(*point(stage, 40, 80))
    expect(stage.locator(".liwi-stage .row.hovered")).to_have_attribute("data-id", "red")
    row(stage, "green").hover()
    assert stage.evaluate("document.querySelector('.liwi-stage').__stage.state.hovered") == "green"


def test_a_layer_moved_aside_shows_what_is_behind_and_goes_back(stage: Page) -> None:
    stage.keyboard.press("v")
    drag(stage, (160, 80), (200, 100))
    assert doc(stage)["offsets"] == {"blue": [40, 20]}
    assert pixel(stage, 120, 60) == [0, 255, 0, 255]
    assert pixel(stage, 180, 100) == [0, 0, 255, 255]
    stage.keyboard.press("ArrowLeft")
    assert doc(stage)["offsets"] == {"blue": [39, 20]}
    stage.keyboard.press("p")
    assert doc(stage)["offsets"] == {}
    assert pixel(stage, 130, 80) == [0, 0, 255, 255]


def test_before_and_after_shows_the_source_left_of_the_divider(stage: Page) -> None:
    stage.keyboard.press("c")
    divider = stage.locator(".liwi-stage .divider")
    expect(divider).to_be_visible()
    drag(stage, (120, 80), (60, 80))
    assert divider.get_attribute("aria-valuenow") == "25"
    clip = stage.evaluate("document.querySelectorAll('.liwi-stage canvas.layer-canvas')[1].style.clipPath")
    assert clip.startswith("inset(0")
    source = stage.evaluate(
        """() => { const canvas = document.querySelectorAll('.liwi-stage canvas.layer-canvas')[1];
        return [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data] }"""
    )
    assert source == [250, 200, 10, 255]
    stage.keyboard.press("c")
    expect(divider).to_be_hidden()


def test_the_shadow_darkens_and_lights_what_it_covers_and_can_be_switched(stage: Page, stage_app: StageApp) -> None:
    shadow = {"multiply_url": "/pictures/multiply", "add_url": "/pictures/add", "extent": [0, 0, 240, 160], "visible": True}
    show(stage, stage_app, manifest(next(stage_app.numbers), shadow=shadow))
    assert pixel(stage, 10, 10) == pytest.approx([84, 84, 84, 255], abs=1)
    stage.locator(".liwi-stage .shadow-row .eye").click()
    assert pixel(stage, 10, 10) == [128, 128, 128, 255]
    event = stage_app.wait_event(stage, "panel_changed")
    assert event["shadow_visible"] is False


def test_the_shadow_never_covers_what_is_transparent(stage: Page, stage_app: StageApp) -> None:
    shadow = {"multiply_url": "/pictures/multiply", "add_url": "/pictures/add", "extent": [0, 0, 240, 160], "visible": True}
    show(stage, stage_app, manifest(next(stage_app.numbers), shadow=shadow))
    row(stage, "background").locator(".eye").click()
    assert pixel(stage, 10, 10) == [0, 0, 0, 0]
    assert pixel(stage, 40, 80) == pytest.approx([148, 20, 20, 255], abs=1)


def test_backdrops_change_behind_the_picture(stage: Page) -> None:
    backdrop = stage.locator(".liwi-stage .backdrop")
    seen = []
    for _ in range(4):
        stage.keyboard.press("g")
        seen.append(backdrop.get_attribute("data-backdrop"))
    assert seen == ["white", "black", "green", "checker"]


def test_pictures_smaller_than_their_extent_are_drawn_scaled_to_it(stage: Page, stage_app: StageApp) -> None:
    layers = [
        layer("background", [0, 0, 8192, 8192], role="background", prompt_box=None),
        layer("red", [4096, 4096, 8192, 8192]),
    ]
    show(stage, stage_app, manifest(next(stage_app.numbers), layers=layers, canvas={"width": 8192, "height": 8192}))
    assert pixel(stage, 6144, 6144) == [255, 0, 0, 255]
    assert pixel(stage, 3000, 6144) == [128, 128, 128, 255]
    size = stage.evaluate("(() => { const c = document.querySelector('.liwi-stage canvas.layer-canvas'); return c.width * c.height })()")
    assert size < 2_000_000, "the canvas has the size of the window, not of the picture"
    drag(stage, (1000, 1000), (6000, 7000))
    box = boxes(stage)[0]
    assert box == pytest.approx([1000, 1000, 6000, 7000], abs=16)
    assert visible_ids(stage) == ["background", "red"]
