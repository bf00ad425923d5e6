"""What is remembered, as tables. No photo, no caption, no address of a photo."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware datetime in UTC, also in SQLite, which knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn to UTC; a naive datetime is a mistake of ours."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back that SQLite dropped."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


metadata = MetaData()
# SQLite numbers rows by itself only in a column of exactly this type, which is as long there.
Id = BigInteger().with_variant(Integer, "sqlite")

# A room keeps a row for each id that the platform ever gave it. `now_at` is the row of its present
# id, where that is another one: rounds stay where they began, and a tap on an old message finds its
# room. The settings of the present row count. `seen`: when something last happened there.
rooms = Table(
    "rooms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("private", Boolean, nullable=False),
    Column("now_at", ForeignKey("rooms.id", ondelete="CASCADE"), index=True),
    Column("seen", Moment),
    Column("greeted", Moment),
    Column("language", String(16)),
    Column("every_photo", Boolean),
    UniqueConstraint("platform", "chat", name="rooms_address"),
)

# `part` tells the pictures of one message apart. `shared`: sent by an identity of several people.
rounds = Table(
    "rounds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("player_id", String(64), nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("message", String(64)),
    Column("part", Text, nullable=False),
    Column("reference", Text),
    Column("arrived", Moment, nullable=False),
    Column("answered", Moment),
    Column("label", String(16)),
    Column("confidence", Float),
    Column("unfamiliar", Boolean),
    Column("probabilities", JSON(none_as_null=True)),
    UniqueConstraint("room_id", "message", "part", name="rounds_photo"),
    Index("rounds_arrived", "arrived"),
    sqlite_autoincrement=True,  # a button may still name a round that is forgotten
)

# Small things to keep across a restart, such as a fingerprint of the commands that were published.
notes = Table(
    "notes",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)
