"""Coming to a server and leaving it."""

from __future__ import annotations

import discord

from bot.domain import Hello
from bot.platforms.discord.identity import room_of_channel
from bot.platforms.discord.tasks import ClaimedTasks
from bot.services import Service


class GuildHandlers:
    """Says hello in a server that the bot was invited to, and forgets one that it left.

    Args:
        service: What answers.
        tasks: Where the work goes on.
    """

    def __init__(self, service: Service, tasks: ClaimedTasks) -> None:
        self._service = service
        self._tasks = tasks

    def handle_guild_join(self, guild: discord.Guild) -> None:
        """Start saying hello, once, where the server's own news are or writing is allowed."""
        self._tasks.start(self._greet(guild))

    def handle_guild_remove(self, guild: discord.Guild) -> None:
        """Start forgetting that the server was ever greeted."""
        self._tasks.start(self._leave(guild))

    async def _greet(self, guild: discord.Guild) -> None:
        channel = _greeting_channel(guild)
        if channel is None:
            return
        room = room_of_channel(channel)
        await self._service.greet(room, None, Hello(guild.me.mention, hears_all=False))

    async def _leave(self, guild: discord.Guild) -> None:
        for channel in guild.text_channels:
            await self._service.leave(room_of_channel(channel))


def _greeting_channel(guild: discord.Guild) -> discord.TextChannel | None:
    channels = [guild.system_channel] if guild.system_channel else []
    channels += sorted(guild.text_channels, key=lambda channel: (channel.position, channel.id))
    for channel in channels:
        granted = channel.permissions_for(guild.me)
        if granted.view_channel and granted.send_messages:
            return channel
    return None
