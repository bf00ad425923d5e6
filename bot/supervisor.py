"""Keeps a platform running: faults are waited out, what cannot heal ends that platform alone."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from bot.domain import Unusable
from bot.platforms.contract import Platform, State
from bot.services import Service

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
# Between two looks which of several processes is to run a platform.
STANDBY_SECONDS = 2.0
# Discord resets the token of a bot that identifies a thousand times a day: every five minutes,
# jitter counted, is a third of that.
LONGEST_WAIT = 300.0
# A platform that held for so long starts again with the shortest wait.
HEALTHY_SECONDS = 600.0


class Supervisor:
    """Runs one platform again and again, with longer and longer waits while it fails.

    Args:
        platform: The platform.
        stopping: Set when the process ends.
        chance: Returns a number from 0 to 1, for how long to wait.
        first_wait: Seconds to wait after the first fault.
        hold: Returns whether this is the one of several processes that runs the platform; None
            where each may.
    """

    def __init__(
        self,
        platform: Platform,
        stopping: asyncio.Event,
        *,
        chance: Callable[[], float] = random.random,
        first_wait: float = FIRST_WAIT,
        hold: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        self._platform = platform
        self._stopping = stopping
        self._chance = chance
        self._first_wait = first_wait
        self._hold = hold
        self._trouble: State | None = None
        self._faults = 0

    @property
    def name(self) -> str:
        """The platform's."""
        return self._platform.name

    def state(self) -> State:
        """Return how the platform is, for /healthz."""
        state = self._trouble or self._platform.state()
        return {**state, "faults": self._faults} if self._faults else state

    async def run(self, service: Service) -> None:
        """Run the platform until the process stops, or until it proves unusable."""
        loop = asyncio.get_running_loop()
        wait = self._first_wait
        while not self._stopping.is_set():
            if not await self._is_ours():
                self._trouble = {"state": "standby"}
                await self._pause(STANDBY_SECONDS)
                continue
            started = loop.time()
            self._trouble = None
            try:
                async with self._until_it_is_anothers() as stopping:
                    await self._platform.run(service, stopping)
            except Unusable as reason:
                log.error("%s is off: %s", self.name, reason)
                self._trouble = {"state": "unusable", "reason": str(reason)}
                return
            except Exception as fault:
                self._faults += 1
                if loop.time() - started > HEALTHY_SECONDS:
                    wait = self._first_wait
                seconds = wait * (0.5 + self._chance() / 2)
                wait = min(LONGEST_WAIT, wait * 2)
                # The message of a network's fault may hold an address with the token in it.
                log.warning(
                    "%s failed (%s) and is tried again in %.0f s",
                    self.name,
                    type(fault).__name__,
                    seconds,
                )
                log.debug("%s failed", self.name, exc_info=fault)
                self._trouble = {"state": "waiting", "reason": type(fault).__name__}
                await self._pause(seconds)
        self._trouble = {"state": "stopped"}

    async def _is_ours(self) -> bool:
        """Return whether it is this process that runs the platform."""
        if self._hold is None:
            return True
        try:
            return await self._hold(self.name)
        except Exception:
            log.exception("who runs %s is not known", self.name)
            return False

    @asynccontextmanager
    async def _until_it_is_anothers(self) -> AsyncIterator[asyncio.Event]:
        """Yield what is set when the process ends, or another one runs the platform."""
        if self._hold is None:
            yield self._stopping
            return
        stopping = asyncio.Event()

        async def watch() -> None:
            while not self._stopping.is_set() and await self._is_ours():
                await self._pause(STANDBY_SECONDS)
            stopping.set()

        watching = asyncio.create_task(watch())
        try:
            yield stopping
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
