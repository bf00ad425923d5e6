"""Discord's shards, divided among the processes: which are whose, and when one may identify.

A shard is a connection that brings what is said in a part of all servers; the first one brings
private chats as well. Each belongs to one process (`bot.storage.leases`), and the rooms of its
servers go with it. A process that comes takes what is free, up to its fair share. One that has more
gives up one at a time, and only while another has less than that and nothing is free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, text, update

from bot.domain import Room
from bot.storage.database import Database
from bot.storage.driver import Kind
from bot.storage.leases import Leases
from bot.storage.queries import insert_or
from bot.storage.schema import identifies, leases, notes

PLATFORM = "discord"
# None of this waits behind the photos that wait already.
LOOK = Kind(writes=False, is_repeatable=True, is_urgent=True)
CHANGE, CHANGE_ALONE = Kind(is_urgent=True), Kind(is_alone=True, is_urgent=True)
# Where it is noted how many there are.
NUMBER = "discord shards"
# Discord wants five seconds between two identifies of a bucket, and half a one is for their way.
SPACING = timedelta(seconds=5.5)
# A bot that identifies too often in a day gets a new token; a shard that cannot stay connected is
# not to use up what the others have.
AN_HOUR, HOUR, DAY = 40, timedelta(hours=1), timedelta(days=1)
# Of what Discord allows in a day, this much is left for an operator's own restarts.
SPARED = 0.04

OWNERS = """
    SELECT l.name, l.owner FROM leases l JOIN processes p ON p.id = l.owner
    WHERE l.name = ANY(CAST(:names AS text[])) AND p.until > clock_timestamp()
"""
SHARERS = """
    SELECT p.id FROM processes p JOIN leases l ON l.name = :prefix || p.id
    WHERE p.until > clock_timestamp()
"""
SHARER = f"{PLATFORM} at "


class Share(NamedTuple):
    """What this process has of the shards.

    Attributes:
        shards: Their numbers.
        is_too_large: Whether another process has too little, none is free, and one should be given
            up here.
    """

    shards: frozenset[int]
    is_too_large: bool


def shard_of(room: Room, number: int) -> int:
    """Return which of so many shards brings what is said in a room.

    See https://discord.com/developers/docs/events/gateway#sharding.
    """
    if room.private or room.server is None:
        return 0
    return (int(room.server) >> 22) % number


def plan(
    number: int, sharers: Collection[str], owners: Mapping[int, str], me: str, most: int
) -> tuple[list[int], bool]:
    """Return which shards a process takes now, and whether it should give up one instead.

    Args:
        number: How many there are.
        sharers: The processes that live and take part, this one among them.
        owners: Whose each of them is that is somebody's.
        me: This process.
        most: How many it may take at once.
    """
    has = Counter(owners.values())
    least, rest = divmod(number, len(sharers))
    is_one_short = any(has[each] < least for each in sharers if each != me)
    enough = least if is_one_short or not rest else least + 1
    free = [shard for shard in range(number) if shard not in owners]
    taken = free[: max(0, min(most, enough - has[me]))]
    return taken, is_one_short and not free and has[me] > least


def wait_before(
    shard: int,
    made: Collection[tuple[int, datetime]],
    now: datetime,
    concurrency: int,
    a_day: int,
) -> timedelta:
    """Return how long a shard has to wait before it identifies; none or less when it may.

    Args:
        shard: The shard's number.
        made: Which shards identified within a day, and when.
        now: The time.
        concurrency: How many buckets of shards identify independently of each other.
        a_day: How many identifies of all shards Discord allows in a day.
    """
    of_bucket = [at for each, at in made if each % concurrency == shard % concurrency]
    return max(
        _wait(of_bucket, 1, SPACING, now),
        _wait([at for each, at in made if each == shard], AN_HOUR, HOUR, now),
        _wait([at for _, at in made], max(1, int(a_day * (1 - SPARED))), DAY, now),
    )


class ShardStore:
    """Divides Discord's shards, and counts their identifies; see `plan` for who gets what.

    Args:
        database: Where it is noted.
        leases: Know what is whose. With SQLite everything is this process's.

    Attributes:
        number: How many shards there are.
        sharers: How many processes have some, or wait for some.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases
        self.number = 1
        self.sharers = 1
        # Where nobody shares them.
        self._own: set[int] = set()

    def of(self, room: Room) -> int:
        """Return which shard brings what is said in a room."""
        return shard_of(room, self.number)

    def held(self) -> frozenset[int]:
        """Return which shards are this process's, by what it knows itself."""
        if not self._leases.are_shared:
            return frozenset(self._own)
        return frozenset(shard for shard in range(self.number) if self._leases.has(_name(shard)))

    async def join(self, wish: int) -> None:
        """Take part from now on.

        Args:
            wish: How many shards there are to be, unless others that take part have agreed already.
        """
        self.number = wish
        if self._leases.are_shared:
            await self._leases.live()
            self.number = await self._database.run(
                lambda connection: self._agree(connection, wish), CHANGE_ALONE
            )
        self._leases.name_by(PLATFORM, lambda room: _name(self.of(room)))

    async def take(self, most: int) -> Share:
        """Take what is free of this process's fair share.

        Args:
            most: How many at once.
        """
        if not self._leases.are_shared:
            free = sorted(set(range(self.number)) - self._own)
            self._own |= set(free[:most])
            return Share(frozenset(self._own), is_too_large=False)
        await self._leases.live()
        me = self._leases.me
        owners, sharers = await self._database.run(self._look, LOOK)
        taken, is_too_large = plan(self.number, sharers | {me}, owners, me, most)
        if taken or me not in sharers:  # one that was thought to be dead is none any more
            owners = await self._database.run(
                lambda connection: self._take(connection, most), CHANGE_ALONE
            )
        shards = frozenset(shard for shard, owner in owners.items() if owner == me)
        self._leases.forget(map(_name, set(range(self.number)) - shards))
        self._leases.note(set(map(_name, shards)))
        self.sharers = len(sharers | {me})
        return Share(shards, is_too_large)

    @asynccontextmanager
    async def given_up(self, shard: int) -> AsyncIterator[None]:
        """Let a shard be nobody's: for this process from now on, for the others after the block."""
        self._own.discard(shard)
        self._leases.forget([_name(shard)])
        try:
            yield
        finally:
            await self._release([_name(shard)])

    async def leave(self) -> None:
        """Leave all shards to others, and take part no more."""
        names = [SHARER + self._leases.me, *map(_name, range(self.number))]
        self._own.clear()
        self._leases.forget(names)
        await self._release(names)

    async def reserve(
        self,
        shard: int,
        concurrency: int,
        a_day: int,
        now: datetime | None = None,
    ) -> float:
        """Count an identify, if it may be made now; else return in how many seconds to ask again.

        Args:
            shard: Whose it is.
            concurrency: How many buckets of shards identify independently of each other.
            a_day: How many identifies of all shards Discord allows in a day.
            now: The time; by default the database's.

        Returns:
            0.0 when it is counted, and to be made at once.
        """

        def work(connection: Connection) -> float:
            at = now or _time(connection)
            # What is to come was noted by a clock that was wrong, and counts no more.
            other = or_(identifies.c.at <= at - DAY, identifies.c.at > at)
            connection.execute(delete(identifies).where(other))
            found = connection.execute(select(identifies.c.shard, identifies.c.at))
            made = [(row.shard, row.at) for row in found]
            if (wait := wait_before(shard, made, at, concurrency, a_day)) > timedelta():
                return wait.total_seconds()
            connection.execute(insert(identifies).values(shard=shard, at=at))
            return 0.0

        return await self._database.run(work, CHANGE_ALONE)

    async def note_identify(self, shard: int, now: datetime | None = None) -> None:
        """Note that the identify that was counted last for a shard is made only now."""
        last = select(func.max(identifies.c.id)).where(identifies.c.shard == shard)
        this = identifies.c.id == last.scalar_subquery()

        def work(connection: Connection) -> None:
            made = update(identifies).where(this).values(at=now or _time(connection))
            connection.execute(made)

        await self._database.run(work, CHANGE)

    def _agree(self, connection: Connection, wish: int) -> int:
        """Take part; return how many shards there are."""
        others = _sharers(connection) - {self._leases.me}
        if others:
            noted = select(notes.c.value).where(notes.c.key == NUMBER)
            wish = int(connection.execute(noted).scalar_one())
        new = insert_or(connection, notes).values(key=NUMBER, value=str(wish))
        new = new.on_conflict_do_update(index_elements=["key"], set_={"value": str(wish)})
        connection.execute(new)
        self._leases.take(connection, [SHARER + self._leases.me])
        return wish

    def _look(self, connection: Connection) -> tuple[dict[int, str], set[str]]:
        """Return whose each shard is that is somebody's, and which processes take part."""
        shards = {_name(shard): shard for shard in range(self.number)}
        found = connection.execute(text(OWNERS), {"names": list(shards)})
        return {shards[row.name]: row.owner for row in found}, _sharers(connection)

    def _take(self, connection: Connection, most: int) -> dict[int, str]:
        """Look once more, now that nobody else does; return whose each shard is then."""
        me = self._leases.me
        owners, sharers = self._look(connection)
        taken, _ = plan(self.number, sharers | {me}, owners, me, most)
        ours = self._leases.take(connection, [SHARER + me, *map(_name, taken)])
        return owners | {shard: me for shard in taken if _name(shard) in ours}

    async def _release(self, names: Sequence[str]) -> None:
        if self._leases.are_shared:
            me = self._leases.me

            def work(connection: Connection) -> None:
                these = leases.c.name.in_(names), leases.c.owner == me
                connection.execute(delete(leases).where(*these))

            await self._database.run(work, CHANGE)


def _name(shard: int) -> str:
    return f"{PLATFORM} shard {shard}"


def _sharers(connection: Connection) -> set[str]:
    return set(connection.execute(text(SHARERS), {"prefix": SHARER}).scalars())


def _time(connection: Connection) -> datetime:
    """Return the database's time: clocks of several processes may differ."""
    if connection.dialect.name == "postgresql":
        now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
        return now
    return datetime.now(UTC)


def _wait(times: Iterable[datetime], most: int, span: timedelta, now: datetime) -> timedelta:
    """Return how long to wait so that there are no more than so many within a time."""
    latest = sorted(times)[-most:]
    return latest[0] + span - now if len(latest) == most else timedelta()
