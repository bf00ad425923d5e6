"""What is remembered of rooms: settings, the greeting, a move, what their admins did."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import AdminAction, LoggedAction, Player, Room, RoomSettings
from bot.storage.database import Database
from bot.storage.queries import add, find_room, home, settle_player, settle_room
from bot.storage.schema import actions, players, rooms

SETTINGS = tuple(field.name for field in fields(RoomSettings))


# A screenful.
DEEDS_SHOWN = 20


class RoomStore:
    """Remembers rooms."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, room: Room) -> RoomSettings:
        """Return what the room's admins chose, or the defaults."""
        async with self._database.reading() as connection:
            return await _settings(connection, room)

    async def change_settings(self, room: Room, chosen: RoomSettings) -> None:
        """Store what a room's admins chose."""
        async with self._database.writing() as connection:
            _, here = await settle_room(connection, room)
            await connection.execute(update(rooms).where(rooms.c.id == here).values(asdict(chosen)))

    async def mark_greeted(self, room: Room, now: datetime) -> bool:
        """Return True the first time, False from then on."""
        async with self._database.writing() as connection:
            _, here = await settle_room(connection, room, now)
            first = rooms.c.id == here, rooms.c.greeted.is_(None)
            greeted = await connection.execute(update(rooms).where(*first).values(greeted=now))
            return greeted.rowcount == 1

    async def mark_left(self, room: Room) -> None:
        """Let the next greeting be a first one again."""
        async with self._database.writing() as connection:
            if (found := await find_room(connection, room)) is not None:
                left = update(rooms).where(rooms.c.id == found[1])
                await connection.execute(left.values(greeted=None))

    async def move(self, old: Room, new: Room) -> None:
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

    async def log_action(self, room: Room, player: Player, action: str, now: datetime) -> None:
        """Log what an admin did."""
        async with self._database.writing() as connection:
            there, _ = await settle_room(connection, room, now)
            who = await settle_player(connection, room.platform, player)
            await add_action(connection, there, who, action, now)

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
            return [LoggedAction(row.at, row.name or "", AdminAction(row.deed)) for row in rows]

    async def spoken_language(self, room: Room) -> str | None:
        """Return the language that was spoken last in a room, an IETF tag."""
        async with self._database.reading() as connection:
            if (found := await find_room(connection, room)) is None:
                return None
            this = select(rooms.c.spoken).where(rooms.c.id == found[1])
            spoken: str | None = (await connection.execute(this)).scalar()
            return spoken

    async def note_language(self, room: Room, language: str) -> None:
        """Remember the language that is spoken in a room; one that is not known yet has none."""
        async with self._database.writing() as connection:
            if (found := await find_room(connection, room)) is not None:
                this = update(rooms).where(
                    rooms.c.id == found[1], rooms.c.spoken.is_distinct_from(language)
                )
                await connection.execute(this.values(spoken=language))


async def add_action(
    connection: AsyncConnection, room_id: int, who: int, action: str, now: datetime
) -> None:
    """Write into a room's log."""
    values = {"room_id": room_id, "player_id": who, "deed": action, "at": now}
    await add(connection, actions, values)


async def _settings(connection: AsyncConnection, room: Room) -> RoomSettings:
    if (found := await find_room(connection, room)) is None:
        return RoomSettings()
    row = (await connection.execute(select(rooms).where(rooms.c.id == found[1]))).mappings().one()
    return RoomSettings(**{name: row[name] for name in SETTINGS if row[name] is not None})
