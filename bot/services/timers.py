"""Things that are done at a certain time; the store knows them too, for the next process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta

from bot.services.failures import Failures

# asyncio's longest wait is shorter than some timers; the rest is waited for again.
LONGEST_SECONDS = 86400.0
# For what a platform could not deliver: it may be there by then; and for how long that is of
# interest.
AGAIN_IN, GIVE_UP = timedelta(seconds=30), timedelta(hours=24)


class Timers:
    """Does work at its time, each key's once, and one after another; what fails is done again.

    Args:
        now: The time, with its zone.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._timers: dict[Hashable, asyncio.TimerHandle] = {}
        # The last that was begun of each key.
        self._working: dict[Hashable, asyncio.Task[None]] = {}
        self._failures = Failures("what a timer asked for could not be done", now)
        self._closing = False

    def open(self) -> None:
        """Take timers again, after `close`."""
        self._closing = False

    def has(self, key: Hashable) -> bool:
        """Return whether something of a key will be done, or is just being done."""
        return key in self._timers or key in self._working

    def set(self, key: Hashable, at: datetime, work: Callable[[], Awaitable[None]]) -> None:
        """Have work done at a time, anew if the key has a timer already."""
        if self._closing:
            return
        if (timer := self._timers.pop(key, None)) is not None:
            timer.cancel()
        seconds = (at - self._now()).total_seconds()

        def ring() -> None:
            del self._timers[key]
            if seconds > LONGEST_SECONDS:
                self.set(key, at, work)
                return
            # What was begun before may not have come to its end, which this has to know of.
            before = self._working.get(key)
            task = self._working[key] = asyncio.create_task(self._do_after(before, key, work))
            task.add_done_callback(lambda task: self._forget(key, task))

        wait = min(max(0.0, seconds), LONGEST_SECONDS)
        self._timers[key] = asyncio.get_running_loop().call_later(wait, ring)

    async def close(self) -> None:
        """Stop the timers, which the next process sets again, and finish what is being done."""
        self._closing = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await asyncio.gather(*self._working.values())

    async def do(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        """Do work now; what fails is done again, alone. Never raises.

        For the last step of what a timer asked for, when the steps before must not be done twice.
        """
        try:
            await work()
        except Exception as fault:
            again_at = self._failures.note(key, fault)
            if key not in self._timers:
                self.set(key, again_at, work)
        else:
            self._failures.end(key)

    def _forget(self, key: Hashable, task: asyncio.Task[None]) -> None:
        if self._working.get(key) is task:
            del self._working[key]

    async def _do_after(
        self,
        before: asyncio.Task[None] | None,
        key: Hashable,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        await self.do(key, work)
