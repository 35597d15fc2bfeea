"""The tab Characters as a person uses it, in a real Chromium, with the real engine and a segmenter that goes by height."""

from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from psd_tools import PSDImage

from liwi.seethrough import readiness
from liwi.settings import Settings
from liwi.ui.demo import CSS, build_demo
from liwi.workspace import Workspace
from tests.characters import HeightSegmenter, draw_doll
from tests.seethrough import ServedFolder, write_depth, write_parts

pytestmark = pytest.mark.browser

STAGE = "document.querySelector('#character-stage .liwi-stage').__stage"
PARTS = ["legwear-r", "legwear-l", "topwear", "face", "front hair"]


@pytest.fixture(scope="module")
def address(launch: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    blocks, routes = build_demo(Settings(), workspace, segmenter=HeightSegmenter())
    yield launch(blocks.queue(), routes=routes, css=CSS)
    workspace.shutdown()


def names(page: Page) -> list[str]:
    return page.evaluate(f"() => {STAGE}.state.doc.panel.map((layer) => layer.name)")


def wait_for(page: Page, condition: str) -> None:
    page.wait_for_function(f"() => {{ const s = {STAGE}; return s.ready && !s.state.busy && ({condition}); }}", timeout=60_000)


def test_an_example_is_taken_apart_corrected_spread_and_exported(page: Page, address: str) -> None:
    page.set_default_timeout(30_000)
    page.goto(address)
    page.get_by_role("tab", name="Characters").click()
    expect(page.locator("#character-stage")).to_contain_text("An illustration of one character")
    page.locator("#character-examples button img").first.click()
    wait_for(page, "s.state.doc.panel.length === 1")
    page.wait_for_function("() => document.querySelector('#character-open').getBoundingClientRect().height < 60")
    page.keyboard.press("Enter")
    wait_for(page, f"s.state.doc.panel.length === {len(PARTS)}")
    assert sorted(names(page)) == sorted(PARTS)
    expect(page.locator("#character-about")).to_contain_text("Engine: character")
    assert page.evaluate(f"() => {STAGE}.state.selected.length") == 0, "nobody asked for one of many layers"

    hair, face = (
        page.evaluate(f"() => {STAGE}.state.doc.panel.find((layer) => layer.name === '{name}').id") for name in ("front hair", "face")
    )
    edge = page.evaluate(f"() => {{ const [l, t, r, b] = {STAGE}.state.layers.get('{hair}').extent; return [(l + r) >> 1, b]; }}")
    place = [edge[0], edge[1] - 6]  # hair, and behind it what was made up of the face
    shown = page.evaluate(f"(place) => {STAGE}.pixelAt(...place)", place)
    page.evaluate(f"() => {STAGE}.setVisible('{hair}', false)")
    assert page.evaluate(f"(place) => {STAGE}.pixelAt(...place)", place)[3] == 255 == shown[3]

    page.keyboard.press("x")
    page.wait_for_function(f"() => Object.keys({STAGE}.state.doc.offsets).length >= {len(PARTS) - 1}")
    page.keyboard.press("x")
    page.wait_for_function(f"() => Object.keys({STAGE}.state.doc.offsets).length === 0")

    page.locator(f"#character-stage [data-id='{face}']").click()
    page.locator("#character-part input").click()
    page.get_by_role("option", name="Headwear", exact=True).click()
    page.locator("#character-relabel").click()
    wait_for(page, "s.state.doc.panel.some((layer) => layer.name === 'headwear')")

    assert page.evaluate(f"() => {STAGE}.history.past.at(-1).label") == "relabel"

    with page.expect_download(timeout=60_000) as download:
        page.locator("#character-export").click()
    written = PSDImage.open(BytesIO(Path(download.value.path()).read_bytes()))
    assert [layer.name for layer in written] == names(page)
    assert {layer.name: layer.visible for layer in written}["front hair"] is False
    assert {layer.name for layer in written} == {*PARTS, "headwear"} - {"face"}


@pytest.fixture
def generating(launch: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    folders = {readiness.PARTS: write_parts(tmp_path / "parts"), readiness.DEPTH: write_depth(tmp_path / "depth")}
    monkeypatch.setattr("liwi.ui.demo.served_in", lambda _, kind: ServedFolder(folders[kind], kind))
    workspace = Workspace(tmp_path / "workspace")
    blocks, routes = build_demo(Settings(), workspace, segmenter=HeightSegmenter())
    yield launch(blocks.queue(), routes=routes, css=CSS)
    workspace.shutdown()


def test_generated_layers_are_shown_as_they_come_and_by_their_depth(page: Page, generating: str, tmp_path: Path) -> None:
    Image.fromarray(draw_doll(0.5).rgba).save(tmp_path / "doll.png")
    page.set_default_timeout(60_000)
    page.goto(generating)
    expect(page.locator(".liwi-engine")).not_to_contain_text("seethrough")
    page.get_by_role("tab", name="Characters").click()
    expect(page.locator(".liwi-engine")).to_have_text("Engine: seethrough")
    page.locator("#character-upload input[type=file]").set_input_files(str(tmp_path / "doll.png"))
    wait_for(page, "s.state.doc.panel.length === 1")
    page.evaluate(
        """() => { window.most = 0; new MutationObserver(() => {
            window.most = Math.max(window.most, document.querySelectorAll('#character-stage .previews img').length);
        }).observe(document.querySelector('#character-stage .previews'), { childList: true }); }"""
    )
    page.locator("#character-stage .work").click()
    wait_for(page, "s.state.doc.panel.length > 5")
    assert page.evaluate("() => window.most") > 3, "layers were seen before all of them were there"
    expect(page.locator("#character-stage .previews")).to_be_hidden()
    colours = page.evaluate(f"() => [...{STAGE}.state.layers.values()].map((layer) => layer.picture.url)")
    page.get_by_role("button", name="Show how near each part is").click()
    wait_for(page, "s.state.depthView")
    greys = page.evaluate(f"() => [...{STAGE}.state.layers.values()].map((layer) => layer.picture.url)")
    assert all("/depth-" in url for url in greys) and not any("/depth-" in url for url in colours)
    page.get_by_role("tab", name="Photo").click()
    expect(page.locator(".liwi-engine")).not_to_contain_text("seethrough")
