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
    """Does work at its time, each key's once; what fails is done again, later and later.

    Args:
        now: The time, with its zone.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._timers: dict[Hashable, asyncio.TimerHandle] = {}
        self._working: dict[asyncio.Task[None], Hashable] = {}
        self._failures = Failures("what a timer asked for could not be done", now)
        self._closing = False

    def open(self) -> None:
        """Take timers again, after `close`."""
        self._closing = False

    def has(self, key: Hashable) -> bool:
        """Return whether something of a key will be done, or is just being done."""
        return key in self._timers or key in self._working.values()

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
            task = asyncio.create_task(self.do(key, work))
            self._working[task] = key
            task.add_done_callback(self._working.pop)

        wait = min(max(0.0, seconds), LONGEST_SECONDS)
        self._timers[key] = asyncio.get_running_loop().call_later(wait, ring)

    async def close(self) -> None:
        """Stop the timers, which the next process sets again, and finish what is being done."""
        self._closing = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        await asyncio.gather(*self._working)

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
