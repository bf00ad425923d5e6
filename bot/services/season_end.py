"""The end of a season: each room that played is shown its podium, once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from bot.services import leaderboard
from bot.services.guessing import WordsOf
from bot.services.ports import Chat, Scorebook
from bot.game.scoring import last_season

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
# Midnight in UTC is somebody's night; by then Europe has had breakfast and America is not asleep
# for long any more.
FROM_HOUR = 8


class Podiums:
    """Looks for seasons that are over, and shows their podiums."""

    def __init__(
        self,
        book: Scorebook,
        chats: Mapping[str, Chat],
        words_of: WordsOf,
        now: Callable[[], datetime],
    ) -> None:
        self._book = book
        self._chats = chats
        self._words_of = words_of
        self._now = now
        # Held while a podium is shown: who ends `run` then would have it shown again.
        self.showing = asyncio.Lock()

    async def run(self) -> None:
        """Show podiums when it is time, until cancelled."""
        while True:
            try:
                await self.show()
            except Exception:
                log.exception("podiums could not be shown; they are tried again")
            await asyncio.sleep(EVERY_SECONDS)

    async def show(self) -> None:
        """Show each podium that is due."""
        now = self._now().astimezone(UTC)
        if now.day == 1 and now.hour < FROM_HOUR:
            return
        over = last_season(now)
        for room in await self._book.podiums_due(over):
            chat = self._chats.get(room.platform)
            if chat is None:
                continue
            ledger = await self._book.ledger(room, over)
            reply = await leaderboard.closing(ledger, await self._words_of(room, None))
            async with self.showing:
                if reply is None or await chat.say(room, reply):
                    await self._book.podium_shown(room, over)
