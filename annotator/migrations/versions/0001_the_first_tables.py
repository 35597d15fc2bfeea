"""The first tables."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column of this exact type."""

TABLES = (
    "project",
    "user",
    "export",
    "model",
    "art_mesh",
    "part",
    "pass",
    "claim",
    "claim_event",
    "operation",
    "prediction",
    "review",
    "label",
    "current_label",
)
"""In the order in which they are made: each after those that it refers to."""


def upgrade() -> None:
    """Forward."""
    _make_projects_and_people()
    _make_models()
    _make_passes_and_claims()
    _make_acts_predictions_and_reviews()
    _make_labels()


def downgrade() -> None:
    """Back; the indexes go with their tables."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _make_projects_and_people() -> None:
    op.create_table(
        "project",
        _column("id", sa.Integer()),
        _column("name", sa.String(length=200)),
        _column("created_at", BIG),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        _unique("project", "name"),
    )
    op.create_table(
        "user",
        _column("id", sa.Integer()),
        _column("name", sa.String(length=200)),
        _column("role", sa.String(length=20)),
        _column("created_at", BIG),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        _unique("user", "name"),
    )
    op.create_table(
        "export",
        _column("id", sa.Integer()),
        _column("project_id", sa.Integer()),
        _column("user_id", sa.Integer()),
        _column("format", sa.String(length=20)),
        _column("only_accepted", sa.Boolean()),
        _column("num_models", sa.Integer()),
        _column("num_labels", sa.Integer()),
        _column("sha256", sa.String(length=64)),
        _column("at", BIG),
        _reference("export", "project_id", "project.id"),
        _reference("export", "user_id", "user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
    )


def _make_models() -> None:
    op.create_table(
        "model",
        _column("id", sa.Integer()),
        _column("project_id", sa.Integer()),
        _column("name", sa.Text()),
        _column("stem", sa.Text()),
        _column("folder", sa.Text()),
        _column("sha256", sa.String(length=64)),
        _column("moc_sha256", sa.String(length=64)),
        _column("width", sa.Integer()),
        _column("height", sa.Integer()),
        _column("picture", sa.String(length=64)),
        _column("num_art_meshes", sa.Integer()),
        _column("uncertainty", sa.Double()),
        _column("valid", sa.Boolean()),
        _column("incomplete", sa.Boolean()),
        _column("comment", sa.Text()),
        _column("version", sa.Integer()),
        _column("imported_at", BIG),
        _column("imported_by", sa.Integer()),
        _reference("model", "imported_by", "user.id"),
        _reference("model", "project_id", "project.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model")),
        _unique("model", "project_id", "sha256"),
    )
    op.create_table(
        "art_mesh",
        _column("id", BIG),
        _column("model_id", sa.Integer()),
        _column("place", sa.Integer()),
        _column("mesh_id", sa.Text()),
        _column("part_place", sa.Integer(), nullable=True),
        _column("part_path", sa.Text()),
        _column("draw_order", sa.Integer()),
        _column("render_order", sa.Integer()),
        _column("hidden", sa.Boolean()),
        _column("num_pixels", sa.Integer()),
        _column("num_visible", sa.Integer()),
        _column("left", sa.Integer(), nullable=True),
        _column("top", sa.Integer(), nullable=True),
        _column("right", sa.Integer(), nullable=True),
        _column("bottom", sa.Integer(), nullable=True),
        _column("picture", sa.String(length=64), nullable=True),
        _column("uncertainty", sa.Double()),
        _reference("art_mesh", "model_id", "model.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_art_mesh")),
        _unique("art_mesh", "model_id", "mesh_id"),
        _unique("art_mesh", "model_id", "place"),
    )
    op.create_table(
        "part",
        _column("model_id", sa.Integer()),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        _column("part_id", sa.Text()),
        _column("name", sa.Text()),
        _column("parent", sa.Integer(), nullable=True),
        _reference("part", "model_id", "model.id"),
        sa.PrimaryKeyConstraint("model_id", "place", name=op.f("pk_part")),
    )


def _make_passes_and_claims() -> None:
    op.create_table(
        "pass",
        _column("id", sa.Integer()),
        _column("model_id", sa.Integer()),
        _column("round", sa.Integer()),
        _column("state", sa.String(length=20)),
        _column("num_labelled", sa.Integer()),
        _column("annotator_id", sa.Integer(), nullable=True),
        _column("changed_at", BIG),
        _reference("pass", "annotator_id", "user.id"),
        _reference("pass", "model_id", "model.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pass")),
        _unique("pass", "model_id", "round"),
    )
    op.create_index(op.f("ix_pass_round_pass_state"), "pass", ["round", "state"])
    op.create_table(
        "claim",
        sa.Column("pass_id", sa.Integer(), autoincrement=False, nullable=False),
        _column("user_id", sa.Integer()),
        _column("taken_at", BIG),
        _column("expires_at", BIG),
        _reference("claim", "pass_id", "pass.id"),
        _reference("claim", "user_id", "user.id"),
        sa.PrimaryKeyConstraint("pass_id", name=op.f("pk_claim")),
    )
    op.create_table(
        "claim_event",
        _column("id", BIG),
        _column("pass_id", sa.Integer()),
        _column("user_id", sa.Integer()),
        _column("event", sa.String(length=20)),
        _column("from_user_id", sa.Integer(), nullable=True),
        _column("reason", sa.Text()),
        _column("at", BIG),
        _reference("claim_event", "from_user_id", "user.id"),
        _reference("claim_event", "pass_id", "pass.id"),
        _reference("claim_event", "user_id", "user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_event")),
    )
    op.create_index(op.f("ix_claim_event_pass_id"), "claim_event", ["pass_id"])


def _make_acts_predictions_and_reviews() -> None:
    op.create_table(
        "operation",
        _column("id", sa.String(length=64)),
        _column("user_id", sa.Integer()),
        _column("sequence", BIG),
        _column("pass_id", sa.Integer()),
        _column("kind", sa.String(length=10)),
        _column("status", sa.String(length=10), nullable=True),
        _column("act_id", sa.String(length=64), nullable=True),
        _column("request", sa.String(length=64)),
        _column("num_labels", sa.Integer()),
        _column("at", BIG),
        _reference("operation", "act_id", "operation.id"),
        _reference("operation", "pass_id", "pass.id"),
        _reference("operation", "user_id", "user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operation")),
        _unique("operation", "user_id", "sequence"),
    )
    op.create_index(op.f("ix_operation_pass_id"), "operation", ["pass_id"])
    op.create_index(op.f("ix_operation_user_id_operation_status"), "operation", ["user_id", "status"])
    op.create_table(
        "prediction",
        _column("id", BIG),
        _column("art_mesh_id", BIG),
        _column("part", sa.String(length=40), nullable=True),
        _column("side", sa.String(length=10), nullable=True),
        _column("score", sa.Double()),
        _column("source", sa.String(length=100)),
        _column("model_version", sa.String(length=100)),
        _column("at", BIG),
        _reference("prediction", "art_mesh_id", "art_mesh.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prediction")),
        _unique("prediction", "art_mesh_id", "source", "model_version"),
    )
    op.create_table(
        "review",
        _column("id", BIG),
        _column("pass_id", sa.Integer()),
        _column("user_id", sa.Integer()),
        _column("state", sa.String(length=20)),
        _column("comment", sa.Text()),
        _column("last_label_id", BIG),
        _column("at", BIG),
        _reference("review", "pass_id", "pass.id"),
        _reference("review", "user_id", "user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
    )
    op.create_index(op.f("ix_review_pass_id"), "review", ["pass_id"])


def _make_labels() -> None:
    op.create_table(
        "label",
        _column("id", BIG),
        _column("pass_id", sa.Integer()),
        _column("art_mesh_id", BIG),
        _column("version", sa.Integer()),
        _column("kind", sa.String(length=10)),
        _column("part", sa.String(length=40), nullable=True),
        _column("side", sa.String(length=10), nullable=True),
        _column("unsure", sa.Boolean()),
        _column("comment", sa.Text()),
        _column("user_id", sa.Integer()),
        _column("operation_id", sa.String(length=64)),
        _column("act_id", sa.String(length=64), nullable=True),
        _column("replaced_id", BIG, nullable=True),
        _column("at", BIG),
        _reference("label", "act_id", "operation.id"),
        _reference("label", "art_mesh_id", "art_mesh.id"),
        _reference("label", "operation_id", "operation.id"),
        _reference("label", "pass_id", "pass.id"),
        _reference("label", "replaced_id", "label.id"),
        _reference("label", "user_id", "user.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
        _unique("label", "pass_id", "art_mesh_id", "version"),
    )
    op.create_index(op.f("ix_label_operation_id"), "label", ["operation_id"])
    op.create_table(
        "current_label",
        _column("pass_id", sa.Integer()),
        _column("art_mesh_id", BIG),
        _column("label_id", BIG),
        _column("version", sa.Integer()),
        _reference("current_label", "art_mesh_id", "art_mesh.id"),
        _reference("current_label", "label_id", "label.id"),
        _reference("current_label", "pass_id", "pass.id"),
        sa.PrimaryKeyConstraint("pass_id", "art_mesh_id", name=op.f("pk_current_label")),
    )


def _column(name: str, kind: sa.types.TypeEngine[Any], *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_{table}_{column}"))


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f("_".join(("uq", table, *columns))))
