"""What is remembered of a room's seasons: its ledger, its podiums, a new start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import delete, insert, or_, select, update

from bot.game import scoring
from bot.domain import Player, Room
from bot.game.rules import Who
from bot.game.seasons import Ledger, Named
from bot.storage.rooms import add_deed
from bot.storage.rows import Part, find_player, find_room, home, settle_player, settle_room
from bot.storage.queries import load_hits, load_rounds, within
from bot.storage.schema import guesses, guessings, objections, players, podiums, rooms, rounds

# What the room's log says of a season that begins anew.
SET_BACK = "reset"


class SeasonStore(Part):
    """Remembers who played when."""

    async def ledger(self, room: Room, season: date) -> Ledger:
        """Return a season of a room."""
        bounds = seasons_rules.bounds(season)
        async with self._database.reading() as connection:
            if (found := await find_room(connection, room)) is None:
                return Ledger(room, season, (), (), {})
            of_room = home == found[1]
            rounds = await load_rounds(connection, of_room, within(rounds.c.told, bounds))
            hits = await load_hits(connection, of_room, within(guesses.c.at, bounds))
            who = {round_.player for round_ in rounds} | {hit.by for hit in hits}
            rows = await connection.execute(
                select(players).where(players.c.id.in_(who), players.c.identity.is_not(None))
            )
            named = {row.id: Named(row.name or "", row.identity) for row in rows}
            return Ledger(room, season, rounds, hits, named)

    async def seasons(self, room: Room) -> list[date]:
        """Return the room's seasons that have a round with a truth, the latest first."""
        async with self._database.reading() as connection:
            found = await find_room(connection, room)
            told = await connection.execute(
                select(rounds.c.told)
                .join(rooms, rooms.c.id == rounds.c.room_id)
                .where(home == (found[1] if found else None))
                .where(rounds.c.told.is_not(None), rounds.c.reset.is_(False))
            )
            return sorted({seasons_rules.season(at) for at in told.scalars()}, reverse=True)

    async def names(self, room: Room) -> Mapping[Who, str]:
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

    async def player(self, platform: str, player_id: str) -> Who | None:
        """Return who the memory has somebody as, if at all."""
        async with self._database.reading() as connection:
            return await find_player(connection, platform, player_id)

    async def reset_season(self, room: Room, player: Player, now: datetime) -> None:
        """Take the season's rounds out of the game, and log who did that."""
        bounds = seasons_rules.bounds(seasons_rules.season(now))
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
            await add_deed(connection, there, who, SET_BACK, now)

    async def podiums_due(self, season: date) -> list[Room]:
        """Return the rooms that played in a season that is over and were not shown its podium."""
        bounds = seasons_rules.bounds(season)
        async with self._database.reading() as connection:
            played = await connection.execute(
                select(home)
                .join(rounds, rounds.c.room_id == rooms.c.id)
                .where(rounds.c.reset.is_(False), within(rounds.c.told, bounds))
            )
            shown = await connection.execute(
                select(home)
                .join(podiums, podiums.c.room_id == rooms.c.id)
                .where(podiums.c.season == season)
            )
            due = set(played.scalars()) - set(shown.scalars())
            found = await connection.execute(select(rooms).where(rooms.c.id.in_(due)))
            return [Room(row.platform, row.chat, private=row.private) for row in found]

    async def podium_shown(self, room: Room, season: date) -> None:
        """Note that a room was shown a season's podium."""
        async with self._database.writing() as connection:
            there, _ = await settle_room(connection, room)
            this = podiums.c.room_id == there, podiums.c.season == season
            if (await connection.execute(select(podiums).where(*this))).first() is None:
                await connection.execute(insert(podiums).values(room_id=there, season=season))
