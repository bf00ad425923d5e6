"""How rooms and players are found in the tables, and what every part of the memory is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database
from bot.domain import Player, Room
from bot.storage.schema import players, rooms

# As long as a leaderboard can show and a database should hold.
NAME_LENGTH = 64

# Where the room of a row is now.
home: ColumnElement[int] = func.coalesce(rooms.c.now_at, rooms.c.id)
here_ = rooms.alias("here")


class Part:
    """A part of the memory. Each method is one transaction: it happened as a whole, or not."""

    def __init__(self, database: Database) -> None:
        self._database = database


async def find_room(connection: AsyncConnection, room: Room) -> tuple[int, int] | None:
    """Return the row of the room's id and the row where the room is now."""
    this = rooms.c.platform == room.platform, rooms.c.chat == room.id
    row = (await connection.execute(select(rooms.c.id, home).where(*this))).first()
    return (row[0], row[1]) if row else None


async def settle_room(
    connection: AsyncConnection, room: Room, now: datetime | None = None
) -> tuple[int, int]:
    """Find a room, or make it; with `now`, note that something happens there."""
    if (found := await find_room(connection, room)) is None:
        values = {"platform": room.platform, "chat": room.id, "private": room.private, "seen": now}
        there = await add(connection, rooms, values)
        return there, there
    if now is not None:
        await connection.execute(update(rooms).where(rooms.c.id == found[1]).values(seen=now))
    return found


async def find_player(connection: AsyncConnection, platform: str, identity: str) -> int | None:
    """Return the row of a player."""
    this = players.c.platform == platform, players.c.identity == identity
    found: int | None = (await connection.execute(select(players.c.id).where(*this))).scalar()
    return found


async def settle_player(connection: AsyncConnection, platform: str, player: Player) -> int:
    """Find a player, or make one, with the name as it is now."""
    known: dict[str, Any] = {"name": player.name[:NAME_LENGTH] or None, "shared": player.shared}
    if (id_ := await find_player(connection, platform, player.id)) is None:
        return await add(
            connection, players, {"platform": platform, "identity": player.id, **known}
        )
    await connection.execute(update(players).where(players.c.id == id_).values(known))
    return id_


async def add(connection: AsyncConnection, table: Any, values: dict[str, Any]) -> int:
    """Insert a row and return its id."""
    made = await connection.execute(insert(table).values(values).returning(table.c.id))
    id_: int = made.scalar_one()
    return id_
