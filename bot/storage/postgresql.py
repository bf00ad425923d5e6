"""PostgreSQL, which other processes may use as well, and which may be gone for a moment."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar
from urllib.parse import quote, unquote

import asyncpg
from sqlalchemy import Connection, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.storage.driver import CHANNEL, Kind

# It may be far away.
TIMEOUT_SECONDS = 15.0
# At once: as many as the pool opens.
CONNECTIONS = 15
# Advisory locks share one space of numbers in a database: "snow", in ASCII.
LOCK = 0x736E6F77
LISTEN_AGAIN_SECONDS = 1.0

# A password may hold what ends a part of other addresses, as `openssl rand -base64` makes it.
ADDRESS = re.compile(
    r"postgresql(\+\w+)?://((?P<user>[^:/@]*)(:(?P<password>[^@]*))?@)?"
    r"(?P<hosts>[^/?]*)(/(?P<name>[^?]*))?(?P<more>\?.*)?"
)
# One of its hosts: a name or numbers, and a port where it is not the usual one.
HOST = re.compile(r"(\[[^\]]+\]|[^:\[\]]*)(:\d+)?")
# Of several hosts one takes writes; while another takes its place none does.
NONE_TAKES_WRITES = asyncpg.TargetServerAttributeNotMatched
ERRORS = (
    SQLAlchemyError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    NONE_TAKES_WRITES,
    OSError,
)

# PostgreSQL is restarted now and then, or another machine takes its place, within half a minute;
# nothing of a transaction that it did not come to commit is there, and it is done again.
RESTART_WAITS = (0.1, 0.2, 0.4, 0.8, 1.6, *(3.0,) * 9)
# How a transaction learns of that; not by a time-out, which has taken long enough.
GONE = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    NONE_TAKES_WRITES,
)

T = TypeVar("T")


class PostgreSQL:
    """Does several transactions at once, and does again what was lost in a restart.

    A transaction that writes locks the row of its room first (`bot.storage.queries`), and so no two
    change the same room at once; what concerns more than a room waits until it is alone. Nobody
    holds two rooms, and so no transaction is ever refused and tried again.

    Args:
        address: `postgresql://...`, as libpq's users write it: with several hosts, of which the
            other takes over when one fails, sslmode, or a socket's folder.

    Raises:
        ValueError: For an address without sense.
    """

    is_shared = True
    at_once = CONNECTIONS
    errors: tuple[type[Exception], ...] = ERRORS

    def __init__(self, address: str) -> None:
        parts = ADDRESS.fullmatch(address)
        if parts is None or not all(map(HOST.fullmatch, parts["hosts"].split(","))):
            raise ValueError
        self._name, self._hosts = parts["name"] or "", parts["hosts"]
        user = [quote(unquote(parts[name] or ""), safe="") for name in ("user", "password")]
        who = f"{':'.join(user)}@" if parts["user"] else ""
        self._dsn = f"postgresql://{who}{self._hosts}/{self._name}{parts['more'] or ''}"
        self._engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_pre_ping=True,
            hide_parameters=True,  # an error may be logged, and they hold names
        )
        self._was_used = False
        self._connections: set[DBAPIConnection] = set()
        event.listen(self._engine.sync_engine, "connect", self._connected)
        event.listen(self._engine.sync_engine, "close", self._disconnected)

    def refusal(self, reason: str) -> str:
        """Return the operator's sentence, see `Driver`; it holds no password."""
        where = f"{self._name} at {self._hosts or 'this computer'}"
        return (
            f"The database {where}, cannot be used ({reason}); "
            "see that it runs and correct DATABASE_URL."
        )

    async def run(self, work: Callable[[Connection], T], kind: Kind) -> T:
        """Run a transaction; cancelled, it ends without a trace."""
        waits = iter(RESTART_WAITS if self._was_used else ())
        while True:
            is_in_doubt = False
            try:
                async with self._engine.begin() as connection:
                    if kind.writes:
                        how = "" if kind.is_alone else "_shared"
                        lock = text(f"SELECT pg_advisory_xact_lock{how}({LOCK})")
                        await connection.execute(lock)
                    result = await connection.run_sync(work)
                    is_in_doubt = not kind.is_repeatable
            except ERRORS as error:
                wait = next(waits, None)
                if wait is None or is_in_doubt or not _is_restart(error):
                    raise
                await asyncio.sleep(wait)
            else:
                self._was_used = True
                return result

    async def listen(self, heard: Callable[[str], None]) -> None:
        """Hear what other processes tell, until cancelled; see `Database.listen`."""
        while True:
            with suppress(*ERRORS):
                connection = await self._connect()
                ended = asyncio.Event()
                connection.add_termination_listener(lambda _, ended=ended: ended.set())
                try:
                    await connection.add_listener(CHANNEL, lambda *told: heard(str(told[-1])))
                    heard("")
                    await ended.wait()
                finally:
                    connection.terminate()
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)

    async def close(self) -> None:
        """Close all connections in good order."""
        await self._engine.dispose()

    def cut_off(self) -> None:
        """Close those that are still open in whatever order."""
        for connection in list(self._connections):
            self._engine.dialect.do_terminate(connection)

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            self._dsn,
            timeout=TIMEOUT_SECONDS,
            command_timeout=60,
            target_session_attrs="read-write",
        )

    def _connected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        self._connections.add(connection)

    def _disconnected(self, connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        self._connections.discard(connection)


def _is_restart(error: BaseException) -> bool:
    """Return whether PostgreSQL has gone away, and may be back in a moment."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
    return isinstance(cause, GONE)
