"""What can be wrong with a layered model, in words for a person."""

from liwi.errors import EngineUnavailable, LiwiError


class CheckpointMismatch(LiwiError):
    """A checkpoint is of another family, or incomplete."""


class TooLittleMemory(EngineUnavailable):
    """The model does not fit into this computer, however it is placed."""
