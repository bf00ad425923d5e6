from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.domain import Verdict
from bot.platforms.discord import sender
from bot.speech import Speaker, speaker_for
from tests.fakes.discord.bot import Evening, an_evening

EN = speaker_for("en")


def is_answer(text: str | None, verdict: Verdict, speaker: Speaker = EN) -> bool:
    """Return whether a message's first line is a verdict, in one of the ways to speak it."""
    variants = range(speaker.photos.variants(verdict))
    first = (text or "").partition("\n")[0]
    return first in {speaker.photos.answer(verdict, variant) for variant in variants}


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried again soon."""
    monkeypatch.setattr(sender, "WAITS", (0.01, 0.02, 0.03))


@pytest.fixture
async def evening() -> AsyncIterator[Evening]:
    """An evening at which the bot is there."""
    async with an_evening() as evening:
        yield evening


@pytest.fixture
async def before() -> AsyncIterator[Evening]:
    """An evening at which the bot is not there yet."""
    async with an_evening(starts=False) as evening:
        yield evening


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """What fetches pictures."""
    async with aiohttp.ClientSession() as session:
        yield session
