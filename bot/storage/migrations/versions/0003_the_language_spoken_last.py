"""The language that was spoken last in a room, for what the bot says by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column."""
    op.add_column("rooms", sa.Column("spoken", sa.String(35)))
