"""Where something happens and who does it: Discord's messages and interactions in our words."""

from __future__ import annotations

from dataclasses import dataclass, replace

import discord
import discord.abc

from bot.domain import STALE, IsAdmin, Player, Room

PLATFORM = "discord"

# Discord's markup for mentions, times and commands is in these, and has no other beginning.
QUOTED = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
    }
)

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
        is_addressed: Whether it is meant for the bot, and not just a photo in a channel.
    """

    message: discord.Message
    room: Room
    player: Player
    me: discord.ClientUser | None
    is_named: bool
    is_addressed: bool = True


def parse_message(
    message: discord.Message, me: discord.ClientUser | None, *, hears_all: bool
) -> IncomingMessage | None:
    """Return a message in our words.

    Args:
        message: Discord's.
        me: The bot's own user.
        hears_all: Whether files of messages reach the bot that are not meant for it, too.

    Returns:
        None for a message that is neither for the bot nor brings files that it may see, is too old
        to be answered, or is no person's.
    """
    if message.author.bot or message.webhook_id is not None:
        return None
    if message.type not in (discord.MessageType.default, discord.MessageType.reply):
        return None  # Discord's own words, about somebody who came, say
    is_addressed = _is_addressed(message, me)
    if not is_addressed and not (hears_all and message.attachments):
        return None
    if discord.utils.utcnow() - message.created_at > STALE:
        return None
    return IncomingMessage(
        message,
        _room_of(message),
        _player_of(message),
        me,
        is_named=me is not None and me.id in message.raw_mentions,
        is_addressed=is_addressed,
    )


def room_of_channel(channel: discord.abc.GuildChannel) -> Room:
    """Return the room of a server's channel."""
    return _room(channel.id, channel.guild.id)


def _room(channel: int, guild: int | None, *, private: bool = False) -> Room:
    server = None if guild is None else str(guild)
    return Room(PLATFORM, str(channel), private=private, server=server)


def _room_of(message: discord.Message) -> Room:
    """Return the room of a message, of a thread too; `Boards` knows to which one it counts."""
    guild = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
    return _room(message.channel.id, guild, private=is_private(message))


def _name(user: discord.User | discord.Member) -> str:
    """Return a person's name, which mentions nobody, whatever they called themselves."""
    return user.display_name.translate(QUOTED)


def _player_of(message: discord.Message) -> Player:
    """Return who wrote a message; the language is the community's, where it chose one."""
    guild = message.guild
    language = str(guild.preferred_locale) if guild and "COMMUNITY" in guild.features else None
    return Player(str(message.author.id), _name(message.author), language)


def is_private(message: discord.Message) -> bool:
    """Return whether a message was sent to the bot alone.

    One of a server that is not known, for Discord cannot reach it or it could not be read, has
    no guild either, but its channel tells.
    """
    return message.guild is None and getattr(message.channel, "guild_id", None) is None


def channel_of(channel: object, room: Room) -> Room:
    """Return the room of the channel that a thread belongs to; of anything else, its own."""
    if not isinstance(channel, discord.Thread):
        return room
    return replace(room, id=str(channel.parent_id))


def server_of(interaction: Interaction) -> str | None:
    """Return the id of the server in which a command or a button was used."""
    return None if interaction.guild_id is None else str(interaction.guild_id)


def room_of_interaction(interaction: Interaction) -> Room:
    """Return the room in which a command or a button was used."""
    id_ = interaction.channel_id or interaction.user.id
    return _room(id_, interaction.guild_id, private=_is_alone(interaction))


def player_of_interaction(interaction: Interaction) -> Player:
    """Return who used a command or a button; the language is the one of their own Discord."""
    user = interaction.user
    return Player(str(user.id), _name(user), interaction.locale.value)


def admin_check(interaction: Interaction) -> IsAdmin:
    """Return what finds out whether the person may decide for the room."""

    async def is_admin() -> bool:
        if interaction.guild_id is None:
            return _is_alone(interaction)  # a group has an owner, but Discord does not tell who
        granted = interaction.permissions
        return granted.administrator or granted.manage_guild

    return is_admin


def _is_alone(interaction: Interaction) -> bool:
    """Return whether it is a private chat with the bot, and not one between people."""
    return interaction.guild_id is None and not interaction.context.private_channel


def _is_addressed(message: discord.Message, me: discord.ClientUser | None) -> bool:
    """Return whether a message is for the bot: in private, by name, by a reply, or by its role."""
    if is_private(message):
        return True
    role = message.guild.self_role if message.guild else None
    return me in message.mentions or (role is not None and role in message.role_mentions)
