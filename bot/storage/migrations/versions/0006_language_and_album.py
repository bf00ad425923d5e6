"""A round's language, so that its message keeps it, and what was answered to a whole album."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("rounds", sa.Column("language", sa.String(35)))
    op.add_column("rounds", sa.Column("album", sa.JSON))
