"""The row above the model follows the state of the pass, whoever changes it."""

from playwright.sync_api import Page, expect

from annotator import labels, queries, reviews
from annotator.access import LOCAL_USER
from annotator.values import Change, LabelValue, PassState
from tests.browser.workbench_app import WorkbenchApp

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
