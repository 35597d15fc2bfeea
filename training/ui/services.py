"""What the routes of the training tab work on, and who may use them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from starlette.requests import Request

from liwi.errors import InputError
from liwi.registry import Registry
from liwi.ui.jobs import Jobs
from training.launch import Launcher


class NotAdmin(InputError):
    """Whoever asks is no admin."""


def nothing_recorded() -> Mapping[str, str]:
    """What a program without a workbench knows of exports."""
    return {}


@dataclass(frozen=True)
class TrainingServices:
    """What the routes work on.

    Attributes:
        launcher: runs, and places to train at.
        registry: where checkpoints go.
        datasets: folder below which dataset folders are looked for.
        person_of: names who sent a request; None for nobody.
        is_admin: whether a person is an admin now.
        recorded_exports: hash of exported labels to a sentence about that export, as the workbench knows it.
        works: publishing and promoting under way.
    """

    launcher: Launcher
    registry: Registry
    datasets: Path
    person_of: Callable[[Request], str | None]
    is_admin: Callable[[str], bool]
    recorded_exports: Callable[[], Mapping[str, str]] = nothing_recorded
    works: Jobs = field(default_factory=Jobs)

    def demand_admin(self, person: str) -> None:
        """Raise `NotAdmin` for anybody else."""
        if not self.is_admin(person):
            raise NotAdmin("Training is for admins. Ask one of them to make you an admin, under People in the tab Labels.")
