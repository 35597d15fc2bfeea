"""How ArtMeshes are clipped: empty for models that came in before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward."""
    with op.batch_alter_table("art_mesh") as table:
        table.add_column(sa.Column("clipped_by", sa.JSON(), nullable=True))
        table.add_column(sa.Column("clip_inverted", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("art_mesh") as table:
        table.drop_column("clip_inverted")
        table.drop_column("clipped_by")
