"""Asks Telegram for updates, for as long as the bot runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from telegram.error import RetryAfter, TelegramError

from bot.platforms.telegram.client import ConnectionState, TelegramBot, seconds_of
from bot.platforms.telegram.reading import update_id_of

log = logging.getLogger(__name__)

# How long Telegram holds a question until there is news.
POLL_SECONDS = 10
# Between two attempts while it cannot be reached.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
# Between two looks whether it is this process's turn to ask.
STANDBY_SECONDS = 2.0
# Confirming the last update must not keep the process from ending.
CONFIRM_SECONDS = 1.0


class Poller:
    """Gets updates in batches; the next batch is asked for when all of one is handed over.

    Until then Telegram keeps them, and delivers them again to the next process.

    Args:
        bot: Asks Telegram.
        allowed: The kinds of updates to ask for.
        connection: Is told how it goes.
        may_ask: Returns whether this is the one of several processes that asks.
    """

    def __init__(
        self,
        bot: TelegramBot,
        allowed: Sequence[str],
        connection: ConnectionState,
        may_ask: Callable[[], Awaitable[bool]],
    ) -> None:
        self._may_ask = may_ask
        self._bot = bot
        self._allowed = allowed
        self._connection = connection
        self._next: int | None = None

    async def run(self, take: Callable[[Sequence[object]], Awaitable[None]]) -> None:
        """Ask for updates until cancelled.

        Args:
            take: Hands updates over; it never raises.
        """
        wait = FIRST_WAIT
        while True:
            if not await self._may_ask():
                self._next = None
                await asyncio.sleep(STANDBY_SECONDS)
                continue
            try:
                updates = await self._bot.poll(self._next, POLL_SECONDS, self._allowed)
            except Exception as fault:  # whatever it is, it must not be the last poll
                self._connection.note_fault(fault)
                least = seconds_of(fault) if isinstance(fault, RetryAfter) else 0.0
                await asyncio.sleep(max(least, wait))
                wait = min(LONGEST_WAIT, 2 * wait)
                continue
            wait = FIRST_WAIT
            self._connection.note_answer()
            handing_over = asyncio.ensure_future(self._hand_over(updates, take))
            try:
                await asyncio.shield(handing_over)
            finally:  # whole, also when the bot stops meanwhile
                await handing_over

    async def _hand_over(
        self, updates: Sequence[object], take: Callable[[Sequence[object]], Awaitable[None]]
    ) -> None:
        await take(updates)
        known = [id_ for id_ in map(update_id_of, updates) if id_ is not None]
        if known:
            self._next = max(known) + 1

    async def confirm(self) -> None:
        """Tell Telegram which update was the last that was handed over."""
        if self._next is None:
            return
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await self._bot.poll(self._next, 0, self._allowed)
        except (TimeoutError, TelegramError) as fault:
            log.info("telegram: the last update is not confirmed (%s)", type(fault).__name__)
