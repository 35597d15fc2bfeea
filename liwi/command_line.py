"""What the command lines of all packages share."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from liwi.errors import LiwiError


@contextmanager
def errors_for_people(status: int = 1) -> Iterator[None]:
    """Print what a `LiwiError` says, without a traceback, and end the program with this status."""
    try:
        yield
    except LiwiError as error:
        typer.secho(str(error), fg="red", err=True)
        raise SystemExit(status) from None


def name_on_this_computer() -> str:
    """Who runs the command, for what is kept in a log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        return f"user {os.getuid()}"
