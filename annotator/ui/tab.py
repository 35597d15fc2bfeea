"""The workbench as a tab of the app, which links with ``#labels/...`` in the page's address open by themselves."""

import json
from pathlib import Path

import gradio as gr
from gradio.context import Context

from annotator.ui.component import Workbench

_LINKS_JS = (Path(__file__).parent / "js" / "tab.js").read_text(encoding="utf-8")


def build_workbench_tab(title: str = "Labels") -> Workbench:
    """Make the workbench; call it inside ``with gr.Tab(title, ...)`` of a `gr.Blocks`.

    A tab is built by the browser only when it is opened for the first time, so what opens it for a link runs when the page has loaded.

    Args:
        title: what stands on the tab.
    """
    workbench = Workbench(elem_id="workbench")
    assert isinstance(Context.root_block, gr.Blocks), "the tab is built inside a Blocks"
    Context.root_block.load(None, None, None, js=f"() => {{ const TITLE = {json.dumps(title)};\n{_LINKS_JS} }}")
    return workbench
