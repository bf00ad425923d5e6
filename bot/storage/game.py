"""What is stored of taps: truths, objections, guesses.

A round is found whatever the id of its room was when its message was sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import AdminAction, Label, Player, Room
from bot.game import rules, scoring
from bot.game.rules import Denied, Guess, Objection, PlayerId, Round, Truth
from bot.game.scoring import Score
from bot.game.seasons import OpenGuessing
from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import (
    Bounds,
    add_action,
    current_room_id,
    current_rooms,
    find_or_add_player,
    find_player,
    find_room,
    load_active_players,
    load_guesses,
    load_round,
    load_rounds,
    room_of,
    within,
)
from bot.storage.schema import guesses, guessings, objections, players, rooms, rounds

# Who played within this time is in the room, as far as objections are concerned.
ACTIVE_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a round is.

    Attributes:
        row_id: The row of the room's id when the round began.
        current_id: The row where the room is now.
        room: The room as it is now.
        message: The id of the photo's message, if it had one.
    """

    row_id: int
    current_id: int
    room: Room
    message: str | None


@dataclass(frozen=True, slots=True)
class _Guessing:
    """The guessing about a round.

    Attributes:
        until: Until when the room may guess.
        closed: Since when it may no more.
        told: Since when it knows the answer.
    """

    until: datetime
    closed: datetime | None
    told: datetime | None


class GameStore:
    """Stores what was tapped; the rules decide what comes of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    async def round(self, connection: AsyncConnection, round_id: int, room: Room) -> Round | None:
        """Return a round as the rules see it, if it is stored and of this room."""
        if (found := await find_room(connection, room)) is None:
            return None
        this = rounds.c.id == round_id, current_room_id == found.current_id
        return next(iter(await load_rounds(connection, *this)), None)

    @write_transaction
    async def tell_truth(
        self,
        connection: AsyncConnection,
        round_id: int,
        player: Player,
        label: Label,
        now: datetime,
        *,
        by_admin: bool,
    ) -> Round | Denied | None:
        """Store the truth of a round, if the rules allow it; log an admin's about others' photos.

        Args:
            round_id: The round.
            player: Who tells it.
            label: Who is on the photo.
            now: When.
            by_admin: Whether the player may decide for the room.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        lately = now - ACTIVE_WITHIN, now + timedelta(microseconds=1)
        quorum = rules.quorum(len(await load_active_players(connection, place.current_id, lately)))
        told = rules.tell_truth(
            round_, Truth(label, player_id, now), by_admin=by_admin, quorum=quorum
        )
        if isinstance(told, Denied):
            await connection.rollback()  # nothing is stored of who only tried
            return told
        values = {"truth": label, "told": now, "told_by": player_id, "quorum": quorum}
        await connection.execute(update(rounds).where(rounds.c.id == round_id).values(values))
        if player_id != round_.player:
            await add_action(connection, place.row_id, player_id, AdminAction.TRUTH, now)
        return told

    @write_transaction
    async def object_to(
        self, connection: AsyncConnection, round_id: int, player: Player, now: datetime
    ) -> Round | Denied | None:
        """Store an objection to the truth of a round, if the rules allow it.

        Args:
            round_id: The round.
            player: Who objects.
            now: When.

        Returns:
            The round as it is then, or why nothing changed; None when it is no longer stored.
        """
        if (round_ := await load_round(connection, round_id)) is None:
            return None
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        objection = Objection(player_id, now)
        objected = rules.object_to(round_, objection, shared_identity=player.shared)
        if isinstance(objected, Denied):
            await connection.rollback()
            return objected
        values = {"round_id": round_id, "player_id": player_id, "at": now}
        await connection.execute(insert(objections).values(values))
        return objected

    @read_transaction
    async def score(self, connection: AsyncConnection, round_id: int) -> Score:
        """Return what a round has brought so far."""
        round_ = await load_round(connection, round_id)
        if round_ is None or round_.truth is None:
            return Score()
        place = await _load_place(connection, round_id)
        # Which of a player's rounds score is a matter of all of the same day.
        of_that_day = await load_rounds(
            connection,
            current_room_id == place.current_id,
            rounds.c.player_id == round_.player,
            within(rounds.c.told, _bounds_of(round_.truth.at.astimezone(UTC).date())),
        )
        return scoring.scores(of_that_day).get(round_id, Score())

    @read_transaction
    async def names(self, connection: AsyncConnection, room: Room) -> Mapping[PlayerId, str]:
        """Return the names of the room's players; those forgotten are left out."""
        if (found := await find_room(connection, room)) is None:
            return {}
        of_room = rounds.c.room_id.in_(
            select(rooms.c.id).where(current_room_id == found.current_id)
        )
        ids = select(rounds.c.id).where(of_room)
        took_part = or_(
            players.c.id.in_(select(rounds.c.player_id).where(of_room)),
            players.c.id.in_(select(rounds.c.told_by).where(of_room)),
            players.c.id.in_(select(guesses.c.player_id).where(guesses.c.round_id.in_(ids))),
            players.c.id.in_(select(objections.c.player_id).where(objections.c.round_id.in_(ids))),
        )
        rows = await connection.execute(
            select(players).where(took_part, players.c.identity.is_not(None))
        )
        return {row.id: row.name or "" for row in rows}

    @read_transaction
    async def player_id(
        self, connection: AsyncConnection, platform: str, identity: str
    ) -> PlayerId | None:
        """Return a player's number in the store, if they have one.

        Args:
            platform: The platform's name.
            identity: The platform's own id of the person.
        """
        return await find_player(connection, platform, identity)

    @write_transaction
    async def open_guesses(
        self, connection: AsyncConnection, round_id: int, until: datetime
    ) -> bool:
        """Let the room guess about a round until then.

        Returns:
            Whether it may. It may not about a photo that was played before, or whose truth is told.
        """
        round_ = await load_round(connection, round_id)
        if round_ is None or round_.played_before or round_.truth is not None:
            return False
        if (opened := await _load_guessing(connection, round_id)) is not None:
            return opened.told is None  # asked about again, after a crash
        await connection.execute(insert(guessings).values(round_id=round_id, until=until))
        return True

    @read_transaction
    async def open_guessings(self, connection: AsyncConnection) -> list[OpenGuessing]:
        """Return what rooms may guess about, or could, and were not told the answer of."""
        found = await connection.execute(
            select(guessings.c.round_id, guessings.c.until, rounds.c.message, *current_rooms.c)
            .join(rounds, rounds.c.id == guessings.c.round_id)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .join(current_rooms, current_rooms.c.id == current_room_id)
            .where(guessings.c.told.is_(None), rounds.c.message.is_not(None))
            .order_by(guessings.c.until, guessings.c.round_id)
        )
        return [
            OpenGuessing(row["round_id"], room_of(row), row["message"], row["until"])
            for row in found.mappings()
        ]

    @write_transaction
    async def guess(
        self,
        connection: AsyncConnection,
        round_id: int,
        player: Player,
        label: Label,
        now: datetime,
    ) -> tuple[Guess, ...] | Denied | None:
        """Store a guess, if the rules allow it.

        Args:
            round_id: The round.
            player: Who guesses.
            label: What the player thinks that the bot will answer.
            now: When.

        Returns:
            All guesses about the round, or why nothing changed; None when the round is no longer
            stored, or nobody was asked to guess about it.
        """
        round_ = await load_round(connection, round_id)
        guessing = await _load_guessing(connection, round_id)
        if round_ is None or guessing is None:
            return None
        if guessing.closed is not None:
            return Denied.LATE
        place = await _note_activity(connection, round_id, now)
        player_id = await find_or_add_player(connection, place.room.platform, player)
        guessed = rules.add_guess(
            await load_guesses(connection, round_id),
            Guess(player_id, now, label),
            sender=round_.player,
            until=guessing.until,
            shared_identity=player.shared,
        )
        if isinstance(guessed, Denied):
            await connection.rollback()
            return guessed
        own = guesses.c.round_id == round_id, guesses.c.player_id == player_id
        await connection.execute(delete(guesses).where(*own))
        values = {"round_id": round_id, "player_id": player_id, "at": now, "what": label}
        await connection.execute(insert(guesses).values(values))
        return guessed

    @read_transaction
    async def guesses(self, connection: AsyncConnection, round_id: int) -> tuple[Guess, ...]:
        """Return the guesses about a round."""
        return await load_guesses(connection, round_id)

    @read_transaction
    async def everyone_guessed(self, connection: AsyncConnection, round_id: int, day: date) -> bool:
        """Return whether all who played in the room that day, but the sender, have guessed."""
        if (round_ := await load_round(connection, round_id)) is None:
            return True
        place = await _load_place(connection, round_id)
        guessed = {guess.by for guess in await load_guesses(connection, round_id)}
        active = await load_active_players(connection, place.current_id, _bounds_of(day))
        return active <= {round_.player, *guessed}

    @write_transaction
    async def close_guesses(
        self, connection: AsyncConnection, round_id: int, now: datetime
    ) -> OpenGuessing | None:
        """Accept no more guesses about a round.

        Returns:
            What to answer; None when the room was told the answer before.
        """
        guessing = await _load_guessing(connection, round_id)
        if guessing is None or guessing.told is not None:
            return None
        if guessing.closed is None:
            this = guessings.c.round_id == round_id
            await connection.execute(update(guessings).where(this).values(closed=now))
        place = await _load_place(connection, round_id)
        return OpenGuessing(round_id, place.room, place.message or "", guessing.until)

    @write_transaction
    async def mark_guesses_told(self, connection: AsyncConnection, round_id: int) -> None:
        """Note that the room was told the answer."""
        this = guessings.c.round_id == round_id, guessings.c.told.is_(None)
        told = func.coalesce(guessings.c.closed, guessings.c.until)
        await connection.execute(update(guessings).where(*this).values(told=told))


async def _load_place(connection: AsyncConnection, round_id: int) -> _Place:
    found = await connection.execute(
        select(
            rounds.c.room_id,
            rounds.c.message,
            current_rooms.c.id.label("current_id"),
            *(current_rooms.c.platform, current_rooms.c.chat, current_rooms.c.private),
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(current_rooms, current_rooms.c.id == current_room_id)
        .where(rounds.c.id == round_id)
    )
    row = found.mappings().one()
    return _Place(row["room_id"], row["current_id"], room_of(row), row["message"])


async def _note_activity(connection: AsyncConnection, round_id: int, now: datetime) -> _Place:
    """Note that something happens in a round's room; return its place."""
    place = await _load_place(connection, round_id)
    this = rooms.c.id == place.current_id
    await connection.execute(update(rooms).where(this).values(seen=now))
    return place


async def _load_guessing(connection: AsyncConnection, round_id: int) -> _Guessing | None:
    this = select(guessings).where(guessings.c.round_id == round_id)
    row = (await connection.execute(this)).first()
    return _Guessing(row.until, row.closed, row.told) if row else None


def _bounds_of(day: date) -> Bounds:
    """Return when a day begins and when the next does, in UTC."""
    begin = datetime.combine(day, time(), UTC)
    return begin, begin + timedelta(days=1)
