"""The classifier in the bot's own words: the one place that imports it."""

from __future__ import annotations

import asyncio

from bot.domain import Label, Preview, Refusal, Refused, Verdict
from classifier import Busy, Classifier, PhotoError
from classifier.photo import shrink_to_jpeg

# Previews decode at a larger scale than the classifier does; two at once is what two cores can do.
PREVIEWS_AT_ONCE = 2


class Eye:
    """Looks at photos for the host, and makes previews for rooms that show them."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._previews = asyncio.Semaphore(PREVIEWS_AT_ONCE)

    async def look(self, photo: bytes) -> Verdict:
        """Say who is on the photo. Raises Refused."""
        try:
            seen = await self._classifier.classify(photo)
        except PhotoError as error:
            raise Refused(Refusal(error.reason)) from error
        except Busy as error:
            raise Refused(Refusal.BUSY) from error
        return Verdict(
            label=Label(seen.label),
            confidence=seen.confidence,
            probabilities={Label(name): share for name, share in seen.probabilities.items()},
            unfamiliar=seen.unfamiliar,
        )

    async def preview(self, photo: bytes, side: int) -> Preview:
        """Shrink the photo to at most `side` pixels on its longer side. Raises Refused."""
        async with self._previews:
            try:
                return Preview(*await asyncio.to_thread(shrink_to_jpeg, photo, side))
            except PhotoError as error:
                raise Refused(Refusal(error.reason)) from error
