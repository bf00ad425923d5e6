"""What the bot hears on Telegram: updates become photos, commands and taps for the host."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from time import perf_counter

from telegram import Bot, InlineKeyboardButton, Message, Update
from telegram.ext import ContextTypes

from bot import speech
from bot.domain import ButtonPress, CommandRequest, PendingPhoto, Photo, Reply
from bot.platforms.common import ReplyOrder, Slot
from bot.platforms.telegram.albums import Albums
from bot.platforms.telegram.files import Downloads, Found, find_picture
from bot.platforms.telegram.identity import (
    Admins,
    Called,
    Spot,
    Word,
    is_mentioned,
    is_reply_to,
    player_of,
    player_of_user,
    room_of,
    spot_of,
    spot_of_button,
    word_of,
)
from bot.platforms.telegram.sender import Mouth
from bot.services.service import Service

log = logging.getLogger(__name__)

Context = ContextTypes.DEFAULT_TYPE

# Telegram gives up on a tap after some ten seconds; a heat map may take longer.
TAP_SECONDS = 4.0


class Ears:
    """Answers messages and taps."""

    def __init__(self, bot: Bot, host: Service, mouth: Mouth, downloads: Downloads) -> None:
        self._bot = bot
        self._host = host
        self._mouth = mouth
        self._downloads = downloads
        self._admins = Admins(bot)
        self._order = ReplyOrder()
        self._called = Called()
        self.albums = Albums()
        menu = host.commands(None)
        self._commands = {"start", *(word.name for word in menu)}
        self._with_photo = {word.name for word in menu if word.takes_photo}

    async def picture(self, update: Update, _: Context) -> None:
        """Answer a message with a picture, if the room wants it."""
        message = _message(update)
        slot = self._order.reserve(message.chat_id)
        try:
            messages = [message]
            if message.media_group_id is not None:
                messages = await self.albums.whole(message)
            if not messages or not await self._wants(messages):
                return
            await self._answer(messages[0], slot, self._look(messages))
        finally:
            slot.release()

    async def command(self, update: Update, _: Context) -> None:
        """Answer a command; a photo that it replies to comes with it."""
        message = _message(update)
        word = self._word(message)
        if word is None:
            await self.chatter(update, _)
            return
        room = room_of(message.chat)
        if word.name == "start" and word.argument and not room.private:
            return  # what Telegram sends when a link brings the bot to a group; it says hello there
        shown = self._shown(message) if word.name in self._with_photo else None
        must_show = word.name == "who" and shown is None
        if must_show:
            self._called.note((room, player_of(message).id))
        slot = self._order.reserve(message.chat_id)
        try:
            links = await self._ways_on(message) if word.name == "start" else ()
            await self._answer(
                message,
                slot,
                self._host.command(self._command(message, word, shown)),
                links=links,
                ask_back=must_show and not room.private,
            )
        finally:
            slot.release()

    async def chatter(self, update: Update, _: Context) -> None:
        """Help whoever writes without a picture, in private; look at what a mention replies to."""
        message = _message(update)
        slot = self._order.reserve(message.chat_id)
        try:
            if message.chat.type == message.chat.PRIVATE:
                words = await self._host.words(room_of(message.chat), player_of(message))
                await self._answer(message, slot, _ready(Reply(words.help_briefly())))
            elif is_mentioned(message, self._bot.bot) and (found := self._shown(message)):
                await self._answer(message, slot, self._host.look(self._photo(message, found)))
        finally:
            slot.release()

    async def press(self, update: Update, _: Context) -> None:
        """Do what a button is for; who tapped it is never left waiting."""
        query = update.callback_query
        assert query is not None
        message = query.message
        if message is None or query.data is None:
            words = speech.into(query.from_user.language_code)
            await self._mouth.acknowledge(query, words.old_button())
            return
        press = ButtonPress(
            room_of(message.chat),
            player_of_user(query.from_user),
            query.data,
            self._admins.presser(query),
        )
        spot = spot_of_button(message)
        doing = asyncio.ensure_future(self._host.press(press))
        try:
            in_time, _late = await asyncio.wait([doing], timeout=TAP_SECONDS)
            if not in_time:
                await self._mouth.acknowledge(query)
            outcome = await doing
        finally:
            doing.cancel()
        if in_time:
            await self._mouth.acknowledge(query, outcome.notice)
        elif outcome.notice:  # too late for a notice, so everybody hears it
            await self._mouth.say(spot, Reply(outcome.notice))
        if outcome.edit is not None and isinstance(message, Message):
            await self._mouth.edit(message, outcome.edit)
        if outcome.say is not None:
            await self._mouth.say(spot, outcome.say)

    async def answer_again(self, waiting: PendingPhoto) -> None:
        """Answer a photo that was in hand when the process last ended."""
        slot = self._order.reserve(int(waiting.room.id))
        try:
            photo = Photo(
                waiting.room,
                waiting.player,
                self._downloads.of(waiting.reference),
                key=waiting.key,
                message=waiting.message,
                reference=waiting.reference,
            )
            reply = await self._host.look(photo)
            async with slot.reached():
                await self._say(Spot(waiting.room, int(waiting.message)), reply)
        finally:
            slot.release()

    async def _answer(
        self,
        message: Message,
        slot: Slot,
        asked: Awaitable[Reply | None],
        *,
        links: Sequence[InlineKeyboardButton] = (),
        ask_back: bool = False,
    ) -> None:
        """Say what was asked for, in reply to a message, when it is its turn."""
        reply = await asked
        async with slot.reached():
            await self._say(spot_of(message), reply, links=links, ask_back=ask_back)

    async def _say(
        self,
        spot: Spot,
        reply: Reply | None,
        *,
        links: Sequence[InlineKeyboardButton] = (),
        ask_back: bool = False,
    ) -> None:
        if reply is None:
            return
        started = perf_counter()
        if await self._mouth.say(spot, reply, links=links, ask_back=ask_back) and reply.outcomes:
            await self._host.sent(reply, (perf_counter() - started) * 1000)

    async def _wants(self, messages: list[Message]) -> bool:
        """Return whether the room wants these looked at."""
        message = messages[0]
        room = room_of(message.chat)
        words = [word for each in messages if (word := word_of(each))]
        me = self._bot.bot
        if any(not word.is_for(me) for word in words):
            return False
        was_called = self._called.take((room, player_of(message).id))
        return await self._host.wants(
            room,
            addressed=was_called
            or any(word.name in self._commands for word in words)
            or any(is_mentioned(each, me) or is_reply_to(each, me) for each in messages),
        )

    def _look(self, messages: list[Message]) -> Awaitable[Reply | None]:
        """Ask the host about the pictures of these messages; a caption may be a command."""
        found = [(each, find_picture(each, self._host.side)) for each in messages]
        shown = [(each, picture) for each, picture in found if picture]
        if len(shown) > 1:
            return self._host.look_at_album([self._photo(*each) for each in shown])
        ((message, picture),) = shown
        if word := self._word(message):
            return self._host.command(self._command(message, word, picture))
        return self._host.look(self._photo(message, picture))

    def _word(self, message: Message) -> Word | None:
        """Return the command of a message, if it is one of ours."""
        word = word_of(message)
        return word if word and word.is_for(self._bot.bot) and word.name in self._commands else None

    def _command(self, message: Message, word: Word, shown: Found | None) -> CommandRequest:
        return CommandRequest(
            room_of(message.chat),
            player_of(message),
            word.name,
            self._admins.sender(message),
            argument=word.argument,
            photo=self._photo(message, shown) if shown else None,
            bot=self._bot.username,
            alone=room_of(message.chat).private,
        )

    def _photo(self, message: Message, found: Found) -> Photo:
        return Photo(
            room_of(message.chat),
            player_of(message),
            self._downloads.of(found.file_id),
            size=found.size,
            key=found.key,
            message=str(message.message_id),
            reference=found.file_id,
            caption=message.caption or "",
        )

    def _shown(self, message: Message) -> Found | None:
        """Return the picture that a message replies to, here or in another chat."""
        for shown in (message.reply_to_message, message.external_reply):
            if shown is not None and (found := find_picture(shown, self._host.side)):
                return found
        return None

    async def _ways_on(self, message: Message) -> list[InlineKeyboardButton]:
        """Return the button that brings the bot from a private chat to a group."""
        room = room_of(message.chat)
        if not room.private:
            return []
        words = await self._host.words(room, player_of(message))
        link = f"https://t.me/{self._bot.username}?startgroup=true"
        return [InlineKeyboardButton(words.add_me_to_a_group(), url=link)]


def _message(update: Update) -> Message:
    assert update.message is not None  # the handlers' filters see to it
    return update.message


async def _ready(reply: Reply) -> Reply:
    return reply
