"""The words of the workbench: roles, states, what a label says, and what a change asks for and gets. No database here."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from data_tools.live2d.ordering import LAST_ORDER
from data_tools.live2d.pieces import Piece, check_pieces
from liwi.errors import InputError
from liwi.seethrough.body_parts import BodyPart, Side

MAX_COMMENT = 2000
"""Longest comment, in characters."""


class Role(StrEnum):
    """What a person may do; each role may also do what those before it may."""

    VIEWER = "viewer"
    ANNOTATOR = "annotator"
    REVIEWER = "reviewer"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        """0 for a viewer to 3 for an admin."""
        return list(Role).index(self)

    def reaches(self, needed: "Role") -> bool:
        """Whether this role may do what ``needed`` may."""
        return self.rank >= needed.rank


class PassState(StrEnum):
    """How far a pass over a model is."""

    NEW = "new"
    IN_PROGRESS = "in progress"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


EDITABLE = (PassState.NEW, PassState.IN_PROGRESS, PassState.REJECTED)
"""States in which labels may change."""


class Round(IntEnum):
    """Which pass over a model: the one that is exported, or the independent second one that agreement is measured with."""

    FIRST = 0
    SECOND = 1


class LabelKind(StrEnum):
    """What a person decided about an ArtMesh."""

    PART = "part"
    """It is a body part."""
    NOTHING = "nothing"
    """It shows nothing that belongs to a body part."""
    SKIPPED = "skipped"
    """Left for somebody else."""
    NONE = "none"
    """The decision was taken back (undo of the first one)."""


class ActKind(StrEnum):
    """What an operation was."""

    LABEL = "label"
    IMPORT = "import"
    UNDO = "undo"
    REDO = "redo"


class ActStatus(StrEnum):
    """Where an act stands in its person's history of undo and redo."""

    DONE = "done"
    UNDONE = "undone"
    DROPPED = "dropped"
    """Undone, and something else was done since: it cannot be redone any more."""


class OnConflict(StrEnum):
    """What undo and redo do with an ArtMesh that somebody else has labelled since."""

    REFUSE = "refuse"
    """Nothing is changed; the person is shown both values."""
    OVERWRITE = "overwrite"
    KEEP = "keep"
    """The other person's label stays, the rest is undone or redone."""


@dataclass(frozen=True, slots=True)
class LabelValue:
    """What a label says.

    Attributes:
        kind: the decision.
        part: the class, exactly where ``kind`` is PART.
        side: the character's own; only beside a part.
        unsure: whether somebody should look again.
        comment: at most 2,000 characters, any text.
        order: where in the order of drawing it belongs, see `data_tools.live2d.ordering`, 0 to `LAST_ORDER`; None: where the artist has it.
        pieces: what was cut out of the ArtMesh because it is something else, see `data_tools.live2d.pieces`; the decision is then about
            what is left.
    """

    kind: LabelKind
    part: BodyPart | None = None
    side: Side | None = None
    unsure: bool = False
    comment: str = ""
    order: int | None = None
    pieces: tuple[Piece, ...] = ()

    def __post_init__(self) -> None:
        if (self.kind is LabelKind.PART) != (self.part is not None) or (self.side is not None and self.part is None):
            raise InputError("A label names a body part exactly if its kind is 'part', and a side only beside a part.")
        checked_text(self.comment, "The comment")
        if self.order is not None and not 0 <= self.order <= LAST_ORDER:
            raise InputError(f"The order of drawing goes from 0 to {LAST_ORDER}, got {self.order}.")
        if self.pieces and self.kind is LabelKind.NONE:
            raise InputError("Pieces belong to a decision: say what is left of the ArtMesh.")
        check_pieces(self.pieces)

    @classmethod
    def of(cls, part: BodyPart | None, side: Side | None = None) -> "LabelValue":
        """The label of a body part, or of nothing for None."""
        return cls(LabelKind.PART, part, side) if part is not None else cls(LabelKind.NOTHING)

    @property
    def decided(self) -> bool:
        """Whether the ArtMesh needs no further look for the model to be complete."""
        return self.kind in (LabelKind.PART, LabelKind.NOTHING)


def checked_text(text: str, what: str) -> str:
    """The text, if it is one that every database can hold; `InputError` otherwise."""
    if len(text) > MAX_COMMENT:
        raise InputError(f"{what} has {len(text)} characters; at most {MAX_COMMENT} are kept. Shorten it.")
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f"{what} holds a character that is no text. Remove it.")
    return text


TAKEN_BACK = LabelValue(LabelKind.NONE)
"""What stands where no decision does."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a person asks for.

    Attributes:
        art_mesh_id: the row of the ArtMesh.
        version: of the label that the person saw; 0 for none.
        value: what it should say.
    """

    art_mesh_id: int
    version: int
    value: LabelValue


@dataclass(frozen=True, slots=True)
class SavedLabel:
    """What stands in the database: ``version`` goes into the next `Change` of this ArtMesh."""

    art_mesh_id: int
    version: int
    value: LabelValue


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operation did; a repeated operation gives the same.

    Attributes:
        pass_id: where.
        saved: every label that was written, by ArtMesh.
    """

    pass_id: int
    saved: tuple[SavedLabel, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides of a conflict.

    Attributes:
        wanted: what the person asked for.
        current: what stands there, with the version to name when overwriting it.
        user: who wrote what stands there; None where nothing does.
        at: when, in milliseconds since 1970; None where nothing stands.
    """

    wanted: LabelValue
    current: SavedLabel
    user: str | None
    at: int | None
