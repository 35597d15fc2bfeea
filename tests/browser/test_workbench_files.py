"""Files in and out of the page: dropped folders and ZIPs, broken models, labels, characters by one click, fresh guesses, exports."""

import io
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from annotator.access import LOCAL_USER, ensure_local_user, set_user
from annotator.database import open_database
from annotator.imports import import_models
from annotator.predictions import Guess, record_predictions
from annotator.reviews import accept, describe_model
from annotator.schema import Export, Label, Model
from annotator.stores import Stores
from annotator.values import Role
from data_tools.labeling.combining import COMBINED
from liwi.seethrough.body_parts import BodyPart
from tests.browser.conftest import served_workbench
from tests.browser.test_workbench_pages import HOSTILE, ROOT, enter, label_all, rows, toast
from tests.browser.workbench_app import WorkbenchApp, ask, open_model
from tests.unit.annotator.squares import write_squares
from tests.unit.annotator.workbench import meshes_of
from tests.unit.data_tools.live2d.models import RED, square, write_model

pytestmark = pytest.mark.browser

LABELS = {"red": {"part": "face", "side": None}, "blue": {"part": "irides", "side": "left"}}
SEE_THROUGH = {"metadata": {"is_valid": True, "is_incomplete": True, "cleaned": True}, "drawable": {"red": "nose", "blue": "mouth"}}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small models: "one" and "two" as folders, "three" as a ZIP, and a broken one."""
    folder = tmp_path_factory.mktemp("models")
    for name, left in (("one", 20), ("two", 60), ("three", 80)):
        write_squares(folder / name, left)
    with zipfile.ZipFile(folder / "three.zip", "w") as archive:
        for path in (folder / "three").iterdir():
            archive.write(path, path.name)
    (folder / "broken").mkdir()
    (folder / "broken" / "broken.model3.json").write_text("{")
    (folder / "one" / "labels.json").write_text(json.dumps({"version": 1, "taxonomy": "v3", "art_meshes": LABELS}))
    (folder / "one" / "idle.motion3.json").write_text("{}")
    (folder / "one" / "voice.wav").write_bytes(b"\0" * 5_000_000)
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[WorkbenchApp]:
    """An app without a single model."""
    database = open_database(tmp_path / "annotations.db")
    ensure_local_user(database)
    set_user(database, LOCAL_USER, "vera", Role.VIEWER)
    with served_workbench(WorkbenchApp(database, Stores.below(tmp_path), [])) as app:
        yield app


def drop(page: Page, *paths: Path) -> None:
    """Drop files and folders from the disk onto the workbench, as a person does."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 500, "data": data})
        if kind == "dragOver":
            expect(page.locator(f"{ROOT} .drop-veil")).to_be_visible()


def card(page: Page) -> Any:
    """The newest card of an import or export, once it has ended."""
    found = page.locator(f'{ROOT} .job:not([data-state="working"])').last
    expect(found).to_be_visible(timeout=60_000)
    return found


def bring_in(app: WorkbenchApp, *paths: Path) -> list[int]:
    """Import models without the page; ids of their passes are those of the models."""
    return import_models(app.database, app.stores, LOCAL_USER, "default", list(paths)).imported


def num_labels(app: WorkbenchApp) -> int:
    """How many labels were ever written."""
    with app.database.read() as session:
        return session.scalar(select(func.count()).select_from(Label)) or 0


def test_dropped_folders_and_zips_are_imported_and_a_broken_one_is_reported(page: Page, empty: WorkbenchApp, models: Path) -> None:
    enter(page, empty)
    expect(page.locator(f"{ROOT} .nothing-here")).to_contain_text("No models yet")
    drop(page, models / "one", models / "broken", models / "three.zip", models / "two")
    done = card(page)
    expect(done).to_contain_text("3 imported")
    expect(done.locator(".job-row.bad")).to_have_count(1)
    expect(done.locator(".job-row.bad")).to_contain_text("broken")
    expect(done).to_contain_text("2 labels read")
    expect(rows(page)).to_have_count(3)
    assert sorted(rows(page).all_text_contents()) == ["one", "three", "two"]
    assert num_labels(empty) == 2
    drop(page, models / "one", models / "three.zip")
    expect(page.locator(f"{ROOT} .job")).to_have_count(2)
    expect(card(page)).to_contain_text("2 there already")
    expect(rows(page)).to_have_count(3)
    assert num_labels(empty) == 2
    card(page).locator("button.job-row").first.click()
    expect(page.locator(ROOT)).to_have_attribute("data-page", "model")


def test_a_zip_that_a_script_drops_is_imported(page: Page, empty: WorkbenchApp, models: Path) -> None:
    enter(page, empty)
    content = list((models / "three.zip").read_bytes())
    page.evaluate(
        """(content) => {
            const dataTransfer = new DataTransfer();
            dataTransfer.items.add(new File([new Uint8Array(content)], "three.zip"));
            const root = document.querySelector(".liwi-workbench");
            for (const type of ["dragenter", "dragover", "drop"]) {
                root.dispatchEvent(new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true}));
            }
        }""",
        content,
    )
    expect(card(page)).to_contain_text("1 imported")
    expect(rows(page)).to_have_text(["three"])


def test_a_folder_is_chosen_into_a_project_of_its_own(page: Page, empty: WorkbenchApp, models: Path) -> None:
    enter(page, empty)
    page.get_by_role("button", name="Add models").click()
    page.get_by_label("Into the project").fill(HOSTILE)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("dialog").get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(models / "two")
    expect(card(page)).to_contain_text("1 imported")
    expect(page.locator(f"{ROOT} .row-project")).to_have_text(HOSTILE)
    assert page.evaluate("window.hit") is None


def test_two_folders_of_one_name_stay_apart(page: Page, empty: WorkbenchApp, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_model(tmp_path / name / "haru", [square("red", (20, 20, 140, 140 if name == "one" else 120), RED)], name="haru")
    enter(page, empty)
    drop(page, tmp_path / "one" / "haru", tmp_path / "two" / "haru")
    expect(card(page)).to_contain_text("2 imported")


def test_files_without_a_model_are_explained(page: Page, empty: WorkbenchApp, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "labels.json").write_text("{}")
    enter(page, empty)
    drop(page, tmp_path / "notes.txt")
    expect(card(page)).to_contain_text("There is no Live2D model in it")
    drop(page, tmp_path / "labels.json")
    expect(page.locator(f"{ROOT} .job")).to_have_count(2)
    expect(card(page)).to_contain_text("Drop them together with their models")


def test_what_could_not_be_sent_is_sent_again_by_one_click(page: Page, empty: WorkbenchApp, models: Path, page_errors: list[str]) -> None:
    enter(page, empty)
    page.route("**/workbench/uploads", lambda route: route.abort())
    drop(page, models / "one", models / "two")
    expect(card(page)).to_contain_text("The server cannot be reached.")
    page.unroute("**/workbench/uploads")
    page.get_by_role("button", name="Send the rest again").click()
    expect(card(page)).to_contain_text("2 imported")
    page_errors[:] = [error for error in page_errors if "ERR_FAILED" not in error]


def test_too_large_a_model_is_refused_before_it_is_sent_and_the_rest_goes_on(page: Page, empty: WorkbenchApp, models: Path) -> None:
    enter(page, empty)
    page.evaluate("document.querySelector('.liwi-workbench').__workbench.session.maxUploadMb = 0.004")
    drop(page, models / "two", models / "broken")
    done = card(page)
    expect(done).to_contain_text("at most 4 kB can be sent")
    expect(done.locator(".job-row.bad")).to_have_count(2)


def test_characters_are_drawn_by_one_click_and_a_reload_loses_nothing(page: Page, empty: WorkbenchApp) -> None:
    enter(page, empty, "vera")
    expect(page.locator(f"{ROOT} .nothing-here")).to_contain_text("appear here")
    expect(page.locator(f"{ROOT} .nothing-here button")).to_have_count(0)
    enter(page, empty)
    expect(page.get_by_role("button", name="Try with 4 synthetic characters")).to_be_visible()
    page.get_by_role("button", name="Add models").click()
    page.get_by_label("How many characters").fill("1")
    page.get_by_role("button", name="Make them").click()
    expect(page.locator(f'{ROOT} .job[data-state="working"]')).to_be_visible()
    page.reload()
    expect(page.locator(f"{ROOT} .queue-row")).to_have_count(1, timeout=90_000)


def test_an_import_can_be_stopped(page: Page, empty: WorkbenchApp) -> None:
    enter(page, empty)
    page.get_by_role("button", name="Try with 4 synthetic characters").click()
    page.locator(f'{ROOT} .job[data-state="working"]').get_by_role("button", name="Cancel").click()
    expect(card(page)).to_contain_text("Stopped, as you asked.")
    with empty.database.read() as session:
        assert (session.scalar(select(func.count()).select_from(Model)) or 0) < 4


def test_labels_dropped_on_the_open_model_are_its_labels(page: Page, empty: WorkbenchApp, models: Path, tmp_path: Path) -> None:
    bring_in(empty, models / "two")
    (tmp_path / "body_parsing.json").write_text(json.dumps(SEE_THROUGH))
    enter(page, empty, link="#labels/model/1")
    expect(page.locator(f"{ROOT} .bar-line .row-count")).to_have_text("0 / 3")
    drop(page, tmp_path / "body_parsing.json")
    expect(toast(page, "2 labels read")).to_be_visible()
    expect(page.locator(f"{ROOT} .bar-line .row-count")).to_have_text("2 / 3")
    expect(page.locator(f'{ROOT} .flag[data-flag="incomplete"]')).to_have_attribute("aria-pressed", "true")


def test_the_machine_guesses_again_at_a_model_and_at_a_project(page: Page, empty: WorkbenchApp, models: Path, tmp_path: Path) -> None:
    first, _ = bring_in(empty, models / "one", models / "two")
    red = meshes_of(empty.database, first)[0]
    record_predictions(empty.database, LOCAL_USER, first, "an old checkpoint", {COMBINED: [Guess(red, BodyPart.WINGS, None, 0.97)]})
    enter(page, empty)
    open_model(page, first)
    guessed = "(workbench, id) => workbench.model.guesses.get(id)?.[0]?.part"
    assert ask(page, guessed, red) == "wings"
    page.keyboard.press("Alt+a")
    expect(card(page)).to_contain_text("New guesses for one model · One fragment has another class now")
    expect(card(page)).to_contain_text("no part segmenter answers")
    page.wait_for_function(f"(id) => ({guessed})(document.querySelector('{ROOT}').__workbench, id) !== 'wings'", arg=red)
    shutil.rmtree(tmp_path / "models")
    page.keyboard.press("Alt+m")
    page.get_by_role("button", name="Guess again").click()
    expect(page.locator(f"{ROOT} dialog select")).to_have_value("default")
    page.get_by_role("button", name="Guess again").last.click()
    failed = page.locator(f'{ROOT} .job[data-state="failed"]')
    expect(failed.locator(".job-row.bad")).to_have_count(2)
    expect(failed).to_contain_text("Import the model again")


def test_an_export_is_downloaded_recorded_and_says_what_it_left_out(page: Page, empty: WorkbenchApp, models: Path) -> None:
    bring_in(empty, models / "two", models / "three.zip")
    set_user(empty.database, LOCAL_USER, "ann", Role.ANNOTATOR)
    label_all(empty, "ann", 1, lambda _: BodyPart.FACE)
    label_all(empty, "ann", 2, lambda _: BodyPart.NOSE)
    accept(empty.database, LOCAL_USER, 1)
    enter(page, empty)
    page.get_by_role("button", name="Export").click()
    page.get_by_role("dialog").get_by_text("CSV").click()
    page.get_by_role("dialog").get_by_role("button", name="Export").click()
    done = card(page)
    expect(done).to_contain_text("One model, 3 labels")
    expect(done).to_contain_text("1 not accepted")
    with page.expect_download() as download:
        done.get_by_role("link", name="Download").click()
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        rows = archive.read("labels.csv").decode().splitlines()
        record = json.loads(archive.read("export.jsonl").decode().splitlines()[0])
    assert len(rows) == 4
    with empty.database.read() as session:
        kept = session.scalars(select(Export)).one()
        assert kept.sha256 == record["labels_sha256"]
    expect(done.locator(".hash")).to_contain_text(kept.sha256)
    describe_model(empty.database, LOCAL_USER, 1, 1, valid=False, incomplete=False, comment="")
    page.get_by_role("button", name="Export").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Export").click()
    expect(page.locator(f"{ROOT} .job")).to_have_count(2)
    expect(page.locator(f'{ROOT} .job[data-state="failed"]')).to_contain_text("No model of this project has labels to export")
