"""What is in hand: each piece of work a task, each message and interaction claimed once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine

from cachetools import FIFOCache

log = logging.getLogger(__name__)

# Discord sends again what it is not sure of after a RESUME: a few minutes' worth.
REMEMBERED = 2000


class RunningTasks:
    """Starts work and knows what is not done yet."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
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
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Let nothing new be claimed, and wait for all that is in hand."""
        self._is_open = False
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Let nothing new be claimed, and give up what is in hand."""
        self._is_open = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _guarded(work: Coroutine[object, None, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("something from Discord could not be dealt with")
