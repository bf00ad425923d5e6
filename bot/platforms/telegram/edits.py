"""How often a message is edited: an edit counts towards a chat's limits as a message does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from cachetools import LRUCache

# So many messages, at most, are edited again and again within a few seconds.
REMEMBERED = 4096


@dataclass(slots=True)
class _Waiting:
    revision: int
    may_go: asyncio.Future[bool]


class EditPace:
    """Spaces the edits of each message; of those that wait meanwhile, only the latest is done.

    Args:
        seconds: Between two edits of one message, at least.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # When each message may be edited again, by the loop's clock.
        self._next: LRUCache[Hashable, float] = LRUCache(REMEMBERED)
        self._waiting: dict[Hashable, _Waiting] = {}
        self._closing = False

    async def apply(
        self, message: Hashable, revision: int, edit: Callable[[], Awaitable[object]]
    ) -> None:
        """Edit a message when its time has come, unless a later edit replaces this one by then.

        Args:
            message: What tells the message from all others.
            revision: The reply's; the higher is the later.
            edit: Does it.
        """
        if not await self._is_due(message, revision):
            return
        try:
            await edit()
        finally:
            self._start_pause(message)

    def replace(self, message: Hashable, revision: int) -> bool:
        """Drop the edit of a message that waits, for one that does not have to.

        Args:
            message: The message.
            revision: The other edit's. One that has no number is the later one.

        Returns:
            False when the one that waits is the later one, and waits on.
        """
        waiting = self._waiting.get(message)
        if waiting is None:
            return True
        if 0 < revision < waiting.revision:
            return False
        del self._waiting[message]
        waiting.may_go.set_result(False)
        return True

    def close(self) -> None:
        """Let all that wait go, now and from now on."""
        self._closing = True
        for waiting in self._waiting.values():
            waiting.may_go.set_result(True)
        self._waiting.clear()

    async def _is_due(self, message: Hashable, revision: int) -> bool:
        """Wait until a message may be edited; return False when this edit is replaced first."""
        if not self.replace(message, revision):
            return False
        loop = asyncio.get_running_loop()
        seconds = self._next.get(message, 0.0) - loop.time()
        if seconds > 0 and not self._closing:
            mine = self._waiting[message] = _Waiting(revision, loop.create_future())
            try:
                await asyncio.wait([mine.may_go], timeout=seconds)
            finally:
                if self._waiting.get(message) is mine:
                    del self._waiting[message]
            if mine.may_go.done() and not mine.may_go.result():
                return False
        self._start_pause(message)
        return True

    def _start_pause(self, message: Hashable) -> None:
        self._next[message] = asyncio.get_running_loop().time() + self._seconds
