"""Small things to keep across a restart, such as a digest of the commands that were published."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from bot.storage.database import Database
from bot.storage.schema import notes


class NoteStore:
    """Remembers short texts by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(self, key: str, value: str) -> None:
        """Keep a small thing under a name."""
        async with self._database.writing() as connection:
            await connection.execute(delete(notes).where(notes.c.key == key))
            await connection.execute(insert(notes).values(key=key, value=value))

    async def recall(self, key: str) -> str | None:
        """Return what was kept under a name."""
        async with self._database.reading() as connection:
            found = await connection.execute(select(notes.c.value).where(notes.c.key == key))
            return found.scalar()
