from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.storage import Store
from tests.fakes.messenger import FakeMessenger
from tests.fakes.vision import FakeVision
from tests.support.services import make_service
from tests.support.table import Table


@pytest.fixture
def vision() -> FakeVision:
    return FakeVision()


@pytest.fixture
async def table(tmp_path: Path, vision: FakeVision) -> AsyncIterator[Table]:
    messenger, clock = FakeMessenger(), list[Table]()
    async with Store.open(f"sqlite:///{tmp_path / 'game.db'}") as store:
        service = make_service(
            vision,
            store,
            {"telegram": messenger},
            kept=tmp_path / "kept",
            now=lambda: clock[0].now,
        )
        start = datetime(2026, 12, 5, 18, 0, tzinfo=UTC)
        clock.append(Table(service, store, messenger, vision, tmp_path / "kept", start))
        yield clock[0]
