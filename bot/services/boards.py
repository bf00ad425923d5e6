"""Whose scores count together: a thread's with its channel's, a server's where its admins chose so.

A room that counts to another one is, for all that is stored, that room: for scores, caps and votes.
Its own photos stay noted as its own, and come apart again when the admins think better of it.
"""

from __future__ import annotations

import logging

from cachetools import LRUCache

from bot.domain import Room
from bot.storage import Store

log = logging.getLogger(__name__)

# So many rooms are known to count to where they should.
REMEMBERED = 4096


class Boards:
    """Knows which rooms count to which.

    Args:
        store: Remembers it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: LRUCache[tuple[Room, Room], bool] = LRUCache(REMEMBERED)

    async def enter(self, room: Room, *, channel: Room, server: str | None) -> None:
        """Have a room count to where it should, before anything is noted of it. Never raises.

        Args:
            room: A channel, or a thread.
            channel: The thread's channel; else the room itself.
            server: The id of the server; None for a chat that belongs to none.
        """
        if server is None or (room, channel) in self._known:
            return
        try:
            board = await self.of(channel, server) or channel
            if board != room:
                await self._store.rooms.join(room, board)
        except Exception:
            log.exception("a room does not count to where it should; it is tried again")
        else:
            self._known[room, channel] = True

    def forget(self) -> None:
        """Look everything up anew: rooms that were another process's meanwhile may have parted."""
        self._known.clear()

    async def of(self, room: Room, server: str) -> Room | None:
        """Return the room to which all of a server counts; None where each counts for itself."""
        id_ = await self._store.notes.recall(_key(room, server))
        return None if id_ is None else Room(room.platform, id_, server=server)

    async def share(self, room: Room, server: str) -> None:
        """Have all of a server count to one of its rooms, where podiums are shown from now on."""
        board = await self._store.rooms.present(room)
        await self._store.notes.remember(_key(board, server), board.id)
        self._known.clear()

    async def part(self, board: Room, server: str) -> None:
        """Have each of a server's rooms count for itself again."""
        await self._store.notes.forget(_key(board, server))
        await self._store.rooms.part(board)
        self._known.clear()


def _key(room: Room, server: str) -> str:
    return f"{room.platform} board {server}"
