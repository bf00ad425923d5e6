"""What outlives the process: rooms and their settings, rounds. No clock: the time is passed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, Select, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Database, StoreError, open_database
from bot.domain import Label, Photo, Player, Room, RoomSettings, Round, Verdict, Waiting
from bot.tables import notes, rooms, rounds

__all__ = ["Store", "StoreError"]

# Platforms deliver a message again for a day at most; so long it must be known as answered.
ROUND_KEPT = timedelta(hours=24)
ROOM_KEPT = timedelta(days=365)

_here = rooms.alias("here")


class Store:
    """The bot's memory. Each method is one transaction: it happened as a whole, or not at all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str) -> AsyncIterator[Store]:
        """Open the memory at `sqlite:///FILE` or `postgresql://...`. Raises StoreError."""
        async with open_database(url) as database:
            yield cls(database)

    async def room_settings(self, room: Room) -> RoomSettings:
        """Return what the room's admins chose, or the defaults."""
        async with self._database.reading() as connection:
            return await _settings(connection, room)

    async def change_settings(self, room: Room, **changes: Any) -> RoomSettings:
        """Change the settings that are named and return all of them."""
        replace(RoomSettings(), **changes)  # raises TypeError when there is no such setting
        async with self._database.writing() as connection:
            _, here = await _settle(connection, room)
            if changes:
                await connection.execute(update(rooms).where(rooms.c.id == here).values(changes))
            return await _settings(connection, room)

    async def greet(self, room: Room, now: datetime) -> bool:
        """Return True the first time, False from then on."""
        async with self._database.writing() as connection:
            _, here = await _settle(connection, room, now)
            first = rooms.c.id == here, rooms.c.greeted.is_(None)
            greeted = await connection.execute(update(rooms).where(*first).values(greeted=now))
            return greeted.rowcount == 1

    async def leave(self, room: Room) -> None:
        """Let the next greeting be a first one again."""
        async with self._database.writing() as connection:
            if (found := await _find(connection, room)) is not None:
                _, here = found
                await connection.execute(
                    update(rooms).where(rooms.c.id == here).values(greeted=None)
                )

    async def open_round(self, photo: Photo, now: datetime) -> int | None:
        """Return the id of the photo's round; None when its message was answered before.

        A photo that is still in hand, or was when the process ended, keeps its round.
        """
        async with self._database.writing() as connection:
            there, _ = await _settle(connection, photo.room, now)
            part = photo.key or photo.reference or ""
            if photo.message is not None:
                same = rounds.c.room_id == there, rounds.c.message == photo.message
                found = await connection.execute(
                    select(rounds.c.id, rounds.c.answered).where(*same, rounds.c.part == part)
                )
                if row := found.first():
                    round_id: int = row.id
                    return round_id if row.answered is None else None
            made = await connection.execute(
                insert(rounds)
                .values(
                    room_id=there,
                    player_id=photo.player.id,
                    shared=photo.player.shared,
                    message=photo.message,
                    part=part,
                    reference=photo.reference,
                    arrived=now,
                )
                .returning(rounds.c.id)
            )
            new_id: int = made.scalar_one()
            return new_id

    async def judge(self, round_id: int, verdict: Verdict) -> None:
        """Note the verdict; one that went out stays as it is."""
        async with self._database.writing() as connection:
            await connection.execute(
                update(rounds)
                .where(rounds.c.id == round_id, rounds.c.answered.is_(None))
                .values(
                    label=verdict.label,
                    confidence=verdict.confidence,
                    unfamiliar=verdict.unfamiliar,
                    probabilities=dict(verdict.probabilities),
                )
            )

    async def answered(
        self, round_ids: Sequence[int], now: datetime, reference: str | None = None
    ) -> None:
        """Note that the answer went out, and the photo's reference if that is only known now."""
        async with self._database.writing() as connection:
            these = rounds.c.id.in_(round_ids)
            first = these, rounds.c.answered.is_(None)
            await connection.execute(update(rounds).where(*first).values(answered=now))
            if reference is not None:
                await connection.execute(update(rounds).where(these).values(reference=reference))

    async def drop(self, round_ids: Sequence[int]) -> None:
        """Forget rounds that came to nothing; their photos may be asked about again."""
        async with self._database.writing() as connection:
            await connection.execute(delete(rounds).where(rounds.c.id.in_(round_ids)))

    async def round(self, round_id: int) -> Round | None:
        """Return a round if it is still remembered; its room is where that is now."""
        async with self._database.reading() as connection:
            found = await connection.execute(_rounds().where(rounds.c.id == round_id))
            row = found.mappings().first()
        return _round(row) if row else None

    async def waiting(self, platform: str, since: datetime) -> list[Waiting]:
        """Return the photos that arrived since then and were not answered; forget older ones."""
        unanswered = rounds.c.answered.is_(None)
        theirs = select(rooms.c.id).where(rooms.c.platform == platform)
        async with self._database.writing() as connection:
            old = unanswered, rounds.c.arrived < since, rounds.c.room_id.in_(theirs)
            await connection.execute(delete(rounds).where(*old))
            found = await connection.execute(
                _rounds()
                .where(unanswered, _here.c.platform == platform)
                .where(rounds.c.message.is_not(None), rounds.c.reference.is_not(None))
                .order_by(rounds.c.id)
            )
            return [_waiting(row) for row in found.mappings()]

    async def move_room(self, old: Room, new: Room) -> None:
        """Take everything of a room to its new id; what the new one has already, it keeps."""
        async with self._database.writing() as connection:
            if (found := await _find(connection, old)) is None:
                return
            _, before = found
            _, after = await _settle(connection, new)
            if before == after:
                return
            both = await connection.execute(select(rooms).where(rooms.c.id.in_((before, after))))
            rows = {row["id"]: row for row in both.mappings()}
            kept = {
                name: rows[before][name] if rows[after][name] is None else rows[after][name]
                for name in ("seen", "greeted", "language", "every_photo")
            }
            await connection.execute(update(rooms).where(rooms.c.id == after).values(kept))
            await connection.execute(
                update(rooms)
                .where(or_(rooms.c.id == before, rooms.c.now_at == before))
                .values(now_at=after)
            )

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

    async def prune(self, now: datetime) -> None:
        """Forget rounds that are over and rooms where nothing happened for a year."""
        async with self._database.writing() as connection:
            await connection.execute(delete(rounds).where(rounds.c.answered < now - ROUND_KEPT))
            # Settings may be changed where nothing else ever happened: the year begins here.
            here = rooms.c.now_at.is_(None)
            unseen = here, rooms.c.seen.is_(None)
            await connection.execute(update(rooms).where(*unseen).values(seen=now))
            await connection.execute(delete(rooms).where(here, rooms.c.seen < now - ROOM_KEPT))


async def _find(connection: AsyncConnection, room: Room) -> tuple[int, int] | None:
    """Return the row of the room's id and the row where the room is now."""
    found = await connection.execute(
        select(rooms.c.id, func.coalesce(rooms.c.now_at, rooms.c.id)).where(
            rooms.c.platform == room.platform, rooms.c.chat == room.id
        )
    )
    row = found.first()
    return (row[0], row[1]) if row else None


async def _settle(
    connection: AsyncConnection, room: Room, now: datetime | None = None
) -> tuple[int, int]:
    """Find the room as `_find` does, or make it; with `now`, note that something happens there."""
    if (found := await _find(connection, room)) is None:
        made = await connection.execute(
            insert(rooms)
            .values(platform=room.platform, chat=room.id, private=room.private, seen=now)
            .returning(rooms.c.id)
        )
        there = made.scalar_one()
        return there, there
    if now is not None:
        await connection.execute(update(rooms).where(rooms.c.id == found[1]).values(seen=now))
    return found


async def _settings(connection: AsyncConnection, room: Room) -> RoomSettings:
    if (found := await _find(connection, room)) is None:
        return RoomSettings()
    row = (await connection.execute(select(rooms).where(rooms.c.id == found[1]))).mappings().one()
    chosen = {name: row[name] for name in ("language", "every_photo")}
    return RoomSettings(**{name: value for name, value in chosen.items() if value is not None})


def _rounds() -> Select[Any]:
    """Select rounds together with where their rooms are now."""
    return (
        select(rounds, _here.c.platform, _here.c.chat, _here.c.private)
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(_here, _here.c.id == func.coalesce(rooms.c.now_at, rooms.c.id))
    )


def _room(row: RowMapping) -> Room:
    return Room(row["platform"], row["chat"], private=row["private"])


def _waiting(row: RowMapping) -> Waiting:
    return Waiting(
        room=_room(row),
        player=Player(row["player_id"], "", shared=row["shared"]),
        message=row["message"],
        reference=row["reference"],
        key=row["part"],
        at=row["arrived"],
    )


def _round(row: RowMapping) -> Round:
    verdict = None
    if row["label"] is not None:
        probabilities = {Label(label): p for label, p in row["probabilities"].items()}
        verdict = Verdict(Label(row["label"]), row["confidence"], probabilities, row["unfamiliar"])
    return Round(
        id=row["id"],
        room=_room(row),
        player_id=row["player_id"],
        message=row["message"],
        reference=row["reference"],
        verdict=verdict,
        arrived=row["arrived"],
        answered=row["answered"],
    )
