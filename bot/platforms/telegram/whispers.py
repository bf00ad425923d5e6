"""Whispers: messages in a group that one member alone sees, where the server has them.

Telegram calls them ephemeral. The library has no arguments for them yet; the ways around that are
all here. Whether somebody who is not there just now gets one is not promised.
"""

from __future__ import annotations

import logging

from cachetools import TTLCache
from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.error import BadRequest, EndPointNotFound, TelegramError

from bot.domain import Player, Room
from bot.platforms.telegram.client import TelegramBot
from bot.platforms.telegram.identity import Destination
from bot.platforms.telegram.limits import Urgency

log = logging.getLogger(__name__)

# A bot that is no admin may whisper only to who tapped or whispered just now; it may become one.
REFUSED_SECONDS, ROOMS_REMEMBERED = 3600.0, 1024


class Whispers:
    """Whispers in groups.

    Args:
        bot: Calls Telegram.
    """

    def __init__(self, bot: TelegramBot) -> None:
        self._bot = bot
        self._are_known: bool | None = None
        self._refused: TTLCache[Room, bool] = TTLCache(ROOMS_REMEMBERED, REFUSED_SECONDS)

    async def send(
        self,
        destination: Destination,
        player: Player,
        text: str,
        markup: InlineKeyboardMarkup | None = None,
        *,
        tap: str | None = None,
        to: int | None = None,
        urgency: Urgency = Urgency.NOTICE,
    ) -> bool:
        """Tell one member of a group something.

        Args:
            destination: Where.
            player: Whom.
            text: What.
            markup: Buttons under it.
            tap: The id of their tap, if they tapped a button just now.
            to: The id of their own whisper, if that is what is answered.
            urgency: What goes first where not everything may go at once.

        Returns:
            Whether Telegram took it. If not, nobody has seen it.
        """
        room = destination.room
        is_asked = tap is not None or to is not None
        is_hopeless = not is_asked and room in self._refused
        if room.private or player.shared or is_hopeless or not await self._has_them(room, player):
            return False
        receiver: dict[str, object] = {"receiver_user_id": int(player.id)}
        if tap is not None:
            receiver["callback_query_id"] = tap
        message: dict[str, object] = {
            "chat_id": int(room.id),
            "message_thread_id": destination.topic,
            "text": text,
            "link_preview_options": LinkPreviewOptions(is_disabled=True),
            "reply_markup": markup,
            "disable_notification": True,
            "reply_parameters": None if to is None else {"ephemeral_message_id": to},
            # As Bot API 10.3 has it, and 10.2 had it.
            "ephemeral_message_parameters": receiver,
            **receiver,
        }
        try:
            sent = await self._bot.call("sendMessage", message, urgency)
        except BadRequest as fault:
            log.debug("a whisper was refused: %s", fault.message)
            if not is_asked:  # else it only came too late
                self._refused[room] = True
            return False
        except TelegramError as fault:
            log.debug("a whisper failed: %s", type(fault).__name__)
            return False
        if "ephemeral_message_id" in sent:
            return True
        # The server took it for a message to all.
        self._are_known = False
        await self._take_back(room, sent)
        return False

    async def edit(
        self,
        room: Room,
        player: Player,
        whisper: int,
        text: str,
        markup: InlineKeyboardMarkup | None = None,
    ) -> None:
        """Turn a whisper into something else.

        Args:
            room: Where it is.
            player: Who sees it.
            whisper: Its id, see `bot.platforms.telegram.identity.whisper_of`.
            text: What it becomes.
            markup: Buttons under it.

        Raises:
            TelegramError: When it cannot be edited.
        """
        edited = {
            "chat_id": int(room.id),
            "receiver_user_id": int(player.id),
            "ephemeral_message_id": whisper,
            "text": text,
            "link_preview_options": LinkPreviewOptions(is_disabled=True),
            "reply_markup": markup,
        }
        await self._bot.do_api_request(
            "editEphemeralMessageText", edited, rate_limit_args=Urgency.NEWS
        )

    async def _has_them(self, room: Room, player: Player) -> bool:
        """Return whether the server has whispers.

        A server that has none would show one to all, so it is asked for a method of theirs first.
        """
        if self._are_known is None:
            nothing = {
                "chat_id": int(room.id),
                "receiver_user_id": int(player.id),
                "ephemeral_message_id": 0,
            }
            try:
                await self._bot.do_api_request(
                    "deleteEphemeralMessage", nothing, rate_limit_args=Urgency.NOTICE
                )
                self._are_known = True
            except EndPointNotFound:
                self._are_known = False
            except BadRequest:  # there is no such message
                self._are_known = True
            except TelegramError:
                return False
        return self._are_known

    async def _take_back(self, room: Room, sent: dict[str, object]) -> None:
        try:
            if isinstance(message := sent.get("message_id"), int):
                await self._bot.delete_message(
                    int(room.id), message, rate_limit_args=Urgency.NOTICE
                )
        except TelegramError as fault:
            log.warning("a whisper was seen by all: %s", type(fault).__name__)
