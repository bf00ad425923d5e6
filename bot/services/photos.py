"""A photo's way to its verdict: admitted, stored as a round, fetched, classified, remembered."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from cachetools import LRUCache

from bot.domain import (
    STALE,
    Classified,
    Declined,
    Fetch,
    Fingerprint,
    Photo,
    PhotoOutcome,
    Player,
    Preview,
    Refusal,
    Refused,
    Room,
    Timings,
    Verdict,
)
from bot.services.admission import MAX_BYTES, Admission
from bot.services.clock import Clock
from bot.services.ports import PhotoClassifier
from bot.storage import Store

if TYPE_CHECKING:
    from PIL import Image

log = logging.getLogger(__name__)

# So many verdicts are remembered: a family forwards the same pictures for a few days.
REMEMBERED = 2048
# Small copies that were made on the way wait for their platform, which shows them at once.
PREVIEWS = 32


class Photos:
    """Has photos classified, and never the same one twice.

    Args:
        vision: Looks at them.
        admission: Lets them in.
        store: Remembers their rounds.
        clock: The time.
    """

    def __init__(
        self,
        vision: PhotoClassifier,
        admission: Admission,
        store: Store,
        clock: Clock,
    ) -> None:
        self._vision = vision
        self._admission = admission
        self._store = store
        self._clock = clock
        # By the platform's key and by a digest of the bytes.
        self._known: LRUCache[str, tuple[Verdict, Fingerprint]] = LRUCache(REMEMBERED)
        # What was in hand when the last process ended is looked at one by one.
        self._once_more = asyncio.Lock()
        # By a digest of the bytes and by their side, until they are fetched.
        self._previews: LRUCache[tuple[str, int], Preview] = LRUCache(PREVIEWS)

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side are of use."""
        return self._vision.side

    async def process(self, photo: Photo, *, plays: bool) -> PhotoOutcome | None:
        """Have one photo classified and store its round.

        Args:
            photo: The photo.
            plays: Whether its round is part of the game.

        Returns:
            What became of it; None when its message was answered before.
        """
        timings = Timings(bytes=photo.size or 0)
        round_id = photo.round_id
        with self._admission.in_hand():
            try:
                # First of all: what comes in before the bot closes is answered.
                self._admit(photo)
                round_id = round_id or await self.open_round(photo)
                if round_id is None:
                    return None
                verdict, fingerprint = await self._verdict(photo, timings, round_id)
                outcome = Classified(photo.room, timings, verdict, round_id, fingerprint)
                if plays:
                    await self.play(outcome)
                else:
                    await self._store.rounds.note_verdict(round_id, verdict, None)
                return outcome
            except Refused as refused:
                return Declined(photo.room, timings, refused.reason, round_id)
            except Exception:
                log.exception("a photo could not be answered")
                return Declined(photo.room, timings, Refusal.FAULT, round_id)

    async def glance(self, photo: Photo) -> Verdict:
        """Return the verdict on a photo of which nothing is stored. Raises Refused."""
        timings = Timings(bytes=photo.size or 0)
        with self._admission.in_hand():
            self._admit(photo)
            verdict, _fingerprint = await self._verdict(photo, timings)
        log.info(
            "photo platform=%s guest bytes=%d download=%.0f queue=%.0f inference=%.0f label=%s",
            photo.room.platform,
            timings.bytes,
            timings.download,
            timings.queue,
            timings.inference,
            verdict.label,
        )
        return verdict

    async def open_round(self, photo: Photo) -> int | None:
        """Store a photo's round, so that a restart answers it; None when it was answered before."""
        return await self._store.rounds.open(photo, self._sent(photo))

    def _admit(self, photo: Photo) -> None:
        ago = self._clock.now() - self._sent(photo)
        self._admission.admit(photo.room, photo.player, ago.total_seconds())

    def _sent(self, photo: Photo) -> datetime:
        """Return when a photo was sent: not in the future, and not before what is answered."""
        now = self._clock.now()
        return now if photo.sent is None else min(now, max(photo.sent, now - STALE))

    async def play(self, outcome: Classified) -> None:
        """Make a photo part of the game; note which fooling of the room it is like."""
        likeness, seen = None, outcome.fingerprint.features
        if seen is not None:
            foolings = await self._store.foolings.remembered(outcome.room, seen.model)
            likeness = await self._vision.likest(seen, foolings)
        await self._store.rounds.note_verdict(
            outcome.round_id, outcome.verdict, outcome.fingerprint, likeness
        )

    async def heatmap(
        self, room: Room, player: Player, fetch: Fetch
    ) -> tuple[Verdict, Image.Image]:
        """Return the verdict on a photo, and an RGB picture of where it can be seen.

        It takes a place and counts as in hand, as every photo does; but it goes ahead of them.

        Args:
            room: Where it was asked for.
            player: Who asked.
            fetch: Fetches the photo.

        Raises:
            Refused: When it cannot be had.
        """
        with self._admission.in_hand():
            self._admission.admit(room, player)
            async with self._admission.fetched(fetch, Timings()) as data:
                return await self._vision.heatmap(data)

    async def preview(self, photo: bytes, side: int) -> Preview:
        """Return a photo shrunk to at most so many pixels on its longer side. Raises Refused."""
        made = self._previews.pop((hashlib.sha256(photo).hexdigest(), side), None)
        return made or await self._vision.preview(photo, side)

    async def _verdict(
        self, photo: Photo, timings: Timings, round_id: int | None = None
    ) -> tuple[Verdict, Fingerprint]:
        if photo.size is not None and photo.size > MAX_BYTES:
            raise Refused(Refusal.TOO_MANY_BYTES)
        if photo.key is not None and (known := self._known.get(photo.key)):
            return known
        fetching = self._admission.fetched(
            photo.fetch,
            timings,
            room=photo.room,
            size=photo.size,
            is_upload=photo.is_upload,
        )
        async with fetching as data:
            digest = hashlib.sha256(data).hexdigest()
            known = self._known.get(digest)
            if known is None:
                async with self._outliving(photo, round_id):
                    verdict, fingerprint, preview = await self._vision.classify(
                        data, timings, photo.preview
                    )
                known = verdict, fingerprint
                if preview is not None:
                    self._previews[digest, photo.preview] = preview
        self._known[digest] = known
        if photo.key is not None:
            self._known[photo.key] = known
        return known

    @asynccontextmanager
    async def _outliving(self, photo: Photo, round_id: int | None) -> AsyncIterator[None]:
        """Look at a photo that may have ended a process alone: if it does, the next one knows.

        Raises:
            Refused: When it has ended two.
        """
        if not photo.is_pending or round_id is None:
            yield
            return
        async with self._once_more:
            if not await self._store.rounds.suspect(round_id):
                log.warning("round=%d: a photo ended the process twice, and is given up", round_id)
                raise Refused(Refusal.DAMAGED)
            try:
                yield
            finally:
                await self._store.rounds.clear(round_id)
