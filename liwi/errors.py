"""Errors that a person can act on.

    LiwiError
    ├── InputError            what was given cannot be used (the message says why and what to give instead)
    │   ├── PictureError      not a picture, truncated, too large, one pixel
    │   └── PromptError       a box, point or stroke that cannot select anything
    ├── EngineUnavailable     an engine was named that cannot run here; lists what is missing
    ├── ExportError           an output name or format that cannot be written
    └── Cancelled             the person asked to stop; nothing was changed

The message of every `LiwiError` is written for the person in front of the page: what happened, what was
expected, what to do. Interfaces show `str(error)` and nothing else.
"""


class LiwiError(Exception):
    """Base of every error whose message is meant for a person."""


class InputError(LiwiError):
    """What was given cannot be used."""


class PictureError(InputError):
    """The file or array is not a picture that can be layered."""


class PromptError(InputError):
    """A box, point or stroke selects nothing."""


class EngineUnavailable(LiwiError):
    """The engine that was named cannot run here."""


class ExportError(LiwiError):
    """The output cannot be written as asked."""


class Cancelled(LiwiError):
    """The person asked to stop; nothing was changed."""
