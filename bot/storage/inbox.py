"""What platforms deliver to one of several processes, until the room's owner has handled it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, text, update

from bot.domain import Arrival
from bot.storage.database import Database, repeatable_transaction
from bot.storage.driver import CHANNEL
from bot.storage.leases import ALIVE, Leases, lease_of
from bot.storage.queries import insert_or
from bot.storage.schema import updates

# Told to the others when something has come in.
NEWS = "updates"

# Of rooms that are ours or nobody's that lives; a row that another process looks at is left to it.
WAITING = f"""
    SELECT u.id, u.lease, l.owner = :me AS is_ours
    FROM updates u LEFT JOIN leases l ON l.name = u.lease
    WHERE u.body IS NOT NULL AND u.taken_by IS DISTINCT FROM :me
        AND (l.owner = :me OR NOT {ALIVE.format("l.owner")})
    ORDER BY u.id LIMIT :most FOR UPDATE OF u SKIP LOCKED
"""
# None before what was left to another process that looks at it: of a room that is ours by now, this
# process takes it the next time, and all that came after it then.
TAKE = """
    UPDATE updates u SET taken_by = :me WHERE id = ANY(CAST(:ids AS bigint[])) AND NOT EXISTS (
        SELECT FROM updates e
        WHERE e.lease = u.lease AND e.id < u.id AND e.body IS NOT NULL
            AND e.taken_by IS DISTINCT FROM :me AND e.id <> ALL(CAST(:ids AS bigint[]))
    ) RETURNING id, body
"""
LET_GO = "UPDATE updates SET taken_by = NULL WHERE taken_by = :me AND body IS NOT NULL"


class Taken(NamedTuple):
    """What this process is to handle now.

    Attributes:
        updates: Their ids here, and what came, in its order.
        has_new_rooms: Whether some are of rooms that were not this process's before.
    """

    updates: list[tuple[int, str]]
    has_new_rooms: bool


class Inbox:
    """Stores what comes in, each thing once, and hands it to the owner of its room.

    Args:
        database: Where.
        leases: Know whose a room is.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self._news = asyncio.Event()

    @repeatable_transaction
    def put(self, connection: Connection, arrivals: Sequence[Arrival], now: datetime) -> None:
        """Store what a platform delivered; what it delivered before is left out."""
        if not arrivals:
            return
        values = [
            {"key": each.key, "lease": lease_of(each.room), "body": each.body, "at": now}
            for each in arrivals
        ]
        new = insert_or(connection, updates).on_conflict_do_nothing(index_elements=["key"])
        connection.execute(new, values)
        news = {"channel": CHANNEL, "news": NEWS}
        connection.execute(text("SELECT pg_notify(:channel, :news)"), news)

    async def take(self, most: int) -> Taken:
        """Take what waits for this process, for it alone to handle.

        Args:
            most: How many at once: so many rooms, at most, become this process's.
        """
        me = self._leases.me

        def work(connection: Connection) -> tuple[Taken, set[str]]:
            given = {"me": me, "most": most}
            found = connection.execute(text(WAITING), given).all()
            if not found:
                return Taken([], has_new_rooms=False), set()
            ours = self._leases.take(connection, {row.lease for row in found})
            mine = [row for row in found if row.lease in ours]
            ids = {"me": me, "ids": [row.id for row in mine]}
            taken = sorted((row.id, row.body) for row in connection.execute(text(TAKE), ids))
            return Taken(taken, has_new_rooms=any(not row.is_ours for row in mine)), ours

        await self._leases.live()
        result, ours = await self._database.write(work)
        self._leases.note(ours)
        return result

    @repeatable_transaction
    def let_go(self, connection: Connection) -> None:
        """Give back what this process took and has not handled."""
        connection.execute(text(LET_GO), {"me": self._leases.me})

    @repeatable_transaction
    def mark_handled(self, connection: Connection, ids: Sequence[int]) -> None:
        """Note that something is handled: what people wrote is dropped."""
        these = update(updates).where(updates.c.id.in_(ids))
        connection.execute(these.values(body=None))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Hear of what comes in elsewhere while the block lasts."""
        listening = asyncio.create_task(self._database.listen(self._heard), name="listening")
        try:
            yield
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def wait(self, seconds: float) -> None:
        """Wait until something may have come in, but no longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    def _heard(self, told: str) -> None:
        if told in ("", NEWS):
            self._news.set()
