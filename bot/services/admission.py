"""The door that photos come in by: who may, how many at once, how long each, closing time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from bot.domain import Player, Fetch, Refusal, Refused, Room, Timings
from bot.services.rate_limit import RateLimits

log = logging.getLogger(__name__)

# The same cap as the classifier's own; checked here so that no more is even fetched.
MAX_BYTES = 20 * 1024 * 1024
# Each may hold MAX_BYTES, and twice that for a moment: this bounds the memory that uploads take.
AT_ONCE = 32
# What an outage leaves behind waits its turn; so much more than that is no family.
MAX_IN_HAND = 512
# A phone at the edge of the network gets a shrunk photo through in less.
READ_SECONDS = 60.0
# Of the time that draining may take: what is left is for looking and answering.
READING_SHARE = 0.75


class Admission:
    """Lets photos in, fetches them, and can be closed."""

    def __init__(
        self,
        limits: RateLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        read_seconds: float = READ_SECONDS,
        most: int = MAX_IN_HAND,
    ) -> None:
        self._limits = limits
        self._most = most
        self._places = asyncio.Semaphore(AT_ONCE)
        self._clock = clock
        self._read_seconds = read_seconds
        self._reading: set[asyncio.Timeout] = set()
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    @contextmanager
    def in_hand(self) -> Iterator[None]:
        """Count a photo as in hand until it has its answer."""
        self._in_hand += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    def admit(self, room: Room, player: Player) -> None:
        """Raise Refused when nothing more can be looked at for this person just now."""
        if self._closing:
            raise Refused(Refusal.CLOSING)
        if not self._limits.allow(room, player, self._clock()):
            raise Refused(Refusal.TOO_OFTEN)
        if self._in_hand > self._most:
            raise Refused(Refusal.BUSY)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for one of the places for photos whose bytes are held; given back at the end."""
        has_to_wait = self._places.locked()
        async with self._places:
            if has_to_wait and self._closing:
                raise Refused(Refusal.CLOSING)
            yield

    async def read(self, read: Fetch, timings: Timings) -> bytes:
        """Fetch a photo, with a cap and a time-out, and note how long it took. Raises Refused."""
        started = self._clock()
        try:
            async with asyncio.timeout(self._read_seconds) as reading:
                self._reading.add(reading)
                data = await read(MAX_BYTES)
        except TimeoutError as error:
            raise Refused(Refusal.CLOSING if self._closing else Refusal.TOO_SLOW) from error
        finally:
            self._reading.discard(reading)
            timings.download = (self._clock() - started) * 1000
        timings.bytes = len(data)
        return data

    async def drain(self, seconds: float) -> None:
        """Let nobody in any more, and wait so long, at most, for what is in hand.

        Photos that are not fetched in time are given up early enough to be told so.
        """
        self._closing = True
        latest = asyncio.get_running_loop().time() + seconds * READING_SHARE
        for reading in self._reading:
            when = reading.when()
            reading.reschedule(latest if when is None else min(when, latest))
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%d photos were still in hand at the end", self._in_hand)
