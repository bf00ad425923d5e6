"""SQLite or PostgreSQL: opened, brought up to date, and given out a transaction at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

MIGRATIONS = Path(__file__).parent / "migrations"
# Another process may hold SQLite's lock, such as a backup; PostgreSQL may be far away.
PATIENCE_SECONDS = 15.0
# PostgreSQL's advisory locks share one space of numbers in a database: "snow", in ASCII.
WRITERS_LOCK = 0x736E6F77

UNUSABLE = (
    SQLAlchemyError,
    sqlite3.Error,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    OSError,
    CommandError,
)


class StoreError(Exception):
    """The database cannot be used. Its message is one sentence for the operator."""


class Database:
    """Gives out transactions: any number that read, one at a time that writes.

    One writer is how SQLite works anyway. PostgreSQL is made to do the same, with a lock: two taps
    then cannot cross, whatever they touch, and no transaction is ever refused and tried again.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to read with."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to write with; all of it is kept at the end, or none."""
        async with self._engine.begin() as connection:
            if not self._is_sqlite:  # SQLite locks as the transaction begins
                await connection.execute(text(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"))
            yield connection


@asynccontextmanager
async def open_database(address: str) -> AsyncIterator[Database]:
    """Open `sqlite:///FILE` or `postgresql://...` and bring its tables up to date.

    Raises StoreError.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise StoreError(
            "DATABASE_URL makes no sense: it should be like sqlite:///data/snowpeople.db "
            "or postgresql://USER:PASSWORD@HOST/NAME."
        ) from None
    is_sqlite = url.get_backend_name() == "sqlite"
    engine = _sqlite(url) if is_sqlite else _postgresql(url)
    database = Database(engine)
    try:
        try:
            async with database.writing() as connection:  # several processes may start at once
                await connection.run_sync(migrate)
        except UNUSABLE as error:
            raise StoreError(_unusable(url, _why(error))) from error
        yield database
    finally:
        await engine.dispose()


def _sqlite(url: URL) -> AsyncEngine:
    file = url.database or ":memory:"
    if file != ":memory:":
        try:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            # A first look, for what may be wrong: the driver does not end well when it cannot open.
            with closing(sqlite3.connect(file, timeout=PATIENCE_SECONDS)) as first:
                first.execute("PRAGMA journal_mode = WAL")  # which the file keeps
        except (OSError, sqlite3.Error) as error:
            raise StoreError(_unusable(url, _why(error))) from error

    async def connect() -> aiosqlite.Connection:
        # Without an isolation level the driver leaves it to us where a transaction begins.
        connection = await aiosqlite.connect(file, timeout=PATIENCE_SECONDS, isolation_level=None)
        try:
            # Each commit reaches the disk: what was acknowledged outlives a power cut, too. A few
            # milliseconds, next to a photo's look.
            await connection.execute("PRAGMA synchronous = FULL")
            await connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            await connection.close()
            raise
        return connection

    engine = create_async_engine(
        "sqlite+aiosqlite://",
        async_creator=connect,
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        # Taking the writer's lock later may fail without waiting, when another process wrote.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgresql(url: URL) -> AsyncEngine:
    # The driver reads the address itself, so that all that libpq's users write there works:
    # sslmode, several hosts, a socket's folder.
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def connect() -> Any:
        return await asyncpg.connect(dsn, timeout=PATIENCE_SECONDS, command_timeout=60)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, pool_pre_ping=True)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the tables up to date, or to an earlier change of them."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def _why(error: Exception) -> str:
    if isinstance(error, CommandError):  # it knows a change of the tables that we do not
        return "a newer version of the bot made it"
    if isinstance(error, DBAPIError):
        return str(error.orig)
    return (error.strerror if isinstance(error, OSError) else str(error)) or type(error).__name__


def _unusable(url: URL, why: str) -> str:
    if url.get_backend_name() == "sqlite":
        return (
            f"The game's memory, {url.database}, cannot be used ({why}); "
            "see that this file and its folder can be written, or set another DATABASE_URL."
        )
    where = f"{url.database or ''} at {url.host or 'this computer'}, port {url.port or 5432}"
    return (
        f"The database {where}, cannot be used ({why}); see that it runs and correct DATABASE_URL."
    )
