"""What the network saw of photos that fooled the bot, and which rounds remind of which."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a table of features, and a column."""
    id_ = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    round_ = sa.ForeignKey("rounds.id", ondelete="CASCADE")
    op.create_table(
        "features",
        sa.Column("round_id", id_, round_, primary_key=True),
        sa.Column("model", sa.String(16), nullable=False),
        sa.Column("vectors", sa.LargeBinary, nullable=False),
    )
    op.add_column("rounds", sa.Column("reminds_of", sa.BigInteger))
