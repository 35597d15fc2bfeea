"""The row above the model follows the state of the pass, whoever changes it."""

from playwright.sync_api import Page, expect

from annotator import guessing, labels, queries, reviews
from annotator.access import LOCAL_USER
from annotator.predictions import Guess, Opinion, replace_predictions
from annotator.values import Change, LabelValue, PassState
from liwi.seethrough.body_parts import BodyPart, Side
from tests.browser.workbench_app import WorkbenchApp, ask

CHIP = ".model-bar .state-chip"


def test_the_first_label_is_seen_in_the_state_and_so_is_what_another_window_does(opened: Page, workbench_app: WorkbenchApp) -> None:
    pass_id, database = workbench_app.pass_ids[0], workbench_app.database
    expect(opened.locator(CHIP)).to_have_attribute("data-state", PassState.NEW)
    opened.keyboard.press("ArrowRight")
    with opened.expect_response("**/relabel"):  # the page shows what is not confirmed yet, too
        opened.keyboard.press("f")
    expect(opened.locator(CHIP)).to_have_attribute("data-state", PassState.IN_PROGRESS)

    view = queries.view_model(database, LOCAL_USER, pass_id)
    missing = [mesh.id for mesh in view.art_meshes if mesh.id not in view.labels]
    labels.relabel(database, LOCAL_USER, pass_id, "another-window", [Change(mesh, 0, LabelValue.of(None)) for mesh in missing])
    reviews.submit(database, LOCAL_USER, pass_id)
    expect(opened.locator(CHIP)).to_have_attribute("data-state", PassState.SUBMITTED)
    expect(opened.get_by_role("button", name="Submit", exact=True)).to_have_count(0)


def test_what_the_machine_says_later_arrives_in_the_open_model(opened: Page, workbench_app: WorkbenchApp) -> None:
    pass_id, database = workbench_app.pass_ids[0], workbench_app.database
    mesh = queries.view_model(database, LOCAL_USER, pass_id).art_meshes[0].id
    said = "([id]) => document.querySelector('.liwi-workbench').__workbench.model.guesses.get(id)?.[0]"
    opened.wait_for_function(f"([id]) => !({said})([id]) || ({said})([id]).source !== 'late'", arg=[mesh])
    guesses = [Guess(mesh, BodyPart.WINGS, Side.LEFT, 0.5)]
    replace_predictions(database, LOCAL_USER, guessing.model_of_pass(database, LOCAL_USER, pass_id), [Opinion("late", "1", guesses)])
    opened.wait_for_function(f"([id]) => ({said})([id])?.source === 'late'", arg=[mesh])
    ask(opened, "(page, id) => { page.select([id]); document.activeElement?.blur(); }", mesh)
    expect(opened.locator(".inspector")).to_contain_text("left wings")
