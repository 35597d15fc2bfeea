"""Where people want ArtMeshes in the order of drawing: empty for the artist's own place."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("label") as table:
        table.add_column(sa.Column("order", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Back; what people said about the order is lost."""
    with op.batch_alter_table("label") as table:
        table.drop_column("order")
