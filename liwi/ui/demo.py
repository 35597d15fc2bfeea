"""The page: header, tabs, and the routes beside Gradio's own."""

from importlib import resources

import gradio as gr
from starlette.routing import Route

from liwi.engines import choose_engine
from liwi.settings import Settings
from liwi.ui.downloads import download_route
from liwi.ui.photo_handlers import PhotoServices
from liwi.ui.photo_tab import build_photo_tab
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace

CSS = (resources.files("liwi.ui") / "demo.css").read_text()

_HEADER = """
<div class="liwi-header">
  <h1>LiWi Studio</h1>
  <p>Draw a box around a thing. Get it as a layer, with the background complete behind it.</p>
  <span class="liwi-engine" title="{reason}">Engine: {name}</span>
</div>
"""


def build_demo(settings: Settings, workspace: Workspace) -> tuple[gr.Blocks, list[Route]]:
    """Build the page.

    Returns:
        The Blocks, and the routes to pass to ``launch(app_kwargs={"routes": ...})``.

    Raises:
        EngineUnavailable: the engine named in the settings cannot run here.
    """
    choice = choose_engine(settings.engine)
    tiles = TileStore(workspace)
    sweep = (600, int(workspace.retention_seconds) + 1)
    with gr.Blocks(title="LiWi Studio", analytics_enabled=False, fill_width=True, delete_cache=sweep) as blocks:
        gr.HTML(_HEADER.format(name=choice.name, reason=choice.reason), elem_classes="liwi-top")
        with gr.Tabs(), gr.Tab("Photo", id="photo"):
            build_photo_tab(PhotoServices(workspace, tiles, choice.name))
    return blocks, [tiles.route(), download_route(workspace)]
