"""Training as a tab of the app, for admins: start and watch runs, publish what they made, and decide what serves."""

from liwi.ui.tab_links import open_by_address
from training.ui.component import TrainingPage


def build_training_tab(title: str = "Training") -> TrainingPage:
    """Make the page; call it inside ``with gr.Tab(title, ...)`` of a `gr.Blocks`.

    The tab is hidden from others by whoever builds it; what counts is that `training.ui.api` answers admins alone.

    Args:
        title: what stands on the tab.
    """
    open_by_address(title, "#training")
    return TrainingPage(elem_id="training")
