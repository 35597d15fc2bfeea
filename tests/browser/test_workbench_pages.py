"""The pages around the canvas: addresses, the queue, the model's row, the review by several people, progress, people and roles."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from annotator.access import LOCAL_USER, set_user
from annotator.claims import claim
from annotator.labels import relabel
from annotator.queries import QueueOrder, queue
from annotator.reviews import accept, request_second_passes, second_pass, send_back, submit
from annotator.schema import Model, ModelArtMesh, Pass, Project
from annotator.ui.tab import build_workbench_tab
from annotator.values import Change, LabelValue, PassState, Role
from liwi.seethrough.body_parts import BodyPart
from tests.browser.conftest import served_workbench
from tests.browser.workbench_app import READY, WorkbenchApp, ask, copied_app
from tests.unit.annotator.workbench import add_models, meshes_of, new_id

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.hit=1">${window.hit=2}{{window.hit=3}}'
ROOT = ".liwi-workbench"
PEOPLE = {"ann": Role.ANNOTATOR, "bob": Role.ANNOTATOR, "rita": Role.REVIEWER, "vera": Role.VIEWER}


@pytest.fixture(scope="module")
def app(workbench_app: WorkbenchApp) -> WorkbenchApp:
    """The characters, and people of every role."""
    for name, role in PEOPLE.items():
        set_user(workbench_app.database, LOCAL_USER, name, role)
    return workbench_app


@pytest.fixture
def fresh(workbench_files: Path, tmp_path: Path) -> Iterator[WorkbenchApp]:
    """An app of the test's own, for what changes models or people."""
    app = copied_app(workbench_files, tmp_path / "data")
    for name, role in PEOPLE.items():
        set_user(app.database, LOCAL_USER, name, role)
    with served_workbench(app):
        yield app


def enter(page: Page, app: WorkbenchApp, person: str = LOCAL_USER, link: str = "") -> None:
    """Open the workbench as somebody, at a link."""
    page.context.add_cookies([{"name": "person", "value": person, "url": app.address}])
    page.goto("about:blank")  # else another hash of the same address loads nothing
    page.goto(f"{app.address}/{link}")
    page.wait_for_function(READY, timeout=30_000)
    page.wait_for_function("() => document.querySelector('.liwi-workbench').dataset.page")


def rows(page: Page) -> Any:
    """Names in the queue, top to bottom."""
    return page.locator(f"{ROOT} .queue-row .row-title .name-text")


def shown_page(page: Page) -> str | None:
    """The page that is shown."""
    return page.locator(ROOT).get_attribute("data-page")


def toast(page: Page, text: str) -> Any:
    """A message with this text."""
    return page.locator(f"{ROOT} .toast", has_text=text)


def label_all(app: WorkbenchApp, person: str, pass_id: int, part: Callable[[int], BodyPart | None] = lambda _: BodyPart.FACE) -> None:
    """Label every fragment of a pass as ``part(its number)`` and submit it."""
    claim(app.database, person, pass_id)
    meshes = meshes_of(app.database, pass_id)
    changes = [Change(mesh, 0, LabelValue.of(part(number))) for number, mesh in enumerate(meshes)]
    relabel(app.database, person, pass_id, new_id(), changes)
    submit(app.database, person, pass_id)


def state_of(app: WorkbenchApp, pass_id: int) -> str:
    """The state of a pass, in the database."""
    with app.database.read() as session:
        return session.get_one(Pass, pass_id).state


def rename(app: WorkbenchApp, pass_id: int, name: str) -> None:
    """Give the model of a pass another name."""
    with app.database.write() as session:
        session.execute(update(Model).where(Model.id == session.get_one(Pass, pass_id).model_id).values(name=name))


def test_a_link_opens_a_model_at_a_fragment(page: Page, app: WorkbenchApp) -> None:
    mesh = meshes_of(app.database, app.pass_ids[1])[5]
    enter(page, app, link=f"#labels/model/{app.pass_ids[1]}/{mesh}")
    page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.selection.ids.at(-1) === id", arg=mesh)
    assert shown_page(page) == "model"
    assert ask(page, "(page) => page.model.passId") == app.pass_ids[1]
    assert page.url.endswith(f"#labels/model/{app.pass_ids[1]}/{mesh}")


def test_back_and_forward_go_through_the_pages(page: Page, app: WorkbenchApp) -> None:
    enter(page, app)
    page.locator(f"{ROOT} .queue-row").first.click()
    expect(page.locator(f"{ROOT} .bar-title")).to_be_visible()
    first = page.url
    page.get_by_role("button", name="Progress").click()
    expect(page.locator(ROOT)).to_have_attribute("data-page", "progress")
    page.go_back()
    expect(page.locator(ROOT)).to_have_attribute("data-page", "model")
    assert page.url.split("#")[1].startswith(first.split("#")[1])
    page.go_back()
    expect(page.locator(ROOT)).to_have_attribute("data-page", "models")
    page.go_forward()
    expect(page.locator(ROOT)).to_have_attribute("data-page", "model")


@pytest.mark.parametrize("link", ["#labels/model/999999", "#labels/model/../../etc", "#labels/<b>", "#labels/model/1e9/x"])
def test_a_link_to_nothing_ends_at_the_queue(page: Page, app: WorkbenchApp, page_errors: list[str], link: str) -> None:
    enter(page, app, link=link)
    expect(page.locator(f"{ROOT} .queue-row").first).to_be_visible()
    assert shown_page(page) == "models"
    page_errors[:] = [error for error in page_errors if "404" not in error]


def test_a_link_opens_the_tab_that_it_is_in(page: Page, app: WorkbenchApp, launch: Callable[..., str]) -> None:
    with gr.Blocks() as blocks, gr.Tabs():
        with gr.Tab("Photo", id="photo"):
            gr.Textbox(label="Elsewhere")
        with gr.Tab("Labels", id="labels"):
            build_workbench_tab()
    address = launch(blocks, app.routes())
    page.goto(f"{address}/#labels/model/{app.pass_ids[0]}")
    expect(page.locator(f"{ROOT} .bar-title")).to_be_visible(timeout=20_000)
    page.get_by_role("tab", name="Photo").click()
    assert "#labels" not in page.url
    page.get_by_role("tab", name="Labels").click()
    assert f"#labels/model/{app.pass_ids[0]}" in page.url
    page.goto(f"{address}/")
    expect(page.get_by_label("Elsewhere")).to_be_visible()
    page.evaluate("location.hash = '#labels/progress'")
    expect(page.locator(ROOT)).to_have_attribute("data-page", "progress")


def test_a_link_to_the_model_can_be_copied(page: Page, app: WorkbenchApp) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    enter(page, app, link=f"#labels/model/{app.pass_ids[2]}")
    page.get_by_role("button", name="Copy a link").click()
    expect(toast(page, "The link is copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{app.address}/#labels/model/{app.pass_ids[2]}"


def test_the_queue_is_filtered_by_state_searched_and_ordered(page: Page, fresh: WorkbenchApp) -> None:
    label_all(fresh, "ann", fresh.pass_ids[0])
    for pass_id, name in zip(fresh.pass_ids, ["delta 100%", "alpha", "Beta"], strict=True):
        rename(fresh, pass_id, name)
    enter(page, fresh)
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(3)
    chips = {chip: page.locator(f'{ROOT} .chip[data-state="{chip}"]') for chip in ("all", "new", "submitted")}
    assert [chips[name].locator("b").text_content() for name in chips] == ["3", "2", "1"]
    chips["submitted"].click()
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(1)
    expect(rows(page)).to_have_text(["delta 100%"])
    assert page.locator(f"{ROOT} .queue-row .meter").get_attribute("class") == "meter full"
    chips["all"].click()
    search = page.get_by_label("Search by name")
    search.fill("bETa")
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(1)
    search.fill("%")
    expect(page.locator(f"{ROOT} .queue-row .name-text").first).to_have_text("delta 100%")
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(1)
    search.fill("nobody")
    page.get_by_role("button", name="Show all models").click()
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(3)
    page.get_by_label("Order", exact=True).select_option("name")
    expect(page.locator(f"{ROOT} .queue-row .name-text").first).to_have_text("Beta")
    page.reload()
    expect(rows(page)).to_have_text(["Beta", "alpha", "delta 100%"])


def test_many_models_are_paged_by_keys_without_a_gap(page: Page, fresh: WorkbenchApp) -> None:
    with fresh.database.read() as session:
        picture = session.scalars(select(Model.picture)).first()
    with fresh.database.write() as session:
        next_id = max(session.scalars(select(Pass.id))) + 1
    assert next_id == len(fresh.pass_ids) + 1
    add_models(fresh.database, 120, project="many")
    with fresh.database.write() as session:
        session.execute(update(Model).values(picture=picture))
    enter(page, fresh)
    page.get_by_label("Project", exact=True).select_option(label="many")
    page.get_by_label("Order", exact=True).select_option("oldest")
    expect(page.locator(f"{ROOT} .pager")).to_contain_text("1–50 of 120")
    selected = page.locator(f'{ROOT} .queue-row[aria-selected="true"]')
    expect(selected).to_have_attribute("data-pass", str(next_id))  # the pager said the same before the order was another
    page.locator(f"{ROOT} .queue-list").focus()
    seen = []
    for _ in range(119):
        seen.append(selected.get_attribute("data-pass"))
        page.keyboard.press("ArrowDown")
        page.wait_for_function(
            "(before) => document.querySelector('.queue-row[aria-selected=true]')?.dataset.pass !== before", arg=seen[-1]
        )
    assert len(set(seen)) == 119
    expect(page.locator(f"{ROOT} .pager")).to_contain_text("101–120 of 120")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowUp")
    expect(page.locator(f"{ROOT} .pager")).to_contain_text("51–100 of 120")


def test_the_chosen_row_stays_chosen_when_others_move_it(page: Page, fresh: WorkbenchApp) -> None:
    for pass_id, name in zip(fresh.pass_ids, ["alpha", "beta", "delta"], strict=True):
        rename(fresh, pass_id, name)
    enter(page, fresh)
    page.get_by_label("Order", exact=True).select_option("name")
    expect(rows(page)).to_have_text(["alpha", "beta", "delta"])
    selected = page.locator(f'{ROOT} .queue-row[aria-selected="true"]')
    expect(selected).to_contain_text("alpha")
    page.locator(f"{ROOT} .queue-list").focus()
    page.keyboard.press("ArrowDown")
    expect(selected).to_contain_text("beta")
    rename(fresh, fresh.pass_ids[2], "aaron")
    page.get_by_role("button", name="Progress", exact=True).click()
    page.get_by_role("button", name="Models", exact=True).click()
    expect(rows(page)).to_have_text(["aaron", "alpha", "beta"])
    expect(selected).to_contain_text("beta")


def test_keys_open_the_row_and_the_next_model_to_do(page: Page, fresh: WorkbenchApp) -> None:
    order = [entry.pass_id for entry in queue(fresh.database, LOCAL_USER, order=QueueOrder.UNCERTAIN)[0]]
    claim(fresh.database, "ann", order[0])
    enter(page, fresh)
    expect(page.locator(f"{ROOT} .queue-row").first).to_contain_text("ann is at work on it")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.model.passId === id", arg=order[1])
    page.keyboard.press("PageDown")
    page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.model.passId === id", arg=order[2])
    page.get_by_role("button", name="Back to the models").click()
    expect(page.locator(f"{ROOT} .queue-row").first).to_be_visible()
    page.keyboard.press("n")
    page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.model.passId === id", arg=order[1])


def test_flags_and_comment_are_kept_and_a_change_in_between_is_told(page: Page, fresh: WorkbenchApp, page_errors: list[str]) -> None:
    pass_id = fresh.pass_ids[0]
    enter(page, fresh, link=f"#labels/model/{pass_id}")
    page.locator(f'{ROOT} .flag[data-flag="incomplete"]').click()
    expect(page.locator(f'{ROOT} .flag[data-flag="incomplete"]')).to_have_attribute("aria-pressed", "true")
    page.locator(f'{ROOT} [data-flag="comment"]').click()
    page.get_by_role("dialog").get_by_role("textbox").fill(HOSTILE)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    with fresh.database.read() as session:
        model = session.get_one(Model, session.get_one(Pass, pass_id).model_id)
        assert (model.valid, model.incomplete, model.comment) == (True, True, HOSTILE)
    with fresh.database.write() as session:
        session.execute(update(Model).values(version=99, comment="from elsewhere"))
    page.locator(f'{ROOT} .flag[data-flag="valid"]').click()
    expect(toast(page, "from elsewhere")).to_be_visible()
    toast(page, "from elsewhere").get_by_role("button", name="Look again").click()
    page.locator(f'{ROOT} [data-flag="comment"][title="from elsewhere"]').wait_for()
    page_errors[:] = [error for error in page_errors if "409" not in error]


def test_a_model_goes_to_the_reviewer_back_and_is_accepted(page: Page, fresh: WorkbenchApp, page_errors: list[str]) -> None:
    pass_id = fresh.pass_ids[0]
    meshes = meshes_of(fresh.database, pass_id)
    claim(fresh.database, "ann", pass_id)
    relabel(fresh.database, "ann", pass_id, new_id(), [Change(mesh, 0, LabelValue.of(BodyPart.FACE)) for mesh in meshes[1:]])
    enter(page, fresh, "ann", f"#labels/model/{pass_id}")
    page.get_by_role("button", name="Submit").click()
    expect(toast(page, "One fragment has no label yet")).to_be_visible()
    toast(page, "One fragment").get_by_role("button", name="Show it").click()
    assert ask(page, "(page) => page.selection.ids") == [meshes[0]]
    ask(page, "(page, id) => page.relabel([id], {kind: 'part', part: 'nose'})", meshes[0])
    expect(page.locator(f"{ROOT} .bar-line .row-count")).to_have_text(f"{len(meshes)} / {len(meshes)}")
    page.get_by_role("button", name="Submit").click()
    expect(toast(page, "is submitted for review")).to_be_visible()
    assert state_of(fresh, pass_id) == PassState.SUBMITTED

    enter(page, fresh, "rita", f"#labels/review/{pass_id}")
    expect(page.locator(f"{ROOT} .review-row").first).to_be_visible()
    page.get_by_role("button", name="Send back").click()
    expect(toast(page, "Say what should be corrected")).to_be_visible()
    page.locator(f"{ROOT} .review-right textarea").fill("The nose is no nose.")
    page.get_by_role("button", name="Send back").click()
    expect(toast(page, "is sent back")).to_be_visible()
    assert state_of(fresh, pass_id) == PassState.REJECTED

    enter(page, fresh, "ann", f"#labels/model/{pass_id}")
    expect(page.locator(f"{ROOT} .bar-note")).to_contain_text("The nose is no nose.")
    ask(page, "(page) => page.settled()")
    page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.mayEdit()")
    ask(page, "(page, id) => page.relabel([id], {kind: 'part', part: 'mouth'})", meshes[0])
    page.get_by_role("button", name="Submit").click()
    expect(toast(page, "is submitted for review")).to_be_visible()

    enter(page, fresh, "rita", f"#labels/review/{pass_id}")
    page.locator(f'{ROOT} .chip[data-kind="before"]').click()
    changed = page.locator(f"{ROOT} .review-row")
    expect(changed).to_have_count(1)
    assert changed.get_attribute("data-mesh") == str(meshes[0])
    expect(changed).to_contain_text("nose")
    expect(changed).to_contain_text("mouth")
    page.get_by_role("button", name="Open with X-ray").click()
    page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.selection.ids.at(-1) === id", arg=meshes[0])
    assert ask(page, "(page) => page.xray.on")
    page.go_back()
    page.get_by_role("button", name="Accept").click()
    expect(toast(page, "is accepted")).to_be_visible()
    assert state_of(fresh, pass_id) == PassState.ACCEPTED
    page_errors[:] = [error for error in page_errors if "409" not in error]


def test_nobody_accepts_their_own_work(page: Page, fresh: WorkbenchApp, page_errors: list[str]) -> None:
    label_all(fresh, "rita", fresh.pass_ids[0])
    enter(page, fresh, "rita", f"#labels/review/{fresh.pass_ids[0]}")
    expect(page.locator(f"{ROOT} .decision")).to_contain_text("You labelled this model yourself")
    expect(page.get_by_role("button", name="Accept")).to_be_disabled()
    said = ask(page, "(page, id) => page.call('accept', {pass_id: id, comment: ''}).catch((error) => error.kind)", fresh.pass_ids[0])
    assert said == "denied"
    assert state_of(fresh, fresh.pass_ids[0]) == PassState.SUBMITTED
    page_errors[:] = [error for error in page_errors if "403" not in error]


def test_a_viewer_sees_no_buttons_and_the_server_refuses_by_hand(page: Page, fresh: WorkbenchApp, page_errors: list[str]) -> None:
    enter(page, fresh, "vera")
    expect(page.locator(f"{ROOT} .queue-row").first).to_be_visible()
    for name in ("Add models", "Export", "Next to do", "People"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.locator(f"{ROOT} .queue-row").first.click()
    expect(page.locator(f"{ROOT} .bar-title")).to_be_visible()
    expect(page.get_by_role("button", name="Submit")).to_have_count(0)
    expect(page.locator(f'{ROOT} .flag[data-flag="valid"]')).to_be_disabled()
    pass_id, project = fresh.pass_ids[0], "default"
    by_hand = {
        "submit": {"pass_id": pass_id},
        "accept": {"pass_id": pass_id, "comment": ""},
        "describe": {"model_id": 1, "version": 1, "valid": False, "incomplete": False, "comment": ""},
        "second_passes": {"project_id": 1, "share": 0.5},
        "people": {},
        "set_role": {"name": "vera", "role": "admin"},
        "create_project": {"name": "mine"},
        "import_start": {"project": project, "kind": "synthetic", "count": 1},
        "export_start": {"project": project, "format": "csv", "everything": True},
    }
    for name, body in by_hand.items():
        said = ask(page, "(page, [name, body]) => page.call(name, body).catch((error) => error.kind)", [name, body])
        assert said == "denied", name
    uploaded = page.evaluate("fetch('workbench/uploads', {method: 'POST', body: new FormData()}).then((answer) => answer.status)")
    assert uploaded == 403
    enter(page, fresh, "vera", "#labels/people")
    expect(page.locator(ROOT)).to_contain_text("Only admins see this page")
    page_errors[:] = [error for error in page_errors if "403" not in error]


def test_hostile_names_and_comments_are_text(page: Page, fresh: WorkbenchApp) -> None:
    rename(fresh, fresh.pass_ids[0], HOSTILE)
    set_user(fresh.database, LOCAL_USER, HOSTILE, Role.REVIEWER)
    with fresh.database.write() as session:
        session.execute(update(Project).values(name=HOSTILE))
        session.execute(update(ModelArtMesh).where(ModelArtMesh.place == 0).values(mesh_id=HOSTILE))
    label_all(fresh, HOSTILE, fresh.pass_ids[0])
    send_back(fresh.database, LOCAL_USER, fresh.pass_ids[0], HOSTILE)
    for link in (
        f"#labels/model/{fresh.pass_ids[0]}",
        f"#labels/review/{fresh.pass_ids[0]}",
        "#labels/models",
        "#labels/progress",
        "#labels/people",
    ):
        enter(page, fresh, link=link)
        expect(page.locator(ROOT)).to_contain_text(HOSTILE)
    assert page.evaluate("window.hit") is None
    assert page.locator(f"{ROOT} img[src='x']").count() == 0


def test_progress_shows_states_people_and_the_agreement_of_two_passes(page: Page, fresh: WorkbenchApp) -> None:
    label_all(fresh, "ann", fresh.pass_ids[0], lambda number: BodyPart.FACE if number % 2 else BodyPart.NOSE)
    accept(fresh.database, "rita", fresh.pass_ids[0])
    request_second_passes(fresh.database, "rita", 1, 1.0)
    other = second_pass(fresh.database, "rita", 1)
    assert other is not None
    num = len(meshes_of(fresh.database, other))
    label_all(fresh, "bob", other, lambda number: BodyPart.MOUTH if number == 1 else BodyPart.FACE if number % 2 else BodyPart.NOSE)
    enter(page, fresh, "rita", "#labels/progress")
    expect(page.locator(f'{ROOT} .state-number[data-state="accepted"] b')).to_have_text("1")
    expect(page.locator(f"{ROOT} .people-table")).to_contain_text("ann")
    figures = page.locator(f"{ROOT} .figure b")
    assert figures.nth(1).text_content() == f"{round(100 * (num - 1) / num)} %"
    assert figures.nth(2).text_content() == str(num)
    kappa = float(figures.nth(0).text_content() or "")
    assert 0.9 < kappa < 1
    wrong = page.locator(f"{ROOT} .confusion td.other")
    expect(wrong).to_have_count(1)
    assert wrong.get_attribute("title") == "First pass face, second pass mouth: 1"
    expect(page.locator(f"{ROOT} .confused li")).to_have_text(["face and mouth: once"])
    page.get_by_role("button", name="Ask for second passes").click()
    expect(toast(page, "0 second passes are new")).to_be_visible()
    page.locator(f'{ROOT} .state-number[data-state="accepted"]').click()
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(1)


def test_roles_change_after_a_question_and_the_last_admin_stays(page: Page, fresh: WorkbenchApp, page_errors: list[str]) -> None:
    enter(page, fresh, link="#labels/people")
    role = page.get_by_label("Role of vera")
    role.select_option("reviewer")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(role).to_have_value("viewer")
    role.select_option("reviewer")
    page.get_by_role("dialog").get_by_role("button", name="Change the role").click()
    expect(toast(page, "vera is now reviewer")).to_be_visible()
    expect(page.get_by_label("Role of vera")).to_have_value("reviewer")
    page.get_by_label("Role of local").select_option("viewer")
    page.get_by_role("dialog").get_by_role("button", name="Change the role").click()
    expect(toast(page, "is the only admin")).to_be_visible()
    expect(page.get_by_label("Role of local")).to_have_value("admin")
    page.get_by_label("Name, as in the login").fill("新人")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Role of 新人")).to_have_value("annotator")
    page_errors[:] = [error for error in page_errors if "400" not in error]


def test_the_language_changes_every_page_and_is_remembered(page: Page, app: WorkbenchApp) -> None:
    enter(page, app)
    expect(page.locator(f"{ROOT} .queue-row").first).to_be_visible()
    page.get_by_label("Language", exact=True).select_option("zh")
    expect(page.locator(f"{ROOT} .queue-tools")).to_contain_text("下一个待办")
    expect(page.locator(f"{ROOT} .state-chip").first).to_have_text(re.compile("未开始|进行中"))
    for name in ("progress", "people", "models"):
        ask(page, "(page, name) => page.showPage(name)", name)
        expect(page.locator(f"{ROOT} [data-page={name}]")).to_contain_text(re.compile("[\u4e00-\u9fff]"))
    page.reload()
    expect(page.locator(f"{ROOT} .queue-tools")).to_contain_text("下一个待办")
    page.get_by_label("语言").select_option("en")


def test_a_server_that_cannot_be_reached_is_told_and_tried_again(page: Page, app: WorkbenchApp, page_errors: list[str]) -> None:
    page.route("**/workbench/api/queue", lambda route: route.abort())
    enter(page, app)
    expect(page.locator(f"{ROOT} .nothing-here")).to_contain_text("The server cannot be reached.")
    page.unroute("**/workbench/api/queue")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(f"{ROOT} .queue-row").first).to_be_visible()
    page_errors[:] = [error for error in page_errors if "ERR_FAILED" not in error]


def test_the_queue_of_ten_thousand_models_shows_fifty_at_a_time(page: Page, fresh: WorkbenchApp) -> None:
    with fresh.database.read() as session:
        picture = session.scalars(select(Model.picture)).first()
    add_models(fresh.database, 10_000, num_meshes=1, project="many")
    with fresh.database.write() as session:
        session.execute(update(Model).values(picture=picture))
    enter(page, fresh)
    expect(page.locator(f"{ROOT} .pager")).to_contain_text("1–50 of 10,003")
    for first in (51, 101):
        page.get_by_role("button", name="Models after these").click()
        expect(page.locator(f"{ROOT} .pager")).to_contain_text(f"{first}–{first + 49} of 10,003")
        expect(page.locator(f"{ROOT} .queue-row")).to_have_count(50)
