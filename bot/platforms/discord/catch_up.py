"""What was said while the bot was not there: Discord tells it only to who asks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import aiohttp
import discord

from bot.domain import STALE
from bot.metrics import Call
from bot.platforms.discord.faults import Requests
from bot.platforms.discord.identity import PLATFORM
from bot.platforms.discord.messages import MessageHandlers
from bot.platforms.discord.sender import Sender
from bot.platforms.discord.tasks import ClaimedTasks
from bot.services import Service

if TYPE_CHECKING:
    from discord.abc import MessageableChannel

log = logging.getLogger(__name__)

# Of each server those with the latest messages, and as many private chats.
CHANNELS = 50
# More than that in five minutes is no family.
MESSAGES = 500
# Where private chats are, which have no server.
PRIVATE = 0


class CatchUp:
    """Looks back, for as long as an answer is of any interest, into channels with news.

    What is in hand is not answered again, for it is claimed; nor is what the bot replied to, in
    the channel's own history; nor what lacks both, for its answer has its id as a nonce. What is
    said meanwhile waits for it, so that each channel's answers keep their order.

    Args:
        service: Knows the private chats.
        tasks: Where the work goes on.
        messages: Answers messages.
        sender: Asks no faster than Discord allows.
        requests: Makes requests again.
    """

    def __init__(
        self,
        service: Service,
        tasks: ClaimedTasks,
        messages: MessageHandlers,
        sender: Sender,
        requests: Requests,
    ) -> None:
        self._requests = requests
        self._service = service
        self._tasks = tasks
        self._messages = messages
        self._sender = sender
        # What is said meanwhile, with its channel, in servers and channels that are looked into.
        self._held: dict[int, list[tuple[int, Callable[[], None]]]] = {}

    def expect(self, servers: Iterable[int]) -> None:
        """Have servers wait that will be looked into, as soon as they tell of their channels."""
        for server in servers:
            self._held.setdefault(server, [])

    def let_go(self, servers: Iterable[int]) -> None:
        """Let servers wait no more."""
        for server in servers:
            self._release(server)

    def handle_live(self, server: int | None, channel: int, handle: Callable[[], None]) -> None:
        """Handle something that is said now, after what was missed there.

        Args:
            server: Where; None for a private chat.
            channel: Which channel of it.
            handle: Does it.
        """
        for place in (server or PRIVATE, channel):
            if (held := self._held.get(place)) is not None:
                held.append((channel, handle))
                return
        handle()

    def handle_guild(self, client: discord.Client, guild: discord.Guild) -> None:
        """Start looking into a server's channels; it told which of them have news."""
        since = discord.utils.utcnow() - STALE
        places: list[discord.TextChannel | discord.VoiceChannel | discord.Thread] = [
            *guild.text_channels,
            *guild.voice_channels,
            *guild.threads,
        ]
        news = [place for place in places if _latest_at(place) > since]
        news.sort(key=_latest_at, reverse=True)
        self._start_looking(client, guild.id, news[:CHANNELS])

    def handle_private_chats(self, client: discord.Client) -> None:
        """Start looking into the private chats of who wrote lately; Discord tells of none."""
        self.expect([PRIVATE])
        self._tasks.start(self._look_into_private_chats(client))

    async def _look_into_private_chats(self, client: discord.Client) -> None:
        try:
            rooms = await self._service.private_rooms(PLATFORM, CHANNELS)
        except Exception:
            self.let_go([PRIVATE])
            raise
        chats = [client.get_partial_messageable(int(room.id)) for room in rooms]
        self._start_looking(client, PRIVATE, chats)

    def _start_looking(
        self, client: discord.Client, server: int, channels: Sequence[MessageableChannel]
    ) -> None:
        for channel in channels:
            self._held.setdefault(channel.id, [])
        self._release(server)  # where there is nothing to look for, nothing waits
        for channel in channels:
            self._tasks.start(self._look_into(client, channel))

    def _release(self, place: int) -> None:
        """Handle what was said in a place meanwhile; in a server's channels it may wait on."""
        for channel, handle in self._held.pop(place, ()):
            self.handle_live(place, channel, handle)

    async def _look_into(self, client: discord.Client, channel: MessageableChannel) -> None:
        try:
            await self._look_back(client, channel)
        finally:
            self._release(channel.id)

    async def _look_back(self, client: discord.Client, channel: MessageableChannel) -> None:
        """Answer what was said in a channel and has no answer."""
        me, hears_all = client.user, client.intents.message_content
        since = discord.utils.utcnow() - STALE

        async def read() -> list[discord.Message]:
            await self._sender.throttle()
            history = channel.history(limit=MESSAGES, after=since, oldest_first=True)
            return [message async for message in history]

        try:
            messages = await self._requests.make(Call.READ, read, is_patient=True)
        except discord.HTTPException as error:
            log.info("could not look back in %s (%d)", channel.id, error.code)
            return
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            log.warning("could not look back in %s: %s", channel.id, type(error).__name__)
            return
        answered = {
            message.reference.message_id
            for message in messages
            if me is not None and message.author.id == me.id and message.reference is not None
        }
        for message in messages:
            if message.id not in answered:
                self._messages.handle_message_create(message, me, hears_all=hears_all)


def _latest_at(place: discord.TextChannel | discord.VoiceChannel | discord.Thread) -> datetime:
    """Return when something was last said in a place."""
    return discord.utils.snowflake_time(place.last_message_id or 0)
