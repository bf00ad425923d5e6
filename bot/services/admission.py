"""Admission: who may have a photo classified, how many at once, how long each may take."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from bot.domain import Fetch, Player, Refusal, Refused, Room, Timings
from bot.services.rate_limit import RateLimits

log = logging.getLogger(__name__)

# The same cap as the classifier's own; checked here so that no more is even fetched.
MAX_BYTES = 20 * 1024 * 1024
# Each may hold MAX_BYTES, and twice that for a moment: this bounds the memory that uploads take.
AT_ONCE = 32
# What an outage leaves behind waits its turn; so much more than that is no family.
MAX_IN_HAND = 512
# A phone at the edge of the network gets a shrunk photo through in less.
FETCH_SECONDS = 60.0
# Of the time that draining may take: what is left is for classifying and answering.
FETCH_SHARE = 0.75


class Admission:
    """Lets photos in, fetches them, and can be closed.

    Args:
        limits: How often each player and room may ask.
        clock: Seconds that only go on.
        fetch_seconds: How long one photo's bytes may take to arrive.
        max_in_hand: How many photos may be in hand before others are told that the bot is busy.
    """

    def __init__(
        self,
        limits: RateLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        fetch_seconds: float = FETCH_SECONDS,
        max_in_hand: int = MAX_IN_HAND,
    ) -> None:
        self._limits = limits
        self._max_in_hand = max_in_hand
        self._places = asyncio.Semaphore(AT_ONCE)
        self._clock = clock
        self._fetch_seconds = fetch_seconds
        self._fetching: set[asyncio.Timeout] = set()
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    @property
    def photos(self) -> int:
        """How many photos have no answer yet."""
        return self._in_hand

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
        """Raise Refused when nothing more can be classified for this person just now."""
        if self._closing:
            raise Refused(Refusal.CLOSING)
        if not self._limits.allow(room, player, self._clock()):
            raise Refused(Refusal.TOO_OFTEN)
        if self._in_hand > self._max_in_hand:
            raise Refused(Refusal.BUSY)

    @asynccontextmanager
    async def fetched(self, fetch: Fetch, timings: Timings) -> AsyncIterator[bytes]:
        """Fetch a photo and hold one of the places for photos in memory while the block lasts.

        Args:
            fetch: Fetches the bytes.
            timings: Where to note their number and how long they took.

        Raises:
            Refused: When there are too many bytes, they take too long, or the bot is closing.
        """
        has_to_wait = self._places.locked()
        async with self._places:
            if has_to_wait and self._closing:
                raise Refused(Refusal.CLOSING)
            yield await self._fetch(fetch, timings)

    async def _fetch(self, fetch: Fetch, timings: Timings) -> bytes:
        started = self._clock()
        timeout = asyncio.timeout(self._fetch_seconds)
        try:
            async with timeout:
                self._fetching.add(timeout)
                data = await fetch(MAX_BYTES)
        except TimeoutError as error:
            raise Refused(Refusal.CLOSING if self._closing else Refusal.TOO_SLOW) from error
        finally:
            self._fetching.discard(timeout)
            timings.download = (self._clock() - started) * 1000
        timings.bytes = len(data)
        return data

    async def drain(self, seconds: float) -> None:
        """Let nobody in any more, and wait for what is in hand.

        Photos that are not fetched in time are given up early enough to be told so.

        Args:
            seconds: How long to wait at most.
        """
        self._closing = True
        latest = asyncio.get_running_loop().time() + seconds * FETCH_SHARE
        for timeout in self._fetching:
            if timeout.expired():  # it is about to end by itself, and refuses to be changed
                continue
            when = timeout.when()
            timeout.reschedule(latest if when is None else min(when, latest))
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%d photos were still in hand at the end", self._in_hand)
