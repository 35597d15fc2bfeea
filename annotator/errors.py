"""What can go wrong at the workbench, in words for the person in front of it.

LiwiError
├── DatabaseUnusable   the database cannot be opened, read or written; nothing was saved
└── InputError
    ├── AccessDenied      the person's role does not allow it
    ├── NotFound          there is no such thing in this database
    ├── WrongState        the model is not in a state in which this can be done
    ├── ClaimNeeded       the person does not hold the model, or no longer
    └── LabelConflict     somebody else changed the label in between; carries both values
"""

from collections.abc import Sequence

from annotator.values import Conflict
from liwi.errors import InputError, LiwiError


class DatabaseUnusable(LiwiError):
    """The database cannot be opened, read or written; nothing was saved."""


class AccessDenied(InputError):
    """The person's role does not allow it."""


class NotFound(InputError):
    """There is no such thing in this database."""


class WrongState(InputError):
    """The model is not in a state in which this can be done."""


class ClaimNeeded(InputError):
    """The person does not hold the model, or no longer.

    Attributes:
        pass_id: what has to be claimed.
        holder: who holds it; None for nobody.
        expires_at: until when without a further sign of life, in milliseconds since 1970; None for nobody.
    """

    def __init__(self, message: str, *, pass_id: int, holder: str | None, expires_at: int | None = None) -> None:
        super().__init__(message)
        self.pass_id = pass_id
        self.holder = holder
        self.expires_at = expires_at


class LabelConflict(InputError):
    """Somebody changed a label in between; nothing of the operation was saved.

    Attributes:
        conflicts: for each ArtMesh what was wanted and what stands there now.
    """

    def __init__(self, message: str, conflicts: Sequence[Conflict]) -> None:
        super().__init__(message)
        self.conflicts = tuple(conflicts)
