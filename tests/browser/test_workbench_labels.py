"""Labelling in the browser: the queue that loses nothing, claims, undo, conflicts, keys, the inspector."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from annotator.access import LOCAL_USER, set_user
from annotator.claims import claim, take_over
from annotator.errors import ClaimNeeded
from annotator.labels import relabel, undo
from annotator.queries import view_model
from annotator.values import Change, LabelKind, LabelValue, Role
from liwi.seethrough.body_parts import BodyPart, Side
from tests.browser.conftest import free_port, served_workbench, wait_until_served, watched_page
from tests.browser.workbench_app import WorkbenchApp, ask, copied_app, open_model, open_workbench

pytestmark = pytest.mark.browser

OFFLINE_NOISE = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "ERR_CONNECTION", "Failed to load resource", "net::ERR")


WRITTEN = ("review", "current_label", "label", "operation", "claim_event", "claim")


@pytest.fixture(scope="module")
def served(workbench_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkbenchApp]:
    """The workbench with the annotators ann and bob and a viewer; the tests share it."""
    app = copied_app(workbench_files, tmp_path_factory.mktemp("labels"))
    add_people(app)
    with served_workbench(app):
        yield app


@pytest.fixture
def app(served: WorkbenchApp) -> WorkbenchApp:
    """The same without a label, an act or a claim."""
    with served.database.write() as session:
        for table in WRITTEN:
            session.connection().exec_driver_sql(f"DELETE FROM {table}")
        session.connection().exec_driver_sql("UPDATE pass SET state = 'new', num_labelled = 0, annotator_id = NULL")
    return served


def add_people(app: WorkbenchApp) -> None:
    """The annotators ann and bob, and vera, a viewer."""
    for name, role in (("ann", Role.ANNOTATOR), ("bob", Role.ANNOTATOR), ("vera", Role.VIEWER)):
        set_user(app.database, LOCAL_USER, name, role)


@contextmanager
def tab(browser: Browser, app: WorkbenchApp, person: str = "ann", *, model: int | None = 0, noisy: bool = False) -> Iterator[Page]:
    """A browser of this person, with a model open. Script errors fail the test; with ``noisy``, failed requests do not."""
    errors: list[str] = []
    with watched_page(browser, errors) as page:
        page.context.add_cookies([{"name": "person", "value": person, "url": app.address}])
        open_workbench(page, app)
        if model is not None:
            open_for_labels(page, app.pass_ids[model])
        yield page
    assert [error for error in errors if not (noisy and any(noise in error for noise in OFFLINE_NOISE))] == []


def open_for_labels(page: Page, pass_id: int) -> None:
    """Open a model and wait for the claim on it."""
    open_model(page, pass_id)
    page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.mayEdit()")


def ids(page: Page) -> list[int]:
    """Rows of the open model's fragments, back to front."""
    found: list[int] = ask(page, "(w) => w.model.meshes.map((mesh) => mesh.id)")
    return found


def choose(page: Page, *chosen: int) -> None:
    """Select fragments, and give the keys to the workbench."""
    ask(page, "(w, ids) => { w.select(ids); document.activeElement?.blur(); }", list(chosen))


def settle(page: Page) -> None:
    """Wait until everything is saved."""
    page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.saving.state === 'saved'")


@contextmanager
def held_back(page: Page, pattern: str) -> Iterator[Callable[[], None]]:
    """Requests like this reach the server only when the function is called; afterwards at once, as ever."""
    held: list[Route] = []
    page.route(pattern, lambda route: held.append(route))

    def let_go() -> None:
        for route in held:
            route.continue_()
        page.unroute(pattern)

    yield let_go


def label(page: Page, mesh: int) -> dict[str, Any]:
    """What the page shows for a fragment."""
    found: dict[str, Any] = ask(page, "(w, id) => w.labelOf(id)", mesh)
    return found


def stored(app: WorkbenchApp, mesh: int, model: int = 0) -> LabelValue | None:
    """What the database says about a fragment."""
    found = view_model(app.database, LOCAL_USER, app.pass_ids[model]).labels.get(mesh)
    return found.value if found else None


def waiting(page: Page) -> int:
    """How many operations the page still has to send."""
    return int(ask(page, "(w) => w.saving.waiting"))


def saving_shows(page: Page, state: str) -> None:
    """Wait until the header shows this state of saving."""
    expect(page.locator(f'.saving[data-state="{state}"]')).to_be_visible()


def told(page: Page, text: str) -> None:
    """Wait for a short message with these words."""
    expect(page.locator(".toast", has_text=text).first).to_be_visible()


SIMILAR = {"name": "her sister", "project": "default", "score": 0.9, "num_matched": 3}
RELABEL = "**/workbench/api/relabel"
CLAIM = "**/workbench/api/claim"
PLAIN = {"kind": "part", "side": None, "unsure": False, "comment": "", "order": None, "pieces": []}


def test_a_key_labels_the_selected_fragment_and_it_is_saved(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        mesh = ids(page)[5]
        choose(page, mesh)
        page.keyboard.press("t")
        assert label(page, mesh)["part"] == "topwear"  # at once, before the answer
        settle(page)
        expect(page.locator(".saving-text")).to_contain_text("Saved")
        assert label(page, mesh) == {"art_mesh_id": mesh, "version": 1, "part": "topwear", **PLAIN}
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)


def test_after_a_label_the_next_fragment_without_one_is_selected_if_wanted(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        first = ids(page)[5]
        choose(page, first)
        page.keyboard.press("t")
        second = ask(page, "(w) => w.selection.ids")[0]
        assert second != first
        assert not ask(page, "(w, id) => w.isLabelled(id)", second)
        page.locator(".after-row select").select_option("stay")
        choose(page, second)
        page.keyboard.press("t")
        assert ask(page, "(w) => w.selection.ids") == [second]
        page.reload()
        page.wait_for_function("() => document.querySelector('.liwi-workbench')?.__workbench?.mayEdit()")
        assert page.locator(".after-row select").input_value() == "stay"


def test_operations_are_sent_one_after_the_other_in_the_order_of_the_keys(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        bodies: list[Any] = []
        under_way = [0, 0]

        def slow(route: Route) -> None:
            under_way[0] += 1
            under_way[1] = max(under_way)
            bodies.append(route.request.post_data_json)
            answer = route.fetch()
            under_way[0] -= 1
            route.fulfill(response=answer)

        page.route(RELABEL, slow)
        page.locator(".after-row select").select_option("stay")
        one, two = ids(page)[:2]
        for mesh, key in ((one, "t"), (two, "f"), (one, "b"), (two, "n"), (one, "m")):
            choose(page, mesh)
            page.keyboard.press(key)
        assert label(page, one)["part"] == "mouth"
        settle(page)
        sent = [(change["art_mesh_id"], change["version"], change["part"]) for body in bodies for change in body["changes"]]
        assert sent == [(one, 0, "topwear"), (two, 0, "front hair"), (one, 1, "back hair"), (two, 1, "nose"), (one, 2, "mouth")]
        assert len({body["operation_id"] for body in bodies}) == 5
        assert under_way[1] == 1
        assert label(page, one)["version"] == 3


def test_an_answer_that_got_lost_is_asked_for_again_and_nothing_is_done_twice(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        lost: list[str] = []

        def lose_first(route: Route) -> None:
            if lost:
                route.continue_()
                return
            lost.append(str(route.request.post_data))
            route.fetch()  # the server has saved it
            route.abort()

        page.route(RELABEL, lose_first)
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("t")
        settle(page)
        assert lost
        assert label(page, mesh)["version"] == 1
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)


def test_offline_changes_wait_are_counted_and_arrive_later(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        meshes = ids(page)[:3]
        page.context.set_offline(True)
        for mesh in meshes:
            choose(page, mesh)
            page.keyboard.press("f")
        expect(page.locator(".saving-text")).to_have_text("Offline, 3 waiting")
        assert [label(page, mesh)["part"] for mesh in meshes] == ["front hair"] * 3
        assert stored(app, meshes[0]) is None
        page.context.set_offline(False)
        settle(page)
        assert [stored(app, mesh) for mesh in meshes] == [LabelValue.of(BodyPart.FRONT_HAIR)] * 3


def test_undo_while_offline_waits_behind_the_changes_and_later_labels_still_fit(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = ids(page)[2]
        page.locator(".after-row select").select_option("stay")
        page.context.set_offline(True)
        choose(page, mesh)
        for key in ("f", "Control+z", "b"):
            page.keyboard.press(key)
        assert waiting(page) == 3
        page.context.set_offline(False)
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.BACK_HAIR)
        assert label(page, mesh)["version"] == 3


def test_changes_that_wait_survive_a_reload_and_the_person_is_told(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        page.route(RELABEL, lambda route: route.abort())
        mesh = ids(page)[4]
        choose(page, mesh)
        page.keyboard.press("j")
        saving_shows(page, "offline")
        page.on("dialog", lambda dialog: dialog.accept())  # the warning on leaving
        page.reload()
        page.wait_for_function("() => document.querySelector('.liwi-workbench')?.__workbench?.model.open")
        told(page, "still waiting")
        assert label(page, mesh)["part"] == "neckwear"  # shown as the person left it
        page.unroute(RELABEL)
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.NECKWEAR)
        assert label(page, mesh)["version"] == 1  # though the page that was left had sent it too


def test_a_browser_that_is_closed_in_the_middle_sends_what_waited_when_it_is_opened_again(browser: Browser, app: WorkbenchApp) -> None:
    context = browser.new_context()
    context.add_cookies([{"name": "person", "value": "ann", "url": app.address}])
    page = context.new_page()
    open_workbench(page, app)
    open_for_labels(page, app.pass_ids[0])
    mesh = ids(page)[4]
    context.route(RELABEL, lambda route: route.abort())
    choose(page, mesh)
    page.keyboard.press("j")
    saving_shows(page, "offline")
    page.close()  # without a word, as when the process dies
    context.unroute(RELABEL)
    again = context.new_page()
    open_workbench(again, app)
    told(again, "still waiting")
    settle(again)
    assert stored(app, mesh) == LabelValue.of(BodyPart.NECKWEAR)
    context.close()


def test_leaving_sends_what_waits_without_waiting_for_answers(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        meshes = ids(page)[:3]
        ask(
            page,
            "(w, ids) => { ids.forEach((id) => w.relabel([id], {kind: 'part', part: 'tail'})); location.href = 'about:blank'; }",
            meshes,
        )
        page.wait_for_url("about:blank")
        page.wait_for_timeout(500)
        assert [stored(app, mesh) for mesh in meshes] == [LabelValue.of(BodyPart.TAIL)] * 3


def test_two_tabs_share_the_claim_and_see_each_others_labels(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        other = page.context.new_page()
        open_workbench(other, app)
        open_for_labels(other, app.pass_ids[0])
        mesh = ids(page)[7]
        choose(page, mesh)
        page.keyboard.press("h")
        settle(page)
        other.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.labelOf(id).part === 'headwear'", arg=mesh)
        choose(other, mesh)
        other.keyboard.press("n")
        settle(other)
        assert stored(app, mesh) == LabelValue.of(BodyPart.NOSE)  # on the merged version: no conflict
        page.bring_to_front()
        page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.labelOf(id).part === 'nose'", arg=mesh)


def test_a_second_tab_leaves_the_queue_of_a_living_one_alone(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        page.route(RELABEL, lambda route: route.abort())
        mesh = ids(page)[4]
        choose(page, mesh)
        page.keyboard.press("j")
        saving_shows(page, "offline")
        other = page.context.new_page()
        open_workbench(other, app)
        other.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.session.user === 'ann'")
        other.wait_for_timeout(1000)
        assert waiting(other) == 0
        assert stored(app, mesh) is None
        assert waiting(page) == 1
        page.unroute(RELABEL)
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.NECKWEAR)


@contextmanager
def server_process(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The workbench in a process of its own, which a test may kill."""
    command = [sys.executable, "-m", "tests.browser.serve_workbench", str(folder), str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        wait_until_served(f"http://127.0.0.1:{port}", 60)
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_server_killed_in_the_middle_loses_nothing_that_was_decided(browser: Browser, workbench_files: Path, tmp_path: Path) -> None:
    app = copied_app(workbench_files, tmp_path / "data")
    add_people(app)
    port = free_port()
    app.address = f"http://127.0.0.1:{port}"
    with server_process(tmp_path / "data", port) as process, tab(browser, app, noisy=True) as page:
        meshes = ids(page)[:40]
        label_all = "(w, ids) => { ids.forEach((id) => w.relabel([id], {kind: 'part', part: 'tail'})); }"
        ask(page, label_all, meshes)
        page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.saving.waiting < 36")
        process.send_signal(signal.SIGKILL)
        process.wait()
        saving_shows(page, "offline")
        assert waiting(page) > 0
        with served_workbench(app, port):
            page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.saving.state === 'saved'", timeout=30_000)
            view = view_model(app.database, LOCAL_USER, app.pass_ids[0])
            assert {mesh: view.labels[mesh].value for mesh in meshes} == dict.fromkeys(meshes, LabelValue.of(BodyPart.TAIL))
            assert {view.labels[mesh].version for mesh in meshes} == {1}


def see_nothing(route: Route) -> None:
    """The page does not learn what others do."""
    route.fulfill(json={"saved": [], "label_id": 0})


def write_as(app: WorkbenchApp, person: str, mesh: int, version: int, value: LabelValue, reason: str | None = None) -> None:
    """Label as somebody else, who takes the model over for that."""
    if reason is not None:
        take_over(app.database, person, app.pass_ids[0], reason)
    relabel(app.database, person, app.pass_ids[0], f"by-{person}-{mesh}-{version}", [Change(mesh, version, value)])


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_conflict_shows_both_values_and_the_person_chooses(browser: Browser, app: WorkbenchApp, choice: str) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh, other = ids(page)[3:5]
        page.locator(".after-row select").select_option("stay")
        page.route("**/workbench/api/changes_since", see_nothing)
        write_as(app, "bob", mesh, 0, LabelValue.of(BodyPart.EARS, Side.LEFT), "ann is away")
        take_over(app.database, "ann", app.pass_ids[0], "back")
        choose(page, mesh)
        page.keyboard.press("t")
        dialog = page.locator("dialog.deciding")
        expect(dialog).to_contain_text("topwear")
        expect(dialog).to_contain_text("left ears")
        expect(dialog).to_contain_text("bob")
        assert stored(app, mesh) == LabelValue.of(BodyPart.EARS, Side.LEFT)
        dialog.locator(f'input[value="{choice}"]').check()
        dialog.get_by_role("button", name="Save the choice").click()
        settle(page)
        expected = LabelValue.of(BodyPart.TOPWEAR) if choice == "mine" else LabelValue.of(BodyPart.EARS, Side.LEFT)
        assert stored(app, mesh) == expected
        assert label(page, mesh)["part"] == str(expected.part)
        choose(page, other)
        page.keyboard.press("f")  # the queue goes on
        settle(page)
        assert stored(app, other) == LabelValue.of(BodyPart.FRONT_HAIR)


def test_a_conflict_left_for_later_is_kept_and_other_models_go_on(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = ids(page)[3]
        page.route("**/workbench/api/changes_since", see_nothing)
        write_as(app, "bob", mesh, 0, LabelValue.of(BodyPart.EARS), "ann is away")
        take_over(app.database, "ann", app.pass_ids[0], "back")
        choose(page, mesh)
        page.keyboard.press("t")
        page.locator("dialog.deciding").get_by_role("button", name="Later").click()
        saving_shows(page, "stuck")
        open_for_labels(page, app.pass_ids[1])
        second = ids(page)[0]
        choose(page, second)
        page.keyboard.press("m")
        page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.saving.waiting === 1")
        assert stored(app, second, 1) == LabelValue.of(BodyPart.MOUTH)
        assert stored(app, mesh) == LabelValue.of(BodyPart.EARS)
        page.locator(".saving button").click()
        page.locator("dialog.deciding").get_by_role("button", name="Save the choice").click()
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)


def test_a_claim_taken_over_is_explained_and_what_waits_is_kept(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = ids(page)[3]
        take_over(app.database, "bob", app.pass_ids[0], "urgent")
        choose(page, mesh)
        page.keyboard.press("t")
        saving_shows(page, "stuck")
        expect(page.locator(".claim-bar")).to_contain_text("bob")
        assert not ask(page, "(w) => w.mayEdit()")
        assert label(page, mesh)["part"] == "topwear"
        assert stored(app, mesh) is None
        page.locator(".claim-bar").get_by_role("button", name="Take over").click()
        dialog = page.locator("dialog[open]")
        dialog.get_by_role("button", name="Take over").click()
        expect(dialog).to_contain_text("Say why")
        dialog.locator("textarea").fill("I was not finished")
        dialog.get_by_role("button", name="Take over").click()
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)
        expect(page.locator(".claim-bar")).to_be_hidden()


def test_a_model_in_other_hands_is_shown_read_only_with_its_holder(browser: Browser, app: WorkbenchApp) -> None:
    claim(app.database, "bob", app.pass_ids[0])
    with tab(browser, app, model=None, noisy=True) as page:
        open_model(page, app.pass_ids[0])
        expect(page.locator(".claim-bar")).to_contain_text("bob")
        choose(page, ids(page)[0])
        page.keyboard.press("t")
        told(page, "bob")
        assert waiting(page) == 0
        assert page.locator(".class-button").first.is_disabled()


def test_a_viewer_can_look_but_label_nothing(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, "vera", model=None) as page:
        open_model(page, app.pass_ids[0])
        expect(page.locator(".claim-bar")).to_contain_text("not label")
        choose(page, ids(page)[0])
        for key in ("t", "Enter", "z", "u", "Control+z"):
            page.keyboard.press(key)
        assert waiting(page) == 0
        assert view_model(app.database, LOCAL_USER, app.pass_ids[0]).labels == {}


def test_a_claim_that_ran_out_is_taken_again_without_a_word(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = ids(page)[3]
        ask(page, "async (w, id) => { await w.call('release', {pass_id: id}); }", app.pass_ids[0])
        choose(page, mesh)
        page.keyboard.press("t")
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)


def test_what_is_decided_while_the_claim_is_under_way_waits_for_it(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, model=None) as page, held_back(page, CLAIM) as let_go:
        with page.expect_request(CLAIM):
            open_model(page, app.pass_ids[0])
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("t")
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+Shift+z")
        assert label(page, mesh)["part"] == "topwear"
        page.wait_for_timeout(300)
        assert waiting(page) == 3
        let_go()
        settle(page)  # the tab would tell of a refused request
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)


def test_a_model_left_before_its_claim_has_arrived_is_given_back(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, model=None) as page:
        with held_back(page, CLAIM) as let_go:
            open_model(page, app.pass_ids[0])
            open_model(page, app.pass_ids[1])
            with page.expect_response("**/workbench/api/release"):
                let_go()
        page.wait_for_function("() => document.querySelector('.liwi-workbench').__workbench.mayEdit()")
        claim(app.database, "bob", app.pass_ids[0])
        with pytest.raises(ClaimNeeded, match="ann"):
            claim(app.database, "bob", app.pass_ids[1])


def test_undo_goes_back_across_models_and_reloads(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        page.locator(".after-row select").select_option("stay")
        first = ids(page)[3]
        choose(page, first)
        for key in ("t", "f"):
            page.keyboard.press(key)
        settle(page)
        open_for_labels(page, app.pass_ids[1])
        second = ids(page)[0]
        choose(page, second)
        page.keyboard.press("m")
        settle(page)
        page.reload()
        page.wait_for_function("() => document.querySelector('.liwi-workbench')?.__workbench?.mayEdit()")
        page.keyboard.press("Control+z")
        told(page, "Undone")
        assert stored(app, second, 1) == LabelValue(LabelKind.NONE)
        page.keyboard.press("Control+z")
        page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.model.passId === id", arg=app.pass_ids[0])
        told(page, "which is open now")
        assert stored(app, first) == LabelValue.of(BodyPart.TOPWEAR)
        assert ask(page, "(w) => w.selection.ids") == [first]
        page.keyboard.press("Control+z")
        page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.labelOf(id).kind === 'none'", arg=first)
        for _ in range(3):
            page.keyboard.press("Control+Shift+z")
        page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.model.passId === id", arg=app.pass_ids[1])
        assert stored(app, first) == LabelValue.of(BodyPart.FRONT_HAIR)
        assert stored(app, second, 1) == LabelValue.of(BodyPart.MOUTH)
        settle(page)
        page.keyboard.press("Control+Shift+z")
        told(page, "nothing to redo")
        assert waiting(page) == 0


def test_undo_of_what_somebody_else_changed_since_asks_first(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("t")
        settle(page)
        write_as(app, "bob", mesh, 1, LabelValue.of(BodyPart.EARS), "ann is away")
        take_over(app.database, "ann", app.pass_ids[0], "back")
        page.keyboard.press("Control+z")
        dialog = page.locator("dialog.deciding")
        expect(dialog).to_contain_text("bob")
        expect(dialog).to_contain_text("ears")
        assert stored(app, mesh) == LabelValue.of(BodyPart.EARS)
        dialog.get_by_role("button", name="Overwrite theirs").click()
        page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.labelOf(id).kind === 'none'", arg=mesh)
        assert stored(app, mesh) == LabelValue(LabelKind.NONE)


def test_what_was_undone_elsewhere_reaches_the_page(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("t")
        settle(page)
        undo(app.database, "ann", "undone-elsewhere")
        page.wait_for_function("(id) => !document.querySelector('.liwi-workbench').__workbench.isLabelled(id)", arg=mesh)
        assert label(page, mesh) == {"art_mesh_id": mesh, "version": 2, **PLAIN, "kind": "none", "part": None}
        choose(page, mesh)
        page.keyboard.press("f")  # on the version that was heard of: no conflict
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.FRONT_HAIR)


def test_no_key_is_bound_twice_and_every_class_has_one(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        assert ask(page, "(w) => w.doubleKeys()") == []
        keys = ask(page, "(w) => [...w.commands.keys()].filter((id) => id.startsWith('class.')).map((id) => w.keysOf(id))")
        assert len(keys) == 24
        assert all(len(each) == 1 for each in keys)
        named = ask(page, "(w) => [...w.commands.values()].flatMap((command) => command.keys)")
        assert named.count("ArrowLeft") == named.count("ArrowRight") == 1
        buttons = page.locator(".class-button kbd").all_text_contents()
        assert len(set(buttons)) == 24


def test_a_key_given_to_a_class_works_at_once_persists_and_can_be_reset(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        page.keyboard.press("?")
        row = page.locator('.key-row[data-command="class.tail"] button')
        row.click()
        page.keyboard.press("f")
        expect(page.locator(".key-note")).to_contain_text("front hair")  # it is taken: asked again
        assert ask(page, "(w) => w.keysOf('class.tail')") == ["Q"]
        page.keyboard.press("f")
        expect(page.locator(".key-note")).to_contain_text("tail")
        assert ask(page, "(w) => [w.keysOf('class.tail'), w.keysOf('class.front hair'), w.doubleKeys()]") == [["F"], [], []]
        page.locator("dialog[open]").get_by_role("button", name="Close").last.click()
        page.reload()
        page.wait_for_function("() => document.querySelector('.liwi-workbench')?.__workbench?.mayEdit()")
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("f")
        assert label(page, mesh)["part"] == "tail"
        expect(page.locator('.class-button[data-class="tail"] kbd')).to_have_text("F")
        page.keyboard.press("?")
        page.get_by_role("button", name="Reset all keys").click()
        assert ask(page, "(w) => [w.keysOf('class.tail'), w.keysOf('class.front hair')]") == [["Q"], ["F"]]


def test_keys_do_nothing_while_somebody_types_or_a_dialog_is_open(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("Shift+C")
        page.keyboard.type("the left one, t?")
        page.get_by_role("button", name="Save").click()
        settle(page)
        value = stored(app, mesh)
        assert value is not None
        assert value.comment == "the left one, t?"
        assert value.part is not BodyPart.TOPWEAR


def test_a_comment_leaves_everything_else_about_the_label_as_it_is(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        mesh = ids(page)[3]
        choose(page, mesh)
        page.keyboard.press("u")
        before = label(page, mesh)
        page.keyboard.press("Shift+C")
        page.keyboard.type("which side?")
        page.get_by_role("button", name="Save").click()
        settle(page)
        value = stored(app, mesh)
        assert value is not None
        assert (value.comment, value.unsure, value.part) == ("which side?", True, before["part"])


def test_a_hostile_comment_is_shown_as_text_everywhere(browser: Browser, app: WorkbenchApp) -> None:
    hostile = "<img src=x onerror='window.broken=1'>${window.broken=1}{{broken}}\u202e"
    with tab(browser, app) as page:
        mesh = ids(page)[3]
        ask(page, "(w, [id, comment]) => { w.relabel([id], {kind: 'nothing', comment}); }", [mesh, hostile])
        settle(page)
        choose(page, mesh)
        page.locator(".fragment-history summary").click()
        expect(page.locator(".history-list .label-comment")).to_have_text(hostile)
        expect(page.locator(".fragment-card .label-comment")).to_have_text(hostile)
        assert page.evaluate("window.broken") is None


def test_the_palette_finds_a_class_in_every_language(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        for typed, part in (("前髪", "front hair"), ("尾巴", "tail"), ("eyel", "eyelash"), ("wing", "wings")):
            mesh = ids(page)[3]
            choose(page, mesh)
            page.keyboard.press("Control+k")
            page.keyboard.type(typed)
            page.keyboard.press("Enter")
            assert label(page, mesh)["part"] == part
        settle(page)


def test_guesses_of_many_are_accepted_from_a_score_on_in_one_step(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        page.keyboard.press("Shift+A")
        dialog = page.locator("dialog[open]")
        dialog.locator("input[type=range]").fill("90")
        expected = ask(page, "(w) => w.model.meshes.filter(({id}) => (w.guessOf(id)?.score ?? -1) >= 0.9).length")
        expect(dialog.locator(".accept-count")).to_contain_text(str(expected))
        dialog.get_by_role("button", name="Accept").last.click()
        settle(page)
        assert len(view_model(app.database, LOCAL_USER, app.pass_ids[0]).labels) == expected > 0
        page.keyboard.press("Control+z")
        none_labelled = "(w) => w.model.meshes.every(({id}) => !w.isLabelled(id))"
        page.wait_for_function(f"() => ({none_labelled})(document.querySelector('.liwi-workbench').__workbench)")


def test_unsure_skip_and_side_are_keys_of_their_own(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        page.locator(".after-row select").select_option("stay")
        one, two = ids(page)[3:5]
        choose(page, one)
        for key in ("e", ",", "u"):
            page.keyboard.press(key)
        choose(page, two)
        page.keyboard.press("z")
        settle(page)
        assert stored(app, one) == LabelValue(LabelKind.PART, BodyPart.EARS, Side.LEFT, unsure=True)
        assert stored(app, two) == LabelValue(LabelKind.SKIPPED)
        choose(page, one)
        page.keyboard.press(".")
        settle(page)
        assert stored(app, one) == LabelValue(LabelKind.PART, BodyPart.EARS, Side.RIGHT, unsure=True)


def test_names_tell_left_from_right_in_english_and_japanese(browser: Browser, app: WorkbenchApp) -> None:
    names: dict[str, tuple[str | None, str]] = {
        "EyeL_02": ("left", "eye * 02"), "R_arm": ("right", "* arm"), "左目": ("left", "* 目"), "HairRight": ("right", "hair *"),
        "Collar": (None, "collar"), "LEGS": (None, "legs"), "migi_ude": ("right", "* ude"),
    }  # fmt: skip
    with tab(browser, app, model=None) as page:
        for name, (side, key) in names.items():
            assert ask(page, "(w, name) => w.splitName(name)", name) == {"side": side, "key": key}, name


def test_a_label_is_copied_to_the_mirrored_fragment_on_the_other_side(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        pairs = ask(page, "(w) => [...w.findCounterparts()].map(([id, other]) => [id, other.id])")
        assert pairs
        assert all([other, one] in pairs for one, other in pairs)
        one, other = pairs[0]
        choose(page, one)
        ask(page, "(w, id) => { w.relabel([id], {kind: 'part', part: 'ears', side: 'left'}); }", one)
        page.keyboard.press("Shift+M")
        if page.locator("dialog[open]").count():
            page.get_by_role("button", name="Copy these").click()
        settle(page)
        assert stored(app, other) == LabelValue.of(BodyPart.EARS, Side.RIGHT)


def test_labels_of_a_similar_model_are_listed_ticked_off_and_copied_in_one_step(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app) as page:
        page.route("**/workbench/api/similar", lambda route: route.fulfill(json={"models": [SIMILAR | {"pass_id": app.pass_ids[1]}]}))
        meshes = ids(page)[:3]
        parts = ("tail", "wings", "mouth")
        changes = [
            {"art_mesh_id": mesh, "version": 0, "part": part, **PLAIN, "score": 0.6 if part == "wings" else 1.0, "reason": "same place",
             "recheck": part == "wings"}
            for mesh, part in zip(meshes, parts, strict=True)
        ]  # fmt: skip
        page.route("**/workbench/api/copy_labels_preview", lambda route: route.fulfill(json={"changes": changes}))
        page.keyboard.press("Shift+V")
        page.locator(".similar-row", has_text="sister").click()
        rows = page.locator(".change-row")
        expect(rows).to_have_count(3)
        expect(rows.nth(1)).to_contain_text("recheck")
        rows.nth(2).locator("input").uncheck()
        expect(page.locator("dialog[open] .accept-count")).to_contain_text("2 fragments")
        page.get_by_role("button", name="Copy these").click()
        settle(page)
        assert stored(app, meshes[0]) == LabelValue.of(BodyPart.TAIL)
        assert stored(app, meshes[2]) is None
        assert ask(page, "(w) => w.selection.ids") == [meshes[1]]  # the first to recheck
        page.keyboard.press("Control+z")
        page.wait_for_function("(id) => document.querySelector('.liwi-workbench').__workbench.labelOf(id).kind === 'none'", arg=meshes[0])
        assert stored(app, meshes[1]) == LabelValue(LabelKind.NONE)


def label_in_vain(page: Page, status: int, kind: str, message: str) -> int:
    """Label a fragment as a top; until `Page.unroute` every change is answered with this error. Returns the fragment."""
    answer = {"error": {"kind": kind, "message": message}}
    page.route(RELABEL, lambda route: route.fulfill(status=status, json=answer))
    mesh = ids(page)[3]
    choose(page, mesh)
    page.keyboard.press("t")
    return mesh


def test_a_database_that_cannot_be_written_is_told_and_the_change_is_kept(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = label_in_vain(page, 503, "unusable", "The disk is full.")
        expect(page.locator(".saving-text")).to_contain_text("cannot write")
        expect(page.locator(".saving")).to_have_attribute("title", re.compile("^The disk is full"))
        page.unroute(RELABEL)
        page.locator(".saving button").click()
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)


def test_a_lost_login_is_told_and_the_change_is_kept_for_its_owner(browser: Browser, app: WorkbenchApp) -> None:
    with tab(browser, app, noisy=True) as page:
        mesh = label_in_vain(page, 401, "login", "Log in first.")
        expect(page.locator(".saving-text")).to_contain_text("log in again")
        page.unroute(RELABEL)
        page.context.add_cookies([{"name": "person", "value": "bob", "url": app.address}])
        page.on("dialog", lambda dialog: dialog.accept())
        page.reload()
        page.wait_for_function("() => document.querySelector('.liwi-workbench')?.__workbench?.session.user === 'bob'")
        page.wait_for_timeout(500)
        assert stored(app, mesh) is None  # not under bob's name
        page.context.add_cookies([{"name": "person", "value": "ann", "url": app.address}])
        page.reload()
        told(page, "still waiting")
        settle(page)
        assert stored(app, mesh) == LabelValue.of(BodyPart.TOPWEAR)
