"""Keeps a platform running: faults are waited out, what cannot heal ends that platform alone."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from bot.domain import Unusable
from bot.platforms.contract import Platform, State
from bot.services import Service

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
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
    """

    def __init__(
        self,
        platform: Platform,
        stopping: asyncio.Event,
        *,
        chance: Callable[[], float] = random.random,
        first_wait: float = FIRST_WAIT,
    ) -> None:
        self._platform = platform
        self._stopping = stopping
        self._chance = chance
        self._first_wait = first_wait
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
            started = loop.time()
            self._trouble = None
            try:
                await self._platform.run(service, self._stopping)
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

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
