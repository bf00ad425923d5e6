"""Eyes that see what a test tells them, in place of the classifier."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from hashlib import sha256

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

OLAF = Verdict(
    Label.OLAF, 0.97, {Label.OLAF: 0.95, Label.ABOMINABLE: 0.03, Label.NEITHER: 0.02}, False
)
YETI = Verdict(
    Label.ABOMINABLE, 0.84, {Label.OLAF: 0.15, Label.ABOMINABLE: 0.79, Label.NEITHER: 0.06}, False
)
STRANGER = Verdict(
    Label.OLAF, 0.67, {Label.OLAF: 0.2, Label.ABOMINABLE: 0.1, Label.NEITHER: 0.7}, True, False
)


class FakeVision:
    """Sees `verdict` in every photo, or what `sees` says for its bytes.

    Bytes that are a refusal's name are refused for it. It waits for `may_answer`, raises `fault`
    when there is one, and counts how often it classified and how many heat maps it made. By one
    vector it knows the same bytes again, by those of the views also what `disguises` says is made
    of them; of what it reminds, `resembles` says.
    """

    side = 224
    model = "fake"

    def __init__(self, verdict: Verdict = OLAF) -> None:
        self.verdict = verdict
        self.sees: dict[bytes, Verdict] = {}
        self.disguises: dict[bytes, bytes] = {}
        self.resembles: dict[bytes, bytes] = {}
        self.classified = 0
        self.heatmaps = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.fault: Exception | None = None

    async def classify(
        self, photo: bytes, timings: Timings, preview: int = 0
    ) -> tuple[Verdict, Fingerprint, Preview | None]:
        """Take photos of the same bytes for the same, and all others for different ones."""
        self.classified += 1
        await self.may_answer.wait()
        timings.queue, timings.inference = 1.0, 2.0
        digest = int.from_bytes(sha256(photo).digest()[:16], "big")
        features = Features(self.model, photo)
        return self._seen(photo), Fingerprint((digest, digest), (digest,), features), None

    async def features(self, photo: bytes) -> Features:
        self._seen(photo)
        return Features(self.model, b"views of " + photo)

    async def likest(self, features: Features, foolings: Mapping[int, Features]) -> Likeness | None:
        photo = features.vectors
        for id_, fooling in foolings.items():
            one = fooling.vectors.removeprefix(b"views of ")
            if photo == one or b"views of " + self.disguises.get(photo, b"?") == fooling.vectors:
                return Likeness(id_, is_copy=True)
            if self.resembles.get(photo) == one:
                return Likeness(id_, is_copy=False)
        return None

    async def heatmap(self, photo: bytes) -> tuple[Verdict, Image.Image]:
        self.heatmaps += 1
        await self.may_answer.wait()
        return self._seen(photo), Image.new("RGB", (64, 48), "orange")

    async def preview(self, photo: bytes, side: int) -> Preview:
        return Preview(b"jpeg of " + photo, 40, 30)

    def _seen(self, photo: bytes) -> Verdict:
        if self.fault is not None:
            raise self.fault
        if photo in {reason.value.encode() for reason in Refusal}:
            raise Refused(Refusal(photo.decode()))
        return self.sees.get(photo, self.verdict)
