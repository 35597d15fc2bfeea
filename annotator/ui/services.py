"""What the routes of the workbench work on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.requests import Request

from annotator.database import Database
from annotator.model_files import ModelStore
from annotator.pictures import PictureStore
from annotator.ui.jobs import Jobs


@dataclass(frozen=True)
class WorkbenchServices:
    """What the routes work on.

    Attributes:
        database: open.
        pictures: of models and fragments.
        person_of: names who sent a request; None for nobody.
        models: the models' own files; None: they are not kept.
        needs_login: whether people have accounts, so that the page can offer a way out.
        max_upload_mb: most that one upload may have, in millions of bytes.
        jobs: imports and exports under way.
    """

    database: Database
    pictures: PictureStore
    person_of: Callable[[Request], str | None]
    models: ModelStore | None = None
    needs_login: bool = False
    max_upload_mb: int = 500
    jobs: Jobs = field(default_factory=Jobs)
