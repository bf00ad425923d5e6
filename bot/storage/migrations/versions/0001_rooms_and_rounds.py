"""Rooms with their settings, rounds, notes."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    id_ = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "rooms",
        sa.Column("id", id_, primary_key=True),
        sa.Column("platform", sa.String(16), nullable=False),
        sa.Column("chat", sa.String(128), nullable=False),
        sa.Column("private", sa.Boolean, nullable=False),
        sa.Column("now_at", id_, sa.ForeignKey("rooms.id", ondelete="CASCADE")),
        sa.Column("seen", moment),
        sa.Column("greeted", moment),
        sa.Column("language", sa.String(16)),
        sa.Column("every_photo", sa.Boolean),
        sa.UniqueConstraint("platform", "chat", name="rooms_address"),
    )
    op.create_index("ix_rooms_now_at", "rooms", ["now_at"])
    op.create_table(
        "rounds",
        sa.Column("id", id_, primary_key=True),
        sa.Column("room_id", id_, sa.ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
        sa.Column("player_id", sa.String(64), nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("message", sa.String(64)),
        sa.Column("part", sa.Text, nullable=False),
        sa.Column("reference", sa.Text),
        sa.Column("arrived", moment, nullable=False),
        sa.Column("answered", moment),
        sa.Column("label", sa.String(16)),
        sa.Column("confidence", sa.Float),
        sa.Column("unfamiliar", sa.Boolean),
        sa.Column("probabilities", sa.JSON),
        sa.UniqueConstraint("room_id", "message", "part", name="rounds_photo"),
        sqlite_autoincrement=True,
    )
    op.create_index("rounds_arrived", "rounds", ["arrived"])
    op.create_table(
        "notes",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
