"""What the bot does with Telegram's messages and taps: ask the service, send its answer."""

from __future__ import annotations

import asyncio
from time import perf_counter

from cachetools import TTLCache
from telegram import Bot, InlineKeyboardButton, Message, Update
from telegram.ext import ContextTypes

from bot.domain import ButtonPress, CommandRequest, Delivery, PendingPhoto, Photo, Reply, Room
from bot.platforms.common import ReplyOrder
from bot.platforms.telegram.albums import Albums
from bot.platforms.telegram.files import Files, PickedFile
from bot.platforms.telegram.identity import (
    Admins,
    Destination,
    IncomingMessage,
    TypedCommand,
    destination_of,
    player_of,
    room_of,
)
from bot.platforms.telegram.sender import Sender
from bot.services import Service, commands
from bot.speech import speaker_for

# Telegram gives up on a tap after some ten seconds; a heat map may take longer.
TAP_SECONDS = 4.0
# After /who, this person's next photo there is meant for the bot.
CALL_SECONDS = 120.0
# So many people, at most, have called the bot within those seconds.
CALLS_REMEMBERED = 4096


class Handlers:
    """Answers messages and taps.

    Args:
        bot: Knows its own name, and asks who is an admin.
        service: What answers.
        sender: Sends the answers.
        files: Fetches the photos.
    """

    def __init__(self, bot: Bot, service: Service, sender: Sender, files: Files) -> None:
        self._bot = bot
        self._service = service
        self._sender = sender
        self._files = files
        self._admins = Admins(bot)
        self._order = ReplyOrder()
        # Who called the bot without a photo, and in which room.
        self._pending_calls: TTLCache[tuple[Room, str], bool] = TTLCache(
            CALLS_REMEMBERED, CALL_SECONDS
        )
        self.albums = Albums()

    async def handle_photo_message(self, message: IncomingMessage) -> None:
        """Answer a message with a picture, and the rest of its album, if the room wants it."""
        slot = self._order.reserve(message.room)
        try:
            messages = await self.albums.collect_album(message)
            if not messages or not await self._wants_answer(messages):
                return
            reply = await self._classify_photos(messages)
            async with slot.reached():
                await self._send_and_note(messages[0].destination, reply)
        finally:
            slot.release()

    async def handle_command_message(self, message: IncomingMessage, command: TypedCommand) -> None:
        """Answer a command; a photo that it replies to goes along where it takes one."""
        is_start = command.name == "start"
        if is_start and command.argument and not message.room.private:
            return  # what Telegram sends when a link brings the bot to a group; it says hello there
        known = commands.find(command.name)
        file = message.replied_file if known and known.takes_photo else None
        must_show = command.name == "who" and file is None
        if must_show:
            self._pending_calls[message.room, message.player.id] = True
        slot = self._order.reserve(message.room)
        try:
            links = [await self._group_link(message)] if is_start and message.room.private else []
            reply = await self._service.handle_command(
                self._command_request(message, command, file)
            )
            async with slot.reached():
                await self._send_and_note(
                    message.destination,
                    reply,
                    links=links,
                    ask_back=must_show and not message.room.private,
                )
        finally:
            slot.release()

    async def handle_text_message(self, message: IncomingMessage) -> None:
        """Help who writes without a picture in private; classify what a mention replies to."""
        slot = self._order.reserve(message.room)
        try:
            if message.room.private:
                speaker = await self._service.speaker(message.room, message.player)
                reply: Reply | None = Reply(speaker.rooms.help_briefly())
            elif message.is_mention and message.replied_file:
                reply = await self._service.handle_photo(
                    self._photo_of(message, message.replied_file)
                )
            else:
                return
            async with slot.reached():
                await self._send_and_note(message.destination, reply)
        finally:
            slot.release()

    async def handle_callback_query(self, update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
        """Do what a button is for; who tapped it is never left waiting."""
        query = update.callback_query
        assert query is not None  # the handler's kind sees to it
        message = query.message
        if message is None or query.data is None:
            speaker = speaker_for(query.from_user.language_code)
            await self._sender.answer_button(query, speaker.rooms.old_button())
            return
        room, player = room_of(message.chat), player_of(query.from_user)
        is_admin = self._admins.admin_check(room, player)
        press = ButtonPress(room, player, query.data, is_admin, self._bot.username)
        destination = destination_of(message)
        handling = asyncio.ensure_future(self._service.handle_button(press))
        try:
            in_time, _late = await asyncio.wait([handling], timeout=TAP_SECONDS)
            if not in_time:
                await self._sender.answer_button(query)
            outcome = await handling
        finally:
            handling.cancel()
        if in_time:
            await self._sender.answer_button(query, outcome.notice)
        elif outcome.notice:  # too late for a notice, so everybody sees it
            await self._sender.send_to_chat(destination, Reply(outcome.notice))
        if outcome.edit is not None and isinstance(message, Message):
            await self._sender.edit(room, message.message_id, outcome.edit)
        if outcome.send is not None:
            await self._sender.send_to_chat(destination, outcome.send)

    async def handle_pending_photo(self, pending: PendingPhoto) -> None:
        """Answer a photo that was in hand when the process last ended."""
        slot = self._order.reserve(pending.room)
        try:
            photo = Photo(
                pending.room,
                pending.player,
                self._files.file_fetcher(pending.reference),
                key=pending.key,
                message=pending.message,
                reference=pending.reference,
            )
            reply = await self._service.handle_photo(photo)
            async with slot.reached():
                await self._send_and_note(Destination(pending.room, int(pending.message)), reply)
        finally:
            slot.release()

    async def _wants_answer(self, messages: list[IncomingMessage]) -> bool:
        """Return whether a photo or an album is to be answered."""
        if any(message.is_for_other_bot for message in messages):
            return False
        room, player = messages[0].room, messages[0].player
        was_called = self._pending_calls.pop((room, player.id), False)
        addressed = was_called or any(message.is_addressed for message in messages)
        return await self._service.wants_photo(room, addressed=addressed)

    async def _classify_photos(self, messages: list[IncomingMessage]) -> Reply | None:
        """Return the service's answer to a photo or an album; a caption may be a command."""
        photos = [self._photo_of(message, message.file) for message in messages if message.file]
        if len(photos) > 1:
            return await self._service.handle_album(photos)
        (message,) = messages
        if message.command is not None:
            request = self._command_request(message, message.command, message.file)
            return await self._service.handle_command(request)
        return await self._service.handle_photo(photos[0])

    async def _send_and_note(
        self,
        destination: Destination,
        reply: Reply | None,
        *,
        links: list[InlineKeyboardButton] | None = None,
        ask_back: bool = False,
    ) -> None:
        """Send an answer, if there is one, and note that photos have got theirs."""
        if reply is None:
            return
        started = perf_counter()
        sent = await self._sender.send_to_chat(
            destination, reply, links=links or [], ask_back=ask_back
        )
        if sent.delivery is Delivery.SENT and reply.outcomes:
            await self._service.mark_sent(
                reply.outcomes,
                (perf_counter() - started) * 1000,
                answer=None if sent.id is None else str(sent.id),
            )

    def _command_request(
        self, message: IncomingMessage, command: TypedCommand, file: PickedFile | None
    ) -> CommandRequest:
        return CommandRequest(
            message.room,
            message.player,
            command.name,
            self._admins.admin_check(message.room, message.player),
            argument=command.argument,
            photo=self._photo_of(message, file) if file else None,
            bot=self._bot.username,
            alone=message.room.private,
        )

    def _photo_of(self, message: IncomingMessage, file: PickedFile) -> Photo:
        return Photo(
            message.room,
            message.player,
            self._files.file_fetcher(file.id),
            size=file.size,
            key=file.key,
            message=str(message.id),
            reference=file.id,
            caption=message.caption,
            replies_to=message.replied_text,
        )

    async def _group_link(self, message: IncomingMessage) -> InlineKeyboardButton:
        """Return the button that brings the bot from a private chat to a group."""
        speaker = await self._service.speaker(message.room, message.player)
        link = f"https://t.me/{self._bot.username}?startgroup=true"
        return InlineKeyboardButton(speaker.rooms.add_me_to_a_group(), url=link)
