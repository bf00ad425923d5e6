"""Since when a room knows how a vote ended, and what is to be said to who invited the bot."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the columns; who had a vote that is over was told, as far as anybody knows."""
    op.add_column("votes", sa.Column("told", sa.DateTime(timezone=True)))
    op.execute("UPDATE votes SET told = closed")
    op.add_column("rooms", sa.Column("hello", sa.JSON(none_as_null=True)))
