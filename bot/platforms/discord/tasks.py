"""What is in hand: each piece of work a task, each message and interaction claimed once."""

from __future__ import annotations

from collections.abc import Coroutine

from cachetools import FIFOCache

from bot.platforms.common import RunningTasks

# Discord sends again what it is not sure of after a RESUME: a few minutes' worth.
REMEMBERED = 2000


class ClaimedTasks:
    """Starts work on what was claimed, and knows what is not done yet."""

    def __init__(self) -> None:
        self._running = RunningTasks()
        self._claimed: FIFOCache[int, bool] = FIFOCache(REMEMBERED)
        self._is_open = True

    def claim(self, id_: int) -> bool:
        """Return whether to deal with a message or interaction: not twice, and not at the end."""
        if not self._is_open or id_ in self._claimed:
            return False
        self._claimed[id_] = True
        return True

    def start(self, work: Coroutine[object, None, None]) -> None:
        """Do some work beside everything else; its faults are logged."""
        self._running.start(work)

    async def finish(self) -> None:
        """Let nothing new be claimed, and wait for all that is in hand."""
        self._is_open = False
        await self._running.finish()

    async def cancel(self) -> None:
        """Let nothing new be claimed, and give up what is in hand."""
        self._is_open = False
        await self._running.cancel()
