"""Messages that are meant for the bot: which, whose picture, and what is answered to them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import discord
from cachetools import FIFOCache

from bot.domain import Declined, Photo, Player, Refusal, Refused, Reply, Room
from bot.platforms.common import ReplyOrder, SaidRefusals, Slot
from bot.platforms.discord.captions import caption_of
from bot.platforms.discord.faults import CannotSend
from bot.platforms.discord.files import Files, PictureReference, has_lottie, is_withheld
from bot.platforms.discord.identity import IncomingMessage, channel_of, parse_message
from bot.platforms.discord.sender import Sender, SentMessage
from bot.platforms.discord.tasks import ClaimedTasks
from bot.services import Service

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

log = logging.getLogger(__name__)

# Discord shows a link's picture by an edit, a moment after the message.
UNFURL_SECONDS = 10.0
# Who forgot to mention the bot edits the message at once.
EDIT_WITHIN = timedelta(minutes=1)
# Hints that were given lately; nobody gets the same one twice in a channel.
REMEMBERED = 1000


class MessageHandlers:
    """Answers messages that mention the bot, reply to it, or come in private.

    Args:
        service: What answers.
        tasks: Where the work goes on.
        files: Fetches pictures.
        sender: Sends the answers.
    """

    def __init__(self, service: Service, tasks: ClaimedTasks, files: Files, sender: Sender) -> None:
        self._service = service
        self._tasks = tasks
        self._files = files
        self._sender = sender
        self._order = ReplyOrder()
        self._hinted: FIFOCache[tuple[str, int, int], bool] = FIFOCache(REMEMBERED)
        self._refusals = SaidRefusals()
        self._unfurling: dict[int, asyncio.Future[discord.Message]] = {}

    def handle_message_create(
        self, message: discord.Message, me: discord.ClientUser | None, *, hears_all: bool = False
    ) -> None:
        """Start answering a message if it is for the bot; nothing waits before: order is kept.

        Args:
            message: The message.
            me: The bot's own user.
            hears_all: Whether files of messages reach the bot that are not meant for it, too.
        """
        incoming = parse_message(message, me, hears_all=hears_all)
        if incoming is None or not self._tasks.claim(message.id):
            return
        slot = self._order.reserve(message.channel.id)
        if "http" in message.content:
            self._unfurling[message.id] = asyncio.get_running_loop().create_future()
        self._tasks.start(self._answer_message(incoming, slot))

    def handle_message_update(
        self, message: discord.Message, me: discord.ClientUser | None
    ) -> None:
        """Look at an edit for the pictures of links, and for a mention that was forgotten.

        Args:
            message: As it is now.
            me: The bot's own user.
        """
        edited = message.edited_at
        if edited is not None and edited - message.created_at < EDIT_WITHIN:
            self.handle_message_create(message, me)
        unfurled = self._unfurling.get(message.id)
        if unfurled is not None and message.embeds and not unfurled.done():
            unfurled.set_result(message)

    async def handle_pending_photos(
        self, channel: MessageableChannel, message_id: int, photos: Sequence[Photo]
    ) -> None:
        """Answer a message whose photos were in hand when the process ended.

        Args:
            channel: Where it was sent.
            message_id: The message's.
            photos: Its photos, at least one.
        """
        slot = self._order.reserve(channel.id)
        try:
            reply = await self._classify_photos(photos)
            if reply is None:
                return
            if _is_refusal(reply):
                slot.release()  # verdicts do not wait for it
                if not self._is_news(photos[0].room, photos[0].player, reply):
                    await self._service.mark_sent(reply.outcomes, 0.0)
                    return
            async with slot.reached():
                try:
                    sent, milliseconds = await self._reply_in_channel(
                        channel, message_id, reply, is_silent=not photos[0].room.private
                    )
                except CannotSend:
                    return
            await self._service.mark_sent(reply.outcomes, milliseconds, answer=str(sent))
        finally:
            slot.release()

    async def _answer_message(self, incoming: IncomingMessage, slot: Slot) -> None:
        message = incoming.message
        try:
            guild, room = message.guild, incoming.room
            await self._service.boards.enter(
                room,
                channel=channel_of(message.channel, room),
                server=None if guild is None else str(guild.id),
            )
            if not incoming.is_addressed and not await self._is_wanted(incoming):
                return
            if not _may_write(message):
                await self._tell_in_private(incoming)
                return
            reply = await self._answer_to(incoming, slot)
            if reply is not None and _is_refusal(reply):
                slot.release()  # verdicts do not wait for it
                if not incoming.is_addressed or not self._is_news(
                    incoming.room, incoming.player, reply
                ):
                    await self._service.mark_sent(reply.outcomes, 0.0)
                    return
            async with slot.reached():
                if reply is None:
                    return
                try:
                    sent, milliseconds = await self._reply_in_channel(
                        message.channel, message.id, reply, is_silent=not incoming.room.private
                    )
                except CannotSend:
                    await self._tell_in_private(incoming)
                    return
            if reply.outcomes:
                await self._service.mark_sent(reply.outcomes, milliseconds, answer=str(sent))
                if not _is_refusal(reply):
                    await self._tell_left_out(incoming)
        finally:
            slot.release()
            self._unfurling.pop(message.id, None)

    def _is_news(self, room: Room, player: Player, reply: Reply) -> bool:
        """Return whether a refusal says something that the sender was not told just before."""
        reasons = {each.refusal for each in reply.outcomes if isinstance(each, Declined)}
        # Each is counted, said or not.
        news = [self._refusals.is_news(room, player, each) for each in reasons]
        return any(news)

    async def _tell_left_out(self, incoming: IncomingMessage) -> None:
        """Say how many of somebody's photos got no answer, now that one has."""
        is_waited_in = self._service.is_waited_in(incoming.room)
        unsaid = self._refusals.end(incoming.room, incoming.player, is_waited_in=is_waited_in)
        if not unsaid:
            return
        speaker = await self._service.speaker(incoming.room, incoming.player)
        with suppress(CannotSend):
            await self._sender.send_reply(
                incoming.message.channel,
                Reply(speaker.photos.left_out(unsaid)),
                is_silent=not incoming.room.private,
            )

    async def _is_wanted(self, incoming: IncomingMessage) -> bool:
        """Return whether a photo that is not meant for the bot is to be answered all the same."""
        if not self._files.find_sources(incoming.message):
            return False
        return await self._service.wants_photo(incoming.room, addressed=False)

    async def _answer_to(self, incoming: IncomingMessage, slot: Slot) -> Reply | None:
        """Return the answer to a message; None when there is nothing to say."""
        message, shown = incoming.message, incoming.message
        sources = self._files.find_sources(message)
        if sources and self._service.party_chats.takes(incoming.room, _replied_id(message)):
            slot.release()
            source = sources[0]  # an album is one photo's worth
            fetch = self._files.url_fetcher(source.url)
            photo = Photo(
                incoming.room,
                incoming.player,
                fetch,
                size=source.size,
                message=str(message.id),
                sent=message.created_at,
            )
            said = await self._service.party_chats.send_photo(photo)
            return Reply(said) if said else None
        if not sources and not message.attachments:
            try:
                shown = await self._shown_by(incoming, slot)
            except Refused as refused:
                if not incoming.is_named and not incoming.room.private:
                    return None  # just talk, most likely
                speaker = await self._service.speaker(incoming.room, incoming.player)
                return Reply(speaker.photos.refusal(refused.reason))
            sources = self._files.find_sources(shown)
        if not sources:
            return await self._hint(incoming, shown)
        return await self._classify_photos(
            [
                Photo(
                    incoming.room,
                    incoming.player,
                    self._files.url_fetcher(source.url),
                    size=source.size,
                    key=source.key,
                    message=str(message.id),
                    reference=str(
                        PictureReference(shown.channel.id, shown.id, index, source.is_spoiler)
                    ),
                    caption=caption_of(message.content),
                    replies_to=_replied_text(incoming),
                    is_spoiler=source.is_spoiler,
                    sent=message.created_at,
                )
                for index, source in enumerate(sources)
            ]
        )

    async def _classify_photos(self, photos: Sequence[Photo]) -> Reply | None:
        """Return the answer to a message's photos; None when it was given before."""
        if len(photos) == 1:
            return await self._service.handle_photo(photos[0])
        return await self._service.handle_album(photos)

    async def _reply_in_channel(
        self, channel: MessageableChannel, message_id: int, reply: Reply, *, is_silent: bool
    ) -> tuple[SentMessage, float]:
        """Send the answer to a message; return where it is and how many milliseconds that took."""
        started = perf_counter()
        # With the question's id as its nonce, an answer cannot appear twice, not even if the
        # process ends before it is noted.
        sent = await self._sender.send_reply(
            channel,
            reply,
            to=message_id,
            nonce=str(message_id),
            is_patient=True,
            is_silent=is_silent,
        )
        return sent, (perf_counter() - started) * 1000

    async def _hint(self, incoming: IncomingMessage, shown: discord.Message) -> Reply | None:
        """Return how to show a photo, when there is none in what a message shows."""
        message = incoming.message
        speaker = await self._service.speaker(incoming.room, incoming.player)
        if is_withheld(shown):
            # A reply to what we answered to a command is kept from us whole. Most are just talk.
            is_talk = shown is message and message.type is discord.MessageType.reply
            if is_talk and not self._is_first("withheld", message):
                return None
            return Reply(speaker.rooms.cannot_see_that_photo())
        if has_lottie(shown):
            return Reply(speaker.photos.sticker_is_no_picture())
        if shown.attachments:
            return Reply(speaker.photos.refusal(Refusal.NOT_A_PICTURE))
        if incoming.room.private:
            return Reply(speaker.rooms.help_briefly())
        return Reply(speaker.photos.mention_how()) if incoming.is_named else None

    async def _shown_by(self, incoming: IncomingMessage, slot: Slot) -> discord.Message:
        """Return the message that one without pictures of its own shows; itself at a loss.

        Raises:
            Refused: When there is one that the bot cannot see.
        """
        message = incoming.message
        target = await self._reply_target(message)
        if target is not None and target.author != incoming.me:
            return target
        if message.id in self._unfurling:
            slot.release()  # nobody behind it waits for a link
            return await self._unfurled(message)
        return message

    async def _reply_target(self, message: discord.Message) -> discord.Message | None:
        """Return the message that is replied to, if it is still there. Raises Refused."""
        reference = message.reference
        if message.type is not discord.MessageType.reply or reference is None:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if reference.resolved is not None or reference.message_id is None:
            return None  # deleted
        try:
            return await self._sender.find_message(message.channel, reference.message_id)
        except Refused as refused:
            if refused.reason is Refusal.GONE:
                return None
            raise

    async def _unfurled(self, message: discord.Message) -> discord.Message:
        """Return the message with the pictures of its links, if Discord shows them soon."""
        try:
            async with asyncio.timeout(UNFURL_SECONDS):
                return await self._unfurling[message.id]
        except TimeoutError:
            return message

    async def _tell_in_private(self, incoming: IncomingMessage) -> None:
        """Tell a person in private, once, that the bot may not write where it was called."""
        message = incoming.message
        is_asked = incoming.is_addressed and not incoming.room.private
        if not is_asked or not self._is_first("cannot send", message):
            return
        speaker = await self._service.speaker(incoming.room, incoming.player)
        try:
            await self._sender.throttle()
            private = await message.author.create_dm()
            told = Reply(speaker.rooms.cannot_write_there())
            await self._sender.send_reply(private, told, nonce=str(message.id))
        except (CannotSend, discord.HTTPException):  # they take no messages from strangers
            log.info("may not write in %s, nor tell who asked", message.channel.id)

    def _is_first(self, hint: str, message: discord.Message) -> bool:
        """Return whether a person gets a hint in a channel for the first time."""
        key = (hint, message.channel.id, message.author.id)
        if key in self._hinted:
            return False
        self._hinted[key] = True
        return True


def _replied_id(message: discord.Message) -> str | None:
    """Return the id of the message that one replies to, as `DiscordAdapter.send` returns it."""
    reference = message.reference
    if reference is None or reference.message_id is None:
        return None
    return str(SentMessage(reference.channel_id, reference.message_id))


def _replied_text(incoming: IncomingMessage) -> str:
    """Return the words of the bot's own message that a message replies to."""
    reference = incoming.message.reference
    replied = None if reference is None else reference.resolved
    if not isinstance(replied, discord.Message) or replied.author != incoming.me:
        return ""
    return replied.content


def _is_refusal(reply: Reply) -> bool:
    """Return whether an answer to photos has no verdict."""
    outcomes = reply.outcomes
    return bool(outcomes) and all(isinstance(outcome, Declined) for outcome in outcomes)


def _may_write(message: discord.Message) -> bool:
    """Return whether an answer can be sent, as far as is known before it is tried."""
    channel, guild = message.channel, message.guild
    if guild is None or isinstance(channel, (discord.PartialMessageable, discord.DMChannel)):
        return True
    try:
        granted = channel.permissions_for(guild.me)
    except discord.ClientException:  # a thread of a channel that we do not know
        return True
    in_thread = isinstance(channel, discord.Thread)
    may_send = granted.send_messages_in_threads if in_thread else granted.send_messages
    return granted.view_channel and may_send
