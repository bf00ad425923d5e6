"""What belongs to this process and to no other on the same database: rooms, and duties.

Much of what the bot knows of a room is in memory: whose photo is answered next, which album is not
complete, how often somebody asked, how a party night goes. So a room has one owner at a time, and
only the owner speaks there. With SQLite there is one process, and everything is its own.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress

from sqlalchemy import Connection, delete, text

from bot.domain import Peer, Room
from bot.storage.database import Database
from bot.storage.driver import Kind, StoreError
from bot.storage.schema import processes

log = logging.getLogger(__name__)

# Whoever has not said so for so long is taken to live no more.
SECONDS = 10.0
# It is said so many times as often. The owner itself stops one time earlier: a request may still be
# on its way.
RENEWALS = 5
# What is left of those who died is cleared away after so long.
CLEAR_SECONDS = 300.0
# Of these platforms a room is taken by nothing that the clock asks for. On the web it is by who
# comes in: what shares people out among the processes sends all of a room to the same one. On
# Discord it goes with its server's shard.
NOT_BY_ITSELF = frozenset({"web", "discord"})

ALIVE = "EXISTS (SELECT FROM processes p WHERE p.id = {} AND p.until > clock_timestamp())"
TAKE = f"""
    INSERT INTO leases (name, owner) SELECT unnest(CAST(:names AS text[])), :me
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner
    WHERE leases.owner = excluded.owner OR NOT {ALIVE.format("leases.owner")}
    RETURNING name
"""
RENEW = """
    INSERT INTO processes (id, until, address, key)
    VALUES (:me, clock_timestamp() + make_interval(secs => :seconds), :address, :key)
    ON CONFLICT (id) DO UPDATE SET until = excluded.until
"""
OWNER = """
    SELECT p.id, p.address, p.key FROM leases l JOIN processes p ON p.id = l.owner
    WHERE l.name = :name AND p.until > clock_timestamp()
"""
LIVING = "SELECT count(*) FROM processes WHERE until > clock_timestamp()"
CLEAR = "DELETE FROM processes WHERE until < clock_timestamp() - make_interval(secs => :seconds)"


def lease_of(room: Room) -> str:
    """Return the name of what has to belong to a process for it to speak in a room."""
    return f"{room.platform} {room.id}"


class Leases:
    """Knows what is this process's own; a process that dies loses it all after some seconds.

    Args:
        database: Where it is noted.
        seconds: How long a process is taken to live after it has said so.
        clock: Seconds that only go on.
        address: Where the other processes reach this one, if they do.

    Attributes:
        me: The process, as the database has it.
        key: What the other processes sign with that they pass on to this one.
        living: How many processes there are, this one among them.
    """

    def __init__(
        self,
        database: Database,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
        address: str | None = None,
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._address = address
        self._clock = clock
        self.me = secrets.token_hex(8)
        self.key = secrets.token_hex(32)
        self.living = 1
        self._names: dict[str, Callable[[Room], str]] = {}
        self._held: set[str] = set()
        self._valid_until = -1.0
        self._renewing = asyncio.Lock()

    @property
    def are_shared(self) -> bool:
        """Whether there may be other processes."""
        return self._database.is_shared

    def name_by(self, platform: str, name_of: Callable[[Room], str]) -> None:
        """Have a platform's rooms go with something else that belongs to a process.

        Args:
            platform: The platform.
            name_of: Returns the name of what a room goes with.
        """
        self._names[platform] = name_of

    async def own(self, room: Room) -> bool:
        """Return whether a room is this process's, taken if it is nobody's that lives.

        A room that people enter is not taken here, but by `enter`, and one on Discord by its shard.
        """
        if room.platform in NOT_BY_ITSELF:
            return self.is_open(room)
        return await self.hold(lease_of(room))

    def is_open(self, room: Room) -> bool:
        """Return whether a room is this process's already."""
        return not self.are_shared or self.has(self._names.get(room.platform, lease_of)(room))

    def has(self, name: str) -> bool:
        """Return whether something is this process's already."""
        return name in self._held and self._is_valid

    async def enter(self, room: Room) -> Peer | None:
        """Take a room that people enter, if it is nobody's that lives.

        Returns:
            The process whose it is; None if it is this one's.
        """
        if self.is_open(room):
            return None
        if (peer := await self._peer_with(room)) is not None:
            return peer
        if await self.hold(lease_of(room)):
            return None
        return await self._peer_with(room) or Peer()  # somebody was quicker

    async def _peer_with(self, room: Room) -> Peer | None:
        """Return which other process has a room, if one has."""

        def work(connection: Connection) -> Peer | None:
            found = connection.execute(text(OWNER), {"name": lease_of(room)})
            owner = found.first()
            if owner is None or owner.id == self.me:
                return None
            return Peer(owner.address or "", owner.key or "")

        return await self._database.read(work)

    async def owned(self, rooms: Collection[Room]) -> set[Room]:
        """Return which of some rooms are this process's, as `own` does."""
        fixed = {room for room in rooms if room.platform in NOT_BY_ITSELF}
        others = await self.claim(set(rooms) - fixed)
        return others | {room for room in fixed if self.is_open(room)}

    async def claim(self, rooms: Collection[Room]) -> set[Room]:
        """Return which of some rooms are this process's, taken where they are nobody's.

        Rooms that people enter are taken as well.
        """
        held = await self._hold({lease_of(room) for room in rooms}) if rooms else set()
        return {room for room in rooms if lease_of(room) in held}

    async def hold(self, name: str) -> bool:
        """Return whether something is this process's, taken if it is nobody's that lives."""
        return name in await self._hold({name})

    async def _hold(self, names: set[str]) -> set[str]:
        if not self.are_shared or (names <= self._held and self._is_valid):
            return names
        await self.live()
        taken = await self._database.run(
            lambda connection: self.take(connection, names), Kind(is_repeatable=True)
        )
        self.note(taken)
        return taken

    def take(self, connection: Connection, names: Iterable[str]) -> set[str]:
        """Take what is nobody's that lives; return what is ours, to be noted after the commit."""
        given = {"names": sorted(set(names)), "me": self.me}
        return set(connection.execute(text(TAKE), given).scalars())

    def note(self, taken: set[str]) -> None:
        """Note that something is ours: it is not asked again while we live."""
        self._held |= taken

    def forget(self, names: Iterable[str]) -> None:
        """Note that something is not ours any more, before it is anybody's in the database."""
        self._held -= set(names)

    async def live(self) -> None:
        """See that this process is known to live before it takes anything."""
        if self.are_shared and not self._is_valid:
            await self.renew()

    async def renew(self) -> None:
        """Say that this process lives."""
        async with self._renewing:
            if not self._is_valid:  # others may have taken what was ours
                self._held.clear()
            began = self._clock()

            def work(connection: Connection) -> int:
                given = {
                    "me": self.me,
                    "seconds": self._seconds,
                    "address": self._address,
                    "key": self.key,
                }
                connection.execute(text(RENEW), given)
                connection.execute(text(CLEAR), {"seconds": CLEAR_SECONDS})
                return int(connection.execute(text(LIVING)).scalar_one())

            self.living = await self._database.run(work, Kind(is_urgent=True))
            self._valid_until = began + self._seconds * (1 - 1 / RENEWALS)

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Live as long as the block lasts; then everything is anybody's."""
        if not self.are_shared:
            yield
            return
        await self.renew()
        renewing = asyncio.create_task(self._go_on(), name="leases")
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            self._held.clear()
            self._valid_until = -1.0
            with suppress(StoreError, *self._database.errors):
                await self._database.write(self._end)

    @property
    def _is_valid(self) -> bool:
        return self._clock() < self._valid_until

    def _end(self, connection: Connection) -> None:
        connection.execute(delete(processes).where(processes.c.id == self.me))

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(self._seconds / RENEWALS)
            try:
                await self.renew()
            except self._database.errors as error:
                log.warning("the database does not hear that we live: %s", type(error).__name__)
