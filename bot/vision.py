"""The classifier in the bot's own words; nobody else uses it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PIL import Image

from bot.domain import (
    Features,
    Fingerprint,
    Label,
    Likeness,
    Preview,
    Refusal,
    Refused,
    Timings,
    Verdict,
)
from classifier import Busy, Classifier, PhotoError, Prediction
from classifier.images.look import SmallCopy

if TYPE_CHECKING:
    from classifier.serving import RemoteClassifier


class Vision:
    """Looks at photos for the services, and makes previews for rooms that show them.

    Args:
        classifier: A running one, of this process or of a tier.
    """

    def __init__(self, classifier: Classifier | RemoteClassifier) -> None:
        self._classifier = classifier

    @property
    def side(self) -> int:
        """How many pixels of a photo's shorter side are of use."""
        return self._classifier.card.size

    @property
    def model(self) -> str:
        """Tells what the network sees from what another would."""
        return self._classifier.digest

    def state(self) -> dict[str, str | int]:
        """Return how the classifier is, for /healthz."""
        return {
            "state": self._classifier.state,
            "model": self._classifier.card.name,
            "engine": self._classifier.engine,
            "waiting": self._classifier.waiting,
        }

    async def classify(
        self, photo: bytes, timings: Timings, preview: int = 0
    ) -> tuple[Verdict, Fingerprint, Preview | None]:
        """Return who is on a photo, what to recognise it by, and a small copy where one is wanted.

        Args:
            photo: The file.
            timings: Where to note how long it took.
            preview: Longer side of the copy, in pixels; 0 for none.

        Raises:
            Refused: When the file cannot be judged, or too many others are waiting.
        """
        with _refusals():
            answer = await self._classifier.answer(photo, hashes=True, preview=preview)
        timing, hashes = answer.timing, answer.hashes
        timings.queue += timing.queue * 1000
        timings.inference = timing.inference * 1000
        assert hashes is not None
        features = Features(self.model, answer.prediction.vector)
        fingerprint = Fingerprint(hashes.stored, hashes.queries, features)
        return _verdict(answer.prediction), fingerprint, _preview(answer.preview)

    async def features(self, photo: bytes) -> Features:
        """Return what the network sees of a photo and of its likely disguises.

        Raises:
            Refused: As `classify` does.
        """
        with _refusals():
            return Features(self.model, await self._classifier.vectors(photo))

    async def likest(self, features: Features, foolings: Mapping[int, Features]) -> Likeness | None:
        """Return of which of some foolings a photo is a copy, or of which it reminds; None of none.

        Args:
            features: The photo's.
            foolings: What the network saw of others, by their rounds.
        """
        same = {id_: its.vectors for id_, its in foolings.items() if its.model == features.model}
        if not same or not features.vectors:
            return None
        # Milliseconds for a thousand foolings.
        found = await asyncio.to_thread(
            self._classifier.likenesses, features.vectors, list(same.values())
        )
        likeness, round_id = max(zip(found, same, strict=True))
        card = self._classifier.card
        if likeness <= card.alike_above:
            return None
        return Likeness(round_id, likeness > card.copy_above)

    async def heatmap(self, photo: bytes) -> tuple[Verdict, Image.Image]:
        """Return who is on a photo, and an RGB picture of where that can be seen.

        Raises:
            Refused: As `classify` does.
        """
        with _refusals():
            heatmap = await self._classifier.heatmap(photo)
        return _verdict(heatmap.prediction), heatmap.image

    async def preview(self, photo: bytes, side: int) -> Preview:
        """Return a photo shrunk to at most so many pixels on its longer side.

        Raises:
            Refused: When the file cannot be opened.
        """
        with _refusals():
            preview = _preview(await self._classifier.preview(photo, side))
        assert preview is not None
        return preview


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the classifier's exceptions into ours."""
    try:
        yield
    except PhotoError as error:
        raise Refused(Refusal(error.reason)) from error
    except Busy as error:
        raise Refused(Refusal.BUSY) from error


def _preview(copy: SmallCopy | None) -> Preview | None:
    return None if copy is None else Preview(copy.jpeg, copy.width, copy.height)


def _verdict(prediction: Prediction) -> Verdict:
    return Verdict(
        label=Label(prediction.label),
        confidence=prediction.confidence,
        probabilities={Label(name): share for name, share in prediction.probabilities.items()},
        unfamiliar=prediction.unfamiliar,
        sure=prediction.sure,
    )
