"""Rooms in which the bot answers with a sign."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    op.add_column("rooms", sa.Column("quiet", sa.Boolean))
