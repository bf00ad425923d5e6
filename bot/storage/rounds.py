"""What is remembered of photos: each one's round, from its arrival to the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import Fingerprint, PendingPhoto, Photo, Player, Room, StoredRound, Verdict
from bot.game import rules
from bot.storage.database import Database
from bot.storage.queries import add, here_, home, room_of, settle_player, settle_room, verdict_of
from bot.storage.schema import guessings, players, rooms, rounds


class RoundStore:
    """Remembers photos that were sent, without the photos."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self, photo: Photo, now: datetime) -> int | None:
        """Return the id of the photo's round; None when its message was answered before.

        A photo that is still in hand, or was when the process ended, keeps its round.
        """
        async with self._database.writing() as connection:
            there, _ = await settle_room(connection, photo.room, now)
            part = photo.key or photo.reference or ""
            if photo.message is not None:
                same = rounds.c.room_id == there, rounds.c.message == photo.message
                found = await connection.execute(
                    select(rounds.c.id, rounds.c.answered).where(*same, rounds.c.part == part)
                )
                if row := found.first():
                    round_id: int = row.id
                    return round_id if row.answered is None else None
            values = {
                "room_id": there,
                "player_id": await settle_player(connection, photo.room.platform, photo.player),
                "message": photo.message,
                "part": part,
                "reference": photo.reference,
                "arrived": now,
            }
            return await add(connection, rounds, values)

    async def note_verdict(
        self, round_id: int, verdict: Verdict, fingerprint: Fingerprint | None
    ) -> None:
        """Note the verdict, and whether the room knows a photo that looks the same.

        A verdict that went out stays as it is.

        Args:
            round_id: The photo's round.
            verdict: What the bot saw.
            fingerprint: What to recognise the photo by; None for one that is not played.
        """
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
            if fingerprint is not None:
                await _note_fingerprint(connection, round_id, fingerprint)

    async def mark_answered(
        self, round_ids: Sequence[int], now: datetime, reference: str | None = None
    ) -> None:
        """Note that the answer went out, and the photo's reference if that is only known now."""
        async with self._database.writing() as connection:
            these = rounds.c.id.in_(round_ids)
            first = these, rounds.c.answered.is_(None)
            await connection.execute(update(rounds).where(*first).values(answered=now))
            if reference is not None:
                await connection.execute(update(rounds).where(these).values(reference=reference))

    async def find(self, round_id: int) -> StoredRound | None:
        """Return a round if it is still remembered; its room is where that is now."""
        async with self._database.reading() as connection:
            found = await connection.execute(_rounds().where(rounds.c.id == round_id))
            row = found.mappings().first()
        return _round(row) if row else None

    async def pending(self, platform: str, since: datetime) -> list[PendingPhoto]:
        """Return the photos that arrived since then and were not answered; forget older ones.

        Those that the room may guess about have an answer coming, see `openings`.
        """
        unanswered = rounds.c.answered.is_(None)
        theirs = select(rooms.c.id).where(rooms.c.platform == platform)
        async with self._database.writing() as connection:
            # Where somebody told the truth, the answer was seen, whatever was noted of it.
            old = unanswered, rounds.c.truth.is_(None), rounds.c.arrived < since
            await connection.execute(delete(rounds).where(*old, rounds.c.room_id.in_(theirs)))
            found = await connection.execute(
                _rounds()
                .where(unanswered, rounds.c.arrived >= since, here_.c.platform == platform)
                .where(rounds.c.message.is_not(None), rounds.c.reference.is_not(None))
                .where(~exists().where(guessings.c.round_id == rounds.c.id))
                .order_by(rounds.c.id)
            )
            return [_pending(row) for row in found.mappings()]


async def _note_fingerprint(
    connection: AsyncConnection, round_id: int, fingerprint: Fingerprint
) -> None:
    found = await connection.execute(
        select(home.label("here"), rounds.c.prints)
        .join(rounds, rounds.c.room_id == rooms.c.id)
        .where(rounds.c.id == round_id)
    )
    row = found.first()
    if (
        row is None or row.prints is not None
    ):  # classified again after a crash; copied since, perhaps
        return
    others = await connection.execute(
        select(rounds.c.prints)
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .where(home == row.here, rounds.c.prints.is_not(None))
    )
    # Some 50 microseconds for each photo that the room has played.
    played_before = await asyncio.to_thread(
        rules.was_played, fingerprint.queries, list(others.scalars())
    )
    await connection.execute(
        update(rounds)
        .where(rounds.c.id == round_id)
        .values(prints=list(fingerprint.stored), played_before=played_before)
    )


def _rounds() -> Select[tuple[Any, ...]]:
    """Select rounds together with who sent them, where that was and where the room is now."""
    return (
        select(
            rounds,
            rooms.c.chat.label("sent_to"),
            *(here_.c.platform, here_.c.chat, here_.c.private),
            *(players.c.identity, players.c.name, players.c.shared),
        )
        .join(rooms, rooms.c.id == rounds.c.room_id)
        .join(here_, here_.c.id == home)
        .join(players, players.c.id == rounds.c.player_id)
    )


def _pending(row: RowMapping) -> PendingPhoto:
    return PendingPhoto(
        # A message's id is of the place that it was sent to, wherever the room is now.
        room=Room(row["platform"], row["sent_to"], private=row["private"]),
        player=Player(row["identity"], row["name"] or "", shared=row["shared"]),
        message=row["message"],
        reference=row["reference"],
        key=row["part"],
        at=row["arrived"],
    )


def _round(row: RowMapping) -> StoredRound:
    return StoredRound(
        id=row["id"],
        room=room_of(row),
        sent_to=Room(row["platform"], row["sent_to"], private=row["private"]),
        player_id=row["identity"] or "",
        message=row["message"],
        reference=row["reference"],
        verdict=verdict_of(row),
        arrived=row["arrived"],
        answered=row["answered"],
    )
