"""The classifier in the bot's own words: the one place that imports it."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain import Label, Preview, Refusal, Refused, Timings, Verdict
from bot.game.seasons import Fingerprint
from classifier import Busy, Classifier, PhotoError, Prediction
from classifier.images.decode import shrink_to_jpeg
from classifier.images.fingerprint import hash_photo
from classifier.inference.heatmap import Heatmap, write_caption

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
            prediction, timing = await self._classifier.classify_timed(photo)
        timings.queue, timings.inference = timing.queue * 1000, timing.inference * 1000
        return _in_our_words(prediction)

    async def fingerprint(self, photo: bytes) -> Fingerprint:
        """Return by what the photo is known again. Raises Refused."""
        with _refusals():
            hashes = await asyncio.to_thread(hash_photo, photo)
        return Fingerprint(hashes.stored, hashes.queries)

    async def explain(self, photo: bytes) -> tuple[Verdict, bytes]:
        """Return what it says of the photo, and where it looked: the photo under a heat map, PNG.

        Raises Refused.
        """
        with _refusals():
            heatmap = await self._classifier.heatmap(photo)
        return _in_our_words(heatmap.prediction), await asyncio.to_thread(_captioned_png, heatmap)

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


def _in_our_words(prediction: Prediction) -> Verdict:
    return Verdict(
        label=Label(prediction.label),
        confidence=prediction.confidence,
        probabilities={Label(name): share for name, share in prediction.probabilities.items()},
        unfamiliar=prediction.unfamiliar,
    )


def _captioned_png(heatmap: Heatmap) -> bytes:
    prediction = heatmap.prediction
    write_caption(heatmap.image, f"{prediction.label.capitalize()}! {prediction.confidence:.0%}")
    out = io.BytesIO()
    heatmap.image.save(out, "PNG")
    return out.getvalue()
