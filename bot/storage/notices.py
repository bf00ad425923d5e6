"""Messages of the bot's that are to be deleted soon, for when a process ends before that."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from bot.domain import Notice, Room
from bot.storage.database import Database, read_transaction, repeatable_transaction
from bot.storage.leases import Leases
from bot.storage.queries import insert_or
from bot.storage.schema import notices


class NoticeStore:
    """Stores which messages are to be deleted, and when.

    Args:
        database: Where.
        leases: Know whose a room is.
    """

    def __init__(self, database: Database, leases: Leases) -> None:
        self._database = database
        self._leases = leases

    @repeatable_transaction
    def keep(self, connection: Connection, notice: Notice) -> None:
        """Store that a message is to be deleted."""
        values = {
            "platform": notice.room.platform,
            "chat": notice.room.id,
            "message": notice.message,
            "until": notice.until,
        }
        new = insert_or(connection, notices).values(values)
        connection.execute(new.on_conflict_do_nothing())

    @repeatable_transaction
    def drop(self, connection: Connection, notice: Notice) -> None:
        """Forget a message: it is deleted, or cannot be."""
        this = (
            notices.c.platform == notice.room.platform,
            notices.c.chat == notice.room.id,
            notices.c.message == notice.message,
        )
        connection.execute(delete(notices).where(*this))

    async def left(self, platform: str) -> list[Notice]:
        """Return a platform's messages that this process is to delete, the earliest first."""
        stored = await self._stored(platform)
        owned = await self._leases.owned({notice.room for notice in stored})
        return [notice for notice in stored if notice.room in owned]

    @read_transaction
    def _stored(self, connection: Connection, platform: str) -> list[Notice]:
        these = select(notices).where(notices.c.platform == platform).order_by(notices.c.until)
        found = connection.execute(these)
        return [Notice(Room(platform, row.chat), row.message, row.until) for row in found]
