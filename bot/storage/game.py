"""What is remembered of taps: truths, objections, guesses. Each is one transaction.

A round is found whatever the id of its room was when its message was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import AdminAction, Label, Player, Room
from bot.game import rules, scoring
from bot.game.rules import Denied, Guess, Objection, PlayerId, Round, Truth
from bot.game.scoring import Score
from bot.game.seasons import OpenGuessing
from bot.storage.database import Database
from bot.storage.queries import (
    find_player,
    find_room,
    here_,
    home,
    load_guesses,
    load_round,
    load_rounds,
    present,
    room_of,
    settle_player,
    within,
)
from bot.storage.rooms import add_action
from bot.storage.schema import guesses, guessings, objections, players, rooms, rounds

# Who played within this time is in the room, as far as objections are concerned.
PRESENT = timedelta(days=30)


class GameStore:
    """Remembers what was tapped; the rules decide what comes of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def round(self, round_id: int, room: Room) -> Round | None:
        """Return a round as the rules see it, if it is remembered and of this room."""
        async with self._database.reading() as connection:
            if (found := await find_room(connection, room)) is None:
                return None
            this = rounds.c.id == round_id, home == found[1]
            return next(iter(await load_rounds(connection, *this)), None)

    async def tell_truth(
        self, round_id: int, player: Player, label: Label, now: datetime, *, by_admin: bool
    ) -> Round | Denied | None:
        """Tell the truth of a round; None when it is no longer remembered."""
        async with self._database.writing() as connection:
            if (round_ := await load_round(connection, round_id)) is None:
                return None
            place = await _touch(connection, round_id, now)
            who = await settle_player(connection, place["platform"], player)
            lately = now - PRESENT, now + timedelta(microseconds=1)
            quorum = rules.quorum(len(await present(connection, place["here"], lately)))
            told = rules.tell_truth(
                round_, Truth(label, who, now), by_admin=by_admin, quorum=quorum
            )
            if isinstance(told, Denied):
                await connection.rollback()  # nothing is noted of who only tried
                return told
            new = update(rounds).where(rounds.c.id == round_id)
            await connection.execute(new.values(truth=label, told=now, told_by=who, quorum=quorum))
            if who != round_.player:
                await add_action(connection, place["room_id"], who, AdminAction.TRUTH, now)
            return told

    async def object_to(
        self, round_id: int, player: Player, now: datetime
    ) -> Round | Denied | None:
        """Object to the truth of a round; None when it is no longer remembered."""
        async with self._database.writing() as connection:
            if (round_ := await load_round(connection, round_id)) is None:
                return None
            place = await _touch(connection, round_id, now)
            who = await settle_player(connection, place["platform"], player)
            objected = rules.object_to(round_, Objection(who, now), shared_identity=player.shared)
            if isinstance(objected, Denied):
                await connection.rollback()
                return objected
            values = {"round_id": round_id, "player_id": who, "at": now}
            await connection.execute(insert(objections).values(values))
            return objected

    async def score(self, round_id: int) -> Score:
        """Return what a round has brought so far."""
        async with self._database.reading() as connection:
            round_ = await load_round(connection, round_id)
            if round_ is None or round_.truth is None:
                return Score()
            # Which of a player's rounds score is a matter of all of the same day.
            rest = await load_rounds(
                connection,
                home == (await _place(connection, round_id))["here"],
                rounds.c.player_id == round_.player,
                within(rounds.c.told, _day(round_.truth.at.astimezone(UTC).date())),
            )
            return scoring.scores(rest).get(round_id, Score())

    async def names(self, room: Room) -> Mapping[PlayerId, str]:
        """Return the names of the room's players; those forgotten are left out."""
        async with self._database.reading() as connection:
            found = await find_room(connection, room)
            of_room = rounds.c.room_id.in_(
                select(rooms.c.id).where(home == (found[1] if found else None))
            )
            ids = select(rounds.c.id).where(of_room)
            part = or_(
                players.c.id.in_(select(rounds.c.player_id).where(of_room)),
                players.c.id.in_(select(rounds.c.told_by).where(of_room)),
                players.c.id.in_(select(guesses.c.player_id).where(guesses.c.round_id.in_(ids))),
                players.c.id.in_(
                    select(objections.c.player_id).where(objections.c.round_id.in_(ids))
                ),
            )
            rows = await connection.execute(
                select(players).where(part, players.c.identity.is_not(None))
            )
            return {row.id: row.name or "" for row in rows}

    async def player_id(self, platform: str, player_id: str) -> PlayerId | None:
        """Return who the memory has somebody as, if at all."""
        async with self._database.reading() as connection:
            return await find_player(connection, platform, player_id)

    async def open_guesses(self, round_id: int, until: datetime) -> bool:
        """Let the room guess about a round until then; False when the game has ruled it out.

        It has for a photo that was played before, or whose truth is told.
        """
        async with self._database.writing() as connection:
            round_ = await load_round(connection, round_id)
            if round_ is None or round_.played_before or round_.truth is not None:
                return False
            if (opened := await _guessing(connection, round_id)) is not None:
                return opened.told is None  # asked about again, after a crash
            await connection.execute(insert(guessings).values(round_id=round_id, until=until))
            return True

    async def open_guessings(self) -> list[OpenGuessing]:
        """Return what rooms may guess about, or could, and were not told the answer of."""
        async with self._database.reading() as connection:
            found = await connection.execute(
                select(guessings.c.round_id, guessings.c.until, rounds.c.message, *here_.c)
                .join(rounds, rounds.c.id == guessings.c.round_id)
                .join(rooms, rooms.c.id == rounds.c.room_id)
                .join(here_, here_.c.id == home)
                .where(guessings.c.told.is_(None), rounds.c.message.is_not(None))
                .order_by(guessings.c.until, guessings.c.round_id)
            )
            return [
                OpenGuessing(row["round_id"], room_of(row), row["message"], row["until"])
                for row in found.mappings()
            ]

    async def guess(
        self, round_id: int, player: Player, what: Label, now: datetime
    ) -> tuple[Guess, ...] | Denied | None:
        """Note a guess; None when the round is no longer remembered, or not open to guesses."""
        async with self._database.writing() as connection:
            round_ = await load_round(connection, round_id)
            guessing = await _guessing(connection, round_id)
            if round_ is None or guessing is None:
                return None
            if guessing.closed is not None:
                return Denied.LATE
            place = await _touch(connection, round_id, now)
            who = await settle_player(connection, place["platform"], player)
            guessed = rules.add_guess(
                await load_guesses(connection, round_id),
                Guess(who, now, what),
                sender=round_.player,
                until=guessing.until,
                shared_identity=player.shared,
            )
            if isinstance(guessed, Denied):
                await connection.rollback()
                return guessed
            mine = guesses.c.round_id == round_id, guesses.c.player_id == who
            await connection.execute(delete(guesses).where(*mine))
            values = {"round_id": round_id, "player_id": who, "at": now, "what": what}
            await connection.execute(insert(guesses).values(values))
            return guessed

    async def guesses(self, round_id: int) -> tuple[Guess, ...]:
        """Return the guesses about a round."""
        async with self._database.reading() as connection:
            return await load_guesses(connection, round_id)

    async def everyone_guessed(self, round_id: int, day: date) -> bool:
        """Return whether all who played in the room that day, but the sender, have guessed."""
        async with self._database.reading() as connection:
            if (round_ := await load_round(connection, round_id)) is None:
                return True
            here = (await _place(connection, round_id))["here"]
            guessed = {guess.by for guess in await load_guesses(connection, round_id)}
            return await present(connection, here, _day(day)) <= {round_.player, *guessed}

    async def close_guesses(self, round_id: int, now: datetime) -> OpenGuessing | None:
        """Take no more guesses; None when the answer was told before."""
        async with self._database.writing() as connection:
            guessing = await _guessing(connection, round_id)
            if guessing is None or guessing.told is not None:
                return None
            if guessing.closed is None:
                this = guessings.c.round_id == round_id
                await connection.execute(update(guessings).where(this).values(closed=now))
            place = await _place(connection, round_id)
            return OpenGuessing(round_id, room_of(place), place["message"] or "", guessing.until)

    async def mark_guesses_told(self, round_id: int) -> None:
        """Note that the room was told the answer."""
        async with self._database.writing() as connection:
            this = guessings.c.round_id == round_id, guessings.c.told.is_(None)
            await connection.execute(
                update(guessings)
                .where(*this)
                .values(told=func.coalesce(guessings.c.closed, guessings.c.until))
            )


async def _place(connection: AsyncConnection, round_id: int) -> Any:
    """Return where a round began, its message, and where its room is now."""
    found = await connection.execute(
        select(rounds.c.room_id, rounds.c.message, here_.c.id.label("here"), *here_.c)
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(here_, here_.c.id == home)
        .where(rounds.c.id == round_id)
    )
    return found.mappings().one()


async def _touch(connection: AsyncConnection, round_id: int, now: datetime) -> Any:
    """Note that something happens in a round's room; return its place."""
    place = await _place(connection, round_id)
    await connection.execute(update(rooms).where(rooms.c.id == place["here"]).values(seen=now))
    return place


async def _guessing(connection: AsyncConnection, round_id: int) -> Any:
    this = select(guessings).where(guessings.c.round_id == round_id)
    return (await connection.execute(this)).first()


def _day(day: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)
