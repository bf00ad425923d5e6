"""SQLite's connection, for which a statement is one way to its thread and back, and not four.

aiosqlite asks its thread for a cursor, for the statement, for the rows and for the cursor's end; on
a busy event loop these ways are half of what a transaction costs. One at a time may use it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Self

import aiosqlite


class OneWayCursor(aiosqlite.Cursor):
    """Executes a statement and fetches its rows at once."""

    _rows: list[Any]

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> Self:
        """Execute a statement, whose rows `fetchall` returns then."""

        def run() -> list[Any]:
            self._cursor.execute(sql, tuple(parameters or ()))
            return self._cursor.fetchall() if self._cursor.description else []

        self._rows = await self._execute(run)  # type: ignore[no-untyped-call]
        return self

    async def fetchall(self) -> Iterable[sqlite3.Row]:
        """Return the rows."""
        return self._rows

    async def close(self) -> None:
        """End it."""
        self._cursor.close()


class OneWayConnection(aiosqlite.Connection):
    """A connection of such cursors."""

    def cursor(self) -> OneWayCursor:  # type: ignore[override]
        """Return a cursor."""
        return OneWayCursor(self, self._conn.cursor())


def connect(database: str, **options: Any) -> OneWayConnection:
    """Return a connection to be awaited.

    Args:
        database: The file.
        options: Those of `sqlite3.connect`.
    """
    options["check_same_thread"] = False  # what takes no time is done in the caller's
    connection = OneWayConnection(lambda: sqlite3.connect(database, **options), 64)
    connection._thread.daemon = True
    return connection
