"""Notices, which nobody needs for long: deleted after a minute, by this process or the next one."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from telegram.error import BadRequest, ChatMigrated, Forbidden, TelegramError

from bot.domain import Notice, Room
from bot.platforms.common import RunningTasks
from bot.platforms.contract import Notices
from bot.platforms.telegram.client import TelegramBot
from bot.platforms.telegram.identity import PLATFORM
from bot.platforms.telegram.limits import Urgency

log = logging.getLogger(__name__)

# How long a notice stays in a group.
NOTICE_SECONDS = 60.0


class Fading:
    """Deletes the bot's notices in groups.

    Args:
        bot: Calls Telegram.
        notices: Remember them.
    """

    def __init__(self, bot: TelegramBot, notices: Notices) -> None:
        self._bot = bot
        self._notices = notices
        self._known: set[Notice] = set()
        self._tasks = RunningTasks()

    async def fade(self, room: Room, message: int) -> None:
        """Have a message deleted after a minute. Never raises."""
        until = datetime.now(UTC) + timedelta(seconds=NOTICE_SECONDS)
        notice = Notice(room, str(message), until)
        self._start(notice)
        try:
            await self._notices.keep(notice)
        except Exception:
            log.exception("a notice could not be stored; it stays if the process ends now")

    async def resume(self) -> None:
        """Go on with what another process, or an earlier connection, has left."""
        for notice in await self._notices.left(PLATFORM):
            self._start(notice)

    async def cancel(self) -> None:
        """Leave what is not deleted yet to the next one."""
        await self._tasks.cancel()

    def _start(self, notice: Notice) -> None:
        if notice not in self._known:
            self._known.add(notice)
            self._tasks.start(self._delete_later(notice))

    async def _delete_later(self, notice: Notice) -> None:
        try:
            seconds = (notice.until - datetime.now(UTC)).total_seconds()
            await asyncio.sleep(max(0.0, seconds))
            chat, message = int(notice.room.id), int(notice.message)
            try:
                await self._bot.delete_message(chat, message, rate_limit_args=Urgency.NOTICE)
            except (BadRequest, ChatMigrated, Forbidden) as fault:
                log.debug("a notice stays: %s", fault.message)
            await self._notices.drop(notice)
        except TelegramError as fault:  # it is tried again when the next one looks
            log.debug("a notice is not deleted yet: %s", type(fault).__name__)
        finally:
            self._known.discard(notice)
