"""What people may ask of the memory: to be forgotten, or all it knows. What it drops by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, null, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.game import scoring
from bot.storage.database import Database
from bot.storage.queries import find_player, home, load_rounds
from bot.storage.schema import actions, guesses, guessings, objections, players, rooms, rounds

# Platforms deliver a message again for a day at most, and so long a truth can be told.
ROUND_KEPT = timedelta(hours=24)
ROOM_KEPT = timedelta(days=365)

_untold = rounds.c.truth.is_(None)
# Others may have points for guesses in it.
_unguessed = ~exists().where(guesses.c.round_id == rounds.c.id)


class PeopleStore:
    """Forgets, on request and by itself, and hands out what it knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, platform: str, player_id: str) -> None:
        """Forget a person everywhere; what others won stays.

        Their rounds stay for the others' sake, as somebody's without a name: the photos cannot be
        found from them, nor known again. Their private rooms go altogether.
        """
        async with self._database.writing() as connection:
            who = await find_player(connection, platform, player_id)
            theirs = select(rounds.c.room_id).where(rounds.c.player_id == who)
            own = or_(rooms.c.id.in_(theirs), rooms.c.chat == player_id)
            private = rooms.c.platform == platform, rooms.c.private.is_(True), own
            await connection.execute(delete(rooms).where(*private))
            mine = rounds.c.player_id == who
            await connection.execute(delete(rounds).where(mine, _untold, _unguessed))
            await connection.execute(
                update(rounds)
                .where(mine)
                .values(message=None, part="", reference=None, prints=null())
            )
            nobody = update(players).where(players.c.id == who).values(identity=None, name=None)
            await connection.execute(nobody)
            await _drop_strangers(connection)

    async def export(self, platform: str, player_id: str) -> dict[str, Any]:
        """Return everything about a person, ready for JSON; empty when there is nothing."""
        async with self._database.reading() as connection:
            this = players.c.platform == platform, players.c.identity == player_id
            found = (await connection.execute(select(players).where(*this))).first()
            if found is None:
                return {}
            who = found.id
            told = select(rounds.c.id.label("round"), rounds.c.truth, rounds.c.told.label("at"))
            objected = select(objections.c.round_id.label("round"), objections.c.at)
            guessed = select(guesses.c.round_id.label("round"), guesses.c.what, guesses.c.at)
            decided = select(rooms.c.chat.label("room"), actions.c.deed, actions.c.at)
            decided = decided.join(actions, actions.c.room_id == rooms.c.id)
            of_others = objected.where(objections.c.player_id == who)
            return {
                "platform": platform,
                "id": player_id,
                "name": found.name,
                "rounds": await _rounds_of(connection, who),
                "truths": await _listed(connection, told.where(rounds.c.told_by == who)),
                "objections": await _listed(connection, of_others),
                "guesses": await _listed(connection, guessed.where(guesses.c.player_id == who)),
                "decisions": await _listed(connection, decided.where(actions.c.player_id == who)),
            }

    async def prune(self, now: datetime) -> None:
        """Drop rounds that came to no truth and rooms where nothing happened for a year."""
        async with self._database.writing() as connection:
            missed = guessings.c.told.is_(None), guessings.c.until < now - ROUND_KEPT
            await connection.execute(delete(guessings).where(*missed))
            over = rounds.c.arrived < now - ROUND_KEPT, _untold, _unguessed
            await connection.execute(delete(rounds).where(*over))
            # Settings may be changed where nothing else ever happened: the year begins here.
            here = rooms.c.now_at.is_(None)
            unseen = here, rooms.c.seen.is_(None)
            await connection.execute(update(rooms).where(*unseen).values(seen=now))
            await connection.execute(delete(rooms).where(here, rooms.c.seen < now - ROOM_KEPT))
            await _drop_strangers(connection)


async def _drop_strangers(connection: AsyncConnection) -> None:
    """Drop players of whom nothing else is known."""
    parts = (
        rounds.c.player_id,
        rounds.c.told_by,
        objections.c.player_id,
        guesses.c.player_id,
        actions.c.player_id,
    )
    stranger = [~exists().where(part == players.c.id) for part in parts]
    await connection.execute(delete(players).where(*stranger))


async def _rounds_of(connection: AsyncConnection, who: int) -> list[dict[str, Any]]:
    """Return a player's rounds with what they scored."""
    mine = (
        select(rounds, rooms.c.chat, home.label("here"))
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .where(rounds.c.player_id == who)
        .order_by(rounds.c.id)
    )
    found = (await connection.execute(mine)).mappings().all()
    scores: dict[int, scoring.Score] = {}
    for here in {row["here"] for row in found}:
        scores |= scoring.scores(await load_rounds(connection, home == here))
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


async def _listed(connection: AsyncConnection, query: Select[Any]) -> list[dict[str, Any]]:
    return [
        {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in row.items()
        }
        for row in (await connection.execute(query)).mappings()
    ]
