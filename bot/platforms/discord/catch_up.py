"""What was said while the bot was not there: Discord tells it only to who asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable
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


class CatchUp:
    """Looks back, for as long as an answer is of any interest, into channels with news.

    What is in hand is not answered again, for it is claimed; nor is what the bot replied to, in
    the channel's own history; nor what lacks both, for its answer has its id as a nonce.

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
        self._tasks.start(self._look_into(client, news[:CHANNELS]))

    def handle_private_chats(self, client: discord.Client) -> None:
        """Start looking into the private chats of who wrote lately; Discord tells of none."""
        self._tasks.start(self._look_into_private_chats(client))

    async def _look_into_private_chats(self, client: discord.Client) -> None:
        rooms = await self._service.private_rooms(PLATFORM, CHANNELS)
        chats = [client.get_partial_messageable(int(room.id)) for room in rooms]
        await self._look_into(client, chats)

    async def _look_into(
        self, client: discord.Client, channels: Iterable[MessageableChannel]
    ) -> None:
        me, hears_all = client.user, client.intents.message_content
        since = discord.utils.utcnow() - STALE
        for channel in channels:

            async def read(channel: MessageableChannel = channel) -> list[discord.Message]:
                await self._sender.throttle()
                history = channel.history(limit=MESSAGES, after=since, oldest_first=True)
                return [message async for message in history]

            try:
                messages = await self._requests.make(Call.READ, read, is_patient=True)
            except discord.HTTPException as error:
                log.info("could not look back in %s (%d)", channel.id, error.code)
                continue
            except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
                log.warning("could not look back in %s: %s", channel.id, type(error).__name__)
                continue
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
