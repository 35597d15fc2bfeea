"""Where people want ArtMeshes in the order of drawing: empty for the artist's own place."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Forward."""
    op.add_column("label", sa.Column("order", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Back; what people said about the order is lost."""
    op.drop_column("label", "order")
