"""Coming to a server and leaving it."""

from __future__ import annotations

import discord

from bot.domain import Room
from bot.platforms.discord.messages import PLATFORM
from bot.platforms.discord.sender import Post, Unwelcome
from bot.services.service import Service


class Guilds:
    """Says hello in a server that the bot was invited to, and forgets one that it left."""

    def __init__(self, host: Service, post: Post) -> None:
        self._host = host
        self._post = post

    async def joined(self, guild: discord.Guild) -> None:
        """Say hello, once, where the server's own news are or else where writing is allowed."""
        channel = _hall(guild)
        if channel is None:
            return
        room = Room(PLATFORM, str(channel.id))
        reply = await self._host.joined(room, None, name=guild.me.mention, hears_all=False)
        if reply is None:
            return
        try:
            await self._post.send(channel, reply)
        except Unwelcome:
            await self._host.left(room)  # nobody has heard it

    async def left(self, guild: discord.Guild) -> None:
        """Forget that the server was ever greeted."""
        for channel in guild.text_channels:
            await self._host.left(Room(PLATFORM, str(channel.id)))


def _hall(guild: discord.Guild) -> discord.TextChannel | None:
    channels = [guild.system_channel] if guild.system_channel else []
    channels += sorted(guild.text_channels, key=lambda channel: (channel.position, channel.id))
    for channel in channels:
        may = channel.permissions_for(guild.me)
        if may.view_channel and may.send_messages:
            return channel
    return None
