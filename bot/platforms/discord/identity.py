"""Where something happens and who does it: Discord's messages and interactions in our words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import discord

from bot.domain import IsAdmin, Player, Room

PLATFORM = "discord"
# Who asked longer ago has given up.
STALE = timedelta(minutes=5)

Interaction = discord.Interaction[discord.Client]


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that is for the bot.

    Attributes:
        message: As Discord sent it.
        room: Where it was sent.
        player: Who sent it.
        me: The bot's own user.
        is_named: Whether it mentions the bot in its words, and not by being a reply to it.
    """

    message: discord.Message
    room: Room
    player: Player
    me: discord.ClientUser | None
    is_named: bool


def parse_message(
    message: discord.Message, me: discord.ClientUser | None
) -> IncomingMessage | None:
    """Return a message in our words.

    Args:
        message: Discord's.
        me: The bot's own user.

    Returns:
        None for a message that is not for the bot, is too old to be answered, or is no person's.
    """
    if message.author.bot or message.webhook_id is not None:
        return None
    if message.type not in (discord.MessageType.default, discord.MessageType.reply):
        return None  # Discord's own words, about somebody who came, say
    if discord.utils.utcnow() - message.created_at > STALE or not _is_addressed(message, me):
        return None
    return IncomingMessage(
        message,
        _room_of(message),
        _player_of(message),
        me,
        is_named=me is not None and me.id in message.raw_mentions,
    )


def _room_of(message: discord.Message) -> Room:
    """Return the room of a message: a thread or a post is one of its own."""
    return Room(PLATFORM, str(message.channel.id), private=message.guild is None)


def _player_of(message: discord.Message) -> Player:
    """Return who wrote a message; the language is the community's, where it chose one."""
    guild = message.guild
    language = str(guild.preferred_locale) if guild and "COMMUNITY" in guild.features else None
    return Player(str(message.author.id), message.author.display_name, language)


def room_of_interaction(interaction: Interaction) -> Room:
    """Return the room in which a command or a button was used."""
    id_ = interaction.channel_id or interaction.user.id
    return Room(PLATFORM, str(id_), private=interaction.guild_id is None)


def player_of_interaction(interaction: Interaction) -> Player:
    """Return who used a command or a button; the language is the one of their own Discord."""
    user = interaction.user
    return Player(str(user.id), user.display_name, interaction.locale.value)


def admin_check(interaction: Interaction) -> IsAdmin:
    """Return what finds out whether the person may decide for the room."""

    async def is_admin() -> bool:
        granted = interaction.permissions
        return interaction.guild_id is None or granted.administrator or granted.manage_guild

    return is_admin


def _is_addressed(message: discord.Message, me: discord.ClientUser | None) -> bool:
    """Return whether a message is for the bot: in private, by name, by a reply, or by its role."""
    if message.guild is None:
        return True
    role = message.guild.self_role
    return me in message.mentions or (role is not None and role in message.role_mentions)
