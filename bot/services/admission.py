"""Admission: who may have a photo classified, when it is their turn, how long each may take."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

from bot.domain import Fetch, Player, Refusal, Refused, Room, Timings
from bot.services.line import FIRST_PACE, Line
from bot.services.rate_limit import RateLimits

log = logging.getLogger(__name__)

# The same cap as the classifier's own; checked here so that no more is even fetched.
MAX_BYTES = 20 * 1024 * 1024
# Enough to keep the network busy while others are still being fetched.
AT_ONCE = 32
# Photos as chats deliver them are far from it; a few files of MAX_BYTES are not.
BYTES_AT_ONCE = 2 * MAX_BYTES
# A phone at the edge of the network gets a shrunk photo through in less.
FETCH_SECONDS = 60.0
# Of the time that draining may take: what is left is for classifying and answering.
FETCH_SHARE = 0.75


class Admission:
    """Lets photos in, each chat in its turn, fetches them, and can be closed.

    Args:
        limits: How often each player and room may ask.
        clock: Seconds that only go on.
        fetch_seconds: How long one photo's bytes may take to arrive.
        pace: Seconds that a photo takes, as long as that is not known.
    """

    def __init__(
        self,
        limits: RateLimits,
        *,
        clock: Callable[[], float] = time.monotonic,
        fetch_seconds: float = FETCH_SECONDS,
        pace: float = FIRST_PACE,
    ) -> None:
        self._limits = limits
        self._line = Line(AT_ONCE, BYTES_AT_ONCE, clock, pace)
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

    @property
    def waiting(self) -> int:
        """How many of these wait for their turn."""
        return self._line.length

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

    def admit(self, room: Room, player: Player, ago: float = 0.0) -> None:
        """Raise Refused when nothing more can be classified for this person just now.

        Args:
            room: Where they asked.
            player: Who asked.
            ago: Seconds since they asked: what piles up in an outage was not sent at once.
        """
        if self._closing:
            raise Refused(Refusal.CLOSING)
        if not self._limits.allow(room, player, self._clock() - ago):
            raise Refused(Refusal.TOO_OFTEN)

    def is_waited_in(self, room: Room) -> bool:
        """Return whether photos of a chat wait for their turn."""
        return self._line.waiting(room) > 0

    @asynccontextmanager
    async def fetched(
        self,
        fetch: Fetch,
        timings: Timings,
        *,
        room: Room | None = None,
        size: int | None = None,
        is_upload: bool = False,
    ) -> AsyncIterator[bytes]:
        """Wait for a place, fetch a photo, and hold both while the block lasts.

        Args:
            fetch: Fetches the bytes.
            timings: Where to note their number and how long they took.
            room: The chat, for its turn; None for what goes ahead of all photos.
            size: The declared number of bytes, where the platform tells.
            is_upload: Whether the bytes are taken in before it is their turn: their sender may be
                slow, and nobody else waits for that.

        Raises:
            Refused: When the line is too long, there are too many bytes, they take too long, or the
                bot is closing.
        """
        uploaded = None
        if is_upload:
            self._line.check(room)
            uploaded = await self._fetch(fetch, timings)
            size = len(uploaded)
        began = self._clock()
        async with self._line.place(room, size) as place:
            timings.queue += (self._clock() - began) * 1000
            data = await self._fetch(fetch, timings) if uploaded is None else uploaded
            self._line.hold(place, len(data))
            yield data

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

        Photos that wait for their turn are given up at once, and those that are not fetched in time
        early enough to be told so.

        Args:
            seconds: How long to wait at most.
        """
        self._closing = True
        self._line.close()
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
