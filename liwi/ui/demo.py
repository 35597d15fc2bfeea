"""The page: header, tabs, and the routes beside Gradio's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import gradio as gr
from starlette.routing import Route

from liwi.engines import EngineChoice, choose_engine
from liwi.experts.served_part_segmenter import KIND, ServedPartSegmenter
from liwi.protocols import PartSegmenter
from liwi.registry_serving import served_in
from liwi.seethrough.readiness import DEPTH, PARTS
from liwi.settings import Settings
from liwi.ui.character_handlers import CharacterServices
from liwi.ui.character_tab import build_character_tab
from liwi.ui.downloads import download_route
from liwi.ui.photo_handlers import PhotoServices
from liwi.ui.photo_tab import build_photo_tab
from liwi.ui.tiles import TileStore
from liwi.workspace import Workspace

CSS = (resources.files("liwi.ui") / "demo.css").read_text()

_ACCOUNT_JS = (resources.files("liwi.ui") / "account.js").read_text()
"""Fills in who is logged in, in the browser, so that no name is ever part of the page's source."""

_HEADER = """
<div class="liwi-header">
  <h1>LiWi Studio</h1>
  <p>One picture in, complete and editable layers out.</p>
  <span class="liwi-engine" title="{reason}">Engine: {name}</span>
  <span class="liwi-account" hidden><span></span> <button type="button"></button></span>
</div>
"""


_SHOW_ENGINE = """(name, reason) => {
  const pill = document.querySelector(".liwi-engine");
  if (pill) { pill.textContent = `Engine: ${name}`; pill.title = reason; pill.style.visibility = ""; }
  return [name, reason];
}"""
_HIDE_ENGINE = """() => { const pill = document.querySelector(".liwi-engine"); if (pill) pill.style.visibility = "hidden"; }"""
"""What the page does with the name of the engine; tabs that use none leave its place empty."""


@dataclass(frozen=True, slots=True)
class FurtherTab:
    """A tab that another package brings; only `app.py` sees both.

    Attributes:
        title: on the tab.
        id: in the page's address.
        build: makes the components, inside the tab.
        routes: beside Gradio's own.
        shown_to: whether a person sees the tab; everybody does where None. What they may do there is for its routes to say.
    """

    title: str
    id: str
    build: Callable[[], object]
    routes: Sequence[Route] = ()
    shown_to: Callable[[str], bool] | None = None


def _for(shown_to: Callable[[str], bool]) -> Callable[[gr.Request], dict[str, Any]]:
    """Show a tab to the person who loads the page, if it is for them."""

    def show(request: gr.Request) -> dict[str, Any]:
        return gr.update(visible=shown_to(request.username or ""))

    return show


def _show_engine(events: Sequence[Callable[..., Any]], choose: Callable[..., EngineChoice], chosen: gr.Dropdown | None = None) -> None:
    """Let the header name the engine that a tab uses, whenever one of its events happens.

    Args:
        events: of Gradio's components.
        choose: says which engine, of what was ``chosen``.
        chosen: the component with which a person chooses; None for nothing.
    """

    def name(*given: object) -> tuple[str, str]:
        choice = choose(*given)
        return choice.name, choice.reason

    words = [gr.Textbox(visible=False), gr.Textbox(visible=False)]
    for event in events:
        event(name, [chosen] if chosen else None, words, queue=False, show_progress="hidden", api_visibility="private").success(
            None, words, words, js=_SHOW_ENGINE, api_visibility="private"
        )


def _character_services(settings: Settings, workspace: Workspace, tiles: TileStore, segmenter: PartSegmenter | None) -> CharacterServices:
    registry = settings.checkpoint_registry
    parts = segmenter or ServedPartSegmenter(served_in(registry, KIND))
    return CharacterServices(workspace, tiles, parts, served_in(registry, PARTS), served_in(registry, DEPTH))


def build_demo(
    settings: Settings,
    workspace: Workspace,
    further: Sequence[FurtherTab] = (),
    *,
    accounts: bool = False,
    segmenter: PartSegmenter | None = None,
) -> tuple[gr.Blocks, list[Route]]:
    """Build the page.

    Args:
        settings: of the app.
        workspace: where the tabs keep open pictures.
        further: tabs after those for photographs and characters.
        accounts: whether people log in, so that the header names them.
        segmenter: tells the body parts of characters; what the registry serves where None.

    Returns:
        The Blocks, and the routes to pass to ``launch(app_kwargs={"routes": ...})``.

    Raises:
        EngineUnavailable: the engine named in the settings cannot run here.
    """
    choice = choose_engine(settings.engine)
    tiles = TileStore(workspace)
    sweep = (600, int(workspace.retention_seconds) + 1)
    with gr.Blocks(title="LiWi Studio", analytics_enabled=False, fill_width=True, delete_cache=sweep) as blocks:
        gr.HTML(
            _HEADER.format(name=choice.name, reason=choice.reason), js_on_load=_ACCOUNT_JS if accounts else None, elem_classes="liwi-top"
        )
        with gr.Tabs():
            with gr.Tab("Photo", id="photo") as photo:
                build_photo_tab(PhotoServices(workspace, tiles, choice.name))
            with gr.Tab("Characters", id="characters") as characters:
                character = build_character_tab(_character_services(settings, workspace, tiles, segmenter))
            for tab in further:
                with gr.Tab(tab.title, id=tab.id, visible=tab.shown_to is None) as built:
                    tab.build()
                built.select(None, None, None, js=_HIDE_ENGINE, api_visibility="private")
                if tab.shown_to is not None:
                    blocks.load(_for(tab.shown_to), None, built, show_progress="hidden", api_visibility="private")
        _show_engine([photo.select], lambda: choice)
        _show_engine([characters.select, character.engine.input], character.choice, character.engine)
    return blocks, [tiles.route(), download_route(workspace), *(route for tab in further for route in tab.routes)]
