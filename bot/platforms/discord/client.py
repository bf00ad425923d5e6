"""The connection to Discord: which events there are, and who deals with each."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.platforms.discord.commands import Interaction, Notes, build, sync
from bot.platforms.discord.guilds import Guilds
from bot.platforms.discord.interactions import DiscordCounter
from bot.platforms.discord.messages import Inbox
from bot.platforms.discord.sender import SnowButton
from bot.platforms.discord.tasks import Hands
from bot.services.service import Service

log = logging.getLogger(__name__)

# A longer wait for a limit of Discord's than this is an error: who asked is no longer there.
LONGEST_WAIT = 60.0
# Discord wants five seconds between two identifies, and gives a bot that did it a thousand times
# in a day a new token.
IDENTIFY_SECONDS = 5.0
IDENTIFIES_AN_HOUR = 40
HOUR = 3600.0
# Whoever invited the bot longer ago than this has found out how to call it, or gave up.
NEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Parts:
    """Who deals with what."""

    host: Service
    hands: Hands
    inbox: Inbox
    counter: DiscordCounter
    guilds: Guilds
    notes: Notes


@dataclass(slots=True)
class Identifies:
    """Keeps each shard from identifying too often; it outlives a connection."""

    _times: dict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def wait(self, shard: int, now: float) -> float:
        """Return for how many seconds to wait before the next one, and count it."""
        times = self._times[shard]
        while times and times[0] <= now - HOUR:
            times.popleft()
        wait = 0.0 if not times else IDENTIFY_SECONDS
        if len(times) >= IDENTIFIES_AN_HOUR:
            wait = times[-IDENTIFIES_AN_HOUR] + HOUR - now
        times.append(now + wait)
        return wait


class SnowClient(discord.AutoShardedClient):
    """discord.py's client, without a cache of messages or people and without a wish to know more.

    tell: called with what the connection is now, `running` or `reconnecting`.
    """

    def __init__(self, parts: Parts, identifies: Identifies, tell: Callable[[str], None]) -> None:
        super().__init__(
            # One by one, and none that is privileged: mentions, private messages and the target of
            # the message menu come with their content all the same.
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            max_ratelimit_timeout=LONGEST_WAIT,
        )
        self._parts = parts
        self._identifies = identifies
        self._tell = tell
        self.tree = build(self, parts.host, parts.counter)

    async def setup_hook(self) -> None:
        """Make old buttons work and tell the menus, before anything arrives."""
        self.add_dynamic_items(SnowButton)
        await sync(self.tree, self._parts.notes)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait as long as Discord's limits ask for."""
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(self._identifies.wait(shard_id or 0, now))

    async def on_ready(self) -> None:
        """Note that all shards are there; it may come after the end."""
        if not self.is_closed():
            self._tell("running")

    async def on_shard_resumed(self, _: int) -> None:
        """Note that a connection is back; what was missed comes now."""
        self._tell("running")

    async def on_shard_ready(self, _: int) -> None:
        """Note that a connection is there, perhaps as a new one."""
        if not self.is_closed():
            self._tell("running")

    async def on_shard_disconnect(self, _: int) -> None:
        """Note a lost connection; discord.py is already at it."""
        self._tell("reconnecting")

    async def on_message(self, message: discord.Message) -> None:
        """Answer what is meant for us."""
        self._parts.inbox.take(message, self)

    async def on_raw_message_edit(self, edit: discord.RawMessageUpdateEvent) -> None:
        """See whether a link's picture has come."""
        self._parts.inbox.edited(edit.message)

    async def on_snow_press(self, interaction: Interaction, data: str) -> None:
        """Answer a button of ours."""
        self._parts.counter.press(interaction, data)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet who invited us."""
        self._parts.hands.start(self._parts.guilds.joined(guild))

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Greet who invited us while we were away, or just now while we came."""
        since = guild.me.joined_at
        if since is not None and discord.utils.utcnow() - since < NEW:
            self._parts.hands.start(self._parts.guilds.joined(guild))

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Forget who showed us the door."""
        self._parts.hands.start(self._parts.guilds.left(guild))


def point_at(api_url: str | None, gateway_url: str | None) -> None:
    """Have discord.py talk to another server; it keeps both addresses in its classes."""
    # This bot is silent: what its library lacks for voice is no news to an operator.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if api_url:
        Route.BASE = api_url
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
