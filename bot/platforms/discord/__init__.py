"""Discord, by discord.py."""

from bot.platforms.discord.adapter import DiscordAdapter

__all__ = ["DiscordAdapter"]
