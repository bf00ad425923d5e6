"""Small things to keep across a restart, such as a digest of the commands that were published."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.storage.database import Database, read_transaction, write_transaction
from bot.storage.queries import insert_or
from bot.storage.schema import notes


class NoteStore:
    """Stores short texts by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @write_transaction
    async def remember(self, connection: AsyncConnection, key: str, value: str) -> None:
        """Store a text under a name, in place of an earlier one."""
        new = insert_or(connection, notes).values(key=key, value=value)
        new = new.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        await connection.execute(new)

    @write_transaction
    async def forget(self, connection: AsyncConnection, key: str) -> None:
        """Forget what was stored under a name."""
        await connection.execute(delete(notes).where(notes.c.key == key))

    @read_transaction
    async def recall(self, connection: AsyncConnection, key: str) -> str | None:
        """Return what was stored under a name."""
        found = await connection.execute(select(notes.c.value).where(notes.c.key == key))
        return found.scalar()
