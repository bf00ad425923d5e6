"""What people may ask of the store: to be forgotten, or all it knows. What expires by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.game import scoring
from bot.game.rules import PlayerId
from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import current_room_id, find_player, load_rounds
from bot.storage.schema import (
    admin_actions,
    guesses,
    guessings,
    objections,
    players,
    rooms,
    rounds,
)

# What `export` hands out, ready for JSON: texts, numbers, and lists and dictionaries of them.
Record = dict[str, object]

# Platforms deliver a message again for a day at most, and so long a truth can be told.
ROUND_KEPT = timedelta(hours=24)
ROOM_KEPT = timedelta(days=365)

_untold = rounds.c.truth.is_(None)
# Others may have points for guesses in it.
_unguessed = ~exists().where(guesses.c.round_id == rounds.c.id)


class PeopleStore:
    """Forgets, on request and by itself, and exports what it knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @write_transaction
    async def forget(self, connection: AsyncConnection, platform: str, identity: str) -> None:
        """Forget a person everywhere; what others won stays.

        Their rounds stay for the others' sake, as somebody's without a name: the photos cannot be
        found from them, nor recognised again. Their private rooms are deleted altogether.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        player_id = await find_player(connection, platform, identity)
        sent_to = select(rounds.c.room_id).where(rounds.c.player_id == player_id)
        own = or_(rooms.c.id.in_(sent_to), rooms.c.chat == identity)
        private = rooms.c.platform == platform, rooms.c.private.is_(True), own
        await connection.execute(delete(rooms).where(*private))
        sent = rounds.c.player_id == player_id
        await connection.execute(delete(rounds).where(sent, _untold, _unguessed))
        await connection.execute(
            update(rounds).where(sent).values(message=None, part="", reference=None, prints=null())
        )
        this = players.c.id == player_id
        await connection.execute(update(players).where(this).values(identity=None, name=None))
        await _delete_unused_players(connection)

    @read_transaction
    async def export(self, connection: AsyncConnection, platform: str, identity: str) -> Record:
        """Return everything about a person, ready for JSON; empty when there is nothing.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        this = players.c.platform == platform, players.c.identity == identity
        found = (await connection.execute(select(players).where(*this))).first()
        if found is None:
            return {}
        told = select(rounds.c.id.label("round"), rounds.c.truth, rounds.c.told.label("at"))
        objected = select(objections.c.round_id.label("round"), objections.c.at)
        guessed = select(guesses.c.round_id.label("round"), guesses.c.what, guesses.c.at)
        decided = select(
            rooms.c.chat.label("room"), admin_actions.c.action.label("deed"), admin_actions.c.at
        ).join(admin_actions, admin_actions.c.room_id == rooms.c.id)
        return {
            "platform": platform,
            "id": identity,
            "name": found.name,
            "rounds": await _export_rounds(connection, found.id),
            "truths": await _export(connection, told.where(rounds.c.told_by == found.id)),
            "objections": await _export(
                connection, objected.where(objections.c.player_id == found.id)
            ),
            "guesses": await _export(connection, guessed.where(guesses.c.player_id == found.id)),
            "decisions": await _export(
                connection, decided.where(admin_actions.c.player_id == found.id)
            ),
        }

    @write_transaction
    async def prune(self, connection: AsyncConnection, now: datetime) -> None:
        """Delete rounds that came to no truth and rooms where nothing happened for a year."""
        missed = guessings.c.told.is_(None), guessings.c.until < now - ROUND_KEPT
        await connection.execute(delete(guessings).where(*missed))
        over = rounds.c.arrived < now - ROUND_KEPT, _untold, _unguessed
        await connection.execute(delete(rounds).where(*over))
        # Settings may be changed where nothing else ever happened: the year begins here.
        current = rooms.c.moved_to.is_(None)
        unseen = current, rooms.c.seen.is_(None)
        await connection.execute(update(rooms).where(*unseen).values(seen=now))
        await connection.execute(delete(rooms).where(current, rooms.c.seen < now - ROOM_KEPT))
        await _delete_unused_players(connection)


async def _delete_unused_players(connection: AsyncConnection) -> None:
    """Delete players of whom nothing else is known."""
    references = (
        rounds.c.player_id,
        rounds.c.told_by,
        objections.c.player_id,
        guesses.c.player_id,
        admin_actions.c.player_id,
    )
    unused = [~exists().where(reference == players.c.id) for reference in references]
    await connection.execute(delete(players).where(*unused))


async def _export_rounds(connection: AsyncConnection, player_id: PlayerId) -> list[Record]:
    """Return a player's rounds with what they scored."""
    sent = (
        select(rounds, rooms.c.chat, current_room_id.label("current_id"))
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .where(rounds.c.player_id == player_id)
        .order_by(rounds.c.id)
    )
    found = (await connection.execute(sent)).mappings().all()
    scores: dict[int, scoring.Score] = {}
    for current_id in {row["current_id"] for row in found}:
        scores |= scoring.scores(await load_rounds(connection, current_room_id == current_id))
    return [
        {
            "round": row["id"],
            "room": row["chat"],
            "message": row["message"],
            "reference": row["reference"],
            "fingerprints": [f"{print_:032x}" for print_ in row["prints"] or ()],
            "arrived": row["arrived"].isoformat(),
            "said": row["label"],
            "confidence": row["confidence"],
            "unfamiliar": row["unfamiliar"],
            "truth": row["truth"],
            "points": scores[row["id"]].player if row["id"] in scores else 0,
        }
        for row in found
    ]


async def _export(connection: AsyncConnection, query: Select[Any]) -> list[Record]:
    return [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in (await connection.execute(query)).mappings()
    ]
