"""What is stored, as tables. No photo, no address of a photo, and no caption once it is read."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
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
        """Add the zone that SQLite dropped."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


metadata = MetaData()
# SQLite numbers rows by itself only in a column of exactly this type, which is as long there.
Id = BigInteger().with_variant(Integer, "sqlite")

# A room keeps a row for each id that the platform ever gave it. `moved_to` is the row of its
# present id, where that is another one: rounds stay where they began, and a tap on an old message
# finds its room. The settings of the present row count. `seen`: when something last happened there.
# `spoken`: the language in which somebody there was first answered, as an IETF tag. `server`: the
# id of the one that a channel is in, as soon as something happens there. `greeted`: since when the
# bot has said hello there, or is about to: with what `hello` has, until that is said.
rooms = Table(
    "rooms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("chat", String(128), nullable=False),
    Column("private", Boolean, nullable=False),
    # The database's own name for it is of the first version, and older databases have it.
    Column("now_at", ForeignKey("rooms.id", ondelete="CASCADE"), key="moved_to", index=True),
    Column("seen", Moment),
    Column("greeted", Moment),
    Column("hello", JSON(none_as_null=True)),
    Column("language", String(16)),
    Column("every_photo", Boolean),
    Column("quiet", Boolean),
    Column("keep", Boolean),
    Column("spoken", String(35)),
    Column("guess_every", Boolean),
    Column("timezone", String(64)),
    Column("daily", Integer),
    Column("server", String(32)),
    UniqueConstraint("platform", "chat", name="rooms_address"),
)

# `identity` is the platform's; who wants to be forgotten loses it and the name, and the row stays
# for the sake of the others' scores. `shared`: an identity of several people.
players = Table(
    "players",
    metadata,
    Column("id", Id, primary_key=True),
    Column("platform", String(16), nullable=False),
    Column("identity", String(64)),
    Column("name", Text),
    Column("shared", Boolean, nullable=False),
    UniqueConstraint("platform", "identity", name="players_identity"),
    sqlite_autoincrement=True,
)

# `part` tells the pictures of one message apart; those with one `album_id` were sent together.
# `sending`: since when the answer is on its way. `answer`: the bot's own message. `prints`:
# perceptual hashes. `reminds_of`: the round of a fooling that the photo is like, or a copy of where
# it was `played_before`; that round may be gone. `hidden`: who sent the photo does not want it
# shown again. `reset_at`: when an admin set the season back. `language`: in which the photo was
# answered, an IETF tag. `album`: what was sent together with the photo that is played, in its
# order: each one's id, or why it was refused. `suspect`: it was in hand when a process ended, and
# is looked at by the next. Points are nowhere: they follow from what is here.
rounds = Table(
    "rounds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("player_id", ForeignKey("players.id", name="rounds_player"), nullable=False, index=True),
    Column("message", String(64)),
    Column("part", Text, nullable=False),
    Column("reference", Text),
    Column("album_id", String(64)),
    Column("arrived", Moment, nullable=False),
    Column("sending", Moment),
    Column("answered", Moment),
    Column("answer", String(64)),
    Column("label", String(16)),
    Column("confidence", Float),
    Column("unfamiliar", Boolean),
    Column("sure", Boolean),
    Column("probabilities", JSON(none_as_null=True)),
    Column("prints", JSON(none_as_null=True)),
    Column("played_before", Boolean, nullable=False, server_default=false()),
    Column("reminds_of", BigInteger),
    Column("truth", String(16)),
    Column("told", Moment),
    Column("told_by", ForeignKey("players.id", name="rounds_told_by"), index=True),
    Column("made", Boolean, nullable=False, server_default=false()),
    Column("confirmed", Boolean, nullable=False, server_default=false()),
    Column("is_void", Boolean, nullable=False, server_default=false()),
    Column("hidden", Boolean, nullable=False, server_default=false()),
    Column("reset_at", Moment),
    Column("language", String(35)),
    Column("album", JSON(none_as_null=True)),
    Column("suspect", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("room_id", "message", "part", name="rounds_photo"),
    Index("rounds_arrived", "arrived"),
    sqlite_autoincrement=True,  # a button may still name a round that is forgotten
)

# What the network saw of a photo, by which a disguised copy of it is known again: of it alone until
# the truth is told, and then, where it fooled the bot, of views of it as well. `vectors`: float16.
features = Table(
    "features",
    metadata,
    Column("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    Column("model", String(16), nullable=False),
    Column("vectors", LargeBinary, nullable=False),
)

# Somebody objected to a round's truth, and the room votes about it: since when no more, and since
# when it knows how that ended.
votes = Table(
    "votes",
    metadata,
    Column("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    Column("opened_by", ForeignKey("players.id"), nullable=False, index=True),
    Column("opened", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("closed", Moment),
    Column("told", Moment),
)

ballots = Table(
    "ballots",
    metadata,
    Column("round_id", ForeignKey("votes.round_id", ondelete="CASCADE"), primary_key=True),
    Column("player_id", ForeignKey("players.id"), primary_key=True, index=True),
    Column("label", String(16), nullable=False),
    Column("at", Moment, nullable=False),
)

# A round that the room may guess about: until when, since when no more, and since when it knows.
guessings = Table(
    "guessings",
    metadata,
    Column("round_id", ForeignKey("rounds.id", ondelete="CASCADE"), primary_key=True),
    Column("until", Moment, nullable=False),
    Column("closed", Moment),
    Column("told", Moment),
)

guesses = Table(
    "guesses",
    metadata,
    Column("round_id", ForeignKey("guessings.round_id", ondelete="CASCADE"), primary_key=True),
    Column("player_id", ForeignKey("players.id"), primary_key=True, index=True),
    Column("at", Moment, nullable=False),
    Column("what", String(16), nullable=False),
    Column("reset_at", Moment),
)

# What a room's admins did, for the room to see. The database's own names are of an older version.
admin_actions = Table(
    "deeds",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("player_id", ForeignKey("players.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False),
    Column("deed", String(32), key="action", nullable=False),
)

# The seasons whose podium a room has seen.
podiums = Table(
    "podiums",
    metadata,
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("season", Date, primary_key=True),
)

# Seasons in which a room told a photo's truth, by whatever time zone, until it has seen the podium.
coming_podiums = Table(
    "coming_podiums",
    metadata,
    Column("season", Date, primary_key=True),
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True, index=True),
)

# The points of the seasons that were over before the rules changed. Each such season has a row
# without a player, which is the bot's: by it the season is known.
frozen_points = Table(
    "frozen_points",
    metadata,
    Column("id", Id, primary_key=True),
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), nullable=False),
    Column("season", Date, nullable=False),
    Column("player_id", ForeignKey("players.id"), index=True),
    Column("points", Integer, nullable=False),
    UniqueConstraint("room_id", "season", "player_id", name="frozen_points_of"),
)

# A room's party night, as it is by now, in JSON: with the players' names and devices, and so no
# longer than a day after its end.
parties = Table(
    "parties",
    metadata,
    Column("room_id", ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("updated", Moment, nullable=False),
)

# Small things to keep across a restart, such as a fingerprint of the commands that were published.
notes = Table(
    "notes",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# Processes that work on the same database, and until when each is taken to live unless it says so
# again, by the database's clock. `address`: where the others reach it over HTTP, and
# `key`: what they sign with that they pass on to it.
processes = Table(
    "processes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("until", DateTime(timezone=True), nullable=False),
    Column("address", Text),
    Column("key", String(64)),
)

# What belongs to one process as long as that lives: a room, or a duty such as asking for updates.
leases = Table(
    "leases",
    metadata,
    Column("name", String(160), primary_key=True),
    Column("owner", ForeignKey("processes.id", ondelete="CASCADE"), nullable=False, index=True),
)

# When Discord's shards began a session, for a day: it counts these over all processes.
identifies = Table(
    "identifies",
    metadata,
    Column("id", Id, primary_key=True),
    Column("shard", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

# Messages of the bot's that are to be deleted, as long as they are not.
notices = Table(
    "notices",
    metadata,
    Column("platform", String(16), primary_key=True),
    Column("chat", String(128), primary_key=True),
    Column("message", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
)

# What a platform has delivered to one of several processes: acknowledged when it is here, handled
# by the process whose `lease` it belongs to. `body`: as it came, with what people wrote; it is gone
# as soon as it is handled, and the `key` stays for a day, as the platform may deliver it again.
updates = Table(
    "updates",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("lease", String(160), nullable=False),
    Column("body", Text),
    Column("taken_by", String(32)),
    Column("at", Moment, nullable=False),
    Index("updates_at", "at"),
    Index(
        "updates_waiting",
        "id",
        postgresql_where=text("body IS NOT NULL"),
    ),
)
