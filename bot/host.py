"""The one path a photo takes, whatever the platform it came from."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from typing import Protocol

from cachetools import LRUCache

from bot import speech
from bot.domain import Photo, Refusal, Refused, Reply, Verdict
from bot.limits import Limits

log = logging.getLogger(__name__)

# The same cap as the classifier's own; checked here so that no more is even fetched.
MAX_BYTES = 20 * 1024 * 1024
# Each may hold MAX_BYTES, and twice that for a moment: this bounds the memory that uploads take.
MAX_IN_HAND = 32
# A phone at the edge of the network gets a shrunk photo through in less.
READ_SECONDS = 60.0
REMEMBERED = 2048


class Eye(Protocol):
    """Whoever can look at a photo."""

    async def look(self, photo: bytes) -> Verdict:
        """Say who is on the photo. Raises Refused."""


class Host:
    """Decides what becomes of a photo: asks the limits, the memory, the eye; words the reply."""

    def __init__(
        self,
        eye: Eye,
        limits: Limits,
        *,
        clock: Callable[[], float] = time.monotonic,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._eye = eye
        self._limits = limits
        self._clock = clock
        self._read_seconds = read_seconds
        self._seen: LRUCache[str, Verdict] = LRUCache(REMEMBERED)
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closing = False

    async def look(self, photo: Photo) -> Reply:
        """Answer a photo. Never raises: whatever is wrong becomes a friendly sentence."""
        started = self._clock()
        self._in_hand += 1
        self._idle.clear()
        try:
            verdict = await self._verdict(photo)
            reply = Reply(speech.answer(verdict), verdict=verdict)
        except Refused as refused:
            reply = refusal(refused.reason)
        except Exception:
            log.exception("a photo could not be answered")
            reply = refusal(Refusal.FAULT)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()
        log.info(
            "photo platform=%s room=%s ms=%.0f %s",
            photo.room.platform,
            photo.room.id,
            (self._clock() - started) * 1000,
            f"label={reply.verdict.label}" if reply.verdict else f"refused={reply.refusal}",
        )
        return reply

    async def drain(self, seconds: float) -> None:
        """Take no new photos, and wait so long, at most, for those in hand to be answered."""
        self._closing = True
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning("%d photos were still in hand at the end", self._in_hand)

    async def _verdict(self, photo: Photo) -> Verdict:
        if self._closing:
            raise Refused(Refusal.CLOSING)
        if not self._limits.allow(photo.room, photo.player, self._clock()):
            raise Refused(Refusal.TOO_OFTEN)
        if self._in_hand > MAX_IN_HAND:
            raise Refused(Refusal.BUSY)
        if photo.size is not None and photo.size > MAX_BYTES:
            raise Refused(Refusal.TOO_MANY_BYTES)
        if photo.key is not None and (known := self._seen.get(photo.key)):
            return known
        data = await self._read(photo)
        digest = hashlib.sha256(data).hexdigest()
        verdict = self._seen.get(digest) or await self._eye.look(data)
        self._seen[digest] = verdict
        if photo.key is not None:
            self._seen[photo.key] = verdict
        return verdict

    async def _read(self, photo: Photo) -> bytes:
        try:
            async with asyncio.timeout(self._read_seconds):
                return await photo.read(MAX_BYTES)
        except TimeoutError as error:
            raise Refused(Refusal.TOO_SLOW) from error


def refusal(reason: Refusal) -> Reply:
    """Word the reason why a photo gets no verdict."""
    return Reply(speech.refusal(reason), refusal=reason)
