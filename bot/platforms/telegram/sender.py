"""Sends, edits and answers on Telegram, whatever happens on the way."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace

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
)

from bot.domain import Delivery, Document, PastPhoto, Picture, Reply, Room
from bot.platforms.common import EditOrder, backoff, retried
from bot.platforms.telegram.client import Unanswered, seconds_of
from bot.platforms.telegram.identity import PLATFORM, Destination, room_of
from bot.services import Service

log = logging.getLogger(__name__)

Markup = InlineKeyboardMarkup | ForceReply

# An answer is of interest for so long; the network has that much time to come back.
PATIENCE = 300.0
# A tap is answered soon or not at all: Telegram forgets it.
TAP_PATIENCE = 10.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0


class Sender:
    """Writes in chats.

    Args:
        bot: Calls Telegram.
        service: Is told when a chat has moved, or does not want the bot any more.
    """

    def __init__(self, bot: Bot, service: Service) -> None:
        self._bot = bot
        self._service = service
        self._edits = EditOrder()

    async def send_to_chat(
        self,
        destination: Destination,
        reply: Reply,
        *,
        links: Sequence[InlineKeyboardButton] = (),
        ask_back: bool = False,
    ) -> Delivery:
        """Send a message; what a chat or the network does is no fault.

        Args:
            destination: Where to.
            reply: What to send.
            links: Buttons that lead elsewhere, under those of the reply.
            ask_back: Whether the person's app is to open an answer to it.

        Returns:
            What became of it. A message whose receipt was lost counts as sent: a second one would
            be worse than a missing one.
        """
        markup: Markup | None = _keyboard(reply, links)
        if markup is None and ask_back:
            markup = ForceReply(selective=True)
        try:
            await self._send_message(destination, reply, markup)
        except ChatMigrated as moved:
            new = Room(PLATFORM, str(moved.new_chat_id))
            await self._service.move_room(destination.room, new)
            # The messages of the old chat have other ids in the new one.
            return await self.send_to_chat(Destination(new), reply, links=links)
        except Forbidden:
            log.info("no more welcome in room=%s", destination.room.id)
            await self._service.leave(destination.room)
            return Delivery.REFUSED
        except BadRequest as fault:
            # The chat is gone, its topic is closed, the bot may not write: it will be so again.
            log.warning("room=%s got no answer: %s", destination.room.id, fault.message)
            return Delivery.REFUSED
        except TelegramError as fault:
            log.warning("room=%s got no answer: %s", destination.room.id, type(fault).__name__)
            return Delivery.FAILED
        await self._send_past_photos(destination, reply.past_photos)
        return Delivery.SENT

    async def edit_message(self, message: Message, reply: Reply) -> None:
        """Turn a message of the bot's into something else, unless it is gone or just that.

        Of two edits, that with the higher revision wins, whichever reaches Telegram first.

        Args:
            message: The message as it was.
            reply: What it becomes.
        """
        markup = _keyboard(reply)

        async def call() -> object:
            if message.text is None:
                return await message.edit_caption(reply.text, reply_markup=markup)
            return await message.edit_text(reply.text, reply_markup=markup)

        try:
            await self._edits.apply(
                (message.chat_id, message.message_id),
                reply.revision,
                lambda: _call_until_answered(call, PATIENCE),
            )
        except Forbidden:
            await self._service.leave(room_of(message.chat))
        except TelegramError as fault:
            # Not modified, too old, deleted: there is nothing left to do.
            log.debug("a message was not edited: %s", type(fault).__name__)

    async def answer_button(self, query: CallbackQuery, notice: str = "") -> None:
        """End the wait of who tapped a button.

        Args:
            query: The tap.
            notice: A sentence for them alone.
        """
        text = notice[: CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH]
        try:
            await _call_until_answered(lambda: query.answer(text or None), TAP_PATIENCE)
        except TelegramError as fault:
            log.debug("a tap was not answered: %s", type(fault).__name__)

    async def _send_message(
        self, destination: Destination, reply: Reply, markup: Markup | None
    ) -> None:
        """Send all of a reply but its past photos. Raises TelegramError."""
        text = reply.text
        if reply.document is not None:
            await self._send_document(destination, text, reply.document)
            return
        if reply.picture is not None:
            fits = len(text) <= MessageLimit.CAPTION_LENGTH
            try:
                await self._send_picture(destination, reply.picture, text if fits else "", markup)
            except BadRequest as fault:
                if "photo" not in fault.message.lower():
                    raise
                # A chat may forbid pictures alone: write what would be on it.
                text = f"{text}\n{reply.picture.description}"
            else:
                if fits:
                    return
                markup = None
        await self._send_text(destination, text[: MessageLimit.MAX_TEXT_LENGTH], markup)

    async def _send_text(
        self, destination: Destination, text: str, markup: Markup | None = None
    ) -> None:
        await _call_until_answered(
            lambda: self._bot.send_message(
                int(destination.room.id),
                text,
                reply_parameters=_reply_to(destination),
                message_thread_id=destination.topic,
                reply_markup=markup,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            ),
            PATIENCE,
        )

    async def _send_picture(
        self, destination: Destination, picture: Picture, caption: str, markup: Markup | None
    ) -> None:
        await _call_until_answered(
            lambda: self._bot.send_photo(
                int(destination.room.id),
                picture.png,
                caption or None,
                filename=picture.name,
                reply_parameters=_reply_to(destination),
                message_thread_id=destination.topic,
                reply_markup=markup,
            ),
            PATIENCE,
        )

    async def _send_document(
        self, destination: Destination, caption: str, document: Document
    ) -> None:
        await _call_until_answered(
            lambda: self._bot.send_document(
                int(destination.room.id),
                document.data,
                caption[: MessageLimit.CAPTION_LENGTH],
                filename=document.name,
                reply_parameters=_reply_to(destination),
                message_thread_id=destination.topic,
            ),
            PATIENCE,
        )

    async def _send_past_photos(
        self, destination: Destination, past_photos: Sequence[PastPhoto]
    ) -> None:
        """Show photos again; those that were deleted are left out."""
        # Under the text, which is the reply to the question already.
        here = replace(destination, message=None)
        for past in past_photos:
            try:
                await self._send_past_photo(here, past)
            except BadRequest as fault:
                log.debug("a photo is not shown again: %s", fault.message)
            except TelegramError as fault:
                log.warning(
                    "room=%s is not shown all photos: %s",
                    destination.room.id,
                    type(fault).__name__,
                )
                return

    async def _send_past_photo(self, destination: Destination, past: PastPhoto) -> None:
        caption = past.caption[: MessageLimit.CAPTION_LENGTH]
        if past.room == destination.room and past.message is not None:
            await self._copy(destination, int(past.message), caption)
        elif past.reference is not None:
            # The group has moved: under that id, the new chat has some other message.
            await self._send_file(destination, past.reference, caption)

    async def _copy(self, destination: Destination, message: int, caption: str) -> None:
        """Have Telegram copy a message of this chat."""
        chat = int(destination.room.id)
        await _call_until_answered(
            lambda: self._bot.copy_message(
                chat, chat, message, caption, message_thread_id=destination.topic
            ),
            PATIENCE,
        )

    async def _send_file(self, destination: Destination, file_id: str, caption: str) -> None:
        """Send a file that Telegram has already, as what it takes it for."""
        chat, topic = int(destination.room.id), destination.topic
        # The ids of thumbnails are not taken for anything; such a photo is left out.
        ways: tuple[Callable[[], Awaitable[object]], ...] = (
            lambda: self._bot.send_photo(chat, file_id, caption, message_thread_id=topic),
            lambda: self._bot.send_document(chat, file_id, caption, message_thread_id=topic),
        )
        for send in ways:
            try:
                await _call_until_answered(send, PATIENCE)
            except BadRequest as fault:
                if not _is_wrong_type(fault):
                    raise
            else:
                return
        await _call_until_answered(
            lambda: self._bot.send_sticker(chat, file_id, message_thread_id=topic), PATIENCE
        )
        await self._send_text(destination, caption)  # a sticker takes no caption


def _reply_to(destination: Destination) -> ReplyParameters | None:
    # The message may be deleted by the time it is answered.
    return (
        None
        if destination.message is None
        else ReplyParameters(destination.message, allow_sending_without_reply=True)
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


def _is_wrong_type(fault: BadRequest) -> bool:
    """Return whether a file cannot be sent as what it was sent as, but maybe as something else."""
    # "can't use file of type Sticker as Photo"; older servers: "type of file mismatch".
    return "file of type" in fault.message or "type of file" in fault.message.lower()


async def _call_until_answered(call: Callable[[], Awaitable[object]], patience: float) -> None:
    """Make a call until Telegram answers it, through faults of the network, but not for ever.

    Nothing is raised when it arrived, most likely, but its answer did not.

    Args:
        call: Makes it.
        patience: Seconds to wait in all.

    Raises:
        TelegramError: For what another attempt would not change, or when patience has ended.
    """

    def least_wait(fault: Exception) -> float | None:
        match fault:
            case RetryAfter():  # the rate limiter gave up
                seconds = seconds_of(fault)
                return seconds if seconds <= patience else None
            case Unanswered() | BadRequest():
                return None
            case NetworkError():
                return 0.0
        return None

    with suppress(Unanswered):
        await retried(call, backoff(FIRST_WAIT, LONGEST_WAIT, patience), least_wait)
