"""Where processes reach each other, podiums to come, and notices to be deleted."""

from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
from alembic import context, op

revision = "0012"
down_revision = "0011"

# A month begins at most that much earlier or later than in UTC.
ZONES_DIFFER = timedelta(hours=14)

rounds = sa.table(
    "rounds", sa.column("room_id"), sa.column("arrived"), sa.column("told"), sa.column("reset_at")
)
frozen_points = sa.table(
    "frozen_points", sa.column("room_id"), sa.column("season"), sa.column("points")
)
podiums = sa.table("podiums", sa.column("room_id"), sa.column("season"))
coming_podiums = sa.table("coming_podiums", sa.column("season", sa.Date), sa.column("room_id"))


def upgrade() -> None:
    """Add the columns and the tables."""
    op.add_column("processes", sa.Column("address", sa.Text()))
    op.add_column("processes", sa.Column("key", sa.String(64)))
    op.create_table(
        "coming_podiums",
        sa.Column("season", sa.Date, primary_key=True),
        sa.Column(
            "room_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("rooms.id", ondelete="CASCADE"),
            primary_key=True,
            index=True,
        ),
    )
    op.create_table(
        "notices",
        sa.Column("platform", sa.String(16), primary_key=True),
        sa.Column("chat", sa.String(128), primary_key=True),
        sa.Column("message", sa.String(64), primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    month = context.config.attributes["now"].astimezone(UTC).date().replace(day=1)
    for _ in range(3):  # this month's, the last one's, and that of before, if this one just began
        _fill(op.get_bind(), month)
        month = (month - timedelta(days=1)).replace(day=1)


def _fill(connection: sa.Connection, month: date) -> None:
    """Note who played in a season and has not seen its podium."""
    begin = datetime(month.year, month.month, 1, tzinfo=UTC)
    after = (begin + timedelta(days=31)).replace(day=1)
    moment = sa.DateTime(timezone=True)
    played = sa.select(rounds.c.room_id).where(
        rounds.c.told.is_not(None),
        rounds.c.reset_at.is_(None),
        rounds.c.arrived >= sa.bindparam("begin", begin - ZONES_DIFFER, moment),
        rounds.c.arrived < sa.bindparam("after", after + ZONES_DIFFER, moment),
    )
    frozen = sa.select(frozen_points.c.room_id).where(
        frozen_points.c.season == sa.bindparam("month", month, sa.Date),
        frozen_points.c.points > 0,
    )
    shown = sa.select(podiums.c.room_id).where(
        podiums.c.season == sa.bindparam("month", month, sa.Date)
    )
    coming = sa.union(played, frozen).subquery()
    rows = sa.select(sa.bindparam("month", month, sa.Date), coming.c.room_id).where(
        coming.c.room_id.not_in(shown)
    )
    connection.execute(sa.insert(coming_podiums).from_select(["season", "room_id"], rows))
