"""How ArtMeshes are clipped: empty for models that came in before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward."""
    # Not in batch mode, which makes the table anew: SQLite refuses to drop the old one while labels and predictions refer to it.
    op.add_column("art_mesh", sa.Column("clipped_by", sa.JSON(), nullable=True))
    op.add_column("art_mesh", sa.Column("clip_inverted", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Back."""
    op.drop_column("art_mesh", "clip_inverted")
    op.drop_column("art_mesh", "clipped_by")
