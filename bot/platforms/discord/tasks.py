"""What is in hand: each piece of work a task, each message and interaction taken once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)

# Discord sends again what it is not sure of after a RESUME: a few minutes' worth.
REMEMBERED = 2000


class Hands:
    """Starts work and knows what is not done yet."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._taken: dict[int, None] = {}
        self._is_taking = True

    def take(self, id_: int) -> bool:
        """Return whether to deal with a message or interaction: not twice, and not at the end."""
        if not self._is_taking or id_ in self._taken:
            return False
        self._taken[id_] = None
        if len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]
        return True

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Do some work beside everything else; its faults are logged."""
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Take nothing new and wait for all that is in hand."""
        self._is_taking = False
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def drop(self) -> None:
        """Take nothing new and give up what is in hand."""
        self._is_taking = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _guarded(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("something from Discord could not be dealt with")
