"""Which answers are on their way, and which photos came together."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("rounds", sa.Column("sending", sa.DateTime(timezone=True)))
    op.add_column("rounds", sa.Column("album_id", sa.String(64)))
