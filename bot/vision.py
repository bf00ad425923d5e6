"""The classifier in the bot's own words: the one place that imports it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain import Label, Preview, Refusal, Refused, Timings, Verdict
from bot.game.seasons import Fingerprint
from classifier import Busy, Classifier, PhotoError
from classifier import Verdict as Seen
from classifier.images.fingerprint import fingerprint
from classifier.images.decode import shrink_to_jpeg

# Previews decode at a larger scale than the classifier does; two at once is what two cores can do.
PREVIEWS_AT_ONCE = 2


class Vision:
    """Looks at photos for the host, and makes previews for rooms that show them."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._previews = asyncio.Semaphore(PREVIEWS_AT_ONCE)

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side it can make use of."""
        return self._classifier.card.size

    async def look(self, photo: bytes, timings: Timings) -> Verdict:
        """Say who is on the photo, and note how long that took. Raises Refused."""
        with _refusals():
            seen, timing = await self._classifier.classify_timed(photo)
        timings.queue, timings.inference = timing.queue * 1000, timing.inference * 1000
        return _in_our_words(seen)

    async def fingerprint(self, photo: bytes) -> Fingerprint:
        """Return by what the photo is known again. Raises Refused."""
        with _refusals():
            taken = await asyncio.to_thread(fingerprint, photo)
        return Fingerprint(taken.kept, taken.views)

    async def explain(self, photo: bytes) -> tuple[Verdict, bytes]:
        """Return what it says of the photo, and where it looked: the photo under a heat map, PNG.

        Raises Refused.
        """
        with _refusals():
            explanation = await self._classifier.explain(photo)
        return _in_our_words(explanation.verdict), explanation.picture

    async def preview(self, photo: bytes, side: int) -> Preview:
        """Shrink the photo to at most `side` pixels on its longer side. Raises Refused."""
        async with self._previews:
            with _refusals():
                return Preview(*await asyncio.to_thread(shrink_to_jpeg, photo, side))


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the classifier's exceptions into ours."""
    try:
        yield
    except PhotoError as error:
        raise Refused(Refusal(error.reason)) from error
    except Busy as error:
        raise Refused(Refusal.BUSY) from error


def _in_our_words(seen: Seen) -> Verdict:
    return Verdict(
        label=Label(seen.label),
        confidence=seen.confidence,
        probabilities={Label(name): share for name, share in seen.probabilities.items()},
        unfamiliar=seen.unfamiliar,
    )
