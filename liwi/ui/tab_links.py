"""Links to a tab: an address with ``#labels/...`` opens the tab that such addresses belong to."""

import json
from pathlib import Path

import gradio as gr
from gradio.context import Context

_LINKS_JS = (Path(__file__).parent / "tab_links.js").read_text(encoding="utf-8")


def open_by_address(title: str, mark: str) -> None:
    """Let addresses that begin with a mark open a tab; call it inside the `gr.Blocks`.

    A tab is built by the browser only when it is opened for the first time, so what opens it for a link runs when the page has loaded.

    Args:
        title: what stands on the tab.
        mark: the beginning of the part of the address behind #, for example "#labels".
    """
    assert isinstance(Context.root_block, gr.Blocks), "a tab is built inside a Blocks"
    constants = f"const TITLE = {json.dumps(title)}, MARK = {json.dumps(mark)};"
    Context.root_block.load(None, None, None, js=f"() => {{ {constants}\n{_LINKS_JS} }}")
