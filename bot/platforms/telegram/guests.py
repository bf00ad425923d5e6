"""Guest mode: whoever mentions the bot under a photo, in any chat, gets its verdict there.

Nothing of such a chat is stored: nobody plays there, and its id may be that of a chat that the bot
is in, and yet another chat's. Which photo a button leads back to is known for a while, in memory.
"""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from cachetools import LRUCache
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    LinkPreviewOptions,
)

from bot.domain import Photo, Room
from bot.platforms.telegram.client import TelegramBot
from bot.platforms.telegram.files import Files, PickedFile
from bot.platforms.telegram.identity import PLATFORM, IncomingMessage
from bot.platforms.telegram.sender import Sender
from bot.services import Service
from bot.speech import Speaker, speaker_for

log = logging.getLogger(__name__)

# As many as there are verdicts in memory.
REMEMBERED = 2048
# What a link into the private chat may carry.
_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")


class GuestPhotos:
    """Knows which photos were shown to a guest lately, and the link that brings each back."""

    def __init__(self) -> None:
        self._files: LRUCache[str, PickedFile] = LRUCache(REMEMBERED)

    def remember(self, file: PickedFile) -> str | None:
        """Return what a link has to carry for a photo; None for what fits into no link."""
        payload = f"where-{file.unique_id}"
        if not _PAYLOAD.fullmatch(payload):
            return None
        self._files[payload] = file
        return payload

    def find(self, payload: str) -> PickedFile | None:
        """Return the photo that a link leads to; None when it is no longer known."""
        return self._files.get(payload)

    def is_link(self, payload: str) -> bool:
        """Return whether a link leads to a photo, known or not."""
        return payload.startswith("where-")


class Guests:
    """Answers mentions in chats that the bot is not in.

    Args:
        bot: Knows its own name.
        service: Looks at the photos.
        sender: Sends the answers.
        files: Fetches the photos.
        photos: Remembers them for a while.
    """

    def __init__(
        self, bot: TelegramBot, service: Service, sender: Sender, files: Files, photos: GuestPhotos
    ) -> None:
        self._bot = bot
        self._service = service
        self._sender = sender
        self._files = files
        self._photos = photos

    async def handle_guest_message(self, query: str, message: IncomingMessage) -> None:
        """Answer a mention; Telegram takes one answer, and only soon.

        Args:
            query: The id by which it is answered.
            message: The mention.
        """
        speaker = speaker_for(message.player.language)
        file = message.file or message.replied_file
        text, links = (
            await self._answer(message, file, speaker)
            if file is not None
            else (speaker.rooms.guest_how(self._bot.username), [])
        )
        content = InputTextMessageContent(
            text, link_preview_options=LinkPreviewOptions(is_disabled=True)
        )
        markup = InlineKeyboardMarkup([[link] for link in links]) if links else None
        title = speaker.rooms.menu_name()
        result = InlineQueryResultArticle("answer", title, content, reply_markup=markup)
        await self._sender.answer_guest(query, result)

    async def _answer(
        self, message: IncomingMessage, file: PickedFile, speaker: Speaker
    ) -> tuple[str, list[InlineKeyboardButton]]:
        """Return the answer to a photo, and where it leads to."""
        photo = Photo(
            Room(PLATFORM, f"guest {message.room.id}"),
            replace(message.player, name=""),
            self._files.file_fetcher(file.id),
            size=file.size,
            key=file.key,
            sent=message.sent,
        )
        reply = await self._service.glance(photo)
        if reply.verdict is None:
            return reply.text, []
        me = f"https://t.me/{self._bot.username}"
        links = [InlineKeyboardButton(speaker.rooms.add_me_to_a_group(), f"{me}?startgroup=true")]
        if payload := self._photos.remember(file):
            where = InlineKeyboardButton(speaker.photos.where_button(), f"{me}?start={payload}")
            links.insert(0, where)
        return f"{reply.text}\n{speaker.rooms.guest_play()}", links
