"""Messages that are meant for the bot: which, whose picture, and what is said to them."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta

import discord

from bot.domain import Photo, Player, Refusal, Reply, Room
from bot.platforms.common import ReplyOrder, Slot
from bot.platforms.discord.files import Cdn, Source, is_withheld
from bot.platforms.discord.sender import Post, Unwelcome
from bot.platforms.discord.tasks import Hands
from bot.services.service import Service

log = logging.getLogger(__name__)

PLATFORM = "discord"
# Who asked longer ago has given up.
STALE = timedelta(minutes=5)
# Discord shows a link's picture by an edit, a moment after the message.
UNFURL_SECONDS = 3.0
REMEMBERED = 1000


class Inbox:
    """Answers messages that mention the bot, reply to it, or come in private."""

    def __init__(self, host: Service, hands: Hands, cdn: Cdn, post: Post) -> None:
        self._host = host
        self._hands = hands
        self._cdn = cdn
        self._post = post
        self._order = ReplyOrder()
        self._told: dict[tuple[str, int, int], None] = {}
        self._unfurling: dict[int, asyncio.Future[discord.Message]] = {}

    def take(self, message: discord.Message, client: discord.Client) -> None:
        """Take a message in hand if it is for us; before anything waits, so that order is kept."""
        if message.author.bot or message.webhook_id is not None or not _is_said(message):
            return
        if discord.utils.utcnow() - message.created_at > STALE:
            return
        is_for_us = message.guild is None or _is_for(message, client.user)
        if is_for_us and self._hands.take(message.id):
            slot = self._order.reserve(message.channel.id)
            if "http" in message.content:
                self._unfurling[message.id] = asyncio.get_running_loop().create_future()
            self._hands.start(self._answer(message, client, slot))

    def edited(self, message: discord.Message) -> None:
        """Look at an edit for the pictures of links, and for nothing else."""
        shown = self._unfurling.get(message.id)
        if shown is not None and message.embeds and not shown.done():
            shown.set_result(message)

    async def _answer(self, message: discord.Message, client: discord.Client, slot: Slot) -> None:
        try:
            if not _may_write(message):
                await self._tell(message, client)
                return
            reply = await self._reply(message, client)
            async with slot.reached():
                if reply is None:
                    return
                started = time.perf_counter()
                try:
                    await self._post.send(
                        message.channel, reply, to=message.id, nonce=str(message.id)
                    )
                except Unwelcome:
                    await self._tell(message, client)
                    return
                milliseconds = (time.perf_counter() - started) * 1000
            if reply.outcomes:
                await self._host.sent(reply, milliseconds)
        finally:
            slot.release()
            self._unfurling.pop(message.id, None)

    async def _reply(self, message: discord.Message, client: discord.Client) -> Reply | None:
        """Word the answer; None for nothing to say."""
        room, player = room_of(message), player_of(message)
        shown = await self._shown(message, client)
        photos = [
            self._photo(room, player, source, message, shown, index)
            for index, source in enumerate(self._cdn.pictures(shown))
        ]
        if len(photos) == 1:
            return await self._host.look(photos[0])
        if photos:
            return await self._host.look_at_album(photos)
        words = await self._host.words(room, player)
        if is_withheld(shown):
            # A reply to what we answered to a command is kept from us whole. Most are just talk.
            is_talk = shown is message and message.type is discord.MessageType.reply
            if is_talk and not self._is_first("withheld", message):
                return None
            return Reply(words.cannot_see_that_photo())
        if shown.attachments:
            return Reply(words.refusal(Refusal.NOT_A_PICTURE))
        if message.guild is None:
            return Reply(words.help_briefly())
        return Reply(words.mention_how()) if _names(message, client.user) else None

    async def _shown(self, message: discord.Message, client: discord.Client) -> discord.Message:
        """Return the message whose pictures are meant: this one, or else what it replies to."""
        if self._cdn.pictures(message) or message.attachments:
            return message
        target = await self._target(message)
        if target is not None and target.author != client.user:
            return target
        if message.id in self._unfurling:
            return await self._unfurled(message)
        return message

    def _photo(
        self,
        room: Room,
        player: Player,
        source: Source,
        message: discord.Message,
        shown: discord.Message,
        index: int,
    ) -> Photo:
        return Photo(
            room,
            player,
            self._cdn.read(source.url),
            size=source.size,
            key=source.key,
            message=str(message.id),
            reference=f"{shown.channel.id}/{shown.id}/{index}",
            caption=message.clean_content,
        )

    async def _target(self, message: discord.Message) -> discord.Message | None:
        """Return the message that is replied to, if it is still there."""
        reference = message.reference
        if message.type is not discord.MessageType.reply or reference is None:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if reference.resolved is not None or reference.message_id is None:
            return None  # deleted
        try:
            await self._post.pace()
            return await message.channel.fetch_message(reference.message_id)
        except discord.HTTPException:
            return None

    async def _unfurled(self, message: discord.Message) -> discord.Message:
        """Return the message with the pictures of its links, if Discord shows them soon."""
        try:
            async with asyncio.timeout(UNFURL_SECONDS):
                return await self._unfurling[message.id]
        except TimeoutError:
            return message

    async def _tell(self, message: discord.Message, client: discord.Client) -> None:
        """Tell a person in private, once, that the bot may not write where it was called."""
        if message.guild is None or not self._is_first("unwelcome", message):
            return
        words = await self._host.words(room_of(message), player_of(message))
        try:
            await self._post.pace()
            private = await message.author.create_dm()
            await self._post.send(private, Reply(words.cannot_write_there()))
        except (Unwelcome, discord.HTTPException):  # they take no messages from strangers
            log.info("may not write in %s, nor tell who asked", message.channel.id)

    def _is_first(self, what: str, message: discord.Message) -> bool:
        """Return whether a person is told something in a channel for the first time."""
        key = (what, message.channel.id, message.author.id)
        if key in self._told:
            return False
        self._told[key] = None
        if len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return True


def room_of(message: discord.Message) -> Room:
    """Return the room of a message: a thread or a post is one of its own."""
    return Room(PLATFORM, str(message.channel.id), private=message.guild is None)


def player_of(message: discord.Message) -> Player:
    """Return who wrote a message; the language is the community's, where it chose one."""
    guild = message.guild
    language = str(guild.preferred_locale) if guild and "COMMUNITY" in guild.features else None
    return Player(str(message.author.id), message.author.display_name, language)


def _is_said(message: discord.Message) -> bool:
    return message.type in (discord.MessageType.default, discord.MessageType.reply)


def _is_for(message: discord.Message, me: discord.ClientUser | None) -> bool:
    """Return whether a message of a group calls the bot: by name, by a reply, or by its own role."""
    role = message.guild.self_role if message.guild else None
    return me in message.mentions or (role is not None and role in message.role_mentions)


def _names(message: discord.Message, me: discord.ClientUser | None) -> bool:
    """Return whether a message mentions the bot in its words, and not by being a reply to it."""
    return me is not None and me.id in message.raw_mentions


def _may_write(message: discord.Message) -> bool:
    """Return whether an answer can be sent, as far as is known before it is tried."""
    channel, guild = message.channel, message.guild
    if guild is None or isinstance(channel, (discord.PartialMessageable, discord.DMChannel)):
        return True
    try:
        may = channel.permissions_for(guild.me)
    except discord.ClientException:  # a thread of a channel that we do not know
        return True
    in_thread = isinstance(channel, discord.Thread)
    may_send = may.send_messages_in_threads if in_thread else may.send_messages
    return may.view_channel and may_send
