"""What the routes of the workbench work on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request

from annotator.database import Database
from annotator.stores import Stores
from liwi.registry_reading import RegistryReader
from liwi.ui.jobs import Jobs


@dataclass(frozen=True)
class WorkbenchServices:
    """What the routes work on.

    Attributes:
        database: open.
        stores: pictures and the models' own files.
        person_of: names who sent a request; None for nobody.
        needs_login: whether people have accounts, so that the page can offer a way out.
        checkpoints: what serves the segmenter that sees body parts, for the machine's guesses; None: the rules alone.
        max_upload_mb: most that one upload may have, in millions of bytes.
        jobs: imports, exports and guesses under way.
    """

    database: Database
    stores: Stores
    person_of: Callable[[Request], str | None]
    needs_login: bool = False
    checkpoints: RegistryReader | None = None
    max_upload_mb: int = 500
    jobs: Jobs = field(default_factory=partial(Jobs, "workbench/downloads"))
