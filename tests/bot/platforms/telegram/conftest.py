from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fakes.telegram.running_bot import RunningBot, running_bot


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as it:
        yield it


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What broke is tried again at once."""
    monkeypatch.setattr("bot.platforms.telegram.sender.FIRST_WAIT", 0.01)
    monkeypatch.setattr("bot.platforms.telegram.files.WAITS", (0.01, 0.02, 0.03))
