"""What is stored of a room's seasons: rounds and guesses, podiums, an admin's reset."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import AdminAction, Player, Room
from bot.game.seasons import NamedPlayer, Season, month_of
from bot.game.seasons import bounds as bounds_of
from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import (
    add_action,
    current_room_id,
    find_or_add_player,
    find_or_add_room,
    find_room,
    load_right_guesses,
    load_rounds,
    within,
)
from bot.storage.schema import guesses, guessings, players, podiums, rooms, rounds


class SeasonStore:
    """Stores who played when. A season is named by its month's first day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @read_transaction
    async def season(self, connection: AsyncConnection, room: Room, month: date) -> Season:
        """Return a season of a room; an empty one of a room that is unknown."""
        if (found := await find_room(connection, room)) is None:
            return Season(room, month, (), (), {})
        bounds = bounds_of(month)
        of_room = current_room_id == found.current_id
        played = await load_rounds(connection, of_room, within(rounds.c.told, bounds))
        right_guesses = await load_right_guesses(connection, of_room, within(guesses.c.at, bounds))
        took_part = {round_.player for round_ in played} | {guess.by for guess in right_guesses}
        rows = await connection.execute(
            select(players).where(players.c.id.in_(took_part), players.c.identity.is_not(None))
        )
        named = {row.id: NamedPlayer(row.name or "", row.identity) for row in rows}
        return Season(room, month, played, right_guesses, named)

    @read_transaction
    async def months(self, connection: AsyncConnection, room: Room) -> list[date]:
        """Return the room's seasons that have a round with a truth, the latest first."""
        if (found := await find_room(connection, room)) is None:
            return []
        told = await connection.execute(
            select(rounds.c.told)
            .join(rooms, rooms.c.id == rounds.c.room_id)
            .where(current_room_id == found.current_id)
            .where(rounds.c.told.is_not(None), rounds.c.reset.is_(False))
        )
        return sorted({month_of(at) for at in told.scalars()}, reverse=True)

    @write_transaction
    async def reset(
        self, connection: AsyncConnection, room: Room, player: Player, now: datetime
    ) -> None:
        """Take the present season's rounds and guesses out of the game, and log who did that."""
        bounds = bounds_of(month_of(now))
        found = await find_or_add_room(connection, room, now)
        admin = await find_or_add_player(connection, room.platform, player)
        of_room = rounds.c.room_id.in_(
            select(rooms.c.id).where(current_room_id == found.current_id)
        )
        told = of_room, within(rounds.c.told, bounds)
        await connection.execute(update(rounds).where(*told).values(reset=True))
        over = select(guessings.c.round_id).where(guessings.c.closed.is_not(None))
        guessed = (
            guesses.c.round_id.in_(select(rounds.c.id).where(of_room)),
            guesses.c.round_id.in_(over),
            within(guesses.c.at, bounds),
        )
        await connection.execute(delete(guesses).where(*guessed))
        await add_action(connection, found.id, admin, AdminAction.RESET, now)

    @read_transaction
    async def podiums_due(self, connection: AsyncConnection, month: date) -> list[Room]:
        """Return the rooms that played in a season that is over and were not shown its podium."""
        played = await connection.execute(
            select(current_room_id)
            .join(rounds, rounds.c.room_id == rooms.c.id)
            .where(rounds.c.reset.is_(False), within(rounds.c.told, bounds_of(month)))
        )
        shown = await connection.execute(
            select(current_room_id)
            .join(podiums, podiums.c.room_id == rooms.c.id)
            .where(podiums.c.season == month)
        )
        due = set(played.scalars()) - set(shown.scalars())
        found = await connection.execute(select(rooms).where(rooms.c.id.in_(due)))
        return [Room(row.platform, row.chat, private=row.private) for row in found]

    @write_transaction
    async def mark_podium_shown(self, connection: AsyncConnection, room: Room, month: date) -> None:
        """Note that a room was shown a season's podium."""
        found = await find_or_add_room(connection, room)
        this = podiums.c.room_id == found.id, podiums.c.season == month
        if (await connection.execute(select(podiums).where(*this))).first() is None:
            await connection.execute(insert(podiums).values(room_id=found.id, season=month))
