"""SQLite, in a file or in memory: one connection, in a thread of its own."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from bot.storage.driver import Kind, StoreError

# Another process may hold the lock, such as a backup.
TIMEOUT_SECONDS = 15.0
# SQLite cannot be called away while it waits for that; so it does so again and again.
PATIENCE_SECONDS = 0.2

T = TypeVar("T")


class SQLite:
    """Does one transaction at a time; each has SQLite's one lock from its beginning.

    Args:
        address: `sqlite:///FILE`; without a file the database is in memory, and ends when it is
            closed.

    Raises:
        ValueError: For an address without sense.
        StoreError: When there is no such folder and it cannot be made, or the file cannot be
            opened or is something else.
    """

    is_shared = False
    at_once = 1
    errors: tuple[type[Exception], ...] = (SQLAlchemyError, sqlite3.Error, OSError)

    def __init__(self, address: str) -> None:
        try:
            url = make_url(address)
        except ArgumentError as error:
            raise ValueError from error
        self._file = url.database
        if url.database and url.database != ":memory:":
            try:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
                with closing(sqlite3.connect(url.database, timeout=TIMEOUT_SECONDS)) as first:
                    first.execute("PRAGMA journal_mode = WAL")  # which the file keeps
            except OSError as error:
                raise StoreError(self.refusal(error.strerror or str(error))) from error
            except sqlite3.Error as error:
                raise StoreError(self.refusal(str(error))) from error
        self._engine = create_engine(
            url,
            # Without an isolation level the driver leaves it to us where a transaction begins.
            connect_args={
                "timeout": PATIENCE_SECONDS,
                "isolation_level": None,
                "check_same_thread": False,  # closed by another, if need be
            },
            poolclass=QueuePool,
            pool_size=1,
            max_overflow=0,
            hide_parameters=True,  # an error may be logged, and they hold names
        )
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._connection: sqlite3.Connection | None = None
        self._is_cut_off = False
        event.listen(self._engine, "connect", self._connected)
        event.listen(self._engine, "close", self._disconnected)
        event.listen(self._engine, "begin", self._begin)

    def refusal(self, reason: str) -> str:
        """Return the operator's sentence, see `Driver`."""
        return (
            f"The game's memory, {self._file}, cannot be used ({reason}); "
            "see that this file and its folder can be written, or set another DATABASE_URL."
        )

    async def run(self, work: Callable[[Connection], T], kind: Kind) -> T:
        """Run a transaction; cancelled, it ends without a trace, and so does what comes after."""
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._run, work, kind)
        except asyncio.CancelledError:
            self.cut_off()
            raise

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Hear of other processes: there are none."""

    async def close(self) -> None:
        """Close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._engine.dispose)
        self._thread.shutdown(wait=False)

    def cut_off(self) -> None:
        """End what is under way; it leaves nothing behind."""
        self._is_cut_off = True
        if self._connection is not None:
            self._connection.interrupt()

    def _run(self, work: Callable[[Connection], T], kind: Kind) -> T:
        engine = self._engine
        if kind.writes:
            level = "FULL" if kind.is_lasting else "NORMAL"
            engine = engine.execution_options(synchronous=level)
        with engine.begin() as connection:
            result = work(connection)
            if self._is_cut_off:  # between two statements, of which none was there to interrupt
                raise sqlite3.OperationalError("cut off")
            return result

    def _connected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        assert isinstance(connection, sqlite3.Connection)
        self._connection = connection
        connection.execute("PRAGMA foreign_keys = ON")

    def _disconnected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        self._connection = None

    def _begin(self, connection: Connection) -> None:
        # Where it matters a commit reaches the disk: what was acknowledged outlives a power cut,
        # too. That takes a few milliseconds, and thirty on a busy disk or a slow card.
        wanted = connection.get_execution_options().get("synchronous")
        if wanted is not None and connection.info.get("synchronous") != wanted:
            connection.exec_driver_sql(f"PRAGMA synchronous = {wanted}")
            connection.info["synchronous"] = wanted
        ends = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                # Taking the writer's lock later may fail without waiting, when another wrote.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                if self._is_cut_off or time.monotonic() > ends or not _is_busy(error):
                    raise
            else:
                break


def _is_busy(error: OperationalError) -> bool:
    """Return whether another process has the lock."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
