"""Looks at photos: fetched, seen by the eye, remembered as seen, and never the same one twice."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cachetools import LRUCache

from bot.domain import PhotoOutcome, Photo, Fetch, Refusal, Refused, Timings, Verdict
from bot.services.admission import MAX_BYTES, Admission
from bot.game.seasons import Fingerprint
from bot.services.ports import Vision, Store

log = logging.getLogger(__name__)

REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class _Seen:
    verdict: Verdict
    fingerprint: Fingerprint


class Gaze:
    """Looks at photos on behalf of the host."""

    def __init__(self, eye: Vision, door: Admission, memory: Store, now: Callable[[], datetime]) -> None:
        self._eye = eye
        self._door = door
        self._memory = memory
        self._now = now
        self._seen: LRUCache[str, _Seen] = LRUCache(REMEMBERED)

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side are of use."""
        return self._eye.side

    async def look(self, photo: Photo, *, plays: bool) -> PhotoOutcome | None:
        """Look at one photo; None when its message was answered before.

        plays: whether its round is part of the game.
        """
        timings = Timings(bytes=photo.size or 0)
        round_id = None
        with self._door.in_hand():
            try:
                # First of all: what comes in before the door closes is answered.
                self._door.admit(photo.room, photo.player)
                round_id = await self._memory.open_round(photo, self._now())
                if round_id is None:
                    return None
                seen = await self._see(photo, timings)
                await self._memory.judge(round_id, seen.verdict)
                if plays:
                    prints = seen.fingerprint
                    await self._memory.was_played(round_id, prints.kept, prints.views)
                return PhotoOutcome(photo.room, timings, verdict=seen.verdict, round=round_id)
            except Refused as refused:
                return PhotoOutcome(photo.room, timings, refusal=refused.reason, round=round_id)
            except Exception:
                log.exception("a photo could not be answered")
                return PhotoOutcome(photo.room, timings, refusal=Refusal.FAULT, round=round_id)

    async def explain(self, read: Fetch) -> tuple[Verdict, bytes]:
        """Return what the eye says of a photo, and a PNG of where it looked. Raises Refused."""
        return await self._eye.explain(await self._door.read(read, Timings()))

    async def _see(self, photo: Photo, timings: Timings) -> _Seen:
        if photo.size is not None and photo.size > MAX_BYTES:
            raise Refused(Refusal.TOO_MANY_BYTES)
        if photo.key is not None and (known := self._seen.get(photo.key)):
            return known
        async with self._door.place():
            data = await self._door.read(photo.read, timings)
            digest = hashlib.sha256(data).hexdigest()
            seen = self._seen.get(digest)
            if seen is None:
                verdict = await self._eye.look(data, timings)
                seen = _Seen(verdict, await self._eye.fingerprint(data))
        self._seen[digest] = seen
        if photo.key is not None:
            self._seen[photo.key] = seen
        return seen
