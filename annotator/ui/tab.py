"""The workbench as a tab of the app, which links with ``#labels/...`` in the page's address open by themselves."""

from annotator.ui.component import Workbench
from liwi.ui.tab_links import open_by_address


def build_workbench_tab(title: str = "Labels") -> Workbench:
    """Make the workbench; call it inside ``with gr.Tab(title, ...)`` of a `gr.Blocks`.

    Args:
        title: what stands on the tab.
    """
    open_by_address(title, "#labels")
    return Workbench(elem_id="workbench")
