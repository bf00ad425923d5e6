from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.domain import Verdict
from bot.speech import speaker_for
from tests.fakes.telegram.running_bot import RunningBot, running_bot
from tests.fakes.vision import OLAF

EN = speaker_for("en")
QUESTION = EN.rounds.truth_ask()


def is_answer(text: str, verdict: Verdict = OLAF, then: str = QUESTION) -> bool:
    """Return whether a text is the whole answer to a photo, in any of its variants.

    Args:
        text: What the bot sent.
        verdict: What the answer has to begin with, such as `Olaf! 97%`.
        then: What follows in a line of its own; empty when nothing does.
    """
    answer, _, rest = text.partition("\n")
    variants = range(EN.photos.variants(verdict))
    return (
        answer in [EN.photos.answer(verdict, variant) for variant in variants]
        and answer.startswith(EN.photos.heatmap_answer(verdict))
        and rest == then
    )


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as it:
        yield it


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What broke is tried again at once."""
    monkeypatch.setattr("bot.platforms.telegram.sender.FIRST_WAIT", 0.01)
    monkeypatch.setattr("bot.platforms.telegram.files.WAITS", (0.01, 0.02, 0.03))
