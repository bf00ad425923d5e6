"""The service as the app puts it together, with what a test wants otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from bot.metrics import Metrics
from bot.services import Service, build_service
from bot.services.admission import Admission
from bot.services.party_pictures import PartyPictures
from bot.services.photo_archive import PhotoArchive
from bot.services.ports import Messenger, PhotoClassifier
from bot.services.rate_limit import Rate, RateLimits
from bot.storage import Store

# More often than any test asks.
OFTEN = Rate(10_000, 60)


def make_service(
    vision: PhotoClassifier,
    store: Store,
    messengers: Mapping[str, Messenger],
    *,
    admission: Admission | None = None,
    kept: Path = Path("nothing-is-kept"),
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    zone: tzinfo = UTC,
    metrics: Metrics | None = None,
) -> Service:
    return build_service(
        vision=vision,
        admission=admission or Admission(RateLimits(OFTEN, OFTEN)),
        store=store,
        archive=PhotoArchive(kept),
        party_pictures=PartyPictures(kept.with_name("party_photos")),
        messengers=messengers,
        now=now,
        zone=zone,
        metrics=metrics,
    )
