"""The photo tab as a person uses it, in a real Chromium, with the real engine."""

import base64
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from liwi.runtime import warm_up
from liwi.settings import Settings
from liwi.ui.demo import CSS, build_demo
from liwi.workspace import Workspace
from tests.pictures import two_balls

pytestmark = pytest.mark.browser

READY = "() => !!(document.querySelector('.liwi-stage')?.__stage?.ready)"
CUTTING_MS = 60_000


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    yield workspace
    workspace.shutdown()


@pytest.fixture(scope="module")
def address(launch: Callable[..., str], workspace: Workspace) -> str:
    warm_up()  # on a new computer this compiles for a minute, which is not what is tested here
    blocks, routes = build_demo(Settings(), workspace)
    return launch(blocks.queue(), routes=routes, css=CSS)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "two <script>balls.png"
    Image.fromarray(two_balls()[0]).save(path)
    return path


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".liwi-stage canvas")


def upload(page: Page, path: Path) -> None:
    page.locator("#photo-upload input[type=file]").set_input_files(path)
    wait_until_open(page)


def wait_until_open(page: Page) -> None:
    """Until the picture shows and the panel above it has folded away, so that the stage stands still."""
    page.wait_for_function(READY)
    page.wait_for_function("() => document.querySelector('#photo-open').getBoundingClientRect().height < 60")


def drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    """Drag from one source pixel to another on the stage."""
    (x0, y0), (x1, y1) = (
        page.evaluate("([x, y]) => document.querySelector('.liwi-stage').__stage.clientPoint(x, y)", p) for p in (start, end)
    )
    page.mouse.move(x0, y0)
    page.mouse.down()
    page.mouse.move((x0 + x1) / 2, (y0 + y1) / 2)
    page.mouse.move(x1, y1)
    page.mouse.up()


def layer_names(page: Page) -> list[str]:
    return page.evaluate("() => document.querySelector('.liwi-stage').__stage.state.doc.panel.map((layer) => layer.name)")


def wait_for_layers(page: Page, count: int) -> None:
    page.wait_for_function(
        "(count) => { const s = document.querySelector('.liwi-stage').__stage; return s.state.doc.panel.length === count && s.ready; }",
        arg=count,
        timeout=CUTTING_MS,
    )


def cut(page: Page, count: int) -> None:
    page.keyboard.press("Enter")
    wait_for_layers(page, count)
    page.wait_for_function("() => !document.querySelector('.liwi-stage').__stage.state.busy", timeout=CUTTING_MS)


def export(page: Page, suffix: str) -> bytes:
    if suffix != ".psd":
        page.locator("#photo-format input").click()
        page.get_by_role("option", name=suffix).click()
    with page.expect_download(timeout=CUTTING_MS) as download:
        page.locator("#photo-export").click()
    return Path(download.value.path()).read_bytes()


def test_an_example_is_taken_apart_and_exported(page: Page, address: str) -> None:
    """The whole way: example, box, cut, panel, ZIP that adds up to the photo."""
    open_page(page, address)
    page.locator("#photo-examples button img").first.click()
    wait_until_open(page)
    drag(page, (168, 14), (412, 322))
    cut(page, 2)
    page.evaluate("() => { const s = document.querySelector('.liwi-stage').__stage; s.setVisible(s.state.doc.panel[0].id, false); }")
    # and at once, before the stage has told Python by itself
    with zipfile.ZipFile(io.BytesIO(export(page, ".zip"))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        pictures = {
            name: cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), -1) for name in archive.namelist() if name.endswith("png")
        }
    assert [layer["visible"] for layer in manifest["layers"]] == [False, True]
    composite = np.zeros(pictures["source.png"].shape)
    for layer in manifest["layers"]:
        pixels = pictures[layer["file"]] / 255.0
        composite = composite * (1 - pixels[..., 3:]) + pixels[..., :3] * pixels[..., 3:]
    recomposed = np.rint((composite + pictures["shadow.png"] / 65535 * 2 - 1) * 255)
    np.testing.assert_array_equal(recomposed, pictures["source.png"])
    coverage = (pictures[manifest["layers"][1]["file"]][..., 3] > 127).mean()
    assert 0.1 < coverage < 0.4, "the cup is a good part of the picture"


def test_two_boxes_undo_redo_and_delete(page: Page, address: str, photo: Path) -> None:
    open_page(page, address)
    upload(page, photo)
    _, left, right = two_balls()
    for box in (left, right):
        drag(page, (box.left - 2, box.top - 2), (box.right + 2, box.bottom + 2))
    cut(page, 3)
    assert layer_names(page) == ["Background", "Object 2", "Object 1"]
    page.keyboard.press("Control+z")
    wait_for_layers(page, 2)
    page.keyboard.press("Control+Shift+z")
    wait_for_layers(page, 3)
    source = page.evaluate("() => document.querySelector('.liwi-stage').__stage.pixelAt(55, 65)")
    assert np.abs(np.array(source[:3]) - two_balls()[0][65, 55]).max() <= 3, "the stage shows the photo again"


def test_a_hidden_object_shows_the_filled_background(page: Page, address: str, photo: Path) -> None:
    open_page(page, address)
    upload(page, photo)
    _, left, _ = two_balls()
    drag(page, (left.left - 2, left.top - 2), (left.right + 2, left.bottom + 2))
    cut(page, 2)
    page.evaluate(
        """() => { const s = document.querySelector('.liwi-stage').__stage;
                   s.setVisible(s.state.doc.panel.find((layer) => layer.id !== 'background').id, false); }"""
    )
    red, green, _, _ = page.evaluate("() => document.querySelector('.liwi-stage').__stage.pixelAt(55, 65)")
    assert green > red, "meadow where the red ball was"


def test_a_dropped_point_refines_the_layer_that_is_selected(page: Page, address: str, photo: Path, workspace: Workspace) -> None:
    open_page(page, address)
    upload(page, photo)
    _, left, _ = two_balls()
    drag(page, (left.left - 2, left.top - 2), (left.right + 2, left.bottom + 2))
    cut(page, 2)
    page.keyboard.press("d")
    drag(page, (55, 65), (58, 66))
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.liwi-stage').__stage.state.revision === 2", timeout=CUTTING_MS)
    token = page.evaluate("() => document.querySelector('.liwi-stage').__stage.state.layers.get('background').url").split("/")[2]
    layer = workspace.get(token).session.decomposition.stack.foregrounds[0]
    assert layer.rgba[65, 56, 3] == 0


def test_a_deleted_layer_returns_to_the_background(page: Page, address: str, photo: Path) -> None:
    open_page(page, address)
    upload(page, photo)
    _, left, _ = two_balls()
    drag(page, (left.left - 2, left.top - 2), (left.right + 2, left.bottom + 2))
    cut(page, 2)
    page.keyboard.press("Delete")
    wait_for_layers(page, 1)
    shown = page.evaluate("() => document.querySelector('.liwi-stage').__stage.pixelAt(55, 65)")
    assert np.abs(np.array(shown[:3]) - two_balls()[0][65, 55]).max() <= 1


def test_cancelling_gives_the_stage_back_and_says_so(page: Page, address: str, tmp_path: Path) -> None:
    image, left, right = two_balls()
    large = tmp_path / "large.png"
    Image.fromarray(image).resize((1600, 1040), Image.Resampling.BICUBIC).save(large)
    open_page(page, address)
    upload(page, large)
    for box in (left, right):
        drag(page, (box.left * 8 - 9, box.top * 8 - 9), (box.right * 8 + 9, box.bottom * 8 + 9))
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelector('.liwi-stage').__stage.state.busy")
    page.get_by_role("button", name="Cancel").dispatch_event("click")
    page.wait_for_function("() => !document.querySelector('.liwi-stage').__stage.state.busy", timeout=CUTTING_MS)
    expect(page.locator(".liwi-stage")).to_contain_text("Stopped")
    assert len(layer_names(page)) < 3


def test_a_box_beside_everything_is_explained_and_stays(page: Page, address: str, photo: Path) -> None:
    open_page(page, address)
    upload(page, photo)
    _, left, _ = two_balls()
    for _ in range(2):
        drag(page, (left.left - 2, left.top - 2), (left.right + 2, left.bottom + 2))
        page.keyboard.press("Enter")
        page.wait_for_function("() => !document.querySelector('.liwi-stage').__stage.state.busy", timeout=CUTTING_MS)
        wait_for_layers(page, 2)
    expect(page.locator(".liwi-stage")).to_contain_text("cut out already")


def test_every_format_downloads(page: Page, address: str, photo: Path) -> None:
    open_page(page, address)
    upload(page, photo)
    for suffix in (".psd", ".ora", ".pptx"):
        data = export(page, suffix)
        assert data.startswith(b"8BPS" if suffix == ".psd" else b"PK"), suffix


def test_a_bad_upload_is_explained(page: Page, address: str, photo: Path, tmp_path: Path) -> None:
    words, half, dot = (tmp_path / name for name in ("words.png", "half.png", "dot.png"))
    words.write_bytes(b"these are words")
    half.write_bytes(photo.read_bytes()[:2000])
    Image.new("RGB", (1, 1)).save(dot)
    open_page(page, address)
    for path, message in ((words, "not a picture"), (half, "damaged"), (dot, "1 x 1")):
        page.locator("#photo-upload input[type=file]").set_input_files(path)
        expect(page.locator(".toast-body", has_text=message).first).to_be_visible()
        assert "Traceback" not in page.content()
        expect(page.locator(".liwi-stage")).to_contain_text("Drop or paste a picture here")
        expect(page.locator(".error", has_text="Error")).to_have_count(0)
    upload(page, photo)  # and another picture can be opened at once


CARRY = """([data, name, type, kind, where]) => {
    const carried = new DataTransfer();
    carried.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name, { type }));
    const options = { bubbles: true, cancelable: true, dataTransfer: carried, clipboardData: carried };
    const event = new (kind === "paste" ? ClipboardEvent : DragEvent)(kind, options);
    document.querySelector(where).dispatchEvent(event);
    return event.defaultPrevented;
}"""


def carry(page: Page, path: Path, kind: str, where: str = "#photo-stage .viewport", mime: str = "image/png") -> bool:
    """Drop or paste a file as a person would; whether the page took it, so that the browser does not leave for it."""
    page.wait_for_selector(where, state="attached")
    data = base64.b64encode(path.read_bytes()).decode()
    return bool(page.evaluate(CARRY, [data, path.name, mime, kind, where]))


def test_a_picture_dropped_or_pasted_is_opened_and_takes_no_work_away_unasked(
    page: Page, address: str, photo: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", (70, 50), (9, 99, 200)).save(other)
    open_page(page, address)
    assert carry(page, photo, "dragover")
    expect(page.locator(".liwi-stage.dropping")).to_be_visible()
    assert carry(page, photo, "drop")
    wait_until_open(page)
    expect(page.locator(".liwi-stage.dropping")).to_have_count(0)
    expect(page.locator("#photo-stage .viewport")).to_be_focused()
    drag(page, (20, 20), (60, 60))
    asking = page.get_by_role("alertdialog")
    assert carry(page, other, "paste", "body")
    expect(asking).to_contain_text("other.png in place of this picture")
    page.keyboard.press("Escape")
    expect(asking).to_be_hidden()
    assert page.evaluate("() => document.querySelector('.liwi-stage').__stage.state.doc.boxes.length") == 1
    assert carry(page, other, "paste", "body")
    asking.get_by_role("button", name="Open it").click()
    page.wait_for_function("() => document.querySelector('.liwi-stage').__stage.state.canvas.width === 70")
    assert carry(page, photo, "drop"), "nothing was done to this one: nobody needs to be asked"
    page.wait_for_function("() => document.querySelector('.liwi-stage').__stage.state.canvas.width !== 70")


def test_a_stray_file_is_explained_and_the_page_stays(page: Page, address: str, tmp_path: Path) -> None:
    words = tmp_path / "<b>words.txt"
    words.write_text("these are words")
    open_page(page, address)
    assert carry(page, words, "drop", mime="text/plain")
    expect(page.locator(".liwi-stage .empty")).to_contain_text("<b>words.txt is no picture")
    assert carry(page, words, "drop", "body", "text/plain"), "else the browser would show the file in place of the app"
    assert not carry(page, words, "paste", "#photo-subjects input", "text/plain"), "who types, pastes into what they type"


def test_export_before_opening_says_what_to_do(page: Page, address: str) -> None:
    open_page(page, address)
    page.locator("#photo-export").click()
    expect(page.locator(".toast-body, .toast-wrap").first).to_contain_text("Open a picture first")


def test_two_people_do_not_see_each_other(browser: Browser, page: Page, address: str, photo: Path) -> None:
    open_page(page, address)
    upload(page, photo)
    stranger = browser.new_context().new_page()
    open_page(stranger, address)
    assert stranger.evaluate("() => document.querySelector('.liwi-stage').__stage.state.canvas") is None
    tile = page.evaluate("() => document.querySelector('.liwi-stage').__stage.state.layers.get('background').url")
    token = tile.split("/")[2]
    guessed = tile.replace(token, token[::-1])
    assert stranger.request.get(f"{address}{guessed}").status == 404
    assert stranger.request.get(f"{address}/exports/{token}/..%2F..%2Fetc%2Fpasswd").status == 404
    stranger.context.close()


def test_the_upload_does_not_outlive_its_opening(page: Page, address: str, photo: Path) -> None:
    folder = Path(get_upload_folder())
    open_page(page, address)
    upload(page, photo)
    assert list(folder.rglob("*balls.png")) == []


def test_another_picture_takes_the_place_of_the_first(page: Page, address: str, photo: Path, workspace: Workspace) -> None:
    open_page(page, address)
    upload(page, photo)
    first = page.evaluate("() => document.querySelector('.liwi-stage').__stage.state.layers.get('background').url").split("/")[2]
    page.locator("#photo-open button").first.click()
    page.locator("#photo-examples button img").nth(1).click()
    page.wait_for_function("() => document.querySelector('.liwi-stage').__stage.state.canvas.width === 451")
    assert not workspace.holds(first)
