"""How fast the stage redraws: toggling one of 100 layers at 1024 x 1024, measured in the browser without a round trip to Python.

    python -m tests.browser.benchmark_stage [--layers 100] [--side 1024] [--toggles 100]

Prints median, 95th percentile and maximum of (a) the redraw itself with everything the page does about a toggle (panel row included),
rasterising forced, and (b) the time until the next frame is on its way. The target is (a) within 16 ms.
"""

import argparse
import json
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, start_app
from tests.browser.stage_app import StageApp, encode, flat, layer, manifest, open_app, show

MEASURE = """async ([ids, toggles]) => {
    const stage = document.querySelector('.liwi-stage').__stage;
    const redraws = [], frames = [];
    for (let turn = 0; turn < toggles; turn++) {
        const id = ids[(turn * 37) % ids.length];
        const visible = !stage.state.doc.panel.find((record) => record.id === id).visible;
        redraws.push(stage.measure(() => stage.setVisible(id, visible)));
        const other = ids[(turn * 37 + 11) % ids.length];
        const start = performance.now();
        stage.setVisible(other, !stage.state.doc.panel.find((record) => record.id === other).visible);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        frames.push(performance.now() - start);
    }
    return [redraws, frames];
}"""


def blobs(app: StageApp, count: int, side: int) -> list[dict[str, Any]]:
    """``count`` soft-edged ellipses of many sizes over a background; their pictures are added to ``app``."""
    generator = np.random.default_rng(0)
    app.pictures["background"] = flat((120, 130, 140), side, side)
    layers = [layer("background", [0, 0, side, side], role="background", prompt_box=None)]
    for number in range(count - 1):
        width, height = (int(value) for value in generator.integers(side // 16, side // 2, 2))
        left, top = int(generator.integers(0, side - width)), int(generator.integers(0, side - height))
        rows, columns = np.mgrid[:height, :width]
        distance = np.hypot((rows - height / 2) / (height / 2), (columns - width / 2) / (width / 2))
        rgba = np.empty((height, width, 4), np.uint8)
        rgba[..., :3] = generator.integers(0, 256, 3) + generator.integers(-8, 9, (height, width, 1))
        rgba[..., 3] = np.clip((1 - distance) * 1000, 0, 255)
        app.pictures[f"blob{number}"] = encode(rgba)
        layers.append(layer(f"blob{number}", [left, top, left + width, top + height], name=f"Layer {number}"))
    return layers


def open_stage(page: Page, app: StageApp, layers: list[dict[str, Any]], side: int) -> float:
    """Show ``layers``; returns the seconds until all of them are drawn."""
    open_app(page, app)
    start = time.perf_counter()
    show(page, app, manifest(1, "replace", layers, canvas={"width": side, "height": side}, source_url=None))
    return time.perf_counter() - start


def summary(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    return {"median_ms": round(median(times), 2), "p95_ms": round(float(np.percentile(times, 95)), 2), "max_ms": round(max(times), 2)}


def measure(page: Page, layers: list[dict[str, Any]], toggles: int) -> dict[str, dict[str, float]]:
    """Toggle layers one after the other; redraw and frame times."""
    ids = [one["id"] for one in layers if one["role"] == "foreground"]
    redraws, frames = page.evaluate(MEASURE, [ids, toggles])
    return {"redraw": summary(redraws), "until_frame": summary(frames)}


def main() -> None:
    """Measure fitted and at 100 %, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=100)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--toggles", type=int, default=100)
    parser.add_argument("--screenshot", type=Path)
    options = parser.parse_args()
    app = StageApp(height="1180px")
    blocks = app.blocks()
    layers = blobs(app, options.layers, options.side)
    app.address = start_app(blocks, app.routes())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1500, "height": 1300})
        report: dict[str, Any] = {"layers": len(layers), "side": options.side}
        report["load_seconds"] = round(open_stage(page, app, layers, options.side), 2)
        report["fitted"] = measure(page, layers, options.toggles)
        page.locator(".liwi-stage .viewport").focus()
        page.keyboard.press("1")
        report["at_100_percent"] = measure(page, layers, options.toggles)
        if options.screenshot:
            page.screenshot(path=options.screenshot)
        print(json.dumps(report, indent=2))
        browser.close()
    blocks.close(verbose=False)


if __name__ == "__main__":
    main()
