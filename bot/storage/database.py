"""A database: opened, migrated, and used by one transaction after another."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from bot.storage.driver import Driver, Kind, StoreError
from bot.storage.schema import metadata
from bot.storage.sqlite import SQLite

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
# Alembic's own table: which version of the others this is.
VERSION = "alembic_version"
# How long each step of closing may take: transactions under way, those cut off, the connections.
CLOSE_SECONDS = 2.0
# A driver's task that is cancelled first closes its connection in good order, which may hang as
# well; each further cancellation takes it out of one step of that.
CANCELLATIONS = 4

READ = Kind(writes=False, is_repeatable=True)
ALONE = Kind(is_alone=True)

# Is told `wait`, `read` or `write`, and how many seconds that took.
Observe = Callable[[str, float], None]

T = TypeVar("T")
P = ParamSpec("P")


class NewerVersionError(Exception):
    """A newer version of the bot made the database."""


class Database:
    """Runs transactions, in the order in which they come; urgent ones go first.

    A transaction runs in a task of its own. Who waits for it may be cancelled, and is at once; the
    transaction goes on and happens whole. Otherwise a cancellation would hit the driver in the
    middle of its work, and cost the connection.

    Args:
        driver: SQLite's or PostgreSQL's.
        close_seconds: See `open_database`.
        observe: See `open_database`.

    Attributes:
        errors: What says that the database cannot be used, or not now.
    """

    def __init__(
        self,
        driver: Driver,
        close_seconds: float = CLOSE_SECONDS,
        observe: Observe = lambda stage, seconds: None,
    ) -> None:
        self.errors = driver.errors
        self._driver = driver
        self._close_seconds = close_seconds
        self._observe = observe
        # Whoever waits for a connection waits here, where there is an order.
        self._gate = _Gate(driver.at_once)
        self._is_closed = False
        self._transactions: set[asyncio.Task[object]] = set()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on the same database at the same time."""
        return self._driver.is_shared

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction that reads; see `run`."""
        return await self.run(work, READ)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction that writes in one room at most; see `run`."""
        return await self.run(work, Kind())

    async def run(self, work: Callable[[Connection], T], kind: Kind) -> T:
        """Run a transaction; all of it is kept at its end, or nothing.

        Args:
            work: Its statements. It gets a connection and runs in another task than the caller, and
                in another thread where the database is SQLite.
            kind: What it asks for.

        Returns:
            What the work returned.

        Raises:
            StoreError: When the database is closed, before or meanwhile.
        """
        if self._is_closed:
            raise StoreError("The database is closed.")
        task = asyncio.create_task(self._transaction(work, kind), name="transaction")
        self._transactions.add(task)
        task.add_done_callback(self._transactions.discard)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.add_done_callback(_log_fault)
            raise
        if task.cancelled():
            raise StoreError("The database was closed in the middle of a transaction.")
        return task.result()

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Hear what processes on the same database tell each other, until cancelled.

        Args:
            heard: Is called with what one of them told; with nothing when some may have been
                missed.
        """
        await self._driver.listen(heard)

    async def close(self) -> None:
        """Wait for the transactions under way and close all connections.

        Each of these steps ends within its bound, whatever hangs. Whoever still waits for a
        transaction then gets a StoreError.
        """
        self._is_closed = True
        endless = await _wait(self._transactions, self._close_seconds)
        if endless:
            log.error("%d transactions do not end; they are cut off", len(endless))
            await _cancel(endless, self._close_seconds)
        closing = asyncio.create_task(self._driver.close(), name="closing the connections")
        if await _wait({closing}, self._close_seconds):
            log.error("the connections do not close in good order; they are cut off")
            await _cancel({closing}, self._close_seconds)
        elif error := closing.exception():
            log.error("the connections did not close in good order", exc_info=error)
        self._driver.cut_off()

    async def _transaction(self, work: Callable[[Connection], T], kind: Kind) -> T:
        arrived = began = time.perf_counter()

        def timed(connection: Connection) -> T:
            nonlocal began
            began = time.perf_counter()
            return work(connection)

        async with self._gate.passed(kind.is_urgent):
            result = await self._driver.run(timed, kind)
        self._observe("wait", began - arrived)
        self._observe("write" if kind.writes else "read", time.perf_counter() - began)
        return result


class _Gate:
    """Lets so many through at once, the urgent ones first, each kind in its order."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def passed(self, is_urgent: bool) -> AsyncIterator[None]:
        """Hold a place while the block lasts."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._urgent if is_urgent else self._waiting).append(place)
        self._let_in()
        try:
            await place
            yield
        finally:
            if place.done() and not place.cancelled():
                self._free += 1
                self._let_in()

    def _let_in(self) -> None:
        while self._free and (queue := self._urgent or self._waiting):
            place = queue.popleft()
            if not place.done():  # else whoever waited has given up
                self._free -= 1
                place.set_result(None)


class _HasDatabase(Protocol):
    _database: Database


Part = TypeVar("Part", bound=_HasDatabase)


class _Transaction:
    """Makes a method of a part of the store one transaction.

    The method's first argument is the connection; its callers do not pass it.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def __call__(
        self, method: Callable[Concatenate[Part, Connection, P], T]
    ) -> Callable[Concatenate[Part, P], Coroutine[Any, Any, T]]:
        """Return a method that runs another one as a transaction."""

        @functools.wraps(method)
        async def run(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return await part._database.run(
                lambda connection: method(part, connection, *args, **kwargs), self._kind
            )

        return run


read_transaction = _Transaction(READ)
# Writes in one room at most. What it decides by, it reads after it has the room's lock, which
# `find_or_add_room`, `lock_room` and `lock_round` of `bot.storage.queries` take.
write_transaction = _Transaction(Kind())
# The same, and it may be done twice.
repeatable_transaction = _Transaction(Kind(is_repeatable=True))
# The same; it goes before others, and nobody waits until it is on SQLite's disk, which it reaches
# with the next `write_transaction`: for what is done again if it is missing after a power cut.
urgent_transaction = _Transaction(Kind(is_repeatable=True, is_urgent=True, is_lasting=False))
# Writes while no other does: for what concerns more than a room.
lone_transaction = _Transaction(ALONE)


@asynccontextmanager
async def open_database(
    address: str,
    close_seconds: float = CLOSE_SECONDS,
    observe: Observe = lambda stage, seconds: None,
    prepare: Callable[[Connection], None] | None = None,
) -> AsyncIterator[Database]:
    """Open a database and bring its tables up to date; close it when the block ends.

    Args:
        address: `sqlite:///FILE` or `postgresql://...`.
        close_seconds: How long each step of closing may take, see `Database.close`.
        observe: Is told where the time of each transaction goes.
        prepare: What is done first, in one transaction, in place of bringing the tables up to date.

    Raises:
        StoreError: When it cannot be used.
    """
    try:
        driver = _driver(address)
    except ValueError:
        raise StoreError(
            "DATABASE_URL makes no sense: it should be like sqlite:///data/snowpeople.db "
            "or postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    database = Database(driver, close_seconds, observe)
    try:
        try:
            # Several processes may start at once.
            await database.run(prepare or migrate, ALONE)
        except NewerVersionError as error:  # it knows a change of the tables that we do not
            raise StoreError(driver.refusal("a newer version of the bot made it")) from error
        except driver.errors as error:
            reason = str(error.orig if isinstance(error, DBAPIError) else error)
            raise StoreError(driver.refusal(reason or type(error).__name__)) from error
        yield database
    finally:
        await _finish(database.close())


def _driver(address: str) -> Driver:
    """Return what works on a database; raise ValueError for an address without sense."""
    if address.startswith("sqlite"):
        return SQLite(address)
    try:
        from bot.storage.postgresql import PostgreSQL
    except ImportError:  # of the extra `postgres`, which a family does not need
        raise StoreError(
            "PostgreSQL's driver is not installed: pip install '.[postgres]' brings it."
        ) from None
    return PostgreSQL(address)


def migrate(connection: Connection, revision: str = "head", now: datetime | None = None) -> None:
    """Bring the tables up to date; where there are none, make today's.

    Args:
        connection: Its transaction is the caller's.
        revision: An earlier version of the tables to stop at.
        now: For what is over; by default the time.

    Raises:
        NewerVersionError: When they are of a version that is not known here.
    """
    tables = inspect(connection).get_table_names()
    if revision == "head" and VERSION in tables:
        found = connection.scalar(text(f"SELECT version_num FROM {VERSION}"))
        if found == max(path.name for path in MIGRATIONS.glob("versions/[0-9]*.py"))[:4]:
            return
    # Nearly always there is nothing to do, and to import it takes a tenth of a second.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["now"] = now or datetime.now(UTC)
    if revision == "head" and not tables:
        # The same as by all migrations, one after another, in a tenth of the time.
        metadata.create_all(connection)
        command.stamp(config, revision)
        return
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise NewerVersionError from error


async def _wait(tasks: Iterable[asyncio.Task[object]], seconds: float) -> set[asyncio.Task[object]]:
    """Wait for tasks and return those that did not end in time."""
    waiting = set(tasks)
    return (await asyncio.wait(waiting, timeout=seconds))[1] if waiting else waiting


async def _cancel(tasks: Iterable[asyncio.Task[object]], seconds: float) -> None:
    """Cancel tasks, again and again, until they have ended or the time is up."""
    left = set(tasks)
    for _ in range(CANCELLATIONS):
        for task in left:
            task.cancel()
        left = await _wait(left, seconds / CANCELLATIONS)


async def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run some work to its end, also when the caller is cancelled meanwhile."""
    task = asyncio.create_task(work)
    cancelled = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


def _log_fault(task: asyncio.Task[object]) -> None:
    """Log what nobody waits to hear any more."""
    if task.cancelled():
        log.error("a transaction was cut off whose caller was gone")
    elif error := task.exception():
        log.error("a transaction failed whose caller was gone", exc_info=error)
