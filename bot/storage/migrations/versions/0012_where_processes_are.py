"""Where processes on the same database reach each other."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("processes", sa.Column("address", sa.Text()))
    op.add_column("processes", sa.Column("key", sa.String(64)))
