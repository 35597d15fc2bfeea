"""Errors of training that a person can act on."""

from liwi.errors import InputError, LiwiError


class JobError(InputError):
    """A job that says something impossible; the message names the key."""


class RunError(LiwiError):
    """A run folder that cannot be used or gone on with."""


class CheckpointError(RunError):
    """A checkpoint that is damaged or was changed."""


class TrainingStopped(LiwiError):
    """The training cannot go on, for example because the loss is no number; the last checkpoint is intact."""
