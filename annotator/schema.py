"""The tables of the workbench. Pictures are files named by their hash (`pictures`), never rows.

::

    project ─┬─ model ─┬─ part                     the folders of the artist
             │         ├─ art_mesh ── prediction   what the machine says: source, score, model version
             │         └─ pass ─┬─ current_label   which label counts now, and its version
             │                  ├─ claim           who is at work on it, until when
             │                  └─ review          accepted or sent back
             └─ export
    user ── operation ── label                     what people say: append-only

A model has one pass, and a second, independent one where agreement is to be measured. Times are milliseconds since 1970, UTC.
"""

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, false
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

BIG = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only in a column of this exact type."""


class Table(DeclarativeBase):
    """What all tables share: constraints have names, so that migrations can speak of them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Table):
    """A person, with the role that every function checks."""

    __tablename__ = "user"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[int] = mapped_column(BIG)


class Project(Table):
    """Models that belong together."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[int] = mapped_column(BIG)


class Model(Table):
    """A Live2D model.

    ``stem`` and ``folder`` are the names by which `data_tools.live2d.labels` finds its labels; ``sha256`` is of moc3 and textures, and its
    first 16 digits are the model's id in datasets. ``uncertainty`` is the mean of its ArtMeshes', kept here for the queue.
    ``version`` counts changes of the flags and the comment.
    """

    __tablename__ = "model"
    __table_args__ = (UniqueConstraint("project_id", "sha256"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    name: Mapped[str] = mapped_column(Text)
    stem: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    moc_sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int]
    height: Mapped[int]
    picture: Mapped[str] = mapped_column(String(64))
    num_art_meshes: Mapped[int]
    uncertainty: Mapped[float]
    valid: Mapped[bool]
    incomplete: Mapped[bool]
    comment: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    imported_at: Mapped[int] = mapped_column(BIG)
    imported_by: Mapped[int] = mapped_column(ForeignKey("user.id"))


class ModelPart(Table):
    """A folder of the part tree; ``parent`` is the place of the enclosing one."""

    __tablename__ = "part"
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part_id: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    parent: Mapped[int | None]


class ModelArtMesh(Table):
    """An ArtMesh at rest.

    ``left`` to ``bottom`` is its box in the drawn picture and ``picture`` the hash of its pixels; both are empty where it has none.
    ``num_pixels`` have alpha, ``num_visible`` of them are seen at rest. ``hidden``: not drawn at rest, the picture shows it all the same.
    ``clipped_by``: places of the ArtMeshes inside whose union alone it is drawn, or outside of it where ``clip_inverted``; none: it is not
    clipped; empty where it is not known, in models that came in before this was kept.
    """

    __tablename__ = "art_mesh"
    __table_args__ = (UniqueConstraint("model_id", "place"), UniqueConstraint("model_id", "mesh_id"))
    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"))
    place: Mapped[int]
    mesh_id: Mapped[str] = mapped_column(Text)
    part_place: Mapped[int | None]
    part_path: Mapped[str] = mapped_column(Text)
    draw_order: Mapped[int]
    render_order: Mapped[int]
    hidden: Mapped[bool]
    num_pixels: Mapped[int]
    num_visible: Mapped[int]
    left: Mapped[int | None]
    top: Mapped[int | None]
    right: Mapped[int | None]
    bottom: Mapped[int | None]
    picture: Mapped[str | None] = mapped_column(String(64))
    uncertainty: Mapped[float]
    clipped_by: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    clip_inverted: Mapped[bool] = mapped_column(server_default=false())


class Prediction(Table):
    """What a machine says about an ArtMesh; ``part`` is empty for "shows nothing"."""

    __tablename__ = "prediction"
    __table_args__ = (UniqueConstraint("art_mesh_id", "source", "model_version"),)
    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    art_mesh_id: Mapped[int] = mapped_column(ForeignKey("art_mesh.id"))
    part: Mapped[str | None] = mapped_column(String(40))
    side: Mapped[str | None] = mapped_column(String(10))
    score: Mapped[float]
    source: Mapped[str] = mapped_column(String(100))
    model_version: Mapped[str] = mapped_column(String(100))
    at: Mapped[int] = mapped_column(BIG)


class Pass(Table):
    """One way through a model: by whom, how far."""

    __tablename__ = "pass"
    __table_args__ = (UniqueConstraint("model_id", "round"), Index(None, "round", "state"))
    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"))
    round: Mapped[int]
    state: Mapped[str] = mapped_column(String(20))
    num_labelled: Mapped[int]
    annotator_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    changed_at: Mapped[int] = mapped_column(BIG)


class Operation(Table):
    """An act of a person; its id comes from the browser, so that sending it again changes nothing.

    ``sequence`` orders a person's acts. ``act_id`` is what an undo or redo is about. ``request`` is the hash of what was asked.
    """

    __tablename__ = "operation"
    __table_args__ = (UniqueConstraint("user_id", "sequence"), Index(None, "user_id", "status"), Index(None, "pass_id"))
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    sequence: Mapped[int] = mapped_column(BIG)
    pass_id: Mapped[int] = mapped_column(ForeignKey("pass.id"))
    kind: Mapped[str] = mapped_column(String(10))
    status: Mapped[str | None] = mapped_column(String(10))
    act_id: Mapped[str | None] = mapped_column(ForeignKey("operation.id"))
    request: Mapped[str] = mapped_column(String(64))
    num_labels: Mapped[int]
    at: Mapped[int] = mapped_column(BIG)


class Label(Table):
    """A decision of a person. Rows are only ever added.

    ``version`` counts the labels of this ArtMesh in this pass from 1; it is unique, so that no change can be lost unnoticed.
    ``order`` is the place in the order of drawing, see `data_tools.live2d.ordering`; empty: the artist's. ``pieces``: what was
    cut out of the ArtMesh, as `data_tools.live2d.pieces.read_pieces` reads it; empty for nothing. ``replaced_id`` is the label that
    counted before. ``act_id`` is the act that brought this value, also where an undo restored it.
    """

    __tablename__ = "label"
    __table_args__ = (UniqueConstraint("pass_id", "art_mesh_id", "version"),)
    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    pass_id: Mapped[int] = mapped_column(ForeignKey("pass.id"))
    art_mesh_id: Mapped[int] = mapped_column(ForeignKey("art_mesh.id"))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    part: Mapped[str | None] = mapped_column(String(40))
    side: Mapped[str | None] = mapped_column(String(10))
    unsure: Mapped[bool]
    comment: Mapped[str] = mapped_column(Text)
    order: Mapped[int | None]
    pieces: Mapped[list[dict[str, object]] | None] = mapped_column(JSON(none_as_null=True))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    operation_id: Mapped[str] = mapped_column(ForeignKey("operation.id"), index=True)
    act_id: Mapped[str | None] = mapped_column(ForeignKey("operation.id"))
    replaced_id: Mapped[int | None] = mapped_column(ForeignKey("label.id"))
    at: Mapped[int] = mapped_column(BIG)


class CurrentLabel(Table):
    """Which label of an ArtMesh counts in a pass."""

    __tablename__ = "current_label"
    pass_id: Mapped[int] = mapped_column(ForeignKey("pass.id"), primary_key=True)
    art_mesh_id: Mapped[int] = mapped_column(ForeignKey("art_mesh.id"), primary_key=True)
    label_id: Mapped[int] = mapped_column(ForeignKey("label.id"))
    version: Mapped[int]


class Claim(Table):
    """Who is at work on a pass, and until when without a sign of life."""

    __tablename__ = "claim"
    pass_id: Mapped[int] = mapped_column(ForeignKey("pass.id"), primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    taken_at: Mapped[int] = mapped_column(BIG)
    expires_at: Mapped[int] = mapped_column(BIG)


class ClaimEvent(Table):
    """Who claimed, released or took over what, from whom and why. Rows are only ever added."""

    __tablename__ = "claim_event"
    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    pass_id: Mapped[int] = mapped_column(ForeignKey("pass.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    event: Mapped[str] = mapped_column(String(20))
    from_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[int] = mapped_column(BIG)


class Review(Table):
    """A step of a pass from hand to hand: submitted, accepted, sent back. ``last_label_id`` is the newest label then."""

    __tablename__ = "review"
    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    pass_id: Mapped[int] = mapped_column(ForeignKey("pass.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    state: Mapped[str] = mapped_column(String(20))
    comment: Mapped[str] = mapped_column(Text)
    last_label_id: Mapped[int] = mapped_column(BIG)
    at: Mapped[int] = mapped_column(BIG)


class Export(Table):
    """A hand-over of labels; ``sha256`` is of the labels, the same for the same labels whatever the format."""

    __tablename__ = "export"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    format: Mapped[str] = mapped_column(String(20))
    only_accepted: Mapped[bool]
    num_models: Mapped[int]
    num_labels: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    at: Mapped[int] = mapped_column(BIG)
