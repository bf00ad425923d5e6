"""The bot's voice on Telegram: says, edits and acknowledges, whatever happens on the way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from telegram import (
    Bot,
    CallbackQuery,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
)
from telegram.constants import CallbackQueryLimit, MessageLimit
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.domain import Document, PastPhoto, Reply, Room
from bot.platforms.telegram.client import Unanswered, seconds_of
from bot.platforms.telegram.identity import PLATFORM, Spot, room_of
from bot.services.service import Service

log = logging.getLogger(__name__)

T = TypeVar("T")
Markup = InlineKeyboardMarkup | ForceReply

# An answer is of interest for so long; the network has that much time to come back.
PATIENCE = 300.0
# A tap is acknowledged soon or not at all: Telegram forgets it.
TAP_PATIENCE = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0


class Mouth:
    """Speaks in chats."""

    def __init__(self, bot: Bot, host: Service) -> None:
        self._bot = bot
        self._host = host

    async def say(
        self,
        spot: Spot,
        reply: Reply,
        *,
        links: Sequence[InlineKeyboardButton] = (),
        ask_back: bool = False,
    ) -> bool:
        """Send a message and return whether it went out; what a chat does is no fault.

        links: buttons that lead elsewhere. ask_back: have the person's app open an answer to it.
        """
        markup: Markup | None = _keyboard(reply, links)
        if markup is None and ask_back:
            markup = ForceReply(selective=True)
        try:
            await self._say(spot, reply, markup)
        except ChatMigrated as moved:
            new = Room(PLATFORM, str(moved.new_chat_id))
            await self._host.moved(spot.room, new)
            # The messages of the old chat have other ids in the new one.
            return await self.say(Spot(new), reply, links=links)
        except Forbidden:
            log.info("no more welcome in room=%s", spot.room.id)
            await self._host.left(spot.room)
            return False
        except TelegramError as fault:
            log.warning(
                "room=%s got no answer: %s",
                spot.room.id,
                fault.message if isinstance(fault, BadRequest) else type(fault).__name__,
            )
            return False
        return True

    async def edit(self, message: Message, reply: Reply) -> None:
        """Turn a message of the bot's into something else, unless it is gone or just that."""
        markup = _keyboard(reply)

        async def edit() -> object:
            if message.text is None:
                return await message.edit_caption(reply.text, reply_markup=markup)
            return await message.edit_text(reply.text, reply_markup=markup)

        try:
            await _persist(edit, PATIENCE)
        except Forbidden:
            await self._host.left(room_of(message.chat))
        except TelegramError as fault:
            # Not modified, too old, deleted: there is nothing left to do.
            log.debug("a message was not edited: %s", type(fault).__name__)

    async def acknowledge(self, query: CallbackQuery, notice: str = "") -> None:
        """End the wait of who tapped a button, with a sentence for them alone."""
        text = notice[: CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH]
        try:
            await _persist(lambda: query.answer(text or None), TAP_PATIENCE)
        except TelegramError as fault:
            log.debug("a tap was not acknowledged: %s", type(fault).__name__)

    async def _say(self, spot: Spot, reply: Reply, markup: Markup | None) -> None:
        text = reply.text
        if reply.document is not None:
            await self._send_document(spot, text, reply.document)
            return
        if reply.picture is not None:
            fits = len(text) <= MessageLimit.CAPTION_LENGTH
            try:
                await self._send_picture(spot, reply, text if fits else "", markup)
            except BadRequest as fault:
                if isinstance(fault, ChatMigrated) or "photo" not in fault.message.lower():
                    raise
                # A chat may forbid pictures alone: say what would be on it.
                text = f"{text}\n{reply.picture.description}"
            else:
                if fits:
                    return
                markup = None
        await self._send_text(spot, text[: MessageLimit.MAX_TEXT_LENGTH], markup)
        for shown in reply.shown:
            await self._show_again(spot, shown)

    async def _send_text(self, spot: Spot, text: str, markup: Markup | None) -> None:
        await _persist(
            lambda: self._bot.send_message(
                int(spot.room.id),
                text,
                reply_parameters=_to(spot),
                message_thread_id=spot.topic,
                reply_markup=markup,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            ),
            PATIENCE,
        )

    async def _send_picture(
        self, spot: Spot, reply: Reply, caption: str, markup: Markup | None
    ) -> None:
        picture = reply.picture
        assert picture is not None
        await _persist(
            lambda: self._bot.send_photo(
                int(spot.room.id),
                picture.png,
                caption or None,
                filename=picture.name,
                reply_parameters=_to(spot),
                message_thread_id=spot.topic,
                reply_markup=markup,
            ),
            PATIENCE,
        )

    async def _send_document(self, spot: Spot, caption: str, document: Document) -> None:
        await _persist(
            lambda: self._bot.send_document(
                int(spot.room.id),
                document.data,
                caption[: MessageLimit.CAPTION_LENGTH],
                filename=document.name,
                reply_parameters=_to(spot),
                message_thread_id=spot.topic,
            ),
            PATIENCE,
        )

    async def _show_again(self, spot: Spot, shown: PastPhoto) -> None:
        """Have Telegram copy a message of this chat, unless it was deleted."""
        if shown.message is None:
            return
        message = int(shown.message)
        chat = int(spot.room.id)
        try:
            await _persist(
                lambda: self._bot.copy_message(
                    chat,
                    chat,
                    message,
                    shown.caption[: MessageLimit.CAPTION_LENGTH],
                    message_thread_id=spot.topic,
                ),
                PATIENCE,
            )
        except BadRequest as fault:
            if isinstance(fault, ChatMigrated):
                raise
            log.debug("a photo is not shown again: %s", fault.message)


def _to(spot: Spot) -> ReplyParameters | None:
    # The message may be deleted by the time it is answered.
    return (
        None
        if spot.message is None
        else ReplyParameters(spot.message, allow_sending_without_reply=True)
    )


def _keyboard(
    reply: Reply, links: Sequence[InlineKeyboardButton] = ()
) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(button.text, callback_data=button.data) for button in row]
        for row in reply.buttons
    ]
    rows += [[link] for link in links]
    return InlineKeyboardMarkup(rows) if rows else None


async def _persist(call: Callable[[], Awaitable[T]], patience: float) -> T | None:
    """Make a call until Telegram answers it, through faults of the network, but not for ever.

    Returns None when it arrived, most likely, but its answer did not: a second message would be
    worse than a missing one. Raises TelegramError for what another attempt would not change.
    """
    loop = asyncio.get_running_loop()
    until, wait = loop.time() + patience, FIRST_WAIT
    while True:
        try:
            return await call()
        except Unanswered:
            return None
        except (BadRequest, ChatMigrated, Forbidden):
            raise
        except RetryAfter as flood:  # when the rate limiter gave up
            seconds = seconds_of(flood)
            fault: TelegramError = flood
        except (TimedOut, NetworkError) as broken:
            seconds, fault = wait, broken
            wait = min(LONGEST_WAIT, 2 * wait)
        if loop.time() + seconds > until:
            raise fault
        await asyncio.sleep(seconds)
