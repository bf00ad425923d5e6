"""Work that is done again and again until the process ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from bot.services.failures import Failures


class Repeat:
    """Does work, waits, and does it again; work that fails is tried again like any other.

    Args:
        work: What to do.
        seconds: How long to wait in between.
        failed: The log's words for work that failed.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], seconds: float, failed: str) -> None:
        self._work = work
        self._seconds = seconds
        self._failures = Failures(failed)
        self._stopping = asyncio.Event()

    @property
    def is_stopping(self) -> bool:
        """Whether `run` is to end."""
        return self._stopping.is_set()

    def run(self) -> Coroutine[None, None, None]:
        """Return what does the work until `stop`, also one that comes before it begins."""
        self._stopping.clear()
        return self._run()

    def stop(self) -> None:
        """End `run` after the work that is being done."""
        self._stopping.set()

    async def _run(self) -> None:
        while not self._stopping.is_set():
            with self._failures.caught(self._work):
                await self._work()
            try:
                async with asyncio.timeout(self._seconds):
                    await self._stopping.wait()
            except TimeoutError:
                pass
