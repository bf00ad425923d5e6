"""Small things to keep across a restart, such as a digest of the commands that were published."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from bot.storage.database import Database, read_transaction, repeatable_transaction
from bot.storage.queries import insert_or
from bot.storage.schema import notes


class NoteStore:
    """Stores short texts by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeatable_transaction
    def remember(self, connection: Connection, key: str, value: str) -> None:
        """Store a text under a name, in place of an earlier one."""
        new = insert_or(connection, notes).values(key=key, value=value)
        new = new.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        connection.execute(new)

    @repeatable_transaction
    def forget(self, connection: Connection, key: str) -> None:
        """Forget what was stored under a name."""
        connection.execute(delete(notes).where(notes.c.key == key))

    @read_transaction
    def recall(self, connection: Connection, key: str) -> str | None:
        """Return what was stored under a name."""
        found = connection.execute(select(notes.c.value).where(notes.c.key == key))
        return found.scalar()
