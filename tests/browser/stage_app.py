"""A small app around one `Stage`, with pictures made here, for the stage's tests and measurements."""

import io
import itertools
import time
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image
from playwright.sync_api import Page
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from liwi.ui.stage import Stage

EVENTS = ("run_requested", "recut_requested", "delete_requested", "undo_requested", "redo_requested", "panel_changed", "cancel_requested")

WIDTH, HEIGHT = 240, 160


def disc(colour: tuple[int, int, int], side: int = 80) -> bytes:
    """A filled circle on transparency, as lossless WebP; its corners are transparent."""
    rows, columns = np.mgrid[:side, :side]
    inside = (rows - side / 2 + 0.5) ** 2 + (columns - side / 2 + 0.5) ** 2 < (side / 2) ** 2
    rgba = np.zeros((side, side, 4), np.uint8)
    rgba[inside] = (*colour, 255)
    return encode(rgba)


def flat(colour: tuple[int, ...], width: int = WIDTH, height: int = HEIGHT) -> bytes:
    """One colour everywhere."""
    return encode(np.full((height, width, len(colour)), colour, np.uint8))


def encode(pixels: np.ndarray) -> bytes:
    """Lossless WebP of an (H, W, 3 or 4) uint8 array."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, quality=0)
    return file.getvalue()


@dataclass
class StageApp:
    """What the tests see: pictures by name, events heard, and the next value to send."""

    pictures: dict[str, bytes] = field(default_factory=dict)
    heard: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    next_value: Any = None
    address: str = ""
    height: str = "640px"
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def blocks(self) -> gr.Blocks:
        """The page: a stage, and a button that sends ``next_value`` to it."""
        with gr.Blocks() as blocks:
            stage = Stage(elem_id="stage", height=self.height)
            push = gr.Button("push", elem_id="push")
            gr.Textbox(label="Elsewhere", elem_id="elsewhere")
            push.click(lambda: self.next_value, None, stage, show_progress="hidden", queue=False, trigger_mode="multiple")
            busy = gr.Button("busy", elem_id="busy")
            busy.click(
                lambda: gr.update(busy={"stage": "Looking", "done": 0, "total": 0}), None, stage, show_progress="hidden", queue=False
            )
            idle = gr.Button("idle", elem_id="idle")
            idle.click(lambda: gr.update(busy=False), None, stage, show_progress="hidden", queue=False)
            for name in EVENTS:
                getattr(stage, name)(self._listener(name), stage, None, show_progress="hidden", queue=False, trigger_mode="multiple")
        return blocks

    def _listener(self, name: str) -> Any:
        def listen(value: dict[str, Any], event: gr.EventData) -> None:
            self.heard.append((name, dict(event._data), value))

        return listen

    def routes(self) -> list[Route]:
        """The pictures, below ``/pictures/``."""

        async def picture(request: Request) -> Response:
            name = request.path_params["name"]
            if name not in self.pictures:
                return Response(status_code=404)
            return Response(self.pictures[name], media_type="image/webp", headers={"Cache-Control": "private, immutable"})

        return [Route("/pictures/{name}", picture)]

    def events(self, name: str) -> list[dict[str, Any]]:
        """Data of the events of this name heard so far."""
        return [data for heard, data, _ in self.heard if heard == name]

    def wait_event(self, page: Page, name: str, number: int = 1) -> dict[str, Any]:
        """Data of the ``number``-th event of this name, once it was heard."""
        end = time.monotonic() + 20
        while len(self.events(name)) < number:
            assert time.monotonic() < end, f"{name} was not heard; heard {[heard[0] for heard in self.heard]}"
            page.wait_for_timeout(20)
        return self.events(name)[number - 1]

    def value_of(self, name: str) -> dict[str, Any]:
        """The stage's value that came with the last event of this name."""
        return [value for heard, _, value in self.heard if heard == name][-1]


def layer(layer_id: str, extent: list[int], **changes: Any) -> dict[str, Any]:
    """A manifest's layer with the usual panel state."""
    usual = {
        "id": layer_id, "name": layer_id.capitalize(), "role": "foreground", "url": f"/pictures/{layer_id}", "extent": extent,
        "prompt_box": extent, "visible": True, "opacity": 1.0, "blend": "normal", "locked": False,
    }  # fmt: skip
    return usual | changes


def manifest(revision: int = 1, step: str = "replace", layers: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A grey background with three overlapping discs: red 20-100, green 60-140, blue 100-180 (x), all 40-120 (y)."""
    usual = {
        "revision": revision, "step": step, "canvas": {"width": WIDTH, "height": HEIGHT}, "source_url": "/pictures/source",
        "layers": layers if layers is not None else default_layers(), "shadow": None, "message": None, "can_undo": False, "can_redo": False,
    }  # fmt: skip
    return usual | changes


def default_layers() -> list[dict[str, Any]]:
    """Background, red, green, blue; blue on top."""
    return [
        layer("background", [0, 0, WIDTH, HEIGHT], role="background", prompt_box=None),
        layer("red", [20, 40, 100, 120]),
        layer("green", [60, 40, 140, 120]),
        layer("blue", [100, 40, 180, 120]),
    ]


def default_pictures() -> dict[str, bytes]:
    """The pictures that `manifest` names, and a shadow of one half and of plus 20."""
    return {
        "background": flat((128, 128, 128)), "source": flat((250, 200, 10)), "red": disc((255, 0, 0)), "green": disc((0, 255, 0)),
        "blue": disc((0, 0, 255)), "multiply": flat((128, 128, 128), 60, 40), "add": flat((20, 20, 20), 60, 40),
    }  # fmt: skip


def open_app(page: Page, app: StageApp, query: str = "") -> None:
    """Open the app and wait until all of it stands on the page."""
    page.goto(f"{app.address}/{query}")
    page.wait_for_selector(".liwi-stage .viewport")
    page.wait_for_selector("#elsewhere")


def show(page: Page, app: StageApp, value: Any) -> None:
    """Send a value from Python and wait until its pictures are drawn."""
    app.next_value = value
    page.evaluate("document.querySelector('#push').click()")
    if value is None:
        page.wait_for_function("!document.querySelector('.liwi-stage').__stage.state.canvas")
        return
    drawn = (
        "(revision) => { const one = document.querySelector('.liwi-stage').__stage; return one.state.revision === revision && one.ready }"
    )
    page.wait_for_function(drawn, arg=value["revision"])


def pixel(page: Page, x: int, y: int) -> list[int]:
    """RGBA on the picture canvas at a source pixel."""
    return page.evaluate("([x, y]) => document.querySelector('.liwi-stage').__stage.pixelAt(x, y)", [x, y])


def point(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a source point lies on the page."""
    left, top = page.evaluate("([x, y]) => document.querySelector('.liwi-stage').__stage.clientPoint(x, y)", [x, y])
    return left, top


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], **options: Any) -> None:
    """Drag between two source points."""
    page.mouse.move(*point(page, *start))
    page.mouse.down(**options)
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*point(page, *middle))
    page.mouse.move(*point(page, *end))
    page.mouse.up(**options)


def doc(page: Page) -> dict[str, Any]:
    """The stage's document."""
    return page.evaluate("document.querySelector('.liwi-stage').__stage.state.doc")


def row(page: Page, layer_id: str) -> Any:
    """The panel's row of a layer."""
    return page.locator(f'.liwi-stage .row[data-id="{layer_id}"]')


def reset_stage(page: Page, app: StageApp) -> None:
    """The standard picture, fitted, with the box tool."""
    page.mouse.move(5, 5)
    show(page, app, None)
    show(page, app, manifest(next(app.numbers)))
    page.locator('.liwi-stage [data-tool="box"]').click()
    page.locator(".liwi-stage .viewport").focus()
    app.heard.clear()


def viewport(page: Page) -> Any:
    """The element that takes the pointer and the keys."""
    return page.locator(".liwi-stage .viewport")


def revision(page: Page) -> int:
    """The revision on show."""
    return page.evaluate("document.querySelector('.liwi-stage').__stage.state.revision")


def names(page: Page) -> list[str]:
    """Layer names as the panel shows them, front to back."""
    return page.locator(".liwi-stage .row[data-id] .name").all_text_contents()


def visible_ids(page: Page) -> list[str]:
    """Ids of the visible layers, back to front."""
    return [record["id"] for record in doc(page)["panel"] if record["visible"]]


def selected(page: Page) -> list[str]:
    """Ids of the selected layers."""
    return page.evaluate("document.querySelector('.liwi-stage').__stage.state.selected")
