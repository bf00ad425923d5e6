"""What is stored to know photos again that fooled the bot: numbers, never a photo."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, delete, exists, func, insert, not_, or_, select

from bot.domain import Features, Label, Room
from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import Condition, is_row_of, lock_round
from bot.storage.schema import features, players, rooms, rounds, votes

# The latest of a room: to read and to compare as many takes some fifty milliseconds.
MOST = 1_000
# A photo whose truth is not told by then did not fool the bot; a reset cannot be undone after that.
KEPT_UNTOLD = timedelta(hours=24)
# Counted from the end of the season, in whatever time zone.
KEPT = timedelta(days=366)

_call = case((rounds.c.unfamiliar.is_(True), Label.NEITHER), else_=rounds.c.label)
_is_fooled: Condition = and_(
    rounds.c.truth.is_not(None), rounds.c.truth != _call, rounds.c.is_void.is_(False)
)
_is_disputed = exists().where(votes.c.round_id == rounds.c.id, votes.c.closed.is_(None))


class FoolingStore:
    """Stores what the network saw of photos that fooled the bot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    def remembered(self, connection: Connection, room: Room, model: str) -> dict[int, Features]:
        """Return what the network saw of photos that fooled the bot in a room, by their rounds.

        Args:
            room: The room.
            model: The network that is to be compared with; what another saw is left out.

        Returns:
            The latest first. Foolings that are void, disputed or reset at the moment are left out.
        """
        asked = rooms.alias()
        here = select(func.coalesce(asked.c.moved_to, asked.c.id)).where(
            asked.c.platform == room.platform, asked.c.chat == room.id
        )
        rows = connection.execute(
            select(features)
            .join(rounds, rounds.c.id == features.c.round_id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(is_row_of(here.scalar_subquery()), features.c.model == model)
            .where(_is_fooled, not_(_is_disputed), rounds.c.reset_at.is_(None))
            .order_by(rounds.c.id.desc())
            .limit(MOST)
        )
        return {row.round_id: Features(row.model, row.vectors) for row in rows}

    @write_transaction
    def remember(self, connection: Connection, round_id: int, seen: Features) -> None:
        """Store what the network saw of a photo, in place of what was stored of it before.

        Nothing is stored of a round that is gone, or whose sender is forgotten.
        """
        lock_round(connection, round_id)
        sent = connection.execute(
            select(rounds.c.id)
            .join(players, players.c.id == rounds.c.player_id)
            .where(rounds.c.id == round_id, players.c.identity.is_not(None))
        )
        if sent.first() is not None:
            store_features(connection, round_id, seen)


def store_features(connection: Connection, round_id: int, seen: Features) -> None:
    """Store what the network saw of a round's photo, in place of what was stored before."""
    connection.execute(delete(features).where(features.c.round_id == round_id))
    values = {"round_id": round_id, "model": seen.model, "vectors": seen.vectors}
    connection.execute(insert(features).values(values))


def prune_features(connection: Connection, now: datetime) -> None:
    """Delete what was seen of photos that did not fool the bot, or too long ago."""
    year_ago = now - KEPT
    month = year_ago.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    before = now - KEPT_UNTOLD
    of_no_use = or_(
        and_(rounds.c.arrived < before, or_(rounds.c.truth.is_(None), not_(_is_fooled))),
        rounds.c.reset_at < before,
        rounds.c.arrived < month,
    )
    stale = select(rounds.c.id).where(of_no_use)
    connection.execute(delete(features).where(features.c.round_id.in_(stale)))
