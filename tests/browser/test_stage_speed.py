"""Toggling one of many layers: a dirty-rectangle redraw leaves the same pixels as drawing everything anew.

Times are printed, not asserted.
"""

import pytest
from playwright.sync_api import Browser

from tests.browser.benchmark_stage import blobs, measure, open_stage
from tests.browser.conftest import start_app, watched_page
from tests.browser.stage_app import StageApp

pytestmark = pytest.mark.browser

DIFFERENCE = """() => {
    const stage = document.querySelector('.liwi-stage').__stage;
    const canvas = document.querySelector('.liwi-stage canvas.layer-canvas');
    const pixels = () => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    stage.redraw();
    const partial = pixels();
    stage.redrawAll();
    const whole = pixels();
    let worst = 0, covered = 0;
    for (let index = 0; index < whole.length; index++) worst = Math.max(worst, Math.abs(whole[index] - partial[index]));
    for (let index = 3; index < whole.length; index += 4) covered += whole[index] > 0;
    return [worst, covered];
}"""


def test_a_partial_redraw_equals_a_whole_one_with_a_hundred_layers(browser: Browser) -> None:
    app = StageApp()
    blocks = app.blocks()
    layers = blobs(app, 100, 1024)
    app.address = start_app(blocks, app.routes())
    errors: list[str] = []
    with watched_page(browser, errors) as page:
        open_stage(page, app, layers, 1024)
        for zoom in ("fitted", "enlarged"):
            print(f"\ntoggling one of {len(layers)} layers, {zoom}: {measure(page, layers, 5)}")
            worst, covered = page.evaluate(DIFFERENCE)
            assert covered > 100_000, "the picture is on the canvas"
            assert worst <= 3, "a partial redraw leaves other pixels than a whole one (rounding aside)"
            page.mouse.move(500, 300)
            page.mouse.wheel(0, -347)
            page.wait_for_timeout(50)
    blocks.close(verbose=False)
    assert errors == []
