"""Pieces that people have cut out of ArtMeshes: empty for none."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Forward."""
    op.add_column("label", sa.Column("pieces", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Back; what people have cut is whole again."""
    op.drop_column("label", "pieces")
