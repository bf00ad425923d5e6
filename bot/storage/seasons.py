"""What is remembered of a room's seasons: its ledger, its podiums, a new start."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import delete, insert, select, update

from bot.domain import AdminAction, Player, Room
from bot.game.seasons import NamedPlayer, Season, month_of
from bot.game.seasons import bounds as bounds_of
from bot.storage.database import Database
from bot.storage.queries import (
    find_room,
    home,
    load_right_guesses,
    load_rounds,
    settle_player,
    settle_room,
    within,
)
from bot.storage.rooms import add_action
from bot.storage.schema import guesses, guessings, players, podiums, rooms, rounds


class SeasonStore:
    """Remembers who played when."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def season(self, room: Room, month: date) -> Season:
        """Return a season of a room."""
        bounds = bounds_of(month)
        async with self._database.reading() as connection:
            if (found := await find_room(connection, room)) is None:
                return Season(room, month, (), (), {})
            of_room = home == found[1]
            played = await load_rounds(connection, of_room, within(rounds.c.told, bounds))
            right_guesses = await load_right_guesses(
                connection, of_room, within(guesses.c.at, bounds)
            )
            who = {round_.player for round_ in played} | {guess.by for guess in right_guesses}
            rows = await connection.execute(
                select(players).where(players.c.id.in_(who), players.c.identity.is_not(None))
            )
            named = {row.id: NamedPlayer(row.name or "", row.identity) for row in rows}
            return Season(room, month, played, right_guesses, named)

    async def months(self, room: Room) -> list[date]:
        """Return the room's seasons that have a round with a truth, the latest first."""
        async with self._database.reading() as connection:
            found = await find_room(connection, room)
            told = await connection.execute(
                select(rounds.c.told)
                .join(rooms, rooms.c.id == rounds.c.room_id)
                .where(home == (found[1] if found else None))
                .where(rounds.c.told.is_not(None), rounds.c.reset.is_(False))
            )
            return sorted({month_of(at) for at in told.scalars()}, reverse=True)

    async def reset(self, room: Room, player: Player, now: datetime) -> None:
        """Take the season's rounds out of the game, and log who did that."""
        bounds = bounds_of(month_of(now))
        async with self._database.writing() as connection:
            there, here = await settle_room(connection, room, now)
            who = await settle_player(connection, room.platform, player)
            of_room = rounds.c.room_id.in_(select(rooms.c.id).where(home == here))
            told = of_room, within(rounds.c.told, bounds)
            await connection.execute(update(rounds).where(*told).values(reset=True))
            over = select(guessings.c.round_id).where(guessings.c.closed.is_not(None))
            guessed = (
                guesses.c.round_id.in_(select(rounds.c.id).where(of_room)),
                guesses.c.round_id.in_(over),
                within(guesses.c.at, bounds),
            )
            await connection.execute(delete(guesses).where(*guessed))
            await add_action(connection, there, who, AdminAction.RESET, now)

    async def podiums_due(self, month: date) -> list[Room]:
        """Return the rooms that played in a season that is over and were not shown its podium."""
        bounds = bounds_of(month)
        async with self._database.reading() as connection:
            played = await connection.execute(
                select(home)
                .join(rounds, rounds.c.room_id == rooms.c.id)
                .where(rounds.c.reset.is_(False), within(rounds.c.told, bounds))
            )
            shown = await connection.execute(
                select(home)
                .join(podiums, podiums.c.room_id == rooms.c.id)
                .where(podiums.c.season == month)
            )
            due = set(played.scalars()) - set(shown.scalars())
            found = await connection.execute(select(rooms).where(rooms.c.id.in_(due)))
            return [Room(row.platform, row.chat, private=row.private) for row in found]

    async def mark_podium_shown(self, room: Room, month: date) -> None:
        """Note that a room was shown a season's podium."""
        async with self._database.writing() as connection:
            there, _ = await settle_room(connection, room)
            this = podiums.c.room_id == there, podiums.c.season == month
            if (await connection.execute(select(podiums).where(*this))).first() is None:
                await connection.execute(insert(podiums).values(room_id=there, season=month))
