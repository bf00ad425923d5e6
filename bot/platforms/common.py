"""Answers in the order of the questions, chat by chat, although the work goes on side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager


class ReplyOrder:
    """Hands out turns: of one chat they come one after the other, of different chats at once."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Future[None]] = {}

    def reserve(self, chat: Hashable) -> Slot:
        """Take the next turn of a chat; call it as soon as the question arrives.

        Every turn that was taken must be used or given up, or those behind it wait for ever.
        """
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        before = self._last.get(chat)
        self._last[chat] = mine

        def over(_: asyncio.Future[None]) -> None:
            if self._last.get(chat) is mine:
                del self._last[chat]

        mine.add_done_callback(over)
        return Slot(before, mine)


class Slot:
    """One place in a chat's queue."""

    def __init__(self, before: asyncio.Future[None] | None, mine: asyncio.Future[None]) -> None:
        self._before = before
        self._mine = mine

    @asynccontextmanager
    async def reached(self) -> AsyncIterator[None]:
        """Wait until it is this turn; leaving the block, by whatever way, lets the next one in."""
        try:
            if self._before is not None:
                # A wait that is cancelled must not take the other's turn with it.
                await asyncio.shield(self._before)
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Let the next one in without having said anything."""
        if self._mine.done():
            return
        if self._before is None or self._before.done():
            self._mine.set_result(None)
        else:  # the next one still has to wait for whoever is before us
            self._before.add_done_callback(lambda _: self.release())
