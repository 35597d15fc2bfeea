"""The stage: one canvas component for every tab. See `Stage`."""

from liwi.ui.stage.component import Stage

__all__ = ["Stage"]
