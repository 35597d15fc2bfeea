"""Keys, help, touch, dark mode and narrow windows."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import watched_page
from tests.browser.stage_app import StageApp, doc, manifest, names, open_app, point, row, selected, show, viewport

pytestmark = pytest.mark.browser


def tool(page: Page) -> str:
    return page.evaluate("document.querySelector('.liwi-stage').__stage.state.tool")


def test_a_box_is_drawn_changed_cut_and_refined_without_a_mouse(stage: Page, stage_app: StageApp) -> None:
    stage.keyboard.press("n")
    assert doc(stage)["boxes"][0]["box"] == [60, 40, 180, 120]
    for key in ("ArrowRight", "Shift+ArrowDown", "Alt+ArrowLeft", "Alt+Shift+ArrowUp"):
        stage.keyboard.press(key)
    assert doc(stage)["boxes"][0]["box"] == [61, 50, 180, 120]
    stage.keyboard.press("Enter")
    assert stage_app.wait_event(stage, "run_requested")["boxes"][0]["box"] == [61, 50, 180, 120]
    stage.keyboard.press("Escape")
    stage.keyboard.press("k")
    for key in ("ArrowLeft", "Shift+ArrowUp", "n"):
        stage.keyboard.press(key)
    assert doc(stage)["hints"][0]["path"] == [[119, 70]]


def test_rows_are_walked_selected_hidden_and_renamed_by_keys(stage: Page) -> None:
    for _ in range(60):
        stage.keyboard.press("Tab")
        if stage.evaluate("document.activeElement.matches('.liwi-stage .row')"):
            break
    stage.keyboard.press("ArrowDown")
    stage.keyboard.press("ArrowDown")
    assert selected(stage) == ["red"]
    stage.keyboard.press("Shift+ArrowUp")
    assert sorted(selected(stage)) == ["green", "red"]
    stage.keyboard.press("ArrowUp")
    stage.keyboard.press("e")
    assert doc(stage)["panel"][3]["visible"] is False
    stage.keyboard.press("F2")
    stage.keyboard.type("Sky")
    stage.keyboard.press("Enter")
    assert names(stage)[0] == "Sky"
    assert stage.evaluate("document.activeElement.dataset.id") == "blue", "the row has the focus again"


def test_hotkeys_are_silent_in_other_fields(stage: Page) -> None:
    stage.locator("#elsewhere textarea, #elsewhere input").fill("")
    stage.locator("#elsewhere textarea, #elsewhere input").press_sequentially("vkdn?")
    assert tool(stage) == "box"
    assert doc(stage)["boxes"] == []
    stage.evaluate("document.activeElement.blur()")
    stage.keyboard.press("v")
    assert tool(stage) == "move", "with the focus nowhere the stage takes the keys"


def test_question_mark_shows_all_keys_and_escape_closes(stage: Page) -> None:
    stage.keyboard.press("?")
    expect(stage.get_by_role("dialog", name="All keys")).to_be_visible()
    stage.keyboard.press("d")
    assert tool(stage) == "box", "keys wait while the help is open"
    stage.keyboard.press("Escape")
    expect(stage.get_by_role("dialog", name="All keys")).to_be_hidden()
    assert stage.evaluate("document.activeElement.classList.contains('viewport')")


def test_escape_stops_a_drawing(stage: Page) -> None:
    stage.mouse.move(*point(stage, 20, 20))
    stage.mouse.down()
    stage.mouse.move(*point(stage, 90, 90))
    stage.keyboard.press("Escape")
    stage.mouse.up()
    assert doc(stage)["boxes"] == []


def test_every_button_has_a_name_and_is_reachable(stage: Page) -> None:
    nameless = stage.locator(".liwi-stage button").evaluate_all(
        "(buttons) => buttons.filter((one) => !one.getAttribute('aria-label') && !one.textContent.trim()).length"
    )
    assert nameless == 0
    assert viewport(stage).get_attribute("tabindex") == "0"


def test_one_finger_draws_and_two_fingers_zoom(browser: Browser, stage_app: StageApp) -> None:
    errors: list[str] = []
    with watched_page(browser, errors, viewport={"width": 800, "height": 900}, has_touch=True) as page:
        open_app(page, stage_app)
        show(page, stage_app, manifest(next(stage_app.numbers)))
        client = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            client.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]}
            )

        touch("touchStart", point(page, 40, 40))
        touch("touchMove", point(page, 70, 70))
        touch("touchMove", point(page, 120, 110))
        touch("touchEnd")
        assert doc(page)["boxes"][0]["box"] == [40, 40, 120, 110]
        before = page.evaluate("document.querySelector('.liwi-stage').__stage.view.scale")
        (x, y) = point(page, 120, 80)
        touch("touchStart", (x - 30, y))
        touch("touchStart", (x - 30, y), (x + 30, y))
        touch("touchMove", (x - 60, y), (x + 60, y))
        touch("touchEnd")
        after = page.evaluate("document.querySelector('.liwi-stage').__stage.view.scale")
        assert after == pytest.approx(2 * before, rel=0.02)
        assert point(page, 120, 80) == pytest.approx((x, y), abs=2)
        assert len(doc(page)["boxes"]) == 1
    assert errors == []


def test_dark_mode_is_dark_and_readable(browser: Browser, stage_app: StageApp) -> None:
    errors: list[str] = []
    with watched_page(browser, errors) as page:
        open_app(page, stage_app, "?__theme=dark")
        show(page, stage_app, manifest(next(stage_app.numbers)))
        colours = page.evaluate(
            """() => ['.liwi-stage', '.liwi-stage .row .name'].map((where) => {
                const style = getComputedStyle(document.querySelector(where));
                const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0) / 3;
                return [light(style.backgroundColor), light(style.color)] })"""
        )
        assert colours[0][0] < 60
        assert colours[1][1] > 180
    assert errors == []


def test_in_a_narrow_window_the_panel_stands_below_the_canvas(browser: Browser, stage_app: StageApp) -> None:
    errors: list[str] = []
    with watched_page(browser, errors, viewport={"width": 390, "height": 900}) as page:
        open_app(page, stage_app)
        show(page, stage_app, manifest(next(stage_app.numbers)))
        canvas, panel = viewport(page).bounding_box(), page.locator(".liwi-stage .panel").bounding_box()
        help_button = page.locator(".liwi-stage").get_by_role("button", name="All keys").bounding_box()
        assert canvas is not None
        assert panel is not None
        assert help_button is not None
        assert panel["y"] >= canvas["y"] + canvas["height"]
        assert help_button["x"] + help_button["width"] <= 390
        expect(row(page, "blue")).to_be_visible()
    assert errors == []
