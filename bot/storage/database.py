"""SQLite or PostgreSQL: opened, migrated, and used by one transaction at a time for writing."""

from __future__ import annotations

import asyncio
import functools
import logging
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager, closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from bot.storage.schema import metadata

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
# Another process may hold SQLite's lock, such as a backup; PostgreSQL may be far away.
TIMEOUT_SECONDS = 15.0
# How long each step of closing may take: transactions under way, those cut off, the connections.
CLOSE_SECONDS = 2.0
# PostgreSQL's, at once: as many as the pool opens.
CONNECTIONS = 15
# A driver's task that is cancelled first closes its connection in good order, which may hang as
# well; each further cancellation takes it out of one step of that.
CANCELLATIONS = 4
# PostgreSQL's advisory locks share one space of numbers in a database: "snow", in ASCII.
LOCK = 0x736E6F77
# Where processes on the same PostgreSQL tell each other that there is news.
CHANNEL = "snowpeople"
LISTEN_AGAIN_SECONDS = 1.0

DATABASE_ERRORS = (
    SQLAlchemyError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    CommandError,
)

# PostgreSQL is restarted now and then, or another machine takes its place; nothing of a transaction
# that it did not come to commit is there, and it is done again.
RESTART_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.0, 3.0)
# How a transaction learns of that; not by a time-out, which has taken long enough.
GONE = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
)

# Is told `wait`, `read` or `write`, and how many seconds that took.
Observe = Callable[[str, float], None]

T = TypeVar("T")
P = ParamSpec("P")


class StoreError(Exception):
    """The database cannot be used. Its message is one sentence for the operator."""


class Database:
    """Runs transactions: any number that read, and those that write so that no two cross.

    SQLite has one writer anyway. On PostgreSQL, which other processes use as well, a transaction
    that writes locks the row of its room first (`bot.storage.queries`), and so no two change the
    same room at once; what concerns more than a room waits until it is alone. Nobody holds two
    rooms, and so no transaction is ever refused and tried again.

    A transaction runs in a task of its own. Who waits for it may be cancelled, and is at once; the
    transaction goes on and happens whole. Otherwise a cancellation would hit the driver in the
    middle of its work, and cost the connection.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        close_seconds: float = CLOSE_SECONDS,
        observe: Observe = lambda stage, seconds: None,
        connect: Callable[[], Awaitable[asyncpg.Connection]] | None = None,
    ) -> None:
        self._engine = engine
        self._connect = connect
        self._lasting = engine.execution_options(synchronous="FULL")
        self._urgent = engine.execution_options(synchronous="NORMAL")
        self._close_seconds = close_seconds
        self._observe = observe
        self._is_sqlite = engine.dialect.name == "sqlite"
        # SQLite has one connection; whoever waits for it waits here, where there is an order.
        self._gate = _Gate(1 if self._is_sqlite else CONNECTIONS)
        self._is_closed = False
        self._was_used = False
        self._transactions: set[asyncio.Task[object]] = set()
        self._connections: set[DBAPIConnection] = set()
        event.listen(engine.sync_engine, "connect", self._connected)
        event.listen(engine.sync_engine, "close", self._disconnected)

    async def read(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """Run a transaction that reads; see `write`."""
        return await self._run(self._transaction(work, writes=False, is_repeatable=True))

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on the same database at the same time."""
        return not self._is_sqlite

    async def write(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        is_urgent: bool = False,
        is_alone: bool = False,
        is_repeatable: bool = False,
    ) -> T:
        """Run a transaction that writes; all of it is kept at its end, or nothing.

        Args:
            work: Its statements. It gets a connection and runs in another task than the caller.
            is_urgent: Whether it goes before all that wait; a power cut right after it may undo it,
                as nobody waits until it is on SQLite's disk.
            is_alone: Whether no other may write meanwhile, in whatever process.
            is_repeatable: Whether it does no harm when it is done twice, because PostgreSQL was
                gone before it said whether the first time counted.

        Returns:
            What the work returned.

        Raises:
            StoreError: When the database is closed, before or meanwhile.
        """
        return await self._run(
            self._transaction(
                work,
                writes=True,
                is_urgent=is_urgent,
                is_alone=is_alone,
                is_repeatable=is_repeatable,
            )
        )

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Hear what processes on the same database tell each other, until cancelled.

        Args:
            heard: Is called with what one of them told; with nothing when some may have been
                missed.
        """
        while self._connect is not None:
            connection = None
            with suppress(*DATABASE_ERRORS):
                connection = await self._connect()
                ended = asyncio.Event()
                connection.add_termination_listener(lambda _, ended=ended: ended.set())
                await connection.add_listener(CHANNEL, lambda *told: heard(str(told[-1])))
                heard("")
                try:
                    await ended.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)

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
        disposing = asyncio.create_task(self._engine.dispose(), name="closing the connections")
        if await _wait({disposing}, self._close_seconds):
            log.error("the connections do not close in good order; they are cut off")
            await _cancel({disposing}, self._close_seconds)
        elif error := disposing.exception():
            log.error("the connections did not close in good order", exc_info=error)
        if self._engine.dialect.has_terminate:  # SQLite's end with the process
            for connection in list(self._connections):
                self._engine.dialect.do_terminate(connection)

    async def _run(self, transaction: Coroutine[Any, Any, T]) -> T:
        if self._is_closed:
            transaction.close()
            raise StoreError("The database is closed.")
        task = asyncio.create_task(transaction, name="transaction")
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

    async def _transaction(
        self,
        work: Callable[[AsyncConnection], Awaitable[T]],
        *,
        writes: bool,
        is_urgent: bool = False,
        is_alone: bool = False,
        is_repeatable: bool = False,
    ) -> T:
        arrived = time.perf_counter()
        engine = self._urgent if is_urgent else self._lasting if writes else self._engine
        waits = iter(RESTART_WAITS if self._was_used else ())
        while True:
            is_in_doubt = False
            try:
                async with self._gate.passed(is_urgent), engine.begin() as connection:
                    if writes and not self._is_sqlite:  # SQLite locks as the transaction begins
                        kind = "" if is_alone else "_shared"
                        await connection.execute(
                            text(f"SELECT pg_advisory_xact_lock{kind}({LOCK})")
                        )
                    began = time.perf_counter()
                    result = await work(connection)
                    is_in_doubt = not is_repeatable
            except DATABASE_ERRORS as error:
                wait = next(waits, None)
                if wait is None or is_in_doubt or self._is_closed or not _is_restart(error):
                    raise
                await asyncio.sleep(wait)
            else:
                break
        self._was_used = True
        self._observe("wait", began - arrived)
        self._observe("write" if writes else "read", time.perf_counter() - began)
        return result

    def _connected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        self._connections.add(connection)

    def _disconnected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        self._connections.discard(connection)


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


def read_transaction(
    method: Callable[Concatenate[Part, AsyncConnection, P], Awaitable[T]],
) -> Callable[Concatenate[Part, P], Coroutine[Any, Any, T]]:
    """Make a method of a part of the store one transaction that reads.

    The method's first argument is the connection; its callers do not pass it.
    """

    @functools.wraps(method)
    async def run(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part._database.read(
            lambda connection: method(part, connection, *args, **kwargs)
        )

    return run


def write_transaction(
    method: Callable[Concatenate[Part, AsyncConnection, P], Awaitable[T]],
) -> Callable[Concatenate[Part, P], Coroutine[Any, Any, T]]:
    """Make a method of a part of the store one transaction that writes, in one room at most.

    What it decides by, it reads after it has the room's lock: `find_or_add_room`, `lock_room` and
    `lock_round` of `bot.storage.queries` take it.

    The method's first argument is the connection; its callers do not pass it.
    """

    @functools.wraps(method)
    async def run(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part._database.write(
            lambda connection: method(part, connection, *args, **kwargs)
        )

    return run


def repeatable_transaction(
    method: Callable[Concatenate[Part, AsyncConnection, P], Awaitable[T]],
) -> Callable[Concatenate[Part, P], Coroutine[Any, Any, T]]:
    """Make a method of a part of the store a `write_transaction` that may be done twice."""

    @functools.wraps(method)
    async def run(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part._database.write(
            lambda connection: method(part, connection, *args, **kwargs), is_repeatable=True
        )

    return run


def urgent_transaction(
    method: Callable[Concatenate[Part, AsyncConnection, P], Awaitable[T]],
) -> Callable[Concatenate[Part, P], Coroutine[Any, Any, T]]:
    """Make a method of a part of the store a `repeatable_transaction` that goes before others.

    It is for what is done again if it is missing after a power cut: it outlives the process, but
    nobody waits until it is on SQLite's disk, which it reaches with the next `write_transaction`.
    """

    @functools.wraps(method)
    async def run(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part._database.write(
            lambda connection: method(part, connection, *args, **kwargs),
            is_urgent=True,
            is_repeatable=True,
        )

    return run


def lone_transaction(
    method: Callable[Concatenate[Part, AsyncConnection, P], Awaitable[T]],
) -> Callable[Concatenate[Part, P], Coroutine[Any, Any, T]]:
    """Make a method of a part of the store one transaction that writes while no other does.

    The method's first argument is the connection; its callers do not pass it.
    """

    @functools.wraps(method)
    async def run(part: Part, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await part._database.write(
            lambda connection: method(part, connection, *args, **kwargs), is_alone=True
        )

    return run


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
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreError(
            "DATABASE_URL makes no sense: it should be like sqlite:///data/snowpeople.db "
            "or postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    is_sqlite = url.get_backend_name() == "sqlite"
    connect = None if is_sqlite else _connecting(url)
    engine = _sqlite_engine(url) if connect is None else _postgresql_engine(connect)
    database = Database(engine, close_seconds, observe, connect)
    try:
        try:
            # Several processes may start at once.
            await database.write(
                lambda connection: connection.run_sync(prepare or migrate), is_alone=True
            )
        except DATABASE_ERRORS as error:
            raise StoreError(_cannot_be_used(url, _reason(error))) from error
        yield database
    finally:
        await _finish(database.close())


def migrate(connection: Connection, revision: str = "head", now: datetime | None = None) -> None:
    """Bring the tables up to date; where there are none, make today's.

    Args:
        connection: Its transaction is the caller's.
        revision: An earlier version of the tables to stop at.
        now: For what is over; by default the time.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["now"] = now or datetime.now(UTC)
    if revision == "head" and not inspect(connection).get_table_names():
        # The same as by all migrations, one after another, in a tenth of the time.
        metadata.create_all(connection)
        command.stamp(config, revision)
    else:
        command.upgrade(config, revision)


def _sqlite_engine(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            # A first look, for what may be wrong: the driver does not end well when it cannot open.
            with closing(sqlite3.connect(url.database, timeout=TIMEOUT_SECONDS)) as first:
                first.execute("PRAGMA journal_mode = WAL")  # which the file keeps
        except (OSError, sqlite3.Error) as error:
            raise StoreError(_cannot_be_used(url, _reason(error))) from error
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=url.database),
        # Without an isolation level the driver leaves it to us where a transaction begins.
        connect_args={"timeout": TIMEOUT_SECONDS, "isolation_level": None},
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,  # an error may be logged, and they hold names
    )
    # SQLAlchemy would close a connection in a task of its own when a transaction is cut off, and
    # once more when that is cancelled; aiosqlite's second `stop` then waits for ever for a thread
    # that has ended. Without this the transaction's own task closes it, once.
    engine.dialect.has_terminate = False
    engine.dialect.do_terminate = engine.dialect.do_close  # type: ignore[method-assign]

    @event.listens_for(engine.sync_engine, "connect")
    def connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # Where it matters a commit reaches the disk: what was acknowledged outlives a power cut,
        # too. That takes a few milliseconds, and thirty on a busy disk or a slow card.
        wanted = connection.get_execution_options().get("synchronous")
        if wanted is not None and connection.info.get("synchronous") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
            connection.info["synchronous"] = wanted
        # Taking the writer's lock later may fail without waiting, when another process wrote.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _connecting(url: URL) -> Callable[[], Awaitable[asyncpg.Connection]]:
    """Return what connects to a PostgreSQL."""
    # The driver reads the address itself, so that all that libpq's users write there works:
    # sslmode, several hosts, a socket's folder.
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, timeout=TIMEOUT_SECONDS, command_timeout=60)

    return connect


def _postgresql_engine(connect: Callable[[], Awaitable[asyncpg.Connection]]) -> AsyncEngine:
    return create_async_engine(
        "postgresql+asyncpg://", async_creator=connect, pool_pre_ping=True, hide_parameters=True
    )


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


def _is_restart(error: BaseException) -> bool:
    """Return whether PostgreSQL has gone away, and may be back in a moment."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    return isinstance(cause, GONE)


def _reason(error: Exception) -> str:
    if isinstance(error, CommandError):  # it knows a change of the tables that we do not
        return "a newer version of the bot made it"
    if isinstance(error, DBAPIError):
        return str(error.orig)
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


def _cannot_be_used(url: URL, reason: str) -> str:
    if url.get_backend_name() == "sqlite":
        return (
            f"The game's memory, {url.database}, cannot be used ({reason}); "
            "see that this file and its folder can be written, or set another DATABASE_URL."
        )
    where = f"{url.database or ''} at {url.host or 'this computer'}, port {url.port or 5432}"
    return (
        f"The database {where}, cannot be used ({reason}); "
        "see that it runs and correct DATABASE_URL."
    )
