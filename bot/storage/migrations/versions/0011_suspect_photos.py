"""Photos that may have ended a process, and are looked at once more."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "rounds",
        sa.Column("suspect", sa.Boolean, nullable=False, server_default=sa.false()),
    )
