from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.domain import Verdict
from bot.platforms.discord import faults, files
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
    monkeypatch.setattr(faults, "WAITS", (0.01, 0.02, 0.03))
    monkeypatch.setattr(faults, "PATIENT_WAITS", (0.01,) * 8)
    monkeypatch.setattr(files, "RETRY_WAITS", (0.0, 0.01))


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What was slept for longer than ten seconds, in no time."""
    sleep, waited = asyncio.sleep, list[float]()

    async def sleep_shortly(seconds: float, result: object = None) -> object:
        if seconds > 10:
            waited.append(seconds)
            seconds = 0.0
        return await sleep(seconds, result)

    monkeypatch.setattr(asyncio, "sleep", sleep_shortly)
    return waited


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
