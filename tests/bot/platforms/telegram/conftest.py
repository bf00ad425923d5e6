from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.domain import Verdict
from bot.platforms.telegram.albums import Albums
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


@pytest.fixture(autouse=True)
def quick_albums(monkeypatch: pytest.MonkeyPatch) -> None:
    """An album here is whole as soon as nothing follows for a moment."""
    monkeypatch.setattr("bot.platforms.telegram.handlers.Albums", lambda: Albums(0.3, 3))


@pytest.fixture
async def bot() -> AsyncIterator[RunningBot]:
    async with running_bot() as it:
        yield it


@pytest.fixture
async def hooked(bot: RunningBot) -> AsyncIterator[RunningBot]:
    """The bot behind a web server of its own, as `__main__` puts it there."""

    async def post(request: web.Request) -> web.Response:
        return web.Response(status=await bot.adapter.feed(request.headers, await request.read()))

    app = web.Application()
    app.router.add_post("/telegram", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    bot.webhook = f"http://127.0.0.1:{runner.addresses[0][1]}/telegram"
    await bot.restart()
    yield bot
    await bot.stop()
    await runner.cleanup()


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """What broke is tried again at once."""
    monkeypatch.setattr("bot.platforms.telegram.sender.FIRST_WAIT", 0.01)
    monkeypatch.setattr("bot.platforms.telegram.files.WAITS", (0.01, 0.02, 0.03))
    monkeypatch.setattr("bot.platforms.telegram.polling.FIRST_WAIT", 0.01)
