"""One history over what the browser does and what Python does; busy and empty states."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage_app import (
    StageApp,
    default_layers,
    doc,
    drag,
    layer,
    manifest,
    names,
    pixel,
    point,
    revision,
    row,
    selected,
    show,
    viewport,
    visible_ids,
)

pytestmark = pytest.mark.browser


def cut_layers() -> list[dict[str, Any]]:
    """What Python answers after cutting one more layer: it stands on top, half of blue."""
    return [*default_layers(), layer("cut", [100, 40, 140, 120], url="/pictures/source")]


def cut(page: Page, app: StageApp, **changes: Any) -> int:
    """Draw a box, press Enter, and answer as Python would."""
    drag(page, (100, 40), (140, 120))
    page.keyboard.press("Enter")
    app.wait_event(page, "run_requested")
    number = next(app.numbers)
    show(page, app, manifest(number, "edit", cut_layers(), can_undo=True, **changes))
    return number


def test_every_local_step_is_undone_and_redone_exactly(stage: Page) -> None:
    documents = [doc(stage)]
    steps = [
        lambda: drag(stage, (20, 20), (60, 60)),
        lambda: drag(stage, (40, 40), (70, 50)),
        lambda: stage.keyboard.press("Delete"),
        lambda: row(stage, "blue").locator(".eye").click(),
        lambda: row(stage, "green").click(),
        lambda: stage.locator(".liwi-stage .blend").select_option("multiply"),
        lambda: stage.locator(".liwi-stage .opacity").fill("35"),
        lambda: stage.locator(".liwi-stage .panel-foot").get_by_role("button", name="Bring forward").click(),
        lambda: (viewport(stage).focus(), stage.keyboard.press("l")),
        lambda: (stage.keyboard.press("k"), stage.mouse.click(*point(stage, 30, 30))),
    ]
    for one in steps:
        one()
        after = doc(stage)
        if after != documents[-1]:
            documents.append(after)
    assert len(documents) == 10
    viewport(stage).focus()
    for expected in reversed(documents[:-1]):
        stage.keyboard.press("Control+z")
        assert doc(stage) == expected
    assert stage.locator(".liwi-stage .bar").get_by_role("button", name="Undo").is_disabled()
    for expected in documents[1:]:
        stage.keyboard.press("Control+Shift+Z")
        assert doc(stage) == expected


def test_undo_goes_across_local_and_server_steps(stage: Page, stage_app: StageApp) -> None:
    row(stage, "red").locator(".eye").click()
    viewport(stage).focus()
    cut(stage, stage_app)
    assert names(stage)[0] == "Cut"
    assert doc(stage)["boxes"] == []
    assert selected(stage) == ["cut"]
    assert visible_ids(stage) == ["background", "green", "blue", "cut"], "the panel's state is the person's own"
    stage.keyboard.press("e")
    assert "cut" not in visible_ids(stage)

    stage.keyboard.press("Control+z")
    assert "cut" in visible_ids(stage)
    stage.keyboard.press("Control+z")
    assert stage_app.wait_event(stage, "undo_requested")["steps"] == 1
    show(stage, stage_app, manifest(next(stage_app.numbers), "undo", default_layers(), can_redo=True))
    assert names(stage) == ["Blue", "Green", "Red", "Background"]
    assert [entry["box"] for entry in doc(stage)["boxes"]] == [[100, 40, 140, 120]], "the box is back, to be drawn better"
    assert "red" not in visible_ids(stage)
    expect(stage.locator(".liwi-stage .words")).to_have_text("Undone: cut out")

    stage.keyboard.press("Control+z")
    stage.keyboard.press("Control+z")
    assert visible_ids(stage) == ["background", "red", "green", "blue"]
    assert doc(stage)["boxes"] == []
    stage.keyboard.press("Control+y")
    stage.keyboard.press("Control+y")
    stage.keyboard.press("Control+y")
    stage_app.wait_event(stage, "redo_requested")
    show(stage, stage_app, manifest(next(stage_app.numbers), "redo", cut_layers(), can_undo=True))
    assert names(stage)[0] == "Cut"
    stage.keyboard.press("Control+y")
    assert visible_ids(stage) == ["background", "green", "blue"], "the last local step is done again too"


def test_undo_pressed_again_while_python_answers_is_not_lost(stage: Page, stage_app: StageApp) -> None:
    cut(stage, stage_app)
    stage.keyboard.press("Control+z")
    stage.keyboard.press("Control+z")
    stage_app.wait_event(stage, "undo_requested")
    show(stage, stage_app, manifest(next(stage_app.numbers), "undo", default_layers()))
    assert doc(stage)["boxes"] == []
    assert len(stage_app.events("undo_requested")) == 1


def test_a_step_over_several_revisions_is_undone_as_one(stage: Page, stage_app: StageApp) -> None:
    for _ in range(2):
        next(stage_app.numbers)
    cut(stage, stage_app)
    stage.keyboard.press("Control+z")
    assert stage_app.wait_event(stage, "undo_requested")["steps"] == 3


def test_the_answer_to_undo_is_no_new_step(stage: Page, stage_app: StageApp) -> None:
    cut(stage, stage_app)
    stage.keyboard.press("Control+z")
    stage_app.wait_event(stage, "undo_requested")
    show(stage, stage_app, manifest(next(stage_app.numbers), "undo", default_layers()))
    lengths = stage.evaluate(
        "(() => { const h = document.querySelector('.liwi-stage').__stage.history; return [h.past.length, h.future.length] })()"
    )
    assert lengths == [1, 1]


def test_only_consumed_prompts_disappear(stage: Page, stage_app: StageApp) -> None:
    drag(stage, (5, 5), (50, 30))
    drag(stage, (150, 5), (200, 30))
    first, second = (entry["id"] for entry in doc(stage)["boxes"])
    show(stage, stage_app, manifest(next(stage_app.numbers), "edit", cut_layers(), consumed=[first]))
    assert [entry["id"] for entry in doc(stage)["boxes"]] == [second]


def test_prompts_reported_as_consumed_after_the_step_belong_to_that_step(stage: Page, stage_app: StageApp) -> None:
    drag(stage, (5, 5), (50, 30))
    stage.keyboard.press("k")
    stage.mouse.click(*point(stage, 20, 20))
    box, hint = doc(stage)["boxes"][0]["id"], doc(stage)["hints"][0]["id"]
    busy = {"stage": "Cut out", "done": 1, "total": 1}
    number = next(stage_app.numbers)
    show(stage, stage_app, manifest(number, "edit", cut_layers(), consumed=[box], busy=busy))
    assert len(doc(stage)["hints"]) == 1
    show(stage, stage_app, manifest(number, "edit", cut_layers(), consumed=[box, hint]))
    stage.wait_for_function("!document.querySelector('.liwi-stage').__stage.state.busy")
    assert doc(stage)["hints"] == []
    stage.keyboard.press("Control+z")
    stage_app.wait_event(stage, "undo_requested")
    show(stage, stage_app, manifest(next(stage_app.numbers), "undo", default_layers()))
    assert [len(doc(stage)[kind]) for kind in ("boxes", "hints")] == [1, 1]


def test_another_picture_clears_history_boxes_and_view(stage: Page, stage_app: StageApp) -> None:
    drag(stage, (20, 20), (60, 60))
    stage.keyboard.press("+")
    show(stage, stage_app, manifest(next(stage_app.numbers), "replace", default_layers()[:2]))
    assert doc(stage)["boxes"] == []
    assert names(stage) == ["Red", "Background"]
    stage.keyboard.press("Control+z")
    assert doc(stage)["boxes"] == []
    assert stage.evaluate("document.querySelector('.liwi-stage').__stage.view.fitted") is True


def test_another_picture_with_the_same_revision_is_still_another_picture(stage: Page, stage_app: StageApp) -> None:
    other = [layer("background", [0, 0, 240, 160], role="background", url="/pictures/source")]
    stage_app.next_value = manifest(revision(stage), "replace", other)
    stage.evaluate("document.querySelector('#push').click()")
    expect(stage.locator(".liwi-stage .row[data-id]")).to_have_count(1)
    stage.wait_for_function("document.querySelector('.liwi-stage').__stage.ready")
    assert pixel(stage, 40, 80) == [250, 200, 10, 255]


def test_an_edit_keeps_the_order_and_names_that_the_person_gave_meanwhile(stage: Page, stage_app: StageApp) -> None:
    row(stage, "red").click()
    stage.keyboard.press("Alt+ArrowUp")
    show(stage, stage_app, manifest(next(stage_app.numbers), "edit", cut_layers()))
    order = ["background", "green", "red", "blue", "cut"]
    assert [record["id"] for record in doc(stage)["panel"]] == order
    told = 1
    while [record["id"] for record in stage_app.wait_event(stage, "panel_changed", told)["panel"]] != order:
        told += 1  # on a slow machine Python also hears what there was before the edit


def test_busy_shows_the_stage_and_cancel_and_leaves_the_view_free(stage: Page, stage_app: StageApp) -> None:
    number = revision(stage)
    drag(stage, (20, 20), (60, 60))
    busy = {"stage": "Filling the <b>background</b>", "done": 2, "total": 5}
    show(stage, stage_app, manifest(number, busy=busy))
    expect(stage.locator(".liwi-stage .busy-text")).to_have_text("Filling the <b>background</b>")
    bar = stage.get_by_role("progressbar", name="Progress")
    expect(bar).to_have_attribute("aria-valuenow", "40")
    assert len(doc(stage)["boxes"]) == 1, "the same revision changes nothing"
    viewport(stage).focus()
    stage.keyboard.press("+")
    stage.keyboard.press("Enter")
    stage.locator(".liwi-stage .cancel").click()
    stage_app.wait_event(stage, "cancel_requested")
    assert stage_app.events("run_requested") == []
    show(stage, stage_app, manifest(number, message="Cancelled; nothing was changed."))
    expect(stage.locator(".liwi-stage .busy")).to_be_hidden()
    expect(stage.locator(".liwi-stage .words")).to_have_text("Cancelled; nothing was changed.")


def test_busy_can_be_sent_alone(stage: Page) -> None:
    stage.evaluate("document.querySelector('#busy').click()")
    expect(stage.locator(".liwi-stage .busy-text")).to_have_text("Looking")
    assert names(stage) == ["Blue", "Green", "Red", "Background"]
    stage.evaluate("document.querySelector('#idle').click()")
    expect(stage.locator(".liwi-stage .busy")).to_be_hidden()


def test_without_a_picture_there_is_a_friendly_sentence(stage: Page, stage_app: StageApp) -> None:
    show(stage, stage_app, None)
    expect(stage.locator(".liwi-stage .empty")).to_be_visible()
    expect(stage.locator(".liwi-stage .work")).to_be_disabled()
    stage.keyboard.press("Enter")
    stage.mouse.move(400, 300)
    stage.mouse.wheel(0, -100)
    stage.wait_for_timeout(100)
    assert stage_app.heard == []
