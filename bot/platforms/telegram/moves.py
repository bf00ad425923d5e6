"""Groups that became supergroups: both ends report it, and the news of members may come first."""

from __future__ import annotations

import asyncio

from cachetools import LRUCache

from bot.domain import Room

# So many groups are known to have moved.
REMEMBERED = 1024
# All news of one move come within so long.
MOVE_SECONDS = 2.0


class Moves:
    """Knows which chats have moved, and waits for news of it."""

    def __init__(self) -> None:
        self._new: LRUCache[Room, Room] = LRUCache(REMEMBERED)
        self._old: LRUCache[Room, Room] = LRUCache(REMEMBERED)
        self._news = asyncio.Event()

    def note(self, old: Room, new: Room) -> bool:
        """Note a move. Return whether it is news."""
        if self._new.get(old) == new:
            return False
        self._new[old], self._old[new] = new, old
        self._news.set()
        self._news = asyncio.Event()
        return True

    async def new_of(self, old: Room) -> Room | None:
        """Return where a chat is now, after a while in which that may come out; None if nowhere."""
        return await self._found(self._new, old)

    async def old_of(self, new: Room) -> Room | None:
        """Return where a chat was before, after a while in which that may come out."""
        return await self._found(self._old, new)

    async def _found(self, where: LRUCache[Room, Room], room: Room) -> Room | None:
        try:
            async with asyncio.timeout(MOVE_SECONDS):
                while room not in where:
                    await self._news.wait()
        except TimeoutError:
            return None
        return where[room]
