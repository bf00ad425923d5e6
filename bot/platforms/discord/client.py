"""The connection to Discord: which events there are, and which handler gets each."""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import discord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot.platforms.contract import Notes
from bot.platforms.discord.catch_up import CatchUp
from bot.platforms.discord.commands import build_tree, sync_tree
from bot.platforms.discord.guilds import GuildHandlers
from bot.platforms.discord.identity import Interaction
from bot.platforms.discord.interactions import InteractionHandlers
from bot.platforms.discord.messages import MessageHandlers
from bot.platforms.discord.sender import PersistentButton

log = logging.getLogger(__name__)

# A longer wait for a limit of Discord's than this is an error, for who asked to deal with.
LONGEST_WAIT = 60.0
# When no other server came for so long, all of them are there.
GUILD_SECONDS = 0.5
# What a session cannot go on without; a fault in these begins a new one.
VITAL = frozenset({"READY", "RESUMED"})
# Whoever invited the bot longer ago than this has found out how to call it, or gave up.
NEW = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Handlers:
    """What answers the events.

    Attributes:
        messages: Answers messages.
        interactions: Answers slash commands, the message menu, and buttons.
        guilds: Greets servers.
        catch_up: Answers what was said while the bot was not there.
    """

    messages: MessageHandlers
    interactions: InteractionHandlers
    guilds: GuildHandlers
    catch_up: CatchUp


class DiscordClient(discord.AutoShardedClient):
    """discord.py's client of one shard, without a cache of messages or people.

    Args:
        handlers: What answers the events.
        notes: Remembers which menus Discord has.
        shard: The shard's number.
        shards: How many there are.
        identifies: Called before the shard identifies, with whether it is for the first time, and
            then it may at once; otherwise it returns when it may.
        on_state: Called with what the connection is now, `running` or `reconnecting`.

    Attributes:
        unreadable: How many events could not be read.
    """

    def __init__(
        self,
        handlers: Handlers,
        notes: Notes,
        shard: int,
        shards: int,
        identifies: Callable[[bool], Awaitable[None]],
        on_state: Callable[[str], None],
    ) -> None:
        super().__init__(
            shard_ids=[shard],
            shard_count=shards,
            # One by one, and none that is privileged unless the owner allows it: mentions, private
            # messages and the target of the message menu come with their content all the same.
            intents=discord.Intents(guilds=True, guild_messages=True, dm_messages=True),
            allowed_mentions=discord.AllowedMentions.none(),
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            # Nothing here waits for all servers, and what was missed is to be answered soon.
            guild_ready_timeout=GUILD_SECONDS,
            max_ratelimit_timeout=LONGEST_WAIT,
        )
        self._event_handlers = handlers
        self._notes = notes
        # Private chats are told of on the first shard, and it tells the menus for all.
        self._is_first = shard == 0
        self._identifies = identifies
        self._on_state = on_state
        self.unreadable = 0
        self.tree = build_tree(self, handlers.interactions)
        # discord.py ends its connection over an event that it cannot read, and loses those behind.
        parsers = self._connection.parsers
        for event in parsers.keys() - VITAL:
            parsers[event] = self._skip_unreadable(event, parsers[event])

    async def setup_hook(self) -> None:
        """Ask for what the owner allows, make old buttons work and tell the menus."""
        allowed = self.application_flags
        if allowed.gateway_message_content or allowed.gateway_message_content_limited:
            # It is only known once we are logged in, and asked for when we connect.
            self._connection._intents.message_content = True
        self.add_dynamic_items(PersistentButton)
        if self._is_first:
            await sync_tree(self.tree, self._notes)

    def _skip_unreadable(self, event: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return what reads an event, or counts and logs it, without what is in it."""

        def parse_or_skip(data: Any) -> None:
            try:
                parse(data)
            except Exception as fault:
                self.unreadable += 1
                log.error("an event %s could not be read (%s)", event, type(fault).__name__)

        return parse_or_skip

    async def on_error(self, event_method: str, /, *_: object, **__: object) -> None:
        """Log a fault of an event's handler without what is in the event."""
        fault = sys.exception()
        log.error("%s failed (%s)", event_method, type(fault).__name__)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait as long as Discord's limits ask for."""
        await self._identifies(initial)

    async def on_shard_connect(self, _: int) -> None:
        """Look for what was missed; what is said from now on waits for that."""
        self._event_handlers.catch_up.expect(guild.id for guild in self.guilds)
        if self._is_first:
            self._event_handlers.catch_up.handle_private_chats(self)

    async def on_ready(self) -> None:
        """Note that all is there; it may come too late."""
        if not self.is_closed():
            self._on_state("running")

    async def on_shard_resumed(self, _: int) -> None:
        """Note that a connection is back; what was missed comes now."""
        self._on_state("running")

    async def on_shard_ready(self, _: int) -> None:
        """Note that a connection is there, perhaps as a new one."""
        # Of the other servers nothing is heard for now.
        self._event_handlers.catch_up.let_go(guild.id for guild in self.guilds)
        if not self.is_closed():
            self._on_state("running")

    async def on_shard_disconnect(self, _: int) -> None:
        """Note a lost connection; discord.py is already at it."""
        self._on_state("reconnecting")

    @property
    def hears_all(self) -> bool:
        """Whether the content of every message reaches us."""
        return self.intents.message_content

    async def on_message(self, message: discord.Message) -> None:
        """Answer what is meant for us."""
        server = None if message.guild is None else message.guild.id
        self._event_handlers.catch_up.handle_live(
            server,
            message.channel.id,
            lambda: self._event_handlers.messages.handle_message_create(
                message, self.user, hears_all=self.hears_all
            ),
        )

    async def on_raw_message_edit(self, edit: discord.RawMessageUpdateEvent) -> None:
        """See whether a link's picture has come, or a mention."""
        self._event_handlers.catch_up.handle_live(
            edit.guild_id,
            edit.channel_id,
            lambda: self._event_handlers.messages.handle_message_update(edit.message, self.user),
        )

    async def on_button_press(self, interaction: Interaction, data: str) -> None:
        """Answer a button of ours; the event comes from `PersistentButton`."""
        self._event_handlers.interactions.handle_button_press(interaction, data)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Look at the photos of a form; discord.py itself knows none from before a restart."""
        if interaction.type is discord.InteractionType.modal_submit:
            self._event_handlers.interactions.handle_form(interaction)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Greet who invited us."""
        self._event_handlers.guilds.handle_guild_join(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Look for what was missed there, and greet who invited us while we were away or came."""
        self._event_handlers.catch_up.handle_guild(self, guild)
        since = guild.me.joined_at
        if since is not None and discord.utils.utcnow() - since < NEW:
            self._event_handlers.guilds.handle_guild_join(guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """Forget a server that removed us."""
        self._event_handlers.guilds.handle_guild_remove(guild)


def use_servers(api_url: str | None, gateway_url: str | None) -> None:
    """Have discord.py talk to other servers; it keeps both addresses in its classes.

    Args:
        api_url: The REST API's, without a slash at the end; None for Discord's own.
        gateway_url: The gateway's; None for Discord's own.
    """
    # This bot is silent: what its library lacks for voice is no news to an operator.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if api_url:
        Route.BASE = api_url
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
