"""What is remembered of rooms: settings, the greeting, a move, what their admins did."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import Player, Room, RoomSettings
from bot.game.seasons import LoggedAction
from bot.storage.rows import Part, add, find_room, home, settle_player, settle_room
from bot.storage.schema import actions, notes, players, rooms

SETTINGS = tuple(field.name for field in fields(RoomSettings))


# A screenful.
DEEDS_SHOWN = 20


class RoomStore(Part):
    """Remembers rooms."""

    async def room_settings(self, room: Room) -> RoomSettings:
        """Return what the room's admins chose, or the defaults."""
        async with self._database.reading() as connection:
            return await _settings(connection, room)

    async def change_settings(self, room: Room, **changes: Any) -> RoomSettings:
        """Change the settings that are named and return all of them."""
        replace(RoomSettings(), **changes)  # raises TypeError when there is no such setting
        async with self._database.writing() as connection:
            _, here = await settle_room(connection, room)
            if changes:
                await connection.execute(update(rooms).where(rooms.c.id == here).values(changes))
            return await _settings(connection, room)

    async def greet(self, room: Room, now: datetime) -> bool:
        """Return True the first time, False from then on."""
        async with self._database.writing() as connection:
            _, here = await settle_room(connection, room, now)
            first = rooms.c.id == here, rooms.c.greeted.is_(None)
            greeted = await connection.execute(update(rooms).where(*first).values(greeted=now))
            return greeted.rowcount == 1

    async def leave(self, room: Room) -> None:
        """Let the next greeting be a first one again."""
        async with self._database.writing() as connection:
            if (found := await find_room(connection, room)) is not None:
                left = update(rooms).where(rooms.c.id == found[1])
                await connection.execute(left.values(greeted=None))

    async def move_room(self, old: Room, new: Room) -> None:
        """Take everything of a room to its new id; what the new one has already, it keeps."""
        async with self._database.writing() as connection:
            if (found := await find_room(connection, old)) is None:
                return
            _, before = found
            _, after = await settle_room(connection, new)
            if before == after:
                return
            both = await connection.execute(select(rooms).where(rooms.c.id.in_((before, after))))
            rows = {row["id"]: row for row in both.mappings()}
            kept = {
                name: rows[before][name] if rows[after][name] is None else rows[after][name]
                for name in ("seen", "greeted", *SETTINGS)
            }
            await connection.execute(update(rooms).where(rooms.c.id == after).values(kept))
            there = or_(rooms.c.id == before, rooms.c.now_at == before)
            await connection.execute(update(rooms).where(there).values(now_at=after))

    async def log_action(self, room: Room, player: Player, deed: str, now: datetime) -> None:
        """Log what an admin did."""
        async with self._database.writing() as connection:
            there, _ = await settle_room(connection, room, now)
            who = await settle_player(connection, room.platform, player)
            await add_deed(connection, there, who, deed, now)

    async def actions(self, room: Room) -> list[LoggedAction]:
        """Return what admins did in a room lately, the latest first."""
        async with self._database.reading() as connection:
            found = await find_room(connection, room)
            rows = await connection.execute(
                select(actions.c.at, players.c.name, actions.c.deed)
                .join(rooms, rooms.c.id == actions.c.room_id)
                .join(players, players.c.id == actions.c.player_id)
                .where(home == (found[1] if found else None))
                .order_by(actions.c.at.desc(), actions.c.id.desc())
                .limit(DEEDS_SHOWN)
            )
            return [LoggedAction(row.at, row.name or "", row.deed) for row in rows]

    async def remember(self, key: str, value: str) -> None:
        """Keep a small thing under a name."""
        async with self._database.writing() as connection:
            await connection.execute(delete(notes).where(notes.c.key == key))
            await connection.execute(insert(notes).values(key=key, value=value))

    async def recall(self, key: str) -> str | None:
        """Return what was kept under a name."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(notes.c.value).where(notes.c.key == key))
            return found.scalar()


async def add_deed(
    connection: AsyncConnection, room_id: int, who: int, deed: str, now: datetime
) -> None:
    """Write into a room's log."""
    values = {"room_id": room_id, "player_id": who, "deed": deed, "at": now}
    await add(connection, actions, values)


async def _settings(connection: AsyncConnection, room: Room) -> RoomSettings:
    if (found := await find_room(connection, room)) is None:
        return RoomSettings()
    row = (await connection.execute(select(rooms).where(rooms.c.id == found[1]))).mappings().one()
    return RoomSettings(**{name: row[name] for name in SETTINGS if row[name] is not None})
