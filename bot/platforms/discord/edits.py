"""Edits of the bot's messages: the latest one stays, and there are no more than Discord takes."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from cachetools import LRUCache

from bot.platforms.common import REMEMBERED, EditOrder

# Discord takes this many edits in so many seconds before it answers 429.
EDITS, EDIT_SECONDS = 5, 5.0


@dataclass(slots=True)
class _Pace:
    """What was asked for and done lately of one message."""

    latest: tuple[int, int] = (0, 0)
    times: deque[float] = field(default_factory=deque)

    async def wait(self) -> None:
        """Wait until another edit may go out."""
        clock = asyncio.get_running_loop().time
        while len(self.times) >= EDITS:
            seconds = self.times[0] + EDIT_SECONDS - clock()
            if seconds > 0:
                await asyncio.sleep(seconds)
            else:
                self.times.popleft()

    def note(self) -> None:
        """Count an edit that is done: Discord has received it by now, so none is counted early."""
        self.times.append(asyncio.get_running_loop().time())


class MessageEdits:
    """Makes the edits of each message one by one, by whatever part and request they are made."""

    def __init__(self) -> None:
        self._order = EditOrder()
        self._paces: LRUCache[int, _Pace] = LRUCache(REMEMBERED)
        self._serial = itertools.count(1)

    async def apply(
        self, message_id: int, revision: int, edit: Callable[[], Awaitable[object]]
    ) -> None:
        """Edit a message as soon as Discord takes it, unless a newer edit was asked for meanwhile.

        Args:
            message_id: The message's.
            revision: The reply's; the higher is the newer, and of two equal ones the later.
            edit: Does it.
        """
        pace = self._paces.setdefault(message_id, _Pace())
        turn = (revision, next(self._serial))
        pace.latest = max(pace.latest, turn)

        async def edit_in_time() -> None:
            await pace.wait()
            if turn < pace.latest:
                return
            try:
                await edit()
            finally:
                pace.note()

        await self._order.apply(message_id, revision, edit_in_time)
