"""The layer panel: eyes, opacity, blending, order, names, selection, and layers that fail to load."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage_app import (
    StageApp,
    default_layers,
    disc,
    doc,
    layer,
    manifest,
    names,
    pixel,
    row,
    selected,
    show,
    viewport,
    visible_ids,
)

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.hit=1">${window.hit=2}{{window.hit=3}}`\''


def centre(page: Page, layer_id: str, part: str = "") -> tuple[float, float]:
    target: Any = row(page, layer_id).locator(part) if part else row(page, layer_id)
    box = target.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def slide(page: Page, value: int) -> None:
    page.locator(".liwi-stage .opacity").fill(str(value))


def test_an_eye_hides_and_shows_a_layer(stage: Page, stage_app: StageApp) -> None:
    assert pixel(stage, 160, 80) == [0, 0, 255, 255]
    row(stage, "blue").locator(".eye").click()
    assert pixel(stage, 160, 80) == [128, 128, 128, 255]
    panel = stage_app.wait_event(stage, "panel_changed")["panel"]
    assert [entry["visible"] for entry in panel] == [True, True, True, False]
    row(stage, "blue").locator(".eye").click()
    assert pixel(stage, 160, 80) == [0, 0, 255, 255]


def test_dragging_over_eyes_hides_all_of_them_in_one_step(stage: Page) -> None:
    stage.mouse.move(*centre(stage, "blue", ".eye"))
    stage.mouse.down()
    stage.mouse.move(*centre(stage, "green", ".eye"))
    stage.mouse.move(*centre(stage, "red", ".eye"))
    stage.mouse.up()
    assert visible_ids(stage) == ["background"]
    stage.keyboard.press("Control+z")
    assert visible_ids(stage) == ["background", "red", "green", "blue"]


def test_alt_click_on_an_eye_shows_one_layer_alone_and_brings_the_others_back(stage: Page) -> None:
    row(stage, "red").locator(".eye").click()
    row(stage, "green").locator(".eye").click(modifiers=["Alt"])
    assert visible_ids(stage) == ["green"]
    assert pixel(stage, 160, 80) == [0, 0, 0, 0]
    row(stage, "green").locator(".eye").click(modifiers=["Alt"])
    assert visible_ids(stage) == ["background", "green", "blue"]


def test_opacity_changes_the_pixels_live_and_is_one_step_in_history(stage: Page, stage_app: StageApp) -> None:
    row(stage, "blue").click()
    slide(stage, 50)
    assert pixel(stage, 160, 80) == pytest.approx([64, 64, 192, 255], abs=2)
    assert stage_app.wait_event(stage, "panel_changed")["panel"][3]["opacity"] == 0.5
    expect(row(stage, "blue").locator(".note")).to_have_text("50 %")
    stage.keyboard.press("Control+z")
    assert pixel(stage, 160, 80) == [0, 0, 255, 255]


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("multiply", [0, 0, 128]), ("screen", [128, 128, 255]), ("linear-dodge", [128, 128, 255]), ("difference", [128, 128, 127])],
)
def test_blend_modes_change_the_pixels(stage: Page, mode: str, expected: list[int]) -> None:
    row(stage, "blue").click()
    stage.locator(".liwi-stage .blend").select_option(mode)
    assert pixel(stage, 160, 80)[:3] == pytest.approx(expected, abs=1)
    assert doc(stage)["panel"][3]["blend"] == mode


def test_every_blend_mode_of_the_types_is_offered(stage: Page) -> None:
    from liwi.types import BlendMode

    offered = stage.locator(".liwi-stage .blend option").evaluate_all("(options) => options.map((option) => option.value)")
    assert offered == [mode.value for mode in BlendMode]


def test_dragging_a_row_reorders_the_layers(stage: Page, stage_app: StageApp) -> None:
    assert names(stage) == ["Blue", "Green", "Red", "Background"]
    assert pixel(stage, 120, 80) == [0, 0, 255, 255]
    start, end = centre(stage, "blue", ".name"), centre(stage, "red")
    stage.mouse.move(*start)
    stage.mouse.down()
    stage.mouse.move(start[0], start[1] + 20)
    stage.mouse.move(end[0], end[1] + 10)
    expect(stage.locator(".liwi-stage .drop-line")).to_be_visible()
    stage.mouse.up()
    assert names(stage) == ["Green", "Red", "Blue", "Background"]
    assert pixel(stage, 120, 80) == [0, 255, 0, 255]
    panel = stage_app.wait_event(stage, "panel_changed")["panel"]
    assert [entry["id"] for entry in panel] == ["background", "blue", "red", "green"]


def test_several_selected_rows_move_together_and_the_background_may_move_too(stage: Page) -> None:
    row(stage, "red").click()
    row(stage, "background").click(modifiers=["Shift"])
    stage.keyboard.press("Alt+ArrowUp")
    assert names(stage) == ["Blue", "Red", "Background", "Green"]
    stage.keyboard.press("Alt+ArrowDown")
    assert names(stage) == ["Blue", "Green", "Red", "Background"]


def test_shift_and_control_select_several_rows(stage: Page) -> None:
    row(stage, "blue").click()
    row(stage, "red").click(modifiers=["Shift"])
    assert sorted(selected(stage)) == ["blue", "green", "red"]
    row(stage, "green").click(modifiers=["Control"])
    assert sorted(selected(stage)) == ["blue", "red"]
    slide(stage, 30)
    assert [record["opacity"] for record in doc(stage)["panel"]] == [1, 0.3, 1, 0.3]


def test_a_hostile_name_is_shown_as_text_and_runs_nothing(stage: Page, stage_app: StageApp) -> None:
    layers = [*default_layers()[:1], layer("red", [20, 40, 100, 120], name=HOSTILE)]
    show(stage, stage_app, manifest(next(stage_app.numbers), layers=layers, message=HOSTILE))
    name = row(stage, "red").locator(".name")
    expect(name).to_have_text(HOSTILE)
    assert name.get_attribute("title") == HOSTILE
    name.dblclick()
    stage.locator(".liwi-stage .rename").fill(HOSTILE + HOSTILE)
    stage.keyboard.press("Enter")
    assert stage_app.wait_event(stage, "panel_changed")["panel"][1]["name"] == (HOSTILE + HOSTILE)[:120]
    viewport(stage).focus()
    stage.keyboard.press("Control+z")
    assert stage.locator(".liwi-stage .words").text_content() == "Undone: rename"
    assert stage.evaluate("window.hit") is None


def test_renaming_trims_refuses_the_empty_name_and_escape_keeps_the_old_one(stage: Page) -> None:
    row(stage, "green").click()
    stage.keyboard.press("F2")
    field = stage.locator(".liwi-stage .rename")
    field.fill("   ")
    stage.keyboard.press("Enter")
    expect(field).to_have_attribute("aria-invalid", "true")
    field.fill("  前髪 v  ")
    stage.keyboard.press("Enter")
    assert names(stage)[1] == "前髪 v"
    row(stage, "green").locator(".name").dblclick()
    stage.keyboard.type("other b")
    stage.keyboard.press("Escape")
    assert names(stage)[1] == "前髪 v"
    assert stage.evaluate("document.querySelector('.liwi-stage').__stage.state.tool") == "box", "typed letters are no hotkeys"


def test_a_long_name_is_cut_with_an_ellipsis_and_fits_the_panel(stage: Page, stage_app: StageApp) -> None:
    layers = [*default_layers()[:1], layer("red", [20, 40, 100, 120], name="a very long name " * 7)]
    show(stage, stage_app, manifest(next(stage_app.numbers), layers=layers))
    widths = row(stage, "red").locator(".name").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert widths[0] > widths[1]
    panel = stage.locator(".liwi-stage .panel").bounding_box()
    assert panel is not None
    assert panel["width"] == pytest.approx(284, abs=2)


def test_a_layer_whose_picture_fails_is_marked_and_can_be_tried_again(
    stage: Page, stage_app: StageApp, stage_tab: tuple[Page, list[str]]
) -> None:
    layers = [*default_layers(), layer("late", [0, 0, 40, 40])]
    show(stage, stage_app, manifest(next(stage_app.numbers), layers=layers))
    expect(row(stage, "late")).to_have_class("row failed")
    expect(row(stage, "late").locator(".note")).to_have_text("picture did not load")
    assert pixel(stage, 160, 80) == [0, 0, 255, 255], "the other layers are drawn"
    stage_app.pictures["late"] = disc((255, 255, 0))
    row(stage, "late").get_by_role("button", name="Load this layer's picture again").click()
    expect(stage.locator(".liwi-stage .row.failed")).to_have_count(0)
    stage.wait_for_function("document.querySelector('.liwi-stage').__stage.ready")
    assert pixel(stage, 20, 20) == [255, 255, 0, 255]
    errors = stage_tab[1]
    assert len(errors) == 1
    assert "404" in errors[0]
    errors.clear()


def test_thumbnails_show_the_layer(stage: Page) -> None:
    colours = stage.locator(".liwi-stage .row[data-id] .thumb").evaluate_all(
        "(thumbs) => thumbs.map((one) => [...one.getContext('2d').getImageData(36, 36, 1, 1).data])"
    )
    assert colours == [[0, 0, 255, 255], [0, 255, 0, 255], [255, 0, 0, 255], [128, 128, 128, 255]]


def test_panel_state_arrives_in_python_once_after_a_burst_of_changes(stage: Page, stage_app: StageApp) -> None:
    row(stage, "blue").click()
    for value in (90, 70, 40):
        slide(stage, value)
    stage_app.wait_event(stage, "panel_changed")
    stage.wait_for_timeout(500)
    events = stage_app.events("panel_changed")
    assert len(events) == 1
    assert events[0]["panel"][3]["opacity"] == 0.4
